"""What a label answers (ESL Service 3.9 and 3.10)."""

import struct
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from firmware_specs.frames.esl.codes import StateBits, parameters

_SENSOR_TAG: Final = 0x0E


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """The label refused. `code` is an `ErrorCode` where the standard knows it."""

    OPCODE: ClassVar[int] = 0x00
    code: int

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.code))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        return cls(*parameters(data, cls.OPCODE))


@dataclass(frozen=True, slots=True)
class BasicState:
    """How a label is; reserved bits are kept."""

    OPCODE: ClassVar[int] = 0x10
    bits: StateBits

    def __bytes__(self) -> bytes:
        return struct.pack("<BH", self.OPCODE, self.bits)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        low, high = parameters(data, cls.OPCODE)
        return cls(StateBits(low | high << 8))


@dataclass(frozen=True, slots=True)
class DisplayState:
    """Which stored image a display was last told to show, a timed one included."""

    OPCODE: ClassVar[int] = 0x11
    display: int
    image: int

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.display, self.image))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        return cls(*parameters(data, cls.OPCODE))


@dataclass(frozen=True, slots=True)
class SensorValue:
    """What a sensor measures, 1 to 15 bytes; the only response whose length differs."""

    sensor: int
    value: bytes

    def __bytes__(self) -> bytes:
        return bytes((len(self.value) << 4 | _SENSOR_TAG, self.sensor)) + self.value

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        if len(data) < 3 or data[0] & 0x0F != _SENSOR_TAG:
            raise ValueError(f"{data[:20].hex()!r} is no sensor value")
        sensor, *value = parameters(data, data[0])
        return cls(sensor, bytes(value))


@dataclass(frozen=True, slots=True)
class LedState:
    """Which LED was told something."""

    OPCODE: ClassVar[int] = 0x01
    led: int

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.led))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        return cls(*parameters(data, cls.OPCODE))


Response = ErrorResponse | LedState | BasicState | DisplayState | SensorValue

_KINDS: Final[dict[int, type[Response]]] = {
    kind.OPCODE: kind for kind in (ErrorResponse, LedState, BasicState, DisplayState)
}


def parse_response(data: bytes) -> Response:
    """Return one response TLV; raises ValueError on an unknown opcode or a wrong length."""
    if data and data[0] & 0x0F == _SENSOR_TAG:
        return SensorValue.from_bytes(data)
    kind = _KINDS.get(data[0]) if data else None
    if kind is None:
        raise ValueError(f"no response of ours: {data[:20].hex()!r}")
    return kind.from_bytes(data)
