"""The device's own account of itself, regularly."""

import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import anyio

from edge_agent.clock import Clock
from edge_agent.outbox import Outbox
from firmware_specs.events import Event, HealthReported


class Health:
    """What a device reports of itself; `states` are its drivers'."""

    def __init__(self, folder: Path, outbox: Outbox, clock: Clock, states: Callable[[], dict[str, str]]) -> None:
        self._folder = folder
        self._outbox = outbox
        self._clock = clock
        self._states = states
        self._started_s = time.monotonic()

    def now(self) -> HealthReported:
        """Return the state of health of this moment."""
        return HealthReported(
            at_ms=self._clock.now_ms(),
            uptime_s=round(time.monotonic() - self._started_s, 1),
            outbox_depth=self._outbox.depth,
            dropped=self._outbox.dropped,
            clock_offset_s=round(self._clock.offset_s, 3),
            disk_free_bytes=_disk_free_bytes(self._folder),
            rss_bytes=_rss_bytes(),
            drivers=self._states(),
        )

    async def run(self, say: Callable[[Event], None], every_s: float) -> None:
        """Say it now and then until cancelled."""
        while True:
            say(self.now())
            await anyio.sleep(every_s)


def _disk_free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


def _rss_bytes() -> int:
    try:
        # Pages: size, resident, … (proc(5)).
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return 0
