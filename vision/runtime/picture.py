"""Pictures into the input of a model."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware_specs.models import Pixels

_FIT_GREY: Final = 114
"""What is round a picture that does not fill the input; detectors are trained with about this grey."""


def middle(pixels: NDArray[np.uint8], into: Pixels) -> NDArray[np.float32]:
    """Return the largest part round the picture's middle that has the input's proportions.

    Args:
        pixels: uint8 of shape (height, width, 3), BGR, or (height, width).

    Returns: float32 of shape (1, 3, height, width) of the input.
    """
    height, width = pixels.shape[:2]
    scale = min(width / into.width_px, height / into.height_px)
    crop_w, crop_h = max(1, round(into.width_px * scale)), max(1, round(into.height_px * scale))
    left, top = (width - crop_w) // 2, (height - crop_h) // 2
    crop = pixels[top : top + crop_h, left : left + crop_w]
    return planes(_resized(crop, into.width_px, into.height_px), into)


def whole(pixels: NDArray[np.uint8], into: Pixels) -> tuple[NDArray[np.float32], float]:
    """Return the whole picture in the input's upper left, grey beside it, and the scale that it was brought to."""
    height, width = pixels.shape[:2]
    scale = min(into.width_px / width, into.height_px / height)
    fit_w, fit_h = max(1, round(width * scale)), max(1, round(height * scale))
    canvas = np.full((into.height_px, into.width_px, 3), _FIT_GREY, np.uint8)
    fitted = _resized(pixels, fit_w, fit_h)
    canvas[:fit_h, :fit_w] = fitted if fitted.ndim == 3 else fitted[:, :, None]
    return planes(canvas, into), scale


def planes(pixels: NDArray[np.uint8] | NDArray[np.float32], into: Pixels) -> NDArray[np.float32]:
    """Return a picture of the input's size as float32 of shape (1, 3, height, width)."""
    colour = pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    mean, scale = np.asarray(into.mean, np.float32), np.asarray(into.scale, np.float32)
    if into.order == "RGB":
        colour = colour[:, :, ::-1]
    values = (colour.astype(np.float32) - mean) / scale
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def _resized(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    if pixels.shape[:2] == (height, width):
        return pixels
    shrinks = pixels.shape[0] > height
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=way), np.uint8)
