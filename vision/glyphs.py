"""Text as pixels, out of glyphs that are drawn once: hinted to whole pixels, so that they stand where Pillow puts them.

The font has no kerning, so a line is its glyphs side by side, each an advance of whole pixels further.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.fonts import font

GLYPHS: Final = 16_384
"""Kept in memory: all of a shop's characters at all sizes; about 100 bytes each at label sizes."""

RUNS: Final = 4_096

_FAR: Final = 1 << 30
_NOTHING: Final = np.zeros((0, 0), np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A line's ink, bool of shape (height, width), its upper left relative to the origin, and how far it goes on."""

    ink: NDArray[np.bool_]
    left: int
    top: int
    advance: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the ink; right and bottom are the first without."""
        height, width = self.ink.shape
        return self.left, self.top, self.left + width, self.top + height


@lru_cache(maxsize=RUNS)
def run(text: str, size_px: int, weight_px: int = 0) -> Run:
    """Return a line of text, its strokes thickened by `weight_px` all round."""
    placed, pen = [], 0
    left, top, right, bottom = _FAR, _FAR, -_FAR, -_FAR
    for character in text:
        glyph = _glyph(character, size_px, weight_px)
        height, width = glyph.ink.shape
        if height:
            at = pen + glyph.left
            placed.append((at, glyph.top, width, height, glyph.ink))
            left, top = min(left, at), min(top, glyph.top)
            right, bottom = max(right, at + width), max(bottom, glyph.top + height)
        pen += glyph.advance
    if not placed:
        return Run(_NOTHING, 0, 0, pen)
    ink = np.zeros((bottom - top, right - left), np.bool_)
    for at, above, width, height, glyph_ink in placed:
        spot = ink[above - top : above - top + height, at - left : at - left + width]
        np.logical_or(spot, glyph_ink, out=spot)
    return Run(ink, left, top, pen)


def line(text: str, size_px: int) -> tuple[NDArray[np.bool_], int]:
    """Return a line's ink from its ascender down, bool of shape (height, width), and where its first ink begins."""
    if not text:
        return _NOTHING, 0
    cells = [cell for character in text if (cell := _cell(character, size_px)) is not None]
    if len(cells) < len(text):
        # A letter reaches out of its own cell.
        found = run(text, size_px)
        return np.pad(found.ink, ((found.top, 0), (0, 0))), 0
    return np.concatenate(cells, axis=1), _glyph(text[0], size_px, 0).left


def advance(text: str, size_px: int) -> int:
    """Return how far a line of text goes on."""
    return sum(map(_advances(size_px).__getitem__, text))


def put(page: NDArray[np.bool_], x_px: int, y_px: int, ink: NDArray[np.bool_], *, black: bool = True) -> None:
    """Put ink on a page, bool of shape (height, width), at (x, y); what lies outside is lost."""
    height, width = ink.shape
    if x_px < 0 or y_px < 0 or x_px + width > page.shape[1] or y_px + height > page.shape[0]:
        left, top = max(0, -x_px), max(0, -y_px)
        ink = ink[top : max(0, page.shape[0] - y_px), left : max(0, page.shape[1] - x_px)]
        x_px, y_px, (height, width) = x_px + left, y_px + top, ink.shape
    spot = page[y_px : y_px + height, x_px : x_px + width]
    if black:
        spot |= ink
    else:
        # Both are bool: what is black and not ink stays.
        np.greater(spot, ink, out=spot)


class _Advances(dict[str, int]):
    # Asked for every character of every size that is tried: a lookup, and nothing else.
    def __init__(self, size_px: int) -> None:
        super().__init__()
        self._font = font(size_px)

    def __missing__(self, character: str) -> int:
        found = self[character] = round(self._font.getlength(character, mode="1"))
        return found


@cache
def _advances(size_px: int) -> _Advances:
    return _Advances(size_px)


@lru_cache(maxsize=GLYPHS)
def _cell(character: str, size_px: int) -> NDArray[np.bool_] | None:
    # A letter in the middle of the room that it takes in a line; None where it does not keep to it.
    glyph = _glyph(character, size_px, 0)
    cell = np.zeros((_height(size_px), glyph.advance), np.bool_)
    height, width = glyph.ink.shape
    if height and not (0 <= glyph.left <= glyph.advance - width and 0 <= glyph.top <= cell.shape[0] - height):
        return None
    cell[glyph.top : glyph.top + height, glyph.left : glyph.left + width] = glyph.ink
    return cell


@cache
def _height(size_px: int) -> int:
    return sum(font(size_px).getmetrics())


@lru_cache(maxsize=GLYPHS)
def _glyph(character: str, size_px: int, weight_px: int) -> Run:
    goes_on = advance(character, size_px)
    # Behind a space: the first letter of a line is shifted to where its outline begins, before hinting.
    mask, (left, top) = font(size_px).getmask2(f" {character}", mode="1", stroke_width=weight_px, stroke_filled=True)
    width, height = mask.size
    # A thickened letter comes with grey edges; black is what is black by half.
    ink = np.frombuffer(bytes(mask), np.uint8).reshape(height, width) >= 128
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        return Run(_NOTHING, 0, 0, goes_on)
    tight = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].copy()
    return Run(tight, int(left + columns[0]) - advance(" ", size_px), int(top + rows[0]), goes_on)
