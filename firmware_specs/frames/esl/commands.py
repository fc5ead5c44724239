"""What an access point tells a label (ESL Service 3.9 and 3.10)."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self

from firmware_specs.frames.esl.codes import parameters


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask for Basic State."""

    OPCODE: ClassVar[int] = 0x00
    esl_id: int = 0

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.esl_id))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        return cls(*parameters(data, cls.OPCODE))


@dataclass(frozen=True, slots=True)
class ReadSensor:
    """Ask for a sensor's value; answered by Sensor Value."""

    OPCODE: ClassVar[int] = 0x10
    sensor: int
    esl_id: int = 0

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.esl_id, self.sensor))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        esl_id, sensor = parameters(data, cls.OPCODE)
        return cls(sensor, esl_id)


@dataclass(frozen=True, slots=True)
class RefreshDisplay:
    """Draw the image that is shown once more; answered by Display State."""

    OPCODE: ClassVar[int] = 0x11
    esl_id: int = 0
    display: int = 0

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.esl_id, self.display))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        return cls(*parameters(data, cls.OPCODE))


@dataclass(frozen=True, slots=True)
class DisplayImage:
    """Show a stored image now; answered by Display State when accepted, before the panel has changed."""

    OPCODE: ClassVar[int] = 0x20
    image: int
    esl_id: int = 0
    display: int = 0

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.esl_id, self.display, self.image))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        esl_id, display, image = parameters(data, cls.OPCODE)
        return cls(image, esl_id, display)


@dataclass(frozen=True, slots=True)
class DisplayTimedImage:
    """Show a stored image at an absolute time (`absolute_time_ms`); `CANCEL` drops what is pending.

    Said again with the same time it replaces, so a lost answer costs no second refresh.
    """

    OPCODE: ClassVar[int] = 0x60
    image: int
    at_ms: int
    esl_id: int = 0
    display: int = 0

    def __bytes__(self) -> bytes:
        return struct.pack("<BBBBI", self.OPCODE, self.esl_id, self.display, self.image, self.at_ms)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        esl_id, display, image, *time = parameters(data, cls.OPCODE)
        return cls(image, int.from_bytes(bytes(time), "little"), esl_id, display)


class ControlKind(IntEnum):
    """Commands that say nothing but whom they are for; the value is the opcode."""

    UNASSOCIATE = 0x01
    SERVICE_RESET = 0x02
    FACTORY_RESET = 0x03
    UPDATE_COMPLETE = 0x04


@dataclass(frozen=True, slots=True)
class Control:
    """Change what the label takes itself for; answered by Basic State, Factory Reset by nothing."""

    kind: ControlKind
    esl_id: int = 0

    def __bytes__(self) -> bytes:
        return bytes((self.kind, self.esl_id))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        if not data or data[0] not in set(ControlKind):
            raise ValueError(f"{data[:20].hex()!r} is no control command")
        return cls(ControlKind(data[0]), *parameters(data, data[0]))


@dataclass(frozen=True, slots=True)
class Flash:
    """How an LED flashes (3.10.2.10): colour 0bBBGGRR and brightness in the upper two bits, a pattern of 40 bits.

    Each bit of the pattern lasts `on_ms` or `off_ms`, even, at most 510. `repeats` counts patterns, or seconds
    with `in_seconds`; 0 turns the LED off, or on for good with `in_seconds`.
    """

    colour: int
    pattern: int
    on_ms: int
    off_ms: int
    repeats: int
    in_seconds: bool = False

    def __bytes__(self) -> bytes:
        times = self.repeats << 1 | self.in_seconds
        return bytes((self.colour,)) + struct.pack(
            "<5sBBH", self.pattern.to_bytes(5, "little"), self.off_ms // 2, self.on_ms // 2, times
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on other than 10 bytes."""
        if len(data) != 10:
            raise ValueError(f"a flash of {len(data)} bytes, expected 10")
        pattern, off, on, times = struct.unpack("<5sBBH", data[1:])
        return cls(data[0], int.from_bytes(pattern, "little"), on * 2, off * 2, times >> 1, bool(times & 1))


@dataclass(frozen=True, slots=True)
class LedControl:
    """Flash an LED now; answered by LED State."""

    OPCODE: ClassVar[int] = 0xB0
    flash: Flash
    led: int = 0
    esl_id: int = 0

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.esl_id, self.led)) + bytes(self.flash)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        esl_id, led, *flash = parameters(data, cls.OPCODE)
        return cls(Flash.from_bytes(bytes(flash)), led, esl_id)


@dataclass(frozen=True, slots=True)
class LedTimedControl:
    """Flash an LED at an absolute time; answered by LED State. `CANCEL` drops what is pending."""

    OPCODE: ClassVar[int] = 0xF0
    flash: Flash
    at_ms: int
    led: int = 0
    esl_id: int = 0

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.esl_id, self.led)) + bytes(self.flash) + self.at_ms.to_bytes(4, "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another opcode or length."""
        esl_id, led, *rest = parameters(data, cls.OPCODE)
        return cls(Flash.from_bytes(bytes(rest[:10])), int.from_bytes(bytes(rest[10:]), "little"), led, esl_id)


Command = Ping | Control | ReadSensor | RefreshDisplay | DisplayImage | DisplayTimedImage | LedControl | LedTimedControl

_KINDS: Final[dict[int, type[Command]]] = {
    kind.OPCODE: kind
    for kind in (Ping, ReadSensor, RefreshDisplay, DisplayImage, DisplayTimedImage, LedControl, LedTimedControl)
} | dict.fromkeys((int(kind) for kind in ControlKind), Control)


def parse_command(data: bytes) -> Command:
    """Return one command TLV; raises ValueError on an unknown opcode or a wrong length."""
    kind = _KINDS.get(data[0]) if data else None
    if kind is None:
        raise ValueError(f"no command of ours: {data[:20].hex()!r}")
    return kind.from_bytes(data)
