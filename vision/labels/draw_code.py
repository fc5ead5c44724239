"""Draw the codes of labels: modules of whole pixels, never scaled, with the quiet zones of their standards."""

from functools import cache
from typing import Final

import numpy as np
import zxingcpp

from firmware_specs.gtin import GtinError, as_ean13, is_variable_measure
from vision.ean13 import MODULES, QUIET_LEFT, ean13_row, guard_rows
from vision.ink import PAD, Ink, line, repeated, run
from vision.labels.content import FIELDS, LabelContent
from vision.labels.drawing import Drawer, LabelBarcodeError, LabelOverflowError, said
from vision.labels.sheet import Sheet
from vision.labels.template import Barcode, Qr
from vision.panel import Panel
from vision.typeset import fit

QR_QUIET: Final = 4
"""Modules of quiet zone round a QR code (ISO/IEC 18004, 5.3.8)."""

NUMBER_MARGIN_PX: Final = 6
NUMBER_SIZES_PX: Final = tuple(range(20, 9, -1))


def barcode_drawer(element: Barcode, panel: Panel) -> Drawer:
    """Return what draws a product's EAN-13: bars, guards longer than the others, and the digits under them.

    What is weighed has no code that a label could show: there stands the number that one keys into the scale.
    """
    x_px, y_px, _, height_px = element.box
    stride_px, module_px, digits_px = panel.stride_px, element.module_px, element.digits_px
    at_left = stride_px - MODULES * module_px
    bar_px, guard_px = (
        (height_px, height_px) if digits_px is None else (height_px - digits_px, height_px - digits_px // 2)
    )
    guards = guard_rows(module_px) << at_left
    first_px = 0 if digits_px is None else 8 * module_px

    def draw(sheet: Sheet, content: LabelContent) -> None:
        if is_variable_measure(content.gtin):
            _number(sheet, element, content)
            return
        try:
            digits = as_ean13(content.gtin)
            row = ean13_row(digits, module_px)
        except GtinError as exc:
            raise LabelBarcodeError(f"no EAN-13 for {content.gtin[:40]!r}: {exc}") from exc
        row <<= at_left
        bits = repeated(row, bar_px, stride_px) << (height_px - bar_px) * stride_px
        if digits_px is not None:
            longer = repeated(row & guards, guard_px - bar_px, stride_px)
            bits |= longer << (height_px - guard_px) * stride_px
            # The first digit stands before all bars.
            bits = bits >> first_px | _digits(digits, digits_px, module_px, stride_px)
        left_px = x_px + QUIET_LEFT * module_px - first_px
        sheet.put(left_px, y_px, Ink(bits, height_px), element.ink)

    return draw


def qr_drawer(element: Qr, panel: Panel) -> Drawer:
    """Return what draws a QR code as large as its box allows."""
    x_px, y_px, width_px, height_px = element.box
    stride_px, text = panel.stride_px, said(element.text)

    def draw(sheet: Sheet, content: LabelContent) -> None:
        words = text(content)
        rows = _qr_rows(words)
        count = len(rows)
        module_px = min(width_px, height_px) // (count + 2 * QR_QUIET)
        if module_px < element.min_module_px:
            needed_px = (count + 2 * QR_QUIET) * element.min_module_px
            raise LabelOverflowError(
                f"the QR code of {words[:60]!r} takes {needed_px} px, its box has {width_px}x{height_px}"
            )
        size_px, bits = count * module_px, 0
        for row in rows:
            wide = int("".join(module * module_px for module in row), 2) << stride_px - size_px
            bits = bits << module_px * stride_px | repeated(wide, module_px, stride_px)
        left_px, top_px = x_px + (width_px - size_px) // 2, y_px + (height_px - size_px) // 2
        sheet.put(left_px, top_px, Ink(bits, size_px), element.ink)

    return draw


def _number(sheet: Sheet, element: Barcode, content: LabelContent) -> None:
    x_px, y_px, width_px, height_px = element.box
    text = FIELDS["number"](content)
    found = fit(text, width_px - NUMBER_MARGIN_PX, NUMBER_SIZES_PX, 1)
    if found is None or found.height_px > height_px:
        raise LabelOverflowError(f"{text} does not fit {width_px - NUMBER_MARGIN_PX}x{height_px} px")
    letters = line(text, found.size_px, sheet.panel.stride_px)
    bold = Ink(letters.bits | letters.bits >> 1, letters.rows)
    sheet.put(x_px + NUMBER_MARGIN_PX, y_px + (height_px - found.height_px) // 2 - PAD, bold, element.ink)


def _digits(digits: str, size_px: int, module_px: int, stride_px: int) -> int:
    # The last row of digits is the last of the code; each digit stands under its own seven modules.
    cells = _digit_cells(size_px, module_px, stride_px)
    bits = cells[digits[0]]
    for place, digit in enumerate(digits[1:]):
        # Eight modules before the bars; a guard of three before the first half, one of five between.
        bits |= cells[digit] >> ((11 if place < 6 else 16) + 7 * place) * module_px
    return bits


@cache
def _digit_cells(size_px: int, module_px: int, stride_px: int) -> dict[str, int]:
    # Each digit in the middle of seven modules at the left edge, all as high as the highest.
    inks = {digit: run(digit, size_px, 0, stride_px) for digit in "0123456789"}
    rows = max(ink.rows for ink, _ in inks.values())
    return {
        digit: ink.bits << (rows - ink.rows) * stride_px >> max(0, (7 * module_px - taken_px) // 2)
        for digit, (ink, taken_px) in inks.items()
    }


def _qr_rows(text: str) -> tuple[str, ...]:
    # The modules of a QR code, rows of "1" for dark.
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    dark = np.array(code.to_image(scale=1, add_quiet_zones=False)) == 0
    return tuple("".join("1" if module else "0" for module in row) for row in dark)
