"""Set text into boxes of black and white pixels: measure, wrap, shrink, draw."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vision.glyphs import advance, line, put, run

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
    return advance(text, size_px)


def tidy(text: str) -> str:
    """Return text with single spaces and no line breaks."""
    return " ".join(text.split())


def fit(text: str, box_px: int, sizes_px: Sequence[int], max_lines: int) -> SetText | None:
    """Return the text at the first of `sizes_px` where it fits `box_px` in `max_lines`; None if at none."""
    text = tidy(text)
    for size_px in sizes_px:
        # Most texts fit one line: then nothing is to be broken.
        one_line = advance(text, size_px) <= box_px
        lines = ((text,) if text else ()) if one_line else wrap(text, box_px, size_px)
        if lines is not None and len(lines) <= max_lines:
            return SetText(size_px, lines)
    return None


def wrap(text: str, box_px: int, size_px: int) -> tuple[str, ...] | None:
    """Return the text in lines of at most `box_px`; None when one word alone is wider."""
    lines: list[str] = []
    line, line_width_px = "", 0
    for piece in _pieces(text):
        # Spaces at the end of a line take no room.
        piece_px = advance(piece, size_px) if not piece.isspace() else 0
        if line_width_px + piece_px <= box_px:
            line += piece
            line_width_px += piece_px or advance(piece, size_px)
        elif piece_px <= box_px:
            lines.append(line.rstrip())
            line, line_width_px = piece, piece_px
        else:
            return None
    if line.strip():
        lines.append(line.rstrip())
    return tuple(lines)


@lru_cache(maxsize=4096)
def _pieces(text: str) -> tuple[str, ...]:
    return tuple(_PIECES.findall(tidy(text)))


class Sheet:
    """A white page in black and white that text and bars are put on."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self._page = np.zeros((height_px, width_px), np.bool_)

    def text(self, x_px: int, y_px: int, text: str, size_px: int, *, bold: bool = False, white: bool = False) -> None:
        """Draw a line at (x, y), its ink starting exactly at x.

        `bold` smears it by one pixel, `white` is for black ground.
        """
        ink, left = line(text, size_px)
        for shift_px in (0, 1) if bold else (0,):
            put(self._page, x_px - left + shift_px, y_px, ink, black=not white)

    def glyphs(self, x_px: int, y_px: int, text: str, size_px: int, weight_px: int) -> None:
        """Draw a line whose ink has its upper left exactly at (x, y), strokes thickened by `weight_px` all round."""
        put(self._page, x_px, y_px, run(text, size_px, weight_px).ink)

    def box(self, left_px: int, top_px: int, right_px: int, bottom_px: int) -> None:
        """Fill a black box; right and bottom are the first white pixels after it."""
        self._page[top_px:bottom_px, left_px:right_px] = True

    def bars(self, x_px: int, y_px: int, height_px: int, bars: NDArray[np.bool_]) -> None:
        """Put bars at (x, y), bool of shape (width,), all of one height."""
        self._page[y_px : y_px + height_px, x_px : x_px + len(bars)] |= bars

    def ink(self, x_px: int, y_px: int, ink: NDArray[np.bool_]) -> None:
        """Put ink at (x, y), bool of shape (height, width)."""
        put(self._page, x_px, y_px, ink)

    def black(self) -> NDArray[np.bool_]:
        """Return the page as bool of shape (height, width), True is black."""
        return self._page


def ink_box(text: str, size_px: int, weight_px: int = 0) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of the black pixels of a line drawn at the origin."""
    return run(text, size_px, weight_px).box
