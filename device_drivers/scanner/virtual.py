"""Virtual scanners that speak the same bytes: one types into a named pipe, one is the far end of a pseudo-terminal."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from device_drivers.api import Deed, DeviceRefusedError, DeviceUnreachableError, Signal
from device_drivers.plugged import hidraw, serial_line
from device_drivers.scanner.hid import HidScanner
from device_drivers.scanner.keys import typed

_NODE: Final = "hidraw"


class VirtualHid:
    """Writes a scanner's reports; `path` is what its driver opens."""

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        self._file = file

    def scan(self, text: str) -> None:
        """Type a text and Enter."""
        for report in typed(text):
            os.write(self._file, report)

    def type(self, reports: bytes) -> None:
        """Send reports as they are, cut short perhaps."""
        os.write(self._file, reports)


class VirtualSerial:
    """Writes a scanner's lines; `path` is what its driver opens."""

    def __init__(self, path: str, file: int) -> None:
        self.path = path
        self._file = file

    def scan(self, text: str) -> None:
        """Send a text and CR LF."""
        self.send(text.encode() + b"\r\n")

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        os.write(self._file, data)


class VirtualScanner:
    """A scanner that types and its driver in one: what it is given to scan comes out of the driver as signals.

    Args:
        folder: where its device node lies while it is plugged in.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plugged: VirtualHid | None = None

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """See `Driver.run`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        node = self._folder / _NODE
        # Of a device that lost its power while this was plugged in.
        node.unlink(missing_ok=True)
        with virtual_hid(self._folder, _NODE) as plugged:
            self._plugged = plugged
            try:
                await HidScanner(str(node)).run(emit)
            finally:
                self._plugged = None

    async def do(self, deed: Deed) -> None:
        """Raise DeviceRefusedError: it only tells."""
        raise DeviceRefusedError(f"a scanner has no {type(deed).__name__}")

    async def scan(self, text: str) -> None:
        """Scan a code. Raises DeviceUnreachableError unless it runs, DeviceRefusedError for what no key types."""
        if self._plugged is None:
            raise DeviceUnreachableError("the virtual scanner is not plugged in")
        try:
            self._plugged.scan(text)
        except ValueError as exc:
            raise DeviceRefusedError(str(exc)) from exc


@contextmanager
def virtual_hid(folder: Path, name: str = "hidraw0") -> Iterator[VirtualHid]:
    """Plug a scanner that types in; it is unplugged at the end."""
    path = folder / name
    with hidraw(path) as file:
        yield VirtualHid(path, file)


@contextmanager
def virtual_serial() -> Iterator[VirtualSerial]:
    """Plug a scanner on a serial line in; it is unplugged at the end."""
    with serial_line() as (path, file):
        yield VirtualSerial(path, file)
