"""The driver of a scanner on a serial line: RS-232, or USB as a communication device (CDC-ACM)."""

import os
import time
from collections.abc import Callable
from typing import Final

import anyio
import serial

from device_drivers.api import CodeScanned, Deed, DeviceRefusedError, DeviceUnreachableError, Signal
from device_drivers.scanner.lines import LineReader

END_WITHIN_S: Final = 1.0
_READ_BYTES: Final = 65_536


class SerialScanner:
    """A scanner by its device path and speed. The line discipline holds 4,095 bytes, 290 codes, for a late reader."""

    def __init__(self, path: str, baud: int = 9_600, *, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._baud = baud
        self._now = now
        self._lines = LineReader()

    @property
    def cut(self) -> int:
        """Texts that were begun and not delivered."""
        return self._lines.cut

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Listen until cancelled; raises DeviceUnreachableError when it cannot be opened or is unplugged."""
        self._lines.give_up()
        try:
            port = serial.Serial(self._path, self._baud, timeout=0)
        except (OSError, ValueError) as exc:
            raise DeviceUnreachableError(f"scanner at {self._path}: {exc}") from exc
        try:
            file = port.fileno()
            while True:
                with anyio.move_on_after(END_WITHIN_S if self._lines.is_typing else None) as waiting:
                    await anyio.wait_readable(file)
                if waiting.cancelled_caught:
                    self._lines.give_up()
                    continue
                try:
                    data = os.read(file, _READ_BYTES)
                except BlockingIOError:
                    continue
                except OSError as exc:
                    raise DeviceUnreachableError(f"scanner at {self._path}: {exc.strerror}") from exc
                if not data:
                    raise DeviceUnreachableError(f"scanner at {self._path}: it went away")
                for text in self._lines.feed(data):
                    emit(CodeScanned(text, self._now()))
        finally:
            port.close()

    async def do(self, deed: Deed) -> None:
        """Raise DeviceRefusedError: it only tells."""
        raise DeviceRefusedError(f"a scanner has no {type(deed).__name__}")
