"""Virtual scanners that speak the same bytes: one types into a named pipe, one is the far end of a pseudo-terminal."""

import os
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from device_drivers.scanner.keys import typed


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


@contextmanager
def virtual_hid(folder: Path, name: str = "hidraw0") -> Iterator[VirtualHid]:
    """Plug a scanner that types in; it is unplugged at the end."""
    path = folder / name
    os.mkfifo(path)
    # Open for both, so that it waits for no reader and a reader sees no end before it is unplugged.
    file = os.open(path, os.O_RDWR)
    try:
        yield VirtualHid(path, file)
    finally:
        os.close(file)
        path.unlink()


@contextmanager
def virtual_serial() -> Iterator[VirtualSerial]:
    """Plug a scanner on a serial line in; it is unplugged at the end."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    try:
        yield VirtualSerial(os.ttyname(theirs), ours)
    finally:
        os.close(ours)
        os.close(theirs)
