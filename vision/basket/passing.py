"""Something passes the rim of a basket: which way, and the best look at it; for a third of a millisecond a frame."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE: Final = (96, 72)
_STEP: Final = 22
"""Grey levels by which a pixel changes when a thing covers it; a sensor's noise is less at this size."""

_FOLLOWS: Final = 0.04
_LEAST_SHARE: Final = 0.02
"""Of the picture: what covers less is a finger, a shadow, a fly."""

_CALM_S: Final = 0.35
_LONGEST_S: Final = 4.0
"""Who reaches in for longer is sorting the basket: no pass."""

_FEWEST: Final = 3
_WAY: Final = 0.25
"""Of the picture's height that a thing has to have gone, up or down."""

_MARGIN: Final = 0.08


@dataclass(frozen=True, slots=True)
class Pass:
    """A thing that went by: `inward` is down the picture; `pixels` the best look, square, uint8, BGR."""

    inward: bool
    pixels: NDArray[np.uint8]
    at_s: float


@dataclass(frozen=True, slots=True)
class _Moment:
    at_s: float
    share: float
    middle: float
    box: tuple[int, int, int, int]


class Passing:
    """One side camera. Call `saw` with each frame; the picture's upper edge is outside, its lower edge inside."""

    def __init__(self) -> None:
        self._ground: NDArray[np.float32] | None = None
        self._moments: list[_Moment] = []
        self._best: tuple[_Moment, NDArray[np.uint8]] | None = None
        self._moved_s = float("-inf")

    def saw(self, pixels: NDArray[np.uint8], at_s: float) -> Pass | None:
        """Return what has gone by, once it has.

        Args:
            pixels: uint8 of shape (height, width, 3), BGR.
            at_s: monotonic seconds.
        """
        grey = cv2.cvtColor(cv2.resize(pixels, _SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        grey = np.asarray(cv2.blur(grey, (3, 3)), np.uint8)
        if self._ground is None:
            self._ground = grey.astype(np.float32)
            return None
        away = cv2.absdiff(grey, self._ground.astype(np.uint8))
        # A lamp changes all alike.
        covered = away > _STEP + float(np.median(away))
        share = float(covered.mean())
        if share < _LEAST_SHARE:
            cv2.accumulateWeighted(grey, self._ground, _FOLLOWS)
            return self._ended(at_s) if self._moments and at_s - self._moved_s >= _CALM_S else None
        rows, columns = np.nonzero(covered)
        box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        moment = _Moment(at_s, share, float(rows.mean()) / _SIZE[1], box)
        self._moments.append(moment)
        self._moved_s = at_s
        if self._best is None or share > self._best[0].share:
            self._best = (moment, pixels)
        if at_s - self._moments[0].at_s > _LONGEST_S:
            # What lies there now is the ground from here on.
            self._ground = grey.astype(np.float32)
            self._forget()
        return None

    def _ended(self, at_s: float) -> Pass | None:
        moments, best = self._moments, self._best
        self._forget()
        if best is None or len(moments) < _FEWEST:
            return None
        way = moments[-1].middle - moments[0].middle
        if abs(way) < _WAY:
            return None
        return Pass(way > 0, _cut(best[1], best[0].box), at_s)

    def _forget(self) -> None:
        self._moments, self._best = [], None


def _cut(pixels: NDArray[np.uint8], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    # A square round the thing, as the model looks at the middle of a square.
    height, width = pixels.shape[:2]
    left, top, right, bottom = (edge * side / full for edge, side, full in zip(
        box, (width, height, width, height), (*_SIZE, *_SIZE), strict=True))  # fmt: skip
    side = max(right - left, bottom - top) * (1 + 2 * _MARGIN)
    side = min(side, width, height)
    x0 = round(min(max(0.0, (left + right - side) / 2), width - side))
    y0 = round(min(max(0.0, (top + bottom - side) / 2), height - side))
    return pixels[y0 : y0 + round(side), x0 : x0 + round(side)].copy()
