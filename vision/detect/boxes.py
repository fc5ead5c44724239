"""Boxes in a picture, and which of many are one thing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAME: Final = 0.6
"""Two boxes of one label that share so much of what both cover are one thing."""


@dataclass(frozen=True, slots=True)
class Box:
    """A thing in a picture, pixels from the upper left; `kind` is the family of its label: person, product or other."""

    label: str
    kind: str
    p: float
    left: float
    top: float
    right: float
    bottom: float

    def share_of(self, width_px: int, height_px: int) -> float:
        """Return how much of a picture it covers, 0 to 1."""
        return (self.right - self.left) * (self.bottom - self.top) / (width_px * height_px)


def overlap(boxes: NDArray[np.float32], one: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what each box shares with one, over what both cover.

    Args:
        boxes: shape (n, 4): left, top, right, bottom.
        one: shape (4,).
    """
    wide = np.minimum(boxes[:, 2], one[2]) - np.maximum(boxes[:, 0], one[0])
    high = np.minimum(boxes[:, 3], one[3]) - np.maximum(boxes[:, 1], one[1])
    shared = np.clip(wide, 0, None) * np.clip(high, 0, None)
    sizes = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    both = sizes + (one[2] - one[0]) * (one[3] - one[1]) - shared
    return np.asarray(shared / np.maximum(both, 1e-6), np.float32)


def distinct(boxes: NDArray[np.float32], scores: NDArray[np.float32], labels: NDArray[np.intp]) -> Sequence[int]:
    """Return the places of the boxes that stay when of several round one thing the likeliest is kept, best first."""
    order = list(np.argsort(-scores, kind="stable"))
    kept: list[int] = []
    while order:
        best = order.pop(0)
        kept.append(int(best))
        if order:
            rest = np.array(order)
            stays = (overlap(boxes[rest], boxes[best]) < SAME) | (labels[rest] != labels[best])
            order = list(rest[stays])
    return kept
