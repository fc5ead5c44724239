"""The characteristics of the ESL Service 1.0 (section 3) and what the first of them carry."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from firmware_specs.frames.esl.codes import BROADCAST

SERVICE: Final = 0x1857
MOST_GROUPS: Final = 128

_GROUP_BITS: Final = 0x7F


class Characteristic(IntEnum):
    """16-bit UUIDs (Assigned Numbers, 3.8.1). All need an encrypted link."""

    ADDRESS = 0x2BF6
    AP_SYNC_KEY = 0x2BF7
    RESPONSE_KEY = 0x2BF8
    ABSOLUTE_TIME = 0x2BF9
    DISPLAYS = 0x2BFA
    IMAGES = 0x2BFB
    SENSORS = 0x2BFC
    LEDS = 0x2BFD
    CONTROL_POINT = 0x2BFE


@dataclass(frozen=True, slots=True)
class EslAddress:
    """Which group a label belongs to, and its number there."""

    esl_id: int
    group: int

    def __bytes__(self) -> bytes:
        return bytes((self.esl_id, self.group))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another length, the broadcast number, or a reserved bit."""
        if len(data) != 2 or data[0] == BROADCAST or data[1] & ~_GROUP_BITS:
            raise ValueError(f"{data[:4].hex()!r} is no address of a label")
        return cls(data[0], data[1])


@dataclass(frozen=True, slots=True)
class DisplayInfo:
    """One display of a label; `kind` is its display type (Assigned Numbers, 6.10)."""

    width_px: int
    height_px: int
    kind: int

    def __bytes__(self) -> bytes:
        return struct.pack("<HHB", self.width_px, self.height_px, self.kind)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another length, or a display without pixels."""
        if len(data) != 5:
            raise ValueError(f"display information of {len(data)} bytes, expected 5")
        width_px, height_px, kind = struct.unpack("<HHB", data)
        if not width_px or not height_px:
            raise ValueError(f"a display of {width_px}x{height_px} pixels")
        return cls(width_px, height_px, kind)
