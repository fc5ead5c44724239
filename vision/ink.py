"""Letters as ink: whole numbers whose bits are pixels, so that setting a line is shifting and joining.

A page of `stride` pixels a row is one number, its upper left pixel the most significant bit. What is put on it is a
number of rows of the same stride: moved by shifting, joined by OR, repeated downwards by multiplying. Python does
that at memory speed, and the bytes of the number are the plane that a panel takes.

Letters are drawn once, hinted to whole pixels, so that they stand where Pillow puts them. The font has no kerning:
a line is its letters side by side, each an advance of whole pixels further.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

import numpy as np

from vision.fonts import font

RUNS: Final = 4_096
_PAD: Final = 4
"""Rows above and below a line for what reaches out of it."""


class Ink(NamedTuple):
    """Ink on `rows` rows of a page: the upper left of the page's first row is its most significant bit."""

    bits: int
    rows: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter's ink and its box from the pen's place at the ascender; right and bottom are the first without ink."""

    bits: int
    left: int
    top: int
    right: int
    bottom: int
    advance: int


def advance(text: str, size_px: int) -> int:
    """Return how far a line of text goes on."""
    return sum(map(_advances(size_px).__getitem__, text))


def moved(bits: int, right_px: int, up_px: int, stride_px: int) -> int:
    """Return ink moved to the right, and up; rows without ink may fall off below."""
    shift = up_px * stride_px - right_px
    return bits << shift if shift >= 0 else bits >> -shift


def band(width_px: int, rows: int, stride_px: int) -> int:
    """Return a filled box at the left edge of so many rows."""
    return repeated((1 << width_px) - 1 << stride_px - width_px, rows, stride_px)


def repeated(row: int, rows: int, stride_px: int) -> int:
    """Return a row put on so many rows."""
    return row * _comb(rows, stride_px)


@cache
def _comb(rows: int, stride_px: int) -> int:
    return sum(1 << stride_px * place for place in range(rows))


@lru_cache(maxsize=RUNS)
def line(text: str, size_px: int, stride_px: int) -> Ink:
    """Return a line of text, its first letter's ink at the left edge, `PAD` rows above the ascender.

    The line must be no longer than a row.
    """
    letters, bits, pen = _letters(size_px, 0, stride_px), 0, 0
    for character in text:
        letter_bits, _, shift, goes_on = letters[character]
        bits |= letter_bits << (shift - pen)
        pen += goes_on
    left = letters[text[0]][1] if text else 0
    return Ink(bits << left if left >= 0 else bits >> -left, letters.rows)


PAD: Final = _PAD

_HIGH: Final = "国"


@lru_cache(maxsize=RUNS)
def run(text: str, size_px: int, weight_px: int, stride_px: int) -> tuple[Ink, int]:
    """Return a line, strokes thickened by `weight_px` all round, its ink exactly at the upper left, and its width."""
    placed, pen = [], 0
    for character in text:
        letter = _letter(character, size_px, weight_px, stride_px)
        if letter.bits:
            placed.append((pen + letter.left, letter))
        # Thickened letters come nearer to each other.
        pen += letter.advance + weight_px
    if not placed:
        return Ink(0, 0), 0
    left, right = min(at for at, _ in placed), max(at + each.right - each.left for at, each in placed)
    top, bottom = min(each.top for _, each in placed), max(each.bottom for _, each in placed)
    if right - left > stride_px:
        return Ink(0, bottom - top), right - left
    bits = 0
    for at, each in placed:
        below = (bottom - each.bottom) * stride_px
        bits |= each.bits << (below + stride_px - (at - left) - (each.right - each.left))
    return Ink(bits, bottom - top), right - left


class _Letters(dict[str, tuple[int, int, int, int]]):
    # By character: its bits, the left edge of its ink, how far to shift it with the pen at the left, its advance.
    def __init__(self, size_px: int, weight_px: int, stride_px: int) -> None:
        super().__init__()
        self._made_for = size_px, weight_px, stride_px
        self.rows = sum(font(size_px).getmetrics()) + 2 * _PAD

    def __missing__(self, character: str) -> tuple[int, int, int, int]:
        stride_px = self._made_for[2]
        letter = _letter(character, *self._made_for)
        below = self.rows - _PAD - letter.bottom
        if letter.bits and (below < 0 or letter.top < -_PAD):
            raise ValueError(f"the letter {character!r} is too tall for a line of {self._made_for[0]} px")
        shift = max(0, below) * stride_px + stride_px - letter.right
        found = self[character] = (letter.bits, letter.left, shift, letter.advance)
        return found


@cache
def _letters(size_px: int, weight_px: int, stride_px: int) -> _Letters:
    return _Letters(size_px, weight_px, stride_px)


class _Advances(dict[str, int]):
    # Asked for every character of every size that is tried: a lookup, and nothing else.
    def __init__(self, size_px: int) -> None:
        super().__init__()
        self._font = font(size_px)

    def __missing__(self, character: str) -> int:
        # A place where a line may break takes no room.
        found = self[character] = 0 if character == BREAK else round(self._font.getlength(character, mode="1"))
        return found


BREAK: Final = "\u200b"
"""Where a line may break without a space (Unicode ZERO WIDTH SPACE)."""


@cache
def _advances(size_px: int) -> _Advances:
    return _Advances(size_px)


@lru_cache(maxsize=16_384)
def _letter(character: str, size_px: int, weight_px: int, stride_px: int) -> Letter:
    goes_on = advance(character, size_px)
    if character == BREAK:
        return Letter(0, 0, 0, 0, 0, 0)
    # Behind another, from which it is measured: where a line begins is rounded from its letters' outlines, and its
    # letters stand otherwise relative to that than relative to each other.
    behind = f"{_HIGH} "
    mask, (left, _) = font(size_px).getmask2(behind + character, mode="1", stroke_width=weight_px, stroke_filled=True)
    width, height = mask.size
    # A thickened letter comes with grey edges; black is what is black by half.
    ink = np.frombuffer(bytes(mask), np.uint8).reshape(height, width) >= 128
    begins = advance(behind, size_px) - left - advance(" ", size_px) // 2
    top = _high_px(size_px, weight_px) - int(np.flatnonzero(ink[:, :begins].any(axis=1))[0])
    ink, left = ink[:, begins:], left + begins
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        return Letter(0, 0, 0, 0, 0, goes_on)
    tight = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    bits = 0
    for row in tight:
        bits = bits << stride_px | int("".join("1" if pixel else "0" for pixel in row), 2)
    left, top = int(left + columns[0]) - advance(behind, size_px), int(top + rows[0])
    return Letter(bits, left, top, left + tight.shape[1], top + tight.shape[0], goes_on)


@cache
def _high_px(size_px: int, weight_px: int) -> int:
    # Where the ink of the letter that others are measured from begins below the ascender.
    mask, (_, top) = font(size_px).getmask2(_HIGH, mode="1", stroke_width=weight_px, stroke_filled=True)
    width, height = mask.size
    ink = np.frombuffer(bytes(mask), np.uint8).reshape(height, width) >= 128
    return int(top) + int(np.flatnonzero(ink.any(axis=1))[0])
