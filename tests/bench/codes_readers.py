"""Readers of codes, ours and the peers at their best settings: a picture in, texts out."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from zxingcpp import BarcodeFormat, BarcodeFormats

from firmware_specs.gtin import GtinError, from_upc_e, normal
from tests.bench.frame import MissingPartError
from vision.codes import gtin_of, read_codes

Pixels = NDArray[np.uint8]
Reader = Callable[[Pixels], set[str]]

_EAN_UPC: Final = (BarcodeFormat.EAN13, BarcodeFormat.EAN8, BarcodeFormat.UPCA, BarcodeFormat.UPCE)
EAN_UPC: Final = BarcodeFormats(_EAN_UPC)
RETAIL: Final = BarcodeFormats(
    (
        *_EAN_UPC,
        BarcodeFormat.ITF14,
        BarcodeFormat.Code128,
        BarcodeFormat.DataBar,
        BarcodeFormat.DataMatrix,
        BarcodeFormat.QRCode,
    )
)


def as_gtin(text: str) -> str:
    """Return 14 digits for a text that is a GTIN, another text as it is."""
    try:
        return normal(text)
    except GtinError:
        return text


def ours(budget_ms: float | None = None) -> Reader:
    """Return our own."""

    def read(grey: Pixels) -> set[str]:
        return {gtin_of(code) or code.text for code in read_codes(grey, budget_ms=budget_ms)}

    return read


def zxing(formats: BarcodeFormats = EAN_UPC) -> Reader:
    """Return zxing-cpp with everything that makes it thorough, which is how it comes."""
    return lambda grey: {as_gtin(code.text) for code in zxingcpp.read_barcodes(np.ascontiguousarray(grey), formats)}


def zxing_clahe() -> Reader:
    """Return zxing-cpp on a picture of even contrast: its best on photographs."""
    even, read = cv2.createCLAHE(2.0, (8, 8)), zxing()
    return lambda grey: read(np.asarray(even.apply(np.ascontiguousarray(grey)), np.uint8))


def opencv() -> Reader:
    """Return OpenCV's detector: EAN-13, EAN-8 and UPC-A."""
    detector = cv2.barcode.BarcodeDetector()

    def read(grey: Pixels) -> set[str]:
        texts = detector.detectAndDecodeMulti(np.ascontiguousarray(grey))[1]
        return {as_gtin(text) for text in texts or () if text}

    return read


def pyzbar() -> Reader:
    """Return zbar for the EAN/UPC family; raises MissingPartError where its library is not installed."""
    try:
        from pyzbar.pyzbar import ZBarSymbol, decode
    except ImportError as exc:
        raise MissingPartError("libzbar is not installed: apt install libzbar0") from exc
    symbols = [ZBarSymbol.EAN13, ZBarSymbol.EAN8, ZBarSymbol.UPCA, ZBarSymbol.UPCE]

    def read(grey: Pixels) -> set[str]:
        return {_zbar(code.type, code.data.decode()) for code in decode(np.ascontiguousarray(grey), symbols=symbols)}

    return read


def _zbar(kind: str, text: str) -> str:
    return from_upc_e(text) if kind == "UPCE" and len(text) <= 8 else as_gtin(text)
