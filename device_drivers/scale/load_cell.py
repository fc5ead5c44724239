"""A load cell on a Nuvoton NAU7802, a 24-bit converter on I²C (data sheet 1.7): counts into grams, calibrated by two.

A cell of a cart's basket bridges the chip's first channel; its zero and its counts for a gram are measured once.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

import anyio
import anyio.to_thread

from device_drivers.api import Deed, DeviceRefusedError, DeviceUnreachableError, Signal, WeightRead

ADDRESS: Final = 0x2A
PU_CTRL, CTRL1, CTRL2, ADC_OUT, ADC, POWER, REVISION = 0x00, 0x01, 0x02, 0x12, 0x15, 0x1C, 0x1F
RESET, DIGITAL_ON, ANALOG_ON, IS_READY, CYCLE_START, HAS_RESULT, FROM_LDO = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x80
"""Bits of PU_CTRL."""

LDO_3V0_GAIN_128: Final = 0b00_101_111
RATE_10_HZ, CALIBRATE, CALIBRATION_FAILED = 0b000 << 4, 0x04, 0x08
"""Of CTRL2. Ten results a second are the quietest, and a basket is no faster."""

CHOPPER_OFF, PGA_CAPACITOR = 0x30, 0x80
_REVISION: Final = 0x0F
FULL: Final = 2**23 - 1
_EVERY_S: Final = 0.05
_PATIENCE_S: Final = 1.0


class I2cBus(Protocol):
    """What the driver needs of an I²C bus; `smbus2.SMBus` has it. Each raises OSError."""

    def read_byte_data(self, i2c_addr: int, register: int) -> int:
        """Return a register."""

    def write_byte_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Set a register."""

    def read_i2c_block_data(self, i2c_addr: int, register: int, length: int) -> list[int]:
        """Return registers from this one on."""

    def close(self) -> None:
        """Give it back."""


class LoadCell:
    """A load cell through its converter.

    Args:
        bus: opens the bus.
        counts_per_g: how much the result grows by a gram; less than 0 for a cell that is mounted upside down.
        zero: the result with nothing on it.
        most_g: what it can carry; beyond that it says so.
    """

    def __init__(
        self,
        bus: Callable[[], I2cBus],
        *,
        counts_per_g: float,
        zero: int = 0,
        most_g: float = 30_000.0,
        address: int = ADDRESS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bus = bus
        self._counts_per_g = counts_per_g
        self._zero = zero
        self._most_g = most_g
        self._address = address
        self._now = now

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Read until cancelled; raises DeviceUnreachableError when it is not there or does not come up."""
        try:
            bus = await anyio.to_thread.run_sync(self._bus)
        except (OSError, ImportError) as exc:
            raise DeviceUnreachableError(f"I²C bus: {exc}") from exc
        try:
            await self._begin(bus)
            silent_s = self._now()
            while True:
                counts = await anyio.to_thread.run_sync(self._result, bus)
                if counts is not None:
                    silent_s = self._now()
                    emit(self._read(counts))
                elif self._now() - silent_s > _PATIENCE_S:
                    raise DeviceUnreachableError("the load cell's converter gives no results any more")
                await anyio.sleep(_EVERY_S)
        except OSError as exc:
            raise DeviceUnreachableError(f"load cell at I²C {self._address:#04x}: {exc.strerror or exc}") from exc
        finally:
            bus.close()

    async def do(self, deed: Deed) -> None:
        """Raise DeviceRefusedError: it only tells."""
        raise DeviceRefusedError(f"a scale has no {type(deed).__name__}")

    async def _begin(self, bus: I2cBus) -> None:
        def put(register: int, value: int) -> None:
            bus.write_byte_data(self._address, register, value)

        put(PU_CTRL, RESET)
        put(PU_CTRL, DIGITAL_ON)
        await self._until(bus, PU_CTRL, IS_READY, IS_READY, "it does not power up")
        if bus.read_byte_data(self._address, REVISION) & 0x0F != _REVISION:
            raise DeviceUnreachableError(f"what answers at I²C {self._address:#04x} is no NAU7802")
        put(PU_CTRL, DIGITAL_ON | ANALOG_ON | FROM_LDO)
        put(CTRL1, LDO_3V0_GAIN_128)
        put(ADC, CHOPPER_OFF)
        put(POWER, PGA_CAPACITOR)
        put(CTRL2, RATE_10_HZ | CALIBRATE)
        await self._until(bus, CTRL2, CALIBRATE, 0, "it does not end its calibration")
        if bus.read_byte_data(self._address, CTRL2) & CALIBRATION_FAILED:
            raise DeviceUnreachableError("the load cell's converter cannot be calibrated: is the cell connected?")
        put(PU_CTRL, DIGITAL_ON | ANALOG_ON | FROM_LDO | CYCLE_START)

    async def _until(self, bus: I2cBus, register: int, mask: int, wanted: int, why: str) -> None:
        ends_s = self._now() + _PATIENCE_S
        while bus.read_byte_data(self._address, register) & mask != wanted:
            if self._now() > ends_s:
                raise DeviceUnreachableError(f"the load cell's converter: {why}")
            await anyio.sleep(0.01)

    def _result(self, bus: I2cBus) -> int | None:
        if not bus.read_byte_data(self._address, PU_CTRL) & HAS_RESULT:
            return None
        high, middle, low = bus.read_i2c_block_data(self._address, ADC_OUT, 3)
        return int.from_bytes(bytes((high, middle, low)), "big", signed=True)

    def _read(self, counts: int) -> WeightRead:
        grams = (counts - self._zero) / self._counts_per_g
        if abs(counts) >= FULL or grams > self._most_g:
            return WeightRead(None, self._now(), None, "too heavy for the scale")
        return WeightRead(grams, self._now(), None)
