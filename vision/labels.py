"""Render a shelf label that may be shown: drawn by `layout`, its barcode then decoded from the final pixels."""

import numpy as np
from numpy.typing import NDArray

from firmware_specs.gtin import is_variable_measure
from vision.codes import EAN_UPC, gtin_of, read_codes
from vision.layout import STANDARD, LabelBarcodeError, LabelContent, LabelOverflowError, Panel, draw_label, label_png


def render_label(content: LabelContent, panel: Panel = STANDARD) -> NDArray[np.bool_]:
    """Return the label's image, bool of shape (height, width), True is black; equal content gives equal images.

    Raises LabelOverflowError when something does not fit, LabelBarcodeError when the barcode does not read
    back as the GTIN. What is weighed has no barcode, and none is read back.
    """
    image = draw_label(content, panel)
    pixels = np.where(image, 0, 255).astype(np.uint8)
    read = [gtin_of(code) for code in read_codes(pixels, EAN_UPC, thorough=False)]
    if read != ([] if is_variable_measure(content.gtin) else [content.gtin]):
        raise LabelBarcodeError(f"the barcode of {content.gtin} reads back as {read}")
    return image


__all__ = ["LabelBarcodeError", "LabelContent", "LabelOverflowError", "Panel", "label_png", "render_label"]
