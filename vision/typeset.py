"""Set text into boxes of black and white pixels: measure, wrap, shrink, draw."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vision.fonts import font

_PIECES = re.compile(r"[!-~\u00a0-\u024f]+|\s+|.")
"""Latin words hold together, Chinese breaks between any two characters."""


@dataclass(frozen=True, slots=True)
class SetText:
    """Text at the size and in the lines in which it fits its box."""

    size_px: int
    lines: tuple[str, ...]

    @property
    def line_px(self) -> int:
        """The height of one line."""
        return line_px(self.size_px)

    @property
    def height_px(self) -> int:
        """The height of all lines."""
        return self.line_px * len(self.lines)


def line_px(size_px: int) -> int:
    """Return the height of a line: high enough for Chinese and for Latin descenders."""
    return size_px + (2 if size_px >= 16 else 1)


def width_px(text: str, size_px: int) -> int:
    """Return how wide a line of text is drawn."""
    return round(font(size_px).getlength(text))


def tidy(text: str) -> str:
    """Return text with single spaces and no line breaks."""
    return " ".join(text.split())


def fit(text: str, box_px: int, sizes_px: Sequence[int], max_lines: int) -> SetText | None:
    """Return the text at the first of `sizes_px` where it fits `box_px` in `max_lines`; None if at none."""
    for size_px in sizes_px:
        lines = wrap(text, box_px, size_px)
        if lines is not None and len(lines) <= max_lines:
            return SetText(size_px, lines)
    return None


def wrap(text: str, box_px: int, size_px: int) -> tuple[str, ...] | None:
    """Return the text in lines of at most `box_px`; None when one word alone is wider."""
    lines: list[str] = []
    line = ""
    for piece in _PIECES.findall(tidy(text)):
        if width_px((line + piece).rstrip(), size_px) <= box_px:
            line += piece
        elif width_px(piece, size_px) <= box_px:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            return None
    if line.strip():
        lines.append(line.rstrip())
    return tuple(lines)


class Sheet:
    """A white page in black and white that text and bars are put on."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self._image = Image.new("1", (width_px, height_px), 1)
        self._draw = ImageDraw.Draw(self._image)
        # Hinted to whole pixels: a shelf label has no grey to smooth an edge with.
        self._draw.fontmode = "1"

    def text(self, x_px: int, y_px: int, text: str, size_px: int, *, bold: bool = False, white: bool = False) -> None:
        """Draw a line at (x, y), its ink starting exactly at x.

        `bold` smears it by one pixel, `white` is for black ground.
        """
        x_px -= ink_box(text, size_px)[0]
        for shift_px in (0, 1) if bold else (0,):
            self._draw.text((x_px + shift_px, y_px), text, font=font(size_px), fill=1 if white else 0)

    def glyphs(self, x_px: int, y_px: int, text: str, size_px: int, weight_px: int) -> None:
        """Draw a line whose ink has its upper left exactly at (x, y), strokes thickened by `weight_px` all round."""
        left, top, _, _ = ink_box(text, size_px, weight_px)
        self._draw.text(
            (x_px - left, y_px - top), text, font=font(size_px), fill=0, stroke_width=weight_px, stroke_fill=0
        )

    def box(self, left_px: int, top_px: int, right_px: int, bottom_px: int) -> None:
        """Fill a black box; right and bottom are the first white pixels after it."""
        self._draw.rectangle((left_px, top_px, right_px - 1, bottom_px - 1), fill=0)

    def black(self) -> NDArray[np.bool_]:
        """Return the page as bool of shape (height, width), True is black."""
        return ~np.array(self._image, dtype=np.bool_)


@lru_cache(maxsize=4096)
def ink_box(text: str, size_px: int, weight_px: int = 0) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the black pixels of a line drawn at the origin."""
    width, height = width_px(text, size_px) + 4 * size_px, 3 * size_px
    image = Image.new("1", (width, height), 0)
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1"
    origin_px = size_px
    draw.text((origin_px, origin_px), text, font=font(size_px), fill=1, stroke_width=weight_px, stroke_fill=1)
    left, top, right, bottom = image.getbbox() or (origin_px,) * 4
    return left - origin_px, top - origin_px, right - origin_px, bottom - origin_px
