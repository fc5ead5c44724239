"""Pictures as the bytes that panels of many makers take, and back.

What varies is data: how pixels lie in bytes, which way round the panel is built in, and whether it is compressed.
"""

import zlib
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.image import LabelImage
from vision.panel import Colour, Palette, Panel


class Layout(Enum):
    """How pixels lie in bytes; rows start on a byte of their own, unless said otherwise."""

    PLANAR = "1 bit a pixel, a plane for each ink, one after the other"
    TWO_BITS = "2 bits a pixel: 00 black, 01 white, 10 yellow, 11 red"
    FOUR_BITS = "4 bits a pixel, the number of the colour"


@dataclass(frozen=True, slots=True)
class Wire:
    """What a panel's controller takes.

    Args:
        layout: how pixels lie in bytes.
        lsb_first: the leftmost pixel is the least significant.
        black_is_zero: in a plane for black, a set bit is white.
        ink_is_zero: in the planes of all other inks, a set bit is none of it.
        rotated_deg: how far the picture is turned clockwise before it is sent: 0, 90, 180 or 270.
        mirrored: left and right change places, after turning.
        zlib_window: base-two logarithm of the window of a zlib stream (RFC 1950), 9 to 15; 0 for none.
    """

    layout: Layout = Layout.PLANAR
    lsb_first: bool = False
    black_is_zero: bool = False
    ink_is_zero: bool = False
    rotated_deg: int = 0
    mirrored: bool = False
    zlib_window: int = 0

    def __post_init__(self) -> None:
        if self.rotated_deg not in (0, 90, 180, 270):
            raise ValueError(f"a picture is turned by 0, 90, 180 or 270 degrees, not {self.rotated_deg}")
        if self.zlib_window and not 9 <= self.zlib_window <= 15:
            raise ValueError(f"a zlib window is 9 to 15, or 0 for none, not {self.zlib_window}")


class WrongPanelError(ValueError):
    """A picture for another panel; the text names both."""


_TWO_BITS: Final = {Colour.BLACK: 0, Colour.WHITE: 1, Colour.YELLOW: 2, Colour.RED: 3}
_TWO_BITS_PALETTES: Final = {Palette.BW, Palette.BWR, Palette.BWY, Palette.BWRY}
_TO_TWO: Final = np.array([_TWO_BITS.get(colour, 0) for colour in Colour], np.uint8)
_FROM_TWO: Final = np.array(sorted(_TWO_BITS, key=_TWO_BITS.__getitem__), np.uint8)


def pack(image: LabelImage, panel: Panel, wire: Wire) -> bytes:
    """Return a picture as a panel takes it.

    Raises WrongPanelError when the picture is for another panel, ValueError for a layout without its colours.
    """
    if image.panel != panel:
        raise WrongPanelError(f"this picture is for a panel of {image.panel}, not for one of {panel}")
    _check(panel, wire)
    if wire == Wire(zlib_window=wire.zlib_window):
        # As it lies already.
        data = bytes(image)
    else:
        indexes = _turned(image.indexes(), wire)
        match wire.layout:
            case Layout.PLANAR:
                order = "little" if wire.lsb_first else "big"
                planes = (
                    np.packbits((indexes == ink) ^ _is_zero(ink, wire), axis=1, bitorder=order)  # type: ignore[call-overload]
                    for ink in panel.palette.inks
                )
                data = b"".join(plane.tobytes() for plane in planes)
            case Layout.TWO_BITS:
                data = _packed(_TO_TWO[indexes], 2, wire.lsb_first)
            case Layout.FOUR_BITS:
                data = _packed(indexes, 4, wire.lsb_first)
    if not wire.zlib_window:
        return data
    # Windows of 256 bytes are refused by some versions of the library for raw streams only; this is a zlib stream.
    squeezer = zlib.compressobj(9, zlib.DEFLATED, wire.zlib_window)
    return squeezer.compress(data) + squeezer.flush()


def unpack(data: bytes, panel: Panel, wire: Wire) -> LabelImage:
    """Return the picture in the bytes that a panel takes. Raises ValueError when they are not of such a panel."""
    _check(panel, wire)
    width_px, height_px = _sent_size(panel, wire)
    bits = {Layout.PLANAR: 1, Layout.TWO_BITS: 2, Layout.FOUR_BITS: 4}[wire.layout]
    count = len(panel.palette.inks) if wire.layout is Layout.PLANAR else 1
    row_bytes = -(-width_px * bits // 8)
    expected = row_bytes * height_px * count
    if wire.zlib_window:
        data = inflated(data, expected, wire.zlib_window)
    if len(data) != expected:
        raise ValueError(f"image of {len(data)} bytes: a panel of {panel} takes {expected}")
    rows = np.frombuffer(data, np.uint8).reshape(count, height_px, row_bytes)
    match wire.layout:
        case Layout.PLANAR:
            indexes = np.full((height_px, width_px), Colour.WHITE, np.uint8)
            order = "little" if wire.lsb_first else "big"
            for ink, plane in zip(panel.palette.inks, rows, strict=True):
                bits_set = np.unpackbits(plane, axis=1, count=width_px, bitorder=order)  # type: ignore[call-overload]
                indexes[bits_set.astype(np.bool_) ^ _is_zero(ink, wire)] = ink
        case Layout.TWO_BITS:
            indexes = _FROM_TWO[_unpacked(rows[0], 2, width_px, wire.lsb_first)]
        case Layout.FOUR_BITS:
            indexes = _unpacked(rows[0], 4, width_px, wire.lsb_first)
    return LabelImage.from_indexes(panel, _turned_back(indexes, wire))


def inflated(data: bytes, expected: int, window: int = 15) -> bytes:
    """Return what a zlib stream holds. Raises ValueError unless that is exactly `expected` bytes."""
    opener = zlib.decompressobj(window)
    try:
        opened = opener.decompress(data, expected + 1)
    except zlib.error as exc:
        raise ValueError(f"{len(data)} bytes are no zlib stream: {exc}") from exc
    if not opener.eof or opener.unused_data or len(opened) != expected:
        raise ValueError(f"a zlib stream of {len(data)} bytes does not hold exactly {expected}")
    return opened


def _check(panel: Panel, wire: Wire) -> None:
    if wire.layout is Layout.TWO_BITS and panel.palette not in _TWO_BITS_PALETTES:
        raise ValueError(f"2 bits a pixel cannot carry the colours of a panel of {panel}")


def _sent_size(panel: Panel, wire: Wire) -> tuple[int, int]:
    size = panel.width_px, panel.height_px
    return size if wire.rotated_deg in (0, 180) else size[::-1]


def _is_zero(ink: Colour, wire: Wire) -> bool:
    return wire.black_is_zero if ink is Colour.BLACK else wire.ink_is_zero


def _turned(indexes: NDArray[np.uint8], wire: Wire) -> NDArray[np.uint8]:
    turned = np.rot90(indexes, -(wire.rotated_deg // 90))
    return np.ascontiguousarray(turned[:, ::-1] if wire.mirrored else turned)


def _turned_back(indexes: NDArray[np.uint8], wire: Wire) -> NDArray[np.uint8]:
    straight = indexes[:, ::-1] if wire.mirrored else indexes
    return np.ascontiguousarray(np.rot90(straight, wire.rotated_deg // 90))


def _packed(codes: NDArray[np.uint8], bits: int, lsb_first: bool) -> bytes:
    in_byte = 8 // bits
    height_px, width_px = codes.shape
    padded = np.zeros((height_px, -(-width_px // in_byte) * in_byte), np.uint8)
    padded[:, :width_px] = codes
    cells = padded.reshape(height_px, -1, in_byte)
    shifts = np.arange(in_byte, dtype=np.uint8) * bits
    joined: NDArray[np.uint8] = np.bitwise_or.reduce(cells << (shifts if lsb_first else shifts[::-1]), axis=2)
    return joined.astype(np.uint8).tobytes()


def _unpacked(rows: NDArray[np.uint8], bits: int, width_px: int, lsb_first: bool) -> NDArray[np.uint8]:
    shifts = np.arange(8 // bits, dtype=np.uint8) * bits
    cells: NDArray[np.uint8] = rows[:, :, None] >> (shifts if lsb_first else shifts[::-1]) & (2**bits - 1)
    return cells.reshape(len(rows), -1)[:, :width_px]
