"""What of a line may be a symbol: where its edges begin and end, and its light made even."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEWEST_BARS: Final = 5
"""A blurred UPC-E still shows so many of its 17."""

_FEWEST_EDGES: Final = 24
"""Edges that tell a bend from chance."""

_MODULES: Final = 95
_LEAST_STEP: Final = 0.15
_QUIET_MODULES: Final = 4.3
"""A space within a symbol has four modules at most; quiet zones should have seven or more."""

_USUAL_QUIET: Final = 7.0
_MOST_EXTENTS: Final = 3

_WINDOW: Final = 9
"""Modules within which every symbol has a bar and a space: seven for a digit, and a guard."""

_MOST_BENT: Final = 0.2

_LEAST_CONTRAST: Final = 0.12
"""Where bars are fainter than this share of their usual contrast, what is seen is noise."""


def quantile(values: Floats, share: float) -> float:
    """Return the value that so many values are below, 0 of none; several times quicker than numpy's exact one."""
    if len(values) == 0:
        return 0.0
    place = min(len(values) - 1, int(share * len(values)))
    return float(np.partition(values, place)[place])


def extents(line: Floats, expected: float) -> list[tuple[int, int]]:
    """Return where a symbol may begin and end, the likeliest first: between quiet zones, dark first and light at last.

    Args:
        line: shape (samples,), brightness.
        expected: the length in samples that the symbol has, more or less; it may have a neighbour, or be cut.
    """
    steps = np.diff(line)
    margin = len(line) // 6
    least = _LEAST_STEP * quantile(np.abs(steps[margin:-margin]), 0.95)
    falls, rises = _steepest(-steps, least), _steepest(steps, least)
    if len(falls) < _FEWEST_BARS or len(rises) < _FEWEST_BARS:
        return []
    # How far it is from each fall back to whatever was before it, and from each rise on to whatever comes.
    every = np.sort(np.concatenate((falls, rises)))
    before = falls - np.concatenate(([-len(line)], every))[np.searchsorted(every, falls)]
    behind = np.concatenate((every, [2 * len(line)]))[np.searchsorted(every, rises, side="right")] - rises
    length = rises[None, :] - falls[:, None]
    quiet = np.minimum(before[:, None], behind[None, :]) / np.maximum(length, 1) * _MODULES
    bars = np.searchsorted(falls, rises)[None, :] - np.arange(len(falls))[:, None]
    may_be = (length > 0.3 * expected) & (bars >= _FEWEST_BARS) & (quiet > _QUIET_MODULES)
    # Of places that are quiet enough the longest: a symbol is no part of itself.
    worth = np.where(may_be, length * np.minimum(quiet, _USUAL_QUIET), 0.0)
    order = np.argsort(-worth, axis=None)[:_MOST_EXTENTS]
    found = [divmod(int(flat), len(rises)) for flat in order if worth.ravel()[flat] > 0]
    if not found:
        # No quiet zones at all: everything between the first bar and the last.
        return [(int(falls[0]), int(rises[-1]) + 1)] if rises[-1] - falls[0] > 0.3 * expected else []
    return [(int(falls[i]), int(rises[j]) + 1) for i, j in found]


def _steepest(steps: Floats, least: float) -> NDArray[np.intp]:
    # Where a line falls or rises fastest: the edges of bars, wherever blur makes them begin and end.
    is_peak = (steps[1:-1] >= steps[:-2]) & (steps[1:-1] > steps[2:]) & (steps[1:-1] > least)
    return np.flatnonzero(is_peak) + 1


def levelled(line: Floats, begin: int, end: int) -> Floats:
    """Return the line with white at 1 and black at 0 all along: shadow and glare even out over nine modules."""
    width = max(3, round((end - begin) / 95 * _WINDOW)) | 1
    row = line.astype(np.float32).reshape(1, -1)
    box = np.ones((1, width), np.uint8)
    white = cv2.blur(cv2.dilate(row, box), (width, 1)).ravel()
    span = white - cv2.blur(cv2.erode(row, box), (width, 1)).ravel()
    least = _LEAST_CONTRAST * quantile(np.asarray(span[begin:end], np.float64), 0.90) + 1e-6
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
    middle = (quantile(part, 0.95) + quantile(part, 0.05)) / 2
    edges = np.flatnonzero(np.diff((part < middle).astype(np.int8)))
    if len(edges) < _FEWEST_EDGES:
        return 0.0, 0.0
    third, second, first, _ = np.polyfit(np.linspace(-1, 1, len(edges)), edges, 3)
    half = max(float(first + third), 1e-9)
    return float(np.clip(second / half, -_MOST_BENT, _MOST_BENT)), float(np.clip(third / half, -_MOST_BENT, 0.0))
