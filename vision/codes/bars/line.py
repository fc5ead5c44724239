"""What of a line may be a symbol: where its edges begin and end, and its light made even."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEWEST_EDGES: Final = 24
"""A blurred UPC-E still shows about so many samples of slope."""

_WINDOW: Final = 9
"""Modules within which every symbol has a bar and a space: seven for a digit, and a guard."""

_MOST_BENT: Final = 0.2

_LEAST_CONTRAST: Final = 0.12
"""Where bars are fainter than this share of their usual contrast, what is seen is noise."""


def extents(line: Floats, expected: float) -> list[tuple[int, int]]:
    """Return where a symbol may begin and end: the longest runs of edges without too wide a gap.

    Args:
        line: shape (samples,), brightness.
        expected: the length in samples that the symbol has, more or less.
    """
    steps = np.diff(line)
    slopes = np.abs(steps)
    edge = len(line) // 6
    edges = np.flatnonzero(slopes > 0.18 * np.percentile(slopes[edge:-edge], 95))
    if len(edges) < _FEWEST_EDGES:
        return []
    found = []
    # A space has four modules at most, and blur hides a module or two; a quiet zone may be narrower than it should.
    for gap in (0.05 * expected, 0.09 * expected):
        runs = np.split(edges, np.flatnonzero(np.diff(edges) > gap) + 1)
        longest = max(runs, key=lambda run: run[-1] - run[0])
        # A symbol begins where it grows dark and ends where it grows light; the edge of a card does the contrary.
        falls, rises = longest[steps[longest] < 0], longest[steps[longest] > 0]
        if len(falls) and len(rises):
            found.append((int(falls[0]), int(rises[-1]) + 1))
    return list(dict.fromkeys(pair for pair in found if pair[1] - pair[0] > 0.3 * expected))


def levelled(line: Floats, begin: int, end: int) -> Floats:
    """Return the line with white at 1 and black at 0 all along: shadow and glare even out over nine modules."""
    width = max(3, round((end - begin) / 95 * _WINDOW)) | 1
    row = line.astype(np.float32).reshape(1, -1)
    box = np.ones((1, width), np.uint8)
    white = cv2.blur(cv2.dilate(row, box), (width, 1)).ravel()
    span = white - cv2.blur(cv2.erode(row, box), (width, 1)).ravel()
    least = _LEAST_CONTRAST * float(np.percentile(span[begin:end], 90)) + 1e-6
    # Nothing is black in the quiet zones: the contrast next to them holds on.
    at = np.arange(len(line))
    span = np.interp(np.clip(at, begin + width, max(begin + width, end - width)), at, span)
    white = np.interp(np.clip(at, begin, end), at, white)
    return np.asarray(1 - (white - line) / np.maximum(span, least), np.float64)


def bars_seen(line: Floats, begin: int, end: int) -> int:
    """Return how many dark places a levelled line has: the bars, less those that blur has joined."""
    part = line[begin : end + 1]
    falls = np.flatnonzero(np.diff((part < 0.5).astype(np.int8)) == 1)
    return len(falls)


def usual_bend(line: Floats, begin: float, end: float) -> tuple[float, float]:
    """Return the bend and bulge of a symbol, as in `straight`, by where its edges are dense.

    On a round pack modules are narrower to the sides; everywhere a symbol has about as many edges for each module.
    """
    part = line[max(0, round(begin)) : round(end) + 1]
    middle = (np.percentile(part, 95) + np.percentile(part, 5)) / 2
    edges = np.flatnonzero(np.diff((part < middle).astype(np.int8)))
    if len(edges) < _FEWEST_EDGES:
        return 0.0, 0.0
    third, second, first, _ = np.polyfit(np.linspace(-1, 1, len(edges)), edges, 3)
    half = max(float(first + third), 1e-9)
    return float(np.clip(second / half, -_MOST_BENT, _MOST_BENT)), float(np.clip(third / half, -_MOST_BENT, 0.0))
