"""What zbar reads of the EAN/UPC family, where its library is installed: a second witness, never needed."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.codes.code import Code

Pixels = NDArray[np.uint8]


def read(grey: Pixels) -> list[Code]:
    """Return what zbar reads from a picture of shape (height, width) whose bars stand upright; nothing without it."""
    zbar = _library()
    if zbar is None:
        return []
    symbols = [zbar.ZBarSymbol.EAN13, zbar.ZBarSymbol.EAN8, zbar.ZBarSymbol.UPCA, zbar.ZBarSymbol.UPCE]
    return [_code(found) for found in zbar.decode(np.ascontiguousarray(grey), symbols=symbols)]


@cache
def _library() -> Any:
    try:
        from pyzbar import pyzbar
    except ImportError:
        # The wheel is there, the library that it loads is not.
        return None
    return pyzbar


def _code(found: Any) -> Code:
    x, y, width, height = found.rect
    at = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    if found.orientation == "DOWN":
        at = (at[2], at[3], at[0], at[1])
    names = {"EAN13": "EAN-13", "EAN8": "EAN-8", "UPCA": "UPC-A", "UPCE": "UPC-E"}
    return Code(found.data.decode("ascii", "replace"), names.get(found.type, found.type), at)
