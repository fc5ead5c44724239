"""One shelf as a line: which packs stand on it, and where, so that all of them together explain it best.

Each product's picture is compared with every place along the board; a row is the sequence of packs, none in another's
place, with the greatest sum (dynamic programming over the board's length).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

IS_ONE: Final = 0.45
"""Likeness above which a place shows a product rather than anything else: correlation less what colours differ by."""

_RIVAL: Final = 0.3
_AS_WIDE: Final = 0.12
"""A product that is so nearly as alike and as wide may be the one that stands there: it is looked at again."""

_HUE: Final = 60.0
"""A mean colour (a and b of CIE Lab, 8 bit) that is so far off costs as much as no likeness at all."""


_MAY_BE: Final = 0.3
"""Likeness at half the size below which a product is not looked for at the whole: 0.15 less than what counts as one."""

_LEAST_PX: Final = 8
_NOWHERE: Final = np.zeros(0)


@dataclass(frozen=True, slots=True)
class Front:
    """A product's front at the scale of the row: uint8 of shape (height, width, 3), BGR."""

    gtin: str
    pixels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Standing:
    """A pack at `left` to `right` pixels of a row; `likeness` to its picture; `rivals` look nearly as much like it."""

    gtin: str
    left: int
    right: int
    likeness: float
    rivals: tuple[str, ...]


def read_row(strip: NDArray[np.uint8], fronts: Sequence[Front], slack: int) -> tuple[Standing, ...]:
    """Return the packs on a shelf, from the left.

    Args:
        strip: the shelf, uint8 of shape (height, width, 3), BGR; its board is `slack` pixels above the lower edge.
        fronts: the products that may stand there.
        slack: by how many pixels a pack may stand higher or lower than the board.
    """
    width = strip.shape[1]
    shelf = _Shelf.of(strip, slack)
    # Most products stand elsewhere: at half the size it is quick to see that one is not here at all.
    half = _Shelf.of(_halved(strip), -(-slack // 2))
    scores = [shelf.along(front.pixels) if half.may_have(front.pixels) else _NOWHERE for front in fronts]
    wide = [front.pixels.shape[1] for front in fronts]
    best = np.zeros(width + 1)
    taken = np.full(width + 1, -1)
    for end in range(1, width + 1):
        best[end] = best[end - 1]
        for number, size in enumerate(wide):
            start = end - size
            if start < 0 or start >= len(scores[number]):
                continue
            worth = best[start] + size * (scores[number][start] - IS_ONE)
            if worth > best[end]:
                best[end], taken[end] = worth, number
    standing, end = [], width
    while end > 0:
        number = int(taken[end])
        if number < 0:
            end -= 1
            continue
        start = end - wide[number]
        score = float(scores[number][start])
        rivals = tuple(
            fronts[other].gtin
            for other in range(len(fronts))
            if other != number
            and abs(wide[other] - wide[number]) <= _AS_WIDE * wide[number]
            and _near(scores[other], start) > score - _RIVAL
        )
        standing.append(Standing(fronts[number].gtin, start, end, score, rivals))
        end = start
    return tuple(reversed(standing))


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A strip, the colours of its pixels (a and b of CIE Lab, float32), and its slack."""

    strip: NDArray[np.uint8]
    hues: NDArray[np.float32]
    slack: int

    @classmethod
    def of(cls, strip: NDArray[np.uint8], slack: int) -> "_Shelf":
        return cls(strip, np.asarray(cv2.cvtColor(strip, cv2.COLOR_BGR2Lab)[..., 1:], np.float32), slack)

    def may_have(self, picture: NDArray[np.uint8]) -> bool:
        """Return whether a product, its picture at the whole scale, may stand anywhere here at half of it."""
        small = _halved(picture)
        lower = self._lower(small)
        if lower.shape[0] < small.shape[0] or lower.shape[1] < small.shape[1] or min(small.shape[:2]) < _LEAST_PX:
            return True
        alike = cv2.matchTemplate(lower, small, cv2.TM_CCOEFF_NORMED)
        return float(np.where(np.isfinite(alike), alike, 0.0).max()) > _MAY_BE

    def along(self, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return how much each place along the board looks like a product."""
        high, wide = picture.shape[:2]
        lower = self._lower(picture)
        if lower.shape[0] < high or lower.shape[1] < wide:
            return _NOWHERE
        alike = cv2.matchTemplate(lower, picture, cv2.TM_CCOEFF_NORMED)
        alike = np.where(np.isfinite(alike), alike, 0.0)
        rows = alike.argmax(0)
        hues = self.hues[-lower.shape[0] :]
        means = cv2.boxFilter(hues, -1, (wide, high), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
        own = cv2.cvtColor(picture, cv2.COLOR_BGR2Lab)[..., 1:].reshape(-1, 2).mean(0)
        columns = np.arange(alike.shape[1])
        off = np.linalg.norm(means[rows, columns] - own, axis=1)
        return np.asarray(alike[rows, columns] - off / _HUE, np.float64)

    def _lower(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return self.strip[max(0, self.strip.shape[0] - picture.shape[0] - 2 * self.slack) :]


def _halved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = (max(1, pixels.shape[1] // 2), max(1, pixels.shape[0] // 2))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _near(score: NDArray[np.float64], start: int, reach: int = 4) -> float:
    part = score[max(0, start - reach) : start + reach + 1]
    return float(part.max()) if len(part) else 0.0
