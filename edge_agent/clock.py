"""The device's clock, held against the cloud's: how far it is off, said once when that is far.

A clock that is far off is corrected in `now_ms`: leases and effective times would else be wrong. A clock that
is nearly right is left alone: NTP keeps it better than a question over HTTP can.
"""

import time
from collections.abc import Callable

import anyio
import httpx
import msgspec

FAR_S = 30.0
"""From here on it is a fault, and corrected."""
NEAR_S = 10.0
"""From here on it is none any more."""
AGREE_S = 5.0
"""Two measurements must agree so well before the clock is corrected by them."""
MEASURE_S = 60.0
HURRY_S = 2.0


class Clock:
    """UTC milliseconds. `wall_s` is the machine's clock, `on_fault` hears of a clock that is far off."""

    def __init__(self, on_fault: Callable[[str, str | None], None], wall_s: Callable[[], float] = time.time) -> None:
        self._on_fault = on_fault
        self._wall_s = wall_s
        self._last_s: float | None = None
        self._correction_s = 0.0
        self.offset_s = 0.0
        """How far the machine's clock is ahead of the cloud's, by the last measurement; 0 before the first."""

    def now_ms(self) -> int:
        """Return UTC milliseconds, corrected when the machine's clock is far off."""
        return int((self._wall_s() - self._correction_s) * 1000)

    def measured(self, offset_s: float) -> None:
        """Take a measurement: how far the machine's clock is ahead, in seconds."""
        agrees = self._last_s is not None and abs(offset_s - self._last_s) <= AGREE_S
        self._last_s = self.offset_s = offset_s
        if abs(offset_s) <= NEAR_S:
            self._correction_s = 0.0
            self._on_fault("clock-off", None)
        elif abs(offset_s) > FAR_S and agrees:
            self._correction_s = offset_s
            way = "ahead of" if offset_s > 0 else "behind"
            self._on_fault("clock-off", f"the clock is {abs(offset_s):.0f} s {way} the cloud's: set it, or start NTP")

    async def run(self, url: Callable[[], str], client: httpx.AsyncClient) -> None:
        """Measure against the cloud until cancelled; a cloud that is away changes nothing."""
        while True:
            before = self._last_s
            offset_s = await self._ask(url(), client)
            if offset_s is not None:
                self.measured(offset_s)
            is_settled = offset_s is not None and before is not None and abs(offset_s - before) <= AGREE_S
            await anyio.sleep(MEASURE_S if is_settled else HURRY_S)

    async def _ask(self, url: str, client: httpx.AsyncClient) -> float | None:
        asked_s, began_s = self._wall_s(), time.monotonic()
        try:
            response = await client.get(f"{url.rstrip('/')}/api/hello", timeout=5)
            cloud_s = msgspec.json.decode(response.content, type=_Hello).now_ms / 1000
        except (httpx.HTTPError, httpx.InvalidURL, msgspec.DecodeError, UnicodeDecodeError):
            return None
        # The answer was made half way, as far as anyone can tell (Cristian's algorithm).
        return asked_s + (time.monotonic() - began_s) / 2 - cloud_s


class _Hello(msgspec.Struct):
    now_ms: int
