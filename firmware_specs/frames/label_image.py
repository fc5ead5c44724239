"""A picture as an object of a label: the ESL Service leaves its form to the maker, so this is ours.

    version 1 · display type · width · height · coding · planes
    planes: for each ink in turn (black, red, yellow, green, blue, orange as far as the display has them)
            rows from the top, one bit a pixel, most significant left, each row filled up to whole bytes, 1 is ink
    coding: 0 as they are, 1 as a zlib stream with a window of at most 4,096 bytes

A label refuses a picture of another display than its own, and keeps the planes as they are: what it tells of its
glass is the SHA-256 of the uncompressed object, header included.
"""

import struct
import zlib
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, Self

VERSION: Final = 1
HEADER_BYTES: Final = 7
ZLIB_WINDOW: Final = 12
"""Base-two logarithm of the window: a label's memory is small."""

_INKS: Final = {1: 1, 6: 2, 7: 2, 8: 3, 9: 6}
"""Planes by display type (Assigned Numbers, 6.10): black and white, with red, with yellow, both, seven colours."""


class Coding(IntEnum):
    """How the planes are written."""

    PLAIN = 0
    ZLIB = 1


@dataclass(frozen=True, slots=True)
class LabelObject:
    """A picture for a display of this type and size."""

    display_type: int
    width_px: int
    height_px: int
    planes: bytes
    coding: Coding = Coding.PLAIN

    def __bytes__(self) -> bytes:
        head = struct.pack("<BBHHB", VERSION, self.display_type, self.width_px, self.height_px, self.coding)
        return head + self.planes

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the object; a compressed one is opened to see that it holds what it says.

        Raises ValueError for another version, an unknown type or coding, or planes that do not fit the size.
        """
        if len(data) < HEADER_BYTES:
            raise ValueError(f"{len(data)} bytes are no label's picture: its head alone takes {HEADER_BYTES}")
        version, kind, width_px, height_px, coding = struct.unpack("<BBHHB", data[:HEADER_BYTES])
        if version != VERSION or kind not in _INKS or coding not in set(Coding) or not width_px or not height_px:
            raise ValueError(f"{data[:HEADER_BYTES].hex()!r} begins no label's picture of version {VERSION}")
        found = cls(kind, width_px, height_px, data[HEADER_BYTES:], Coding(coding))
        if len(found.plain().planes) != found.plane_bytes:
            raise ValueError(f"{found} has {len(found.planes)} bytes of planes, expected {found.plane_bytes}")
        return found

    @property
    def plane_bytes(self) -> int:
        """How many bytes all its planes take as they are."""
        return (self.width_px + 7) // 8 * self.height_px * _INKS[self.display_type]

    def plain(self) -> Self:
        """Return it with its planes as they are. Raises ValueError when they are no such zlib stream."""
        if self.coding is Coding.PLAIN:
            return self
        opener = zlib.decompressobj(ZLIB_WINDOW)
        try:
            planes = opener.decompress(self.planes, self.plane_bytes + 1)
        except zlib.error as exc:
            raise ValueError(f"the planes of {self} are no zlib stream: {exc}") from exc
        if not opener.eof or opener.unused_data:
            raise ValueError(f"the planes of {self} do not end where their zlib stream does")
        return replace(self, planes=planes, coding=Coding.PLAIN)

    def compressed(self) -> Self:
        """Return it compressed, or as it is where that is smaller."""
        squeezer = zlib.compressobj(9, zlib.DEFLATED, ZLIB_WINDOW)
        planes = squeezer.compress(self.plain().planes) + squeezer.flush()
        return self if len(planes) >= len(self.planes) else replace(self, planes=planes, coding=Coding.ZLIB)

    def __str__(self) -> str:
        return f"a picture for {self.width_px}x{self.height_px} pixels of display type {self.display_type}"
