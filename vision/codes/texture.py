"""Which way a picture's gradients point, block by block: the structure tensor (Bigün and Granlund, 1987)."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats32 = NDArray[np.float32]


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
    gx, gy = right.astype(np.float32), down.astype(np.float32)

    def pooled(product: Floats32) -> Floats32:
        blocks = cv2.resize(product, (columns, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.blur(blocks, (3, 3)), np.float32)

    xx, yy, xy = pooled(gx * gx), pooled(gy * gy), pooled(gx * gy)
    difference = xx - yy
    directed = np.sqrt(difference * difference + 4 * xy * xy)
    return Texture(xx + yy, directed, 0.5 * np.arctan2(2 * xy, difference), block_px / scale)
