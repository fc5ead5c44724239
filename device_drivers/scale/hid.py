"""The driver of a USB scale, read from hidraw: it sends a report whenever it has something to say."""

import os
import time
from collections.abc import Callable
from typing import Final

import anyio

from device_drivers.api import Deed, DeviceRefusedError, DeviceUnreachableError, Signal, WeightRead
from device_drivers.scale.reading import ScaleBytesError
from device_drivers.scale.reports import REPORT_BYTES, read_report

_MOST_REPORTS: Final = 64


class HidScale:
    """A scale by its hidraw path. `strange` counts bytes that were no report."""

    def __init__(self, path: str, *, division_g: float = 0.0, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._division_g = division_g
        self._now = now
        self.strange = 0

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Listen until cancelled; raises DeviceUnreachableError when it cannot be opened or is unplugged."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as exc:
            raise DeviceUnreachableError(f"scale at {self._path}: {exc.strerror}") from exc
        try:
            while True:
                await anyio.wait_readable(file)
                try:
                    data = os.read(file, REPORT_BYTES * _MOST_REPORTS)
                except BlockingIOError:
                    continue
                except OSError as exc:
                    raise DeviceUnreachableError(f"scale at {self._path}: {exc.strerror}") from exc
                if not data:
                    raise DeviceUnreachableError(f"scale at {self._path}: it went away")
                for start in range(0, len(data), REPORT_BYTES):
                    self._take(data[start : start + REPORT_BYTES], emit)
        finally:
            os.close(file)

    async def do(self, deed: Deed) -> None:
        """Raise DeviceRefusedError: it only tells."""
        raise DeviceRefusedError(f"a scale has no {type(deed).__name__}")

    def _take(self, report: bytes, emit: Callable[[Signal], None]) -> None:
        try:
            reading = read_report(report)
        except ScaleBytesError:
            self.strange += 1
            return
        emit(WeightRead(reading.grams, self._now(), reading.is_stable, reading.fault, self._division_g))
