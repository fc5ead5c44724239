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
MATRIX: Final = BarcodeFormats(_MATRIX)
OTHERS: Final = BarcodeFormats((*_LINEAR, *_MATRIX))
"""What else a shop scans."""

QUICK_OTHERS: Final = BarcodeFormats((*_LINEAR, BarcodeFormat.QRCode))
"""Those that do not take long in a large picture; a Data Matrix is looked for where there are squares."""


def read(grey: Pixels, formats: BarcodeFormats, *, thorough: bool = False) -> list[Code]:
    """Return what is read from a picture of shape (height, width): upright, or turned, smaller and inverted too."""
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(grey),
        formats,
        try_rotate=thorough,
        try_downscale=thorough,
        try_invert=thorough,
        ean_add_on_symbol=zxingcpp.EanAddOnSymbol.Read,
    )
    return [_code(barcode) for barcode in found if barcode.valid]


def _code(barcode: zxingcpp.Barcode) -> Code:
    place = barcode.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    at = tuple((corner.x, corner.y) for corner in corners)
    beside = barcode.extra.get("EanAddOn", "") if isinstance(barcode.extra, dict) else ""
    return Code(barcode.text, str(barcode.format), at, barcode.symbology_identifier, add_on=beside)
