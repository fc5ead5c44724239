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
    # Row of blocks by row of blocks, which stay in the cache: six times as fast as products of the whole picture.
    height, width = right.shape
    rows, columns = height // block_px, width // block_px
    sums = np.empty((3, rows, width), np.float32)
    for row in range(rows):
        lines = slice(row * block_px, (row + 1) * block_px)
        gx, gy = right[lines].astype(np.float32), down[lines].astype(np.float32)
        np.einsum("jk,jk->k", gx, gx, out=sums[0, row])
        np.einsum("jk,jk->k", gy, gy, out=sums[1, row])
        np.einsum("jk,jk->k", gx, gy, out=sums[2, row])
    return np.asarray(sums.reshape(3, rows, columns, block_px).sum(axis=3) / block_px**2, np.float32)
