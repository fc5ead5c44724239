"""What a driver opens in place of a device: a named pipe for hidraw, a pseudo-terminal for a serial line."""

import os
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def hidraw(path: Path) -> Iterator[int]:
    """Plug a device in that sends reports; yields the file to write them to, and unplugs it at the end."""
    os.mkfifo(path)
    # Open for both, so that it waits for no reader and a reader sees no end before it is unplugged.
    file = os.open(path, os.O_RDWR)
    try:
        yield file
    finally:
        os.close(file)
        path.unlink()


@contextmanager
def serial_line() -> Iterator[tuple[str, int]]:
    """Plug a serial line in; yields the path that a driver opens and the file of its far end."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    try:
        yield os.ttyname(theirs), ours
    finally:
        os.close(ours)
        os.close(theirs)
