"""What zxing-cpp reads: a quick first look, a witness for codes of bars, and the only reader of the others."""

from typing import Final

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from zxingcpp import BarcodeFormat, BarcodeFormats

from vision.codes.code import Code

Pixels = NDArray[np.uint8]

_EAN_UPC = (BarcodeFormat.EAN13, BarcodeFormat.EAN8, BarcodeFormat.UPCA, BarcodeFormat.UPCE)
_LINEAR = (BarcodeFormat.ITF14, BarcodeFormat.Code128, BarcodeFormat.DataBar)
_MATRIX = (BarcodeFormat.DataMatrix, BarcodeFormat.QRCode)

EAN_UPC: Final = BarcodeFormats(_EAN_UPC)
"""What stands on nearly every pack; reading only these is several times quicker."""

LINEAR: Final = BarcodeFormats((*_EAN_UPC, *_LINEAR))
_MODULES: Final = {"EAN-8": 67, "UPC-E": 51}
MATRIX: Final = BarcodeFormats(_MATRIX)
OTHERS: Final = BarcodeFormats((*_LINEAR, *_MATRIX))
"""What else a shop scans."""

QUICK_OTHERS: Final = BarcodeFormats((*_LINEAR, BarcodeFormat.QRCode))
"""Those that do not take long in a large picture; a Data Matrix is looked for where there are squares."""


def read(grey: Pixels, formats: BarcodeFormats, *, thorough: bool = False, smaller: bool = True) -> list[Code]:
    """Return what is read from a picture of shape (height, width): upright, or turned, inverted and smaller too.

    Without `smaller` a thorough look is at the picture's own size only, which takes two thirds of the time.
    """
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(grey),
        formats,
        try_rotate=thorough,
        try_downscale=thorough and smaller,
        try_invert=thorough,
        ean_add_on_symbol=zxingcpp.EanAddOnSymbol.Read,
    )
    # One symbol may be read with its add-on over some lines and without it over others.
    return sorted((_code(barcode) for barcode in found if barcode.valid), key=lambda code: not code.add_on)


def _code(barcode: zxingcpp.Barcode) -> Code:
    place = barcode.position
    at = [(corner.x, corner.y) for corner in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)]
    beside = barcode.extra.get("EanAddOn", "") if isinstance(barcode.extra, dict) else ""
    if not beside:
        return Code(barcode.text, str(barcode.format), tuple(at), barcode.symbology_identifier)
    # It counts as part of the text and of the place: a symbol, about ten modules of white, and the add-on.
    modules = _MODULES.get(str(barcode.format), 95)
    share = modules / (modules + 10 + (20 if len(beside) == 2 else 47))
    for right, left in ((1, 0), (2, 3)):
        (x0, y0), (x1, y1) = at[left], at[right]
        at[right] = (round(x0 + share * (x1 - x0)), round(y0 + share * (y1 - y0)))
    text = barcode.text.removesuffix(beside).strip()
    identifier = "]E4" if len(text) == 8 else "]E0"
    return Code(text, str(barcode.format), tuple(at), identifier, add_on=beside)
