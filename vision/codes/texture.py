"""Which way a picture's gradients point, block by block: the structure tensor (Bigün and Granlund, 1987)."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats32 = NDArray[np.float32]
_Gradient = NDArray[np.integer[Any] | np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Texture:
    """Gradients of blocks, each array of shape (rows, columns).

    Attributes:
        energy: mean square of gradients.
        directed: the part of it that has one direction: all for bars, little for squares and letters.
        angle: that direction in radians, across the bars; 0 along +x, clockwise.
        cell_px: side of a block in pixels of the picture.
    """

    energy: Floats32
    directed: Floats32
    angle: Floats32
    cell_px: float


def texture(grey: Pixels, longest_px: int, block_px: int) -> Texture | None:
    """Return the texture of a picture made smaller to a longest side; None for one of less than three blocks."""
    scale = min(1.0, longest_px / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    rows, columns = small.shape[0] // block_px, small.shape[1] // block_px
    if rows < 3 or columns < 3:
        return None
    right, down = cv2.spatialGradient(np.ascontiguousarray(small[: rows * block_px, : columns * block_px]))
    xx, yy, xy = (np.asarray(cv2.blur(each, (3, 3)), np.float32) for each in _pooled(right, down, block_px))
    difference = xx - yy
    directed = np.sqrt(difference * difference + 4 * xy * xy)
    return Texture(xx + yy, directed, 0.5 * np.arctan2(2 * xy, difference), block_px / scale)


def _pooled(right: _Gradient, down: _Gradient, block_px: int) -> Floats32:
    # Every block's first lines, then its second: the sums stay in the cache, and nothing of the picture's size is made.
    height, width = right.shape
    rows, columns = height // block_px, width // block_px
    sums = np.zeros((3, rows, width), np.float32)
    gx, gy = np.empty((rows, width), np.float32), np.empty((rows, width), np.float32)
    for line in range(block_px):
        np.copyto(gx, right[line::block_px])
        np.copyto(gy, down[line::block_px])
        cv2.accumulateSquare(gx, sums[0])
        cv2.accumulateSquare(gy, sums[1])
        cv2.accumulateProduct(gx, gy, sums[2])
    flat = cv2.resize(sums.reshape(3 * rows, width), (columns, 3 * rows), interpolation=cv2.INTER_AREA)
    return np.asarray(flat.reshape(3, rows, columns) / block_px, np.float32)
