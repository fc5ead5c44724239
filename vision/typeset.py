"""Text into boxes: measure, wrap, shrink."""

import re
from functools import lru_cache
from typing import Final, NamedTuple

from vision.ink import advance

_PIECES = re.compile(r"[!-~\u00a0-\u024f]+|\s+|.")
"""Latin words hold together, Chinese breaks between any two characters."""

TEXTS: Final = 4_096
"""Kept in memory: a shop's units, and its names from one price to the next."""


class SetText(NamedTuple):
    """Text at the size and in the lines in which it fits its box."""

    size_px: int
    lines: tuple[str, ...]
    widths_px: tuple[int, ...]
    line_px: int
    """The height of one line: high enough for Chinese and for Latin descenders."""

    height_px: int
    """The height of all lines."""


@lru_cache(maxsize=TEXTS)
def tidy(text: str) -> str:
    """Return text with single spaces and no line breaks."""
    return " ".join(text.split())


@lru_cache(maxsize=TEXTS)
def fit(text: str, box_px: int, sizes_px: tuple[int, ...], max_lines: int) -> SetText | None:
    """Return a tidy text at the first of `sizes_px` where it fits `box_px` in `max_lines`; None if at none."""
    if not text:
        return SetText(sizes_px[0], (), (), 0, 0)
    for size_px in sizes_px:
        # Most texts fit one line: then nothing is to be broken.
        text_px = advance(text, size_px)
        line_px = size_px + (2 if size_px >= 16 else 1)
        if text_px <= box_px:
            return SetText(size_px, (text,), (text_px,), line_px, line_px)
        lines = wrap(text, box_px, size_px) if max_lines > 1 else None
        if lines is not None and len(lines) <= max_lines:
            widths_px = tuple(advance(line, size_px) for line in lines)
            return SetText(size_px, lines, widths_px, line_px, line_px * len(lines))
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


@lru_cache(maxsize=TEXTS)
def _pieces(text: str) -> tuple[str, ...]:
    return tuple(_PIECES.findall(text))
