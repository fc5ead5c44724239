"""What the Object Transfer Service 1.0 says when an access point writes an image into a label.

The client opens a channel (PSM 0x0025), goes to the object by its id, asks to write so many bytes, sends them over
the channel, and asks for their checksum. A label's images are the objects 0x100, 0x101 … (ESL Service, 3.6).
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self

SERVICE: Final = 0x1825
PSM: Final = 0x0025
FIRST_IMAGE: Final = 0x100
MOST_OBJECT_ID: Final = 2**48 - 1

_TRUNCATE: Final = 0x02


class Characteristic(IntEnum):
    """16-bit UUIDs (Assigned Numbers, 3.8.1)."""

    FEATURE = 0x2ABD
    NAME = 0x2ABE
    TYPE = 0x2ABF
    SIZE = 0x2AC0
    ID = 0x2AC3
    PROPERTIES = 0x2AC4
    OACP = 0x2AC5
    OLCP = 0x2AC6


class ActionResult(IntEnum):
    """What an action came to (3.3.2)."""

    SUCCESS = 0x01
    NOT_SUPPORTED = 0x02
    INVALID_PARAMETER = 0x03
    INSUFFICIENT_RESOURCES = 0x04
    INVALID_OBJECT = 0x05
    CHANNEL_UNAVAILABLE = 0x06
    UNSUPPORTED_TYPE = 0x07
    NOT_PERMITTED = 0x08
    LOCKED = 0x09
    FAILED = 0x0A


class ListResult(IntEnum):
    """What a step through the list of objects came to (3.4.2)."""

    SUCCESS = 0x01
    NOT_SUPPORTED = 0x02
    INVALID_PARAMETER = 0x03
    FAILED = 0x04
    OUT_OF_BOUNDS = 0x05
    TOO_MANY = 0x06
    NO_OBJECT = 0x07
    ID_NOT_FOUND = 0x08


@dataclass(frozen=True, slots=True)
class GoTo:
    """Make this the current object."""

    OPCODE: ClassVar[int] = 0x05
    object_id: int

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE,)) + self.object_id.to_bytes(6, "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another operation or length."""
        _expect(data, cls.OPCODE, 7)
        return cls(int.from_bytes(data[1:], "little"))


@dataclass(frozen=True, slots=True)
class ListResponse:
    """The answer to a step through the list."""

    OPCODE: ClassVar[int] = 0x70
    request: int
    result: int

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.request, self.result))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another operation or length; what may follow a number of objects is refused, too."""
        _expect(data, cls.OPCODE, 3)
        return cls(data[1], data[2])


@dataclass(frozen=True, slots=True)
class Write:
    """So many bytes will come over the channel; `truncates` makes them all that the object has."""

    OPCODE: ClassVar[int] = 0x06
    offset: int
    length: int
    truncates: bool = True

    def __bytes__(self) -> bytes:
        return struct.pack("<BIIB", self.OPCODE, self.offset, self.length, _TRUNCATE if self.truncates else 0)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another operation or length, or a mode with reserved bits."""
        _expect(data, cls.OPCODE, 10)
        _, offset, length, mode = struct.unpack("<BIIB", data)
        if mode & ~_TRUNCATE:
            raise ValueError(f"write mode 0x{mode:02x} has reserved bits")
        return cls(offset, length, bool(mode))


@dataclass(frozen=True, slots=True)
class Checksum:
    """Tell the CRC-32 of these bytes of the object."""

    OPCODE: ClassVar[int] = 0x03
    offset: int
    length: int

    def __bytes__(self) -> bytes:
        return struct.pack("<BII", self.OPCODE, self.offset, self.length)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another operation or length."""
        _expect(data, cls.OPCODE, 9)
        _, offset, length = struct.unpack("<BII", data)
        return cls(offset, length)


@dataclass(frozen=True, slots=True)
class ActionResponse:
    """The answer to an action; `value` is the CRC-32 of a checksum, and else empty."""

    OPCODE: ClassVar[int] = 0x60
    request: int
    result: int
    value: bytes = b""

    def __bytes__(self) -> bytes:
        return bytes((self.OPCODE, self.request, self.result)) + self.value

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another operation or length."""
        if len(data) not in (3, 7) or data[0] != cls.OPCODE:
            raise ValueError(f"{data[:20].hex()!r} is no answer to an action")
        return cls(data[1], data[2], data[3:])


@dataclass(frozen=True, slots=True)
class ObjectSize:
    """How many bytes an object has, and how many it may have."""

    current: int
    allocated: int

    def __bytes__(self) -> bytes:
        return struct.pack("<II", self.current, self.allocated)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another length."""
        if len(data) != 8:
            raise ValueError(f"an object's size of {len(data)} bytes, expected 8")
        return cls(*struct.unpack("<II", data))


def image_object(slot: int) -> int:
    """Return the object id of a label's image."""
    return FIRST_IMAGE + slot


def _expect(data: bytes, opcode: int, length: int) -> None:
    if len(data) != length or data[0] != opcode:
        raise ValueError(f"{data[:20].hex()!r} is not operation 0x{opcode:02x} of {length} bytes")
