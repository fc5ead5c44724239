"""What a byte table is made of."""

from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

Order = Literal["big", "little"]


@dataclass(frozen=True, slots=True)
class Field:
    """Consecutive bytes of a frame.

    Args:
        name: the attribute of the frame's class that they carry.
        size: bytes; None takes the rest of the frame.
        meaning: unit and range, for people.
        order: of the bytes of a number; None where they are no number.
        is_signed: two's complement.
        per_unit: the number counts this many for one of the attribute's unit.
        fixed: what always stands here.
    """

    name: str
    size: int | None
    meaning: str
    order: Order | None = None
    is_signed: bool = False
    per_unit: float = 1
    fixed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """One frame: its class, where on the air it stands, and its fields from the first byte on."""

    frame: type
    title: str
    where: str
    fields: tuple[Field, ...]


def fixed(name: str, value: bytes, meaning: str) -> Field:
    return Field(name, len(value), meaning, fixed=value)


class _Tlv(Protocol):
    OPCODE: ClassVar[int]


def opcode(frame: type[_Tlv], name: str) -> Field:
    """Return the first byte of a TLV of the ESL Service."""
    return fixed("opcode", bytes((frame.OPCODE,)), f"{name}; upper four bits: parameter bytes less one")
