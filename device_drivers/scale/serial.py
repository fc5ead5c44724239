"""The driver of a scale on a serial line: asked ten times a second, in the language that it speaks."""

import os
import time
from collections.abc import Callable
from typing import Final

import anyio
import serial

from device_drivers.api import Deed, DeviceRefusedError, DeviceUnreachableError, Signal, WeightRead
from device_drivers.scale.lines import LONGEST, Language
from device_drivers.scale.reading import ScaleBytesError

EVERY_S: Final = 0.1
SILENT_S: Final = 3.0
"""A scale that has not answered for so long is not there."""

_READ_BYTES: Final = 4_096


class SerialScale:
    """A scale by its device path. `strange` counts lines that were no answer."""

    def __init__(
        self,
        path: str,
        language: Language,
        baud: int = 9_600,
        *,
        division_g: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._language = language
        self._baud = baud
        self._division_g = division_g
        self._now = now
        self.strange = 0

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Ask until cancelled; raises DeviceUnreachableError when it cannot be opened, is unplugged or falls silent."""
        bits = (serial.SEVENBITS, serial.PARITY_EVEN) if self._language.is_7e1 else (serial.EIGHTBITS, "N")
        try:
            port = serial.Serial(
                self._path, self._baud, bytesize=bits[0], parity=bits[1], timeout=0, write_timeout=SILENT_S
            )
        except (OSError, ValueError) as exc:
            raise DeviceUnreachableError(f"scale at {self._path}: {exc}") from exc
        try:
            await self._ask(port.fileno(), emit)
        except OSError as exc:
            raise DeviceUnreachableError(f"scale at {self._path}: {exc.strerror}") from exc
        finally:
            port.close()

    async def do(self, deed: Deed) -> None:
        """Raise DeviceRefusedError: it only tells."""
        raise DeviceRefusedError(f"a scale has no {type(deed).__name__}")

    async def _ask(self, file: int, emit: Callable[[Signal], None]) -> None:
        held = b""
        answered_s = self._now()
        while True:
            os.write(file, self._language.ask)
            due_s = anyio.current_time() + EVERY_S
            while (left_s := due_s - anyio.current_time()) > 0:
                with anyio.move_on_after(left_s) as waiting:
                    await anyio.wait_readable(file)
                if waiting.cancelled_caught:
                    break
                try:
                    data = os.read(file, _READ_BYTES)
                except BlockingIOError:
                    continue
                if not data:
                    raise DeviceUnreachableError(f"scale at {self._path}: it went away")
                *lines, held = (held + data).split(self._language.end)
                # A line without an end would grow for ever.
                held = held[-LONGEST:]
                if any([self._take(line, emit) for line in lines]):
                    answered_s = self._now()
            if self._now() - answered_s > SILENT_S:
                raise DeviceUnreachableError(f"scale at {self._path}: no answer; is it on, and set to this protocol?")

    def _take(self, line: bytes, emit: Callable[[Signal], None]) -> bool:
        if not line:
            return False
        try:
            reading = self._language.read(line)
        except ScaleBytesError:
            self.strange += 1
            return False
        emit(WeightRead(reading.grams, self._now(), reading.is_stable, reading.fault, self._division_g))
        return True
