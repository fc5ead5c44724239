"""Numbers of the ESL Service that commands and responses share."""

import hashlib
from enum import IntEnum, IntFlag
from typing import Final

BROADCAST: Final = 0xFF
"""The ESL ID that every label of a group obeys and none answers."""

LONGEST_AHEAD_MS: Final = 48 * 24 * 3600 * 1000
"""A timed command further ahead than this is implausible."""

CANCEL: Final = 0
"""The absolute time that cancels a pending timed command."""

GLASS: Final = 0
"""The sensor index of what is on the glass; its value is a `glass_digest`."""


class ErrorCode(IntEnum):
    """Why a label refused. Firmware may send others: keep them as numbers."""

    UNSPECIFIED = 0x01
    INVALID_OPCODE = 0x02
    INVALID_STATE = 0x03
    INVALID_IMAGE_INDEX = 0x04
    IMAGE_NOT_AVAILABLE = 0x05
    INVALID_PARAMETER = 0x06
    CAPACITY_LIMIT = 0x07
    INSUFFICIENT_BATTERY = 0x08
    INSUFFICIENT_RESOURCES = 0x09
    RETRY = 0x0A
    QUEUE_FULL = 0x0B
    IMPLAUSIBLE_ABSOLUTE_TIME = 0x0C


class StateBits(IntFlag):
    """Bits of Basic State; the others are reserved."""

    SERVICE_NEEDED = 1 << 0
    SYNCHRONIZED = 1 << 1
    ACTIVE_LED = 1 << 2
    PENDING_LED_UPDATE = 1 << 3
    PENDING_DISPLAY_UPDATE = 1 << 4


def glass_digest(image: bytes | None) -> bytes:
    """Return what the sensor `GLASS` says of an image: 8 bytes of its SHA-256, zeros where none was ever shown."""
    return bytes(8) if image is None else hashlib.sha256(image).digest()[:8]


def absolute_time_ms(at_ms: int) -> int:
    """Return UTC milliseconds as a label's absolute time: 32 bits, wrapping, never `CANCEL`.

    The access point sets every label's clock from UTC, so both compute the same.
    """
    return at_ms % 2**32 or 1


def parameters(data: bytes, opcode: int) -> bytes:
    """Return the parameter bytes of a TLV. Raises ValueError on another opcode or length."""
    expected = (opcode >> 4) + 2
    if len(data) != expected or data[0] != opcode:
        raise ValueError(f"{data[:20].hex()!r} is not opcode 0x{opcode:02x} of {expected} bytes")
    return data[1:]
