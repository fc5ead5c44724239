"""Packs that look alike but for a colour or a word: told apart where their pictures differ, and nowhere else."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

MARGIN_PX: Final = 6
"""A pack is looked for so far round its place."""

_SAME: Final = 14.0
"""Grey levels: where two pictures differ by less, they show what light and camera did to both."""

_FEWEST: Final = 60


def likeliest(window: NDArray[np.uint8], fronts: Sequence[NDArray[np.uint8]]) -> int:
    """Return which picture a pack is of, the first of equals.

    Args:
        window: the pack with `MARGIN_PX` round it, uint8 of shape (height, width, 3).
        fronts: pictures of one shape, by how much smaller than the window the margins make it.
    """
    best = 0
    for rival in range(1, len(fronts)):
        if _leaning(window, fronts[best], fronts[rival]) < 0:
            best = rival
    return best


def likeness(window: NDArray[np.uint8], front: NDArray[np.uint8]) -> float:
    """Return the correlation with a picture at its best place in a window, -1 to 1."""
    found = cv2.matchTemplate(window, front, cv2.TM_CCOEFF_NORMED)
    return float(np.where(np.isfinite(found), found, 0.0).max())


def _leaning(window: NDArray[np.uint8], one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    # The linear discriminant of two known pictures in white noise: positive for the first, about half a unit each way.
    first, second = one.astype(np.float32), other.astype(np.float32)
    mean, difference = (first + second) / 2, first - second
    found = cv2.matchTemplate(window, mean.astype(np.uint8), cv2.TM_CCOEFF_NORMED)
    top, left = np.unravel_index(int(np.nan_to_num(found).argmax()), found.shape)
    part = window[top : top + one.shape[0], left : left + one.shape[1]].astype(np.float32)
    same = np.abs(difference).max(2) < _SAME
    if int(same.sum()) >= _FEWEST:
        for channel in range(3):
            known, seen = mean[..., channel][same], part[..., channel][same]
            spread = float(known.std())
            # A pack of one colour says how bright it is, not how much contrast the light leaves.
            gain = float(seen.std()) / spread if spread > 8 else 1.0
            gain = min(2.5, max(0.4, gain))
            part[..., channel] = (part[..., channel] - float(seen.mean())) / gain + float(known.mean())
    off = np.clip(part - mean, -np.abs(difference), np.abs(difference))
    return float((difference * off).sum() / max(float((difference**2).sum()), 1e-6))
