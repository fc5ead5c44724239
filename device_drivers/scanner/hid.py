"""The driver of a scanner that types: read from hidraw, whole, whatever the rest of the process does meanwhile.

Linux holds 64 reports of a hidraw device for its reader, a code of 13 digits is 28; of an input device (evdev) it holds
64 events, and the code is 80, so that a late reader gets its end only. Even hidraw loses the third code of a process
that stands still. So `cat` reads it: a process of its own, that stands still when nothing else runs either, with a
pipe that holds a megabyte.
"""

import fcntl
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import anyio
from anyio.abc import Process

from device_drivers.api import CodeScanned, Deed, DeviceRefusedError, DeviceUnreachableError, Signal
from device_drivers.scanner.keys import REPORT_BYTES, KeyReader

PIPE_BYTES: Final = 2**20
END_WITHIN_S: Final = 1.0
"""Scanners type a code of any length within half a second."""

_LEAVE_S: Final = 2.0
_READ_BYTES: Final = 65_536


class HidScanner:
    """A scanner by its hidraw path, as `/dev/hidraw0` or a link that udev made for it. `cut` counts dropped texts."""

    def __init__(self, path: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._now = now
        self._keys = KeyReader()

    @property
    def cut(self) -> int:
        """Texts that were begun and not delivered."""
        return self._keys.cut

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Listen until cancelled; raises DeviceUnreachableError when it cannot be opened or is unplugged."""
        # A new start types from the beginning.
        self._keys.give_up()
        ours, theirs = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            with suppress(OSError):
                # Where the system allows no more, 64 KB hold 290 codes.
                fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            os.set_blocking(theirs, True)
            reader = await anyio.open_process(["cat", self._path], stdin=subprocess.DEVNULL, stdout=theirs)
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        async with reader:
            try:
                await self._listen(ours, emit)
                why = await _last_words(reader)
            finally:
                os.close(ours)
        raise DeviceUnreachableError(f"scanner at {self._path}: {why or 'it went away'}")

    async def do(self, deed: Deed) -> None:
        """Raise DeviceRefusedError: it only tells."""
        raise DeviceRefusedError(f"a scanner has no {type(deed).__name__}")

    async def _listen(self, file: int, emit: Callable[[Signal], None]) -> None:
        held = b""
        while True:
            with anyio.move_on_after(END_WITHIN_S if self._keys.is_typing else None) as waiting:
                await anyio.wait_readable(file)
            if waiting.cancelled_caught:
                self._keys.give_up()
                continue
            try:
                data = os.read(file, _READ_BYTES)
            except BlockingIOError:
                continue
            if not data:
                return
            held += data
            whole = len(held) - len(held) % REPORT_BYTES
            for start in range(0, whole, REPORT_BYTES):
                text = self._keys.feed(held[start : start + REPORT_BYTES])
                if text is not None:
                    emit(CodeScanned(text, self._now()))
            held = held[whole:]


async def _last_words(reader: Process) -> str:
    assert reader.stderr is not None
    with anyio.move_on_after(_LEAVE_S):
        try:
            said = await reader.stderr.receive()
        except anyio.EndOfStream:
            return ""
        return said.decode("utf-8", "replace").strip().rsplit(": ", 1)[-1].lower()
    return ""
