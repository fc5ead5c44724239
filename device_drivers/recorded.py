"""Advertisements kept in a file, and played again through the port of a scanner; JSON lines, one for each.

    {"t": 12.31, "address": "E6:5A:00:00:00:01", "rssi_dbm": -71, "manufacturer": {"76": "0215…"}, "service_data": {}}

`t` is monotonic seconds on the clock of who recorded; company identifiers and 16-bit UUIDs are decimal, payloads hex.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import anyio
import msgspec
from msgspec import Meta

from device_drivers.api import AdvertHeard, Deed, DeviceRefusedError, DeviceUnreachableError, Signal

Short = Annotated[str, Meta(pattern=r"^[0-9]{1,5}$")]
Payload = Annotated[str, Meta(pattern=r"^([0-9a-f]{2}){0,255}$")]


class Line(msgspec.Struct, frozen=True):
    """One advertisement of a recording."""

    t: float
    address: Annotated[str, Meta(max_length=64)]
    rssi_dbm: Annotated[int, Meta(ge=-128, le=127)]
    manufacturer: dict[Short, Payload] = {}
    service_data: dict[Short, Payload] = {}


def line_of(advert: AdvertHeard) -> bytes:
    """Return an advertisement as a line, its end included."""
    line = Line(
        t=round(advert.heard_s, 4),
        address=advert.address,
        rssi_dbm=max(-128, min(127, advert.rssi_dbm)),
        manufacturer={str(company): data.hex() for company, data in advert.manufacturer.items()},
        service_data={str(uuid): data.hex() for uuid, data in advert.service_data.items()},
    )
    return msgspec.json.encode(line) + b"\n"


def adverts_of(path: Path) -> Iterator[AdvertHeard]:
    """Yield a recording's advertisements. Raises OSError, and ValueError with the number of a wrong line."""
    decoder = msgspec.json.Decoder(Line)
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                line = decoder.decode(text)
            except (msgspec.DecodeError, UnicodeError) as exc:
                raise ValueError(f"{path}, line {number}: {exc}") from exc
            yield AdvertHeard(
                line.address,
                line.rssi_dbm,
                {int(company): bytes.fromhex(data) for company, data in line.manufacturer.items()},
                {int(uuid): bytes.fromhex(data) for uuid, data in line.service_data.items()},
                line.t,
            )


class RecordedScanner:
    """A driver that plays a recording at its own pace, over and over; the clock is today's."""

    def __init__(self, path: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._now = now

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Play until cancelled; raises DeviceUnreachableError for a recording that cannot be read or is empty."""
        while True:
            begun_s, first_s = self._now(), None
            try:
                for advert in adverts_of(self._path):
                    first_s = advert.heard_s if first_s is None else first_s
                    due_s = begun_s + max(0.0, advert.heard_s - first_s)
                    await anyio.sleep(max(0.0, due_s - self._now()))
                    emit(AdvertHeard(advert.address, advert.rssi_dbm, advert.manufacturer, advert.service_data, due_s))
            except (OSError, ValueError) as exc:
                raise DeviceUnreachableError(f"recording: {exc}") from exc
            if first_s is None:
                raise DeviceUnreachableError(f"recording: {self._path} has no advertisements")
            await anyio.sleep(0.1)

    async def do(self, deed: Deed) -> None:
        """Raise DeviceRefusedError: a recording only plays."""
        raise DeviceRefusedError(f"a recording has no {type(deed).__name__}")
