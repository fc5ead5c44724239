"""Virtual scales that speak the same bytes: one on a pseudo-terminal, one as hidraw, one as a converter's registers."""

import math
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import anyio

from device_drivers.api import Deed, DeviceRefusedError, DeviceUnreachableError, Signal
from device_drivers.plugged import hidraw, serial_line
from device_drivers.scale import load_cell as chip
from device_drivers.scale.lines import Language, MtSics
from device_drivers.scale.reading import Reading
from device_drivers.scale.reports import pack_report
from device_drivers.scale.serial import SerialScale

_SWING_S: Final = 0.2
"""A basket swings after something was put in, and comes to rest with this time constant."""

_NOISE_G: Final = 0.8
_REST_G: Final = 1.0


class Basket:
    """What lies on a scale, as its cell feels it: swinging after a change, with noise. `now` is in seconds."""

    def __init__(self, now: Callable[[], float], *, seed: int = 0) -> None:
        self._now = now
        self._chance = random.Random(seed)
        self._grams = 0.0
        self._swing_g = 0.0
        self._changed_s = now()

    @property
    def grams(self) -> float:
        """What lies there."""
        return self._grams

    def put(self, grams: float) -> None:
        """Put something in; less than 0 takes it out."""
        self._swing_g = self._swing() + grams
        self._grams += grams
        self._changed_s = self._now()

    def feel(self) -> Reading:
        """Return what the scale would say now."""
        swing = self._swing()
        felt = self._grams - swing + self._chance.gauss(0, _NOISE_G)
        return Reading(felt, is_stable=abs(swing) < _REST_G)

    def _swing(self) -> float:
        gone_s = self._now() - self._changed_s
        return self._swing_g * math.exp(-gone_s / _SWING_S) * math.cos(9 * gone_s)


class VirtualSerialScale:
    """The far end of a pseudo-terminal; `path` is what the driver opens."""

    def __init__(self, path: str, file: int, language: Language) -> None:
        self.path = path
        self.language = language
        self._file = file

    async def answer(self, feel: Callable[[], Reading]) -> None:
        """Answer every question until cancelled."""
        held = b""
        while True:
            await anyio.wait_readable(self._file)
            held += os.read(self._file, 4_096)
            *asked, held = held.split(self.language.ask)
            for _ in asked:
                self.send(self.language.say(feel()))

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        os.write(self._file, data)


class VirtualHidScale:
    """Writes a USB scale's reports; `path` is what its driver opens."""

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        self._file = file

    def say(self, reading: Reading) -> None:
        """Send a report."""
        self.send(pack_report(reading))

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        os.write(self._file, data)


class VirtualConverter:
    """The registers of a NAU7802, behind the bus that the driver wants; `counts` is asked for each result."""

    def __init__(self, counts: Callable[[], int], *, revision: int = 0x0F, can_calibrate: bool = True) -> None:
        self._counts = counts
        self._revision = revision
        self._can_calibrate = can_calibrate
        self._registers: dict[int, int] = {}
        self.is_there = True

    def read_byte_data(self, i2c_addr: int, register: int) -> int:
        """See `I2cBus`."""
        self._check(i2c_addr)
        value = self._registers.get(register, 0)
        if register == chip.REVISION:
            return self._revision
        if register == chip.PU_CTRL:
            ready = chip.IS_READY if value & chip.DIGITAL_ON else 0
            is_cycling = value & chip.ANALOG_ON and value & chip.CYCLE_START
            return value | ready | (chip.HAS_RESULT if is_cycling else 0)
        return value

    def write_byte_data(self, i2c_addr: int, register: int, value: int) -> None:
        """See `I2cBus`."""
        self._check(i2c_addr)
        if register == chip.PU_CTRL and value & chip.RESET:
            self._registers.clear()
            return
        if register == chip.CTRL2 and value & chip.CALIBRATE:
            value &= ~chip.CALIBRATE
            value |= 0 if self._can_calibrate else chip.CALIBRATION_FAILED
        self._registers[register] = value

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int) -> list[int]:
        """See `I2cBus`."""
        self._check(i2c_addr)
        counts = min(chip.FULL, max(-chip.FULL - 1, self._counts()))
        return list(counts.to_bytes(3, "big", signed=True))[:length] if register == chip.ADC_OUT else [0] * length

    def close(self) -> None:
        """See `I2cBus`."""

    def _check(self, address: int) -> None:
        if not self.is_there or address != chip.ADDRESS:
            raise OSError(121, "Remote I/O error")


class VirtualScale:
    """A cart's scale and its driver in one: what is put in comes out of the driver as signals (MT-SICS on a pty)."""

    def __init__(
        self, *, seed: int = 0, division_g: float = 0.0, now: Callable[[], float] = anyio.current_time
    ) -> None:
        self._seed = seed
        self._division_g = division_g
        self._now = now
        self._basket: Basket | None = None

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """See `Driver.run`."""
        if self._basket is None:
            self._basket = Basket(self._now, seed=self._seed)
        with virtual_serial_scale(MtSics()) as far:
            failed: DeviceUnreachableError | None = None
            async with anyio.create_task_group() as group:
                group.start_soon(far.answer, self._basket.feel)
                try:
                    await SerialScale(far.path, far.language, division_g=self._division_g).run(emit)
                except DeviceUnreachableError as exc:
                    failed = exc
                group.cancel_scope.cancel()
            if failed is not None:
                raise failed

    async def do(self, deed: Deed) -> None:
        """Raise DeviceRefusedError: it only tells."""
        raise DeviceRefusedError(f"a scale has no {type(deed).__name__}")

    async def put(self, grams: float) -> None:
        """Put something in, or take it out. Raises DeviceUnreachableError, DeviceRefusedError for what is not there."""
        if self._basket is None:
            raise DeviceUnreachableError("the virtual scale is not plugged in")
        if self._basket.grams + grams < -1:
            raise DeviceRefusedError(f"{-grams:g} g cannot be taken out: {self._basket.grams:.0f} g lie there")
        self._basket.put(grams)


@contextmanager
def virtual_serial_scale(language: Language) -> Iterator[VirtualSerialScale]:
    """Plug a scale on a serial line in; it is unplugged at the end."""
    with serial_line() as (path, file):
        yield VirtualSerialScale(path, file, language)


@contextmanager
def virtual_hid_scale(folder: Path, name: str = "hidraw1") -> Iterator[VirtualHidScale]:
    """Plug a USB scale in; it is unplugged at the end."""
    path = folder / name
    with hidraw(path) as file:
        yield VirtualHidScale(path, file)
