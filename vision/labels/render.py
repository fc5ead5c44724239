"""Labels that may be shown: drawn by a template, their code then decoded from the very bytes that leave."""

from typing import Final

import zxingcpp
from zxingcpp import BarcodeFormat, BarcodeFormats

from firmware_specs.gtin import GtinError, is_variable_measure, normal
from vision.image import LabelImage
from vision.labels.content import LabelContent
from vision.labels.draw import draw
from vision.labels.drawing import LabelBarcodeError, LabelOverflowError, said
from vision.labels.template import Barcode, Qr, Template

_EAN: Final = BarcodeFormats((BarcodeFormat.EAN13,))
_QR: Final = BarcodeFormats((BarcodeFormat.QRCode,))


def render(template: Template, content: LabelContent) -> LabelImage:
    """Return the label's picture, each of its codes read back as what it is for.

    Raises LabelOverflowError when something does not fit, LabelBarcodeError when a code does not read back. What is
    weighed has no barcode, and none is read back.
    """
    image = draw(template, content)
    prove(image, template, content)
    return image


def prove(image: LabelImage, template: Template, content: LabelContent) -> None:
    """Raise LabelBarcodeError unless every code of a picture reads back, as a scanner's red light sees it."""
    for element in template.elements:
        match element:
            case Barcode():
                read = tuple(_gtin(code.text) for code in _read(image, element, _EAN))
                if read != (() if is_variable_measure(content.gtin) else (content.gtin,)):
                    raise LabelBarcodeError(f"the barcode of {content.gtin} reads back as {list(read)}")
            case Qr():
                texts = [code.text for code in _read(image, element, _QR)]
                if texts != [said(element.text)(content)]:
                    raise LabelBarcodeError(f"the QR code of {content.gtin} reads back as {texts}")


def _read(image: LabelImage, element: Barcode | Qr, formats: BarcodeFormats) -> list[zxingcpp.Barcode]:
    seen = image.as_scanned(element.box)
    found = zxingcpp.read_barcodes(seen, formats, try_rotate=False, try_downscale=False, try_invert=False)
    return [code for code in found if code.valid]


def _gtin(digits: str) -> str:
    try:
        return normal(digits)
    except GtinError:
        return digits


__all__ = ["LabelBarcodeError", "LabelContent", "LabelImage", "LabelOverflowError", "prove", "render"]
