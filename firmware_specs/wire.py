"""Bytes on the wire: JSON through msgspec, tolerant of keys from other versions, strict about types."""

import re
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

VERSION = 1
"""The contract's version; it is part of every topic and of every batch."""

MAX_MESSAGE_BYTES = 256 * 1024
"""The largest MQTT payload anyone may publish; bigger things travel by pointer."""

T = TypeVar("T")

# An odd number of backslashes: an even one is an escaped backslash before plain characters.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class WireError(ValueError):
    """Bytes that are not the message they should be; the text names the field and what was expected."""


def encode(message: msgspec.Struct) -> bytes:
    """Return the message as compact JSON, fields in declared order."""
    return msgspec.json.encode(message)


def decode(data: bytes, of: type[T], *, limit: int | None = MAX_MESSAGE_BYTES) -> T:
    """Return the message in `data`; what travels by pointer has no `limit`.

    Raises WireError on oversized, malformed or mistyped bytes; unknown keys are ignored.
    """
    if limit is not None and len(data) > limit:
        raise WireError(f"message of {len(data)} bytes: at most {limit} are allowed, send a pointer")
    refuse_nul(data)
    try:
        return msgspec.json.decode(data, type=of)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise WireError(str(exc)) from exc


def refuse_nul(data: bytes) -> None:
    """Raise WireError for a message with a NUL character in a string, which not every database can keep."""
    if b"\\u0000" in data and _NUL.search(data):
        raise WireError("a string holds the character NUL: leave it out")


def ms(at: datetime) -> int:
    """Return UTC milliseconds since 1970, the contract's only wall-clock time."""
    return int(at.timestamp() * 1000)


def from_ms(at_ms: int) -> datetime:
    """Return the instant as an aware UTC datetime."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)
