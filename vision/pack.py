"""A label's image as the bytes that its radio carries: 1 bit per pixel, 1 is black, most significant bit first."""

import numpy as np
from numpy.typing import NDArray


def packed_bytes(width_px: int, height_px: int) -> int:
    """Return how many bytes an image takes: each row starts on a byte of its own."""
    return (width_px + 7) // 8 * height_px


def pack_1bpp(image: NDArray[np.bool_]) -> bytes:
    """Return a bool image of shape (height, width) as bytes, rows from the top, padded with white."""
    return np.packbits(image, axis=1, bitorder="big").tobytes()


def unpack_1bpp(data: bytes, width_px: int, height_px: int) -> NDArray[np.bool_]:
    """Return the bool image of shape (height, width) in `data`.

    Raises ValueError when the length does not fit the size.
    """
    expected = packed_bytes(width_px, height_px)
    if len(data) != expected:
        raise ValueError(f"image of {len(data)} bytes: {width_px}x{height_px} pixels take {expected}")
    rows = np.frombuffer(data, np.uint8).reshape(height_px, (width_px + 7) // 8)
    return np.unpackbits(rows, axis=1, count=width_px, bitorder="big").astype(np.bool_)
