"""Draw a shelf label: names, a big price, the price of a kilogram or litre, and an EAN-13.

What is weighed has no code that a label could show: there stands the number that one keys into the scale.
A price is never cut: what does not fit is an error. Needs Pillow and no reader of codes, so that the cloud
can draw what a store shows; what goes to a shelf is made by `labels.render_label`, which also proves it.
"""

import io
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from firmware_specs.gtin import GtinError, as_ean13, is_variable_measure
from firmware_specs.instore import own_number
from vision.ean13 import GUARDS, MODULES, QUIET_LEFT, QUIET_RIGHT, ean13_modules
from vision.glyphs import put, run
from vision.money import PriceText, price_text, unit_price
from vision.typeset import SetText, Sheet, fit, ink_box, tidy, width_px

MARGIN_PX: Final = 6
GAP_PX: Final = 4
MODULE_PX: Final = 2
CODE_PX: Final = 34
"""Height of the strip with the barcode and its digits."""

DIGITS_PX: Final = 10
_IN_CELL_PX: Final = 4
PRICE_MIN_PX: Final = 30
"""The smallest ink height of a price that can be read from across an aisle."""

PRICE_MAX_PX: Final = 46
PRICE_GAP_PX: Final = 6
BOLD_MIN_PX: Final = 16

_NAMES: Final = (
    (((24, 22, 20, 18, 16), 1), ((12, 11, 10), 1)),
    (((20, 18, 16), 1), ((11, 10), 2)),
    (((16, 15, 14, 13, 12), 2), ((12, 11, 10), 1)),
    (((13, 12), 2), ((10,), 2)),
)
"""Sizes and lines of the Chinese and the English name, tried in this order."""

_TALL: Final = np.zeros((MODULES, MODULE_PX), np.bool_)
for _guard in GUARDS:
    _TALL[_guard] = True
_TALL.shape = (MODULES * MODULE_PX,)


class LabelOverflowError(ValueError):
    """A text that does not fit the panel even at its smallest size; the text says which."""


class LabelBarcodeError(ValueError):
    """The barcode cannot be made for this GTIN, or does not read back from the final pixels."""


@dataclass(frozen=True, slots=True)
class LabelContent:
    """What a label says. `unit` is what the price buys ("500 g", "瓶"); names, not both, may be empty."""

    gtin: str
    name_zh: str
    name_en: str
    price_minor: int
    currency: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A black-and-white e-paper panel."""

    width_px: int = 296
    height_px: int = 128


STANDARD: Final = Panel()
"""The 2.9-inch panel that most shelf labels have."""


def draw_label(content: LabelContent, panel: Panel = STANDARD) -> NDArray[np.bool_]:
    """Return the label's image, bool of shape (height, width), True is black.

    Raises LabelOverflowError when something does not fit, LabelBarcodeError when no EAN-13 carries the GTIN.
    """
    sheet = Sheet(panel.width_px, panel.height_px)
    code_top_px = panel.height_px - CODE_PX
    names_bottom_px = _draw_names(sheet, content, panel)
    _draw_price(sheet, content, panel, names_bottom_px, code_top_px)
    code_width_px = (QUIET_LEFT + MODULES + QUIET_RIGHT) * MODULE_PX
    if panel.width_px < code_width_px:
        raise LabelOverflowError(f"the barcode takes {code_width_px} px, the panel has {panel.width_px}")
    _draw_unit(sheet, content, panel, code_width_px, code_top_px)
    if is_variable_measure(content.gtin):
        _draw_number(sheet, content, code_width_px, code_top_px)
        return sheet.black()
    _draw_code(sheet, content, code_top_px)
    return sheet.black()


def label_png(image: NDArray[np.bool_]) -> bytes:
    """Return a label's image as a 1-bit PNG."""
    out = io.BytesIO()
    Image.fromarray(np.where(image, 0, 255).astype(np.uint8)).convert("1").save(out, "PNG", optimize=True)
    return out.getvalue()


def _draw_names(sheet: Sheet, content: LabelContent, panel: Panel) -> int:
    # Returns where the names end. Names shrink, then wrap, then take height from the price down to its least.
    box_px = panel.width_px - 2 * MARGIN_PX
    room_px = panel.height_px - CODE_PX - PRICE_MIN_PX - 3 * GAP_PX
    zh, en = tidy(content.name_zh), tidy(content.name_en)
    if not zh and not en:
        raise LabelOverflowError(f"product {content.gtin} has no name to show")
    if not zh:
        zh, en = en, ""
    for (zh_sizes, zh_lines), (en_sizes, en_lines) in _NAMES:
        zh_set, en_set = fit(zh, box_px, zh_sizes, zh_lines), fit(en, box_px, en_sizes, en_lines)
        if zh_set is None or en_set is None or zh_set.height_px + en_set.height_px > room_px:
            continue
        top_px = GAP_PX // 2
        for part in (zh_set, en_set):
            for line in part.lines:
                # Smeared strokes run together in Chinese below this size.
                sheet.text(MARGIN_PX, top_px, line, part.size_px, bold=part.size_px >= BOLD_MIN_PX)
                top_px += part.line_px
        return top_px
    raise LabelOverflowError(f"the names of {content.gtin} do not fit {box_px}x{room_px} px: {zh[:60]!r}, {en[:60]!r}")


def _draw_price(sheet: Sheet, content: LabelContent, panel: Panel, top_px: int, bottom_px: int) -> None:
    price = price_text(content.price_minor, content.currency)
    box_px = panel.width_px - 2 * MARGIN_PX
    room_px = bottom_px - top_px - 2 * GAP_PX
    for height_px in range(min(PRICE_MAX_PX, room_px), PRICE_MIN_PX - 1, -2):
        if _price_width_px(price, height_px) <= box_px:
            break
    else:
        raise LabelOverflowError(f"the price {price} of {content.gtin} does not fit {box_px}x{room_px} px")
    baseline_px = bottom_px - GAP_PX - (room_px - height_px) // 2
    left_px = panel.width_px - MARGIN_PX - _price_width_px(price, height_px)
    _set_price(sheet, price, left_px, baseline_px - height_px, height_px)


@cache
def _digits_em_px(height_px: int, weight_px: int) -> int:
    # The largest em size at which no digit's ink is higher than `height_px`.
    em_px = 2 * height_px
    while (box := ink_box("0123456789", em_px, weight_px))[3] - box[1] > height_px:
        em_px -= 1
    return em_px


def _price_parts(price: PriceText, height_px: int) -> tuple[tuple[str, int, int], ...]:
    # (text, em size, stroke) of symbol, whole part and raised fraction.
    big, small = _digits_em_px(height_px, 1), _digits_em_px(height_px // 2, 1)
    return (price.symbol.strip(), small, 0), (price.whole, big, 1), (price.fraction, small, 1)


def _price_width_px(price: PriceText, height_px: int) -> int:
    widths = [
        right - left
        for text, size_px, weight_px in _price_parts(price, height_px)
        if text
        for left, _, right, _ in [ink_box(text, size_px, weight_px)]
    ]
    return sum(widths) + PRICE_GAP_PX * (len(widths) - 1)


def _set_price(sheet: Sheet, price: PriceText, left_px: int, top_px: int, height_px: int) -> None:
    for text, size_px, weight_px in _price_parts(price, height_px):
        if not text:
            continue
        left, _, right, _ = ink_box(text, size_px, weight_px)
        sheet.glyphs(left_px, top_px, text, size_px, weight_px)
        left_px += right - left + PRICE_GAP_PX


def _draw_unit(sheet: Sheet, content: LabelContent, panel: Panel, left_px: int, top_px: int) -> None:
    # Beside the barcode, white on black: what the price buys, and what a kilogram or litre of it costs.
    unit = tidy(content.unit)
    if not unit:
        return
    box_px = panel.width_px - left_px - 2 * GAP_PX
    per = unit_price(content.price_minor, unit)
    tries: list[tuple[SetText | None, ...]]
    if per is None:
        tries = [(fit(unit, box_px, (16, 14, 12, 11, 10), lines),) for lines in (1, 2, 3)]
    else:
        amount, measure = str(price_text(per[0], content.currency)), f"/{per[1]}"
        tries = [
            tuple(fit(text, box_px, (13, 12, 11, 10), 1) for text in (unit, amount + measure)),
            tuple(fit(text, box_px, (10,), 1) for text in (unit, amount, measure)),
        ]
    for parts in tries:
        set_parts = [part for part in parts if part is not None]
        height_px = sum(part.height_px for part in set_parts)
        if len(set_parts) == len(parts) and height_px <= CODE_PX:
            break
    else:
        raise LabelOverflowError(f"{unit[:60]!r} of {content.gtin} does not fit {box_px}x{CODE_PX} px beside the code")
    sheet.box(left_px, top_px, panel.width_px, panel.height_px)
    y_px = top_px + (CODE_PX - height_px) // 2 - 1
    for part in set_parts:
        for line in part.lines:
            x_px = left_px + GAP_PX + (box_px - width_px(line, part.size_px)) // 2
            sheet.text(x_px, y_px, line, part.size_px, white=True)
            y_px += part.line_px


def _draw_number(sheet: Sheet, content: LabelContent, box_px: int, top_px: int) -> None:
    number = own_number(content.gtin)
    text = content.gtin if number is None else f"PLU {number}"
    found = fit(text, box_px - MARGIN_PX, (20, 16), 1)
    if found is None:
        raise LabelOverflowError(f"{text} does not fit {box_px - MARGIN_PX} px")
    sheet.text(MARGIN_PX, top_px + (CODE_PX - found.height_px) // 2, text, found.size_px, bold=True)


def _draw_code(sheet: Sheet, content: LabelContent, top_px: int) -> None:
    # Bars, guards longer than the others, and the digits under them.
    try:
        digits = as_ean13(content.gtin)
        modules = ean13_modules(digits)
    except GtinError as exc:
        raise LabelBarcodeError(f"no EAN-13 for {content.gtin[:40]!r}: {exc}") from exc
    bar_px = CODE_PX - DIGITS_PX
    wide = modules.repeat(MODULE_PX)
    sheet.bars(QUIET_LEFT * MODULE_PX, top_px, bar_px, wide)
    sheet.bars(QUIET_LEFT * MODULE_PX, top_px + bar_px, DIGITS_PX // 2, wide & _TALL)
    digits_top_px = top_px + bar_px - 1
    sheet.text(QUIET_LEFT * MODULE_PX - 9, digits_top_px, digits[0], DIGITS_PX)
    top_of_ink_px, cells = _digit_cells()
    for half, first_module in ((digits[1:7], 3), (digits[7:], 50)):
        # Each digit stands under its own seven modules.
        row = cells[list(map(int, half))].transpose(1, 0, 2).reshape(cells.shape[1], -1)
        sheet.ink((QUIET_LEFT + first_module) * MODULE_PX, digits_top_px + top_of_ink_px, row)


@cache
def _digit_cells() -> tuple[int, NDArray[np.bool_]]:
    # Where the ink of the digits under the bars begins, and bool of shape (10, height, width of seven modules).
    boxes = [ink_box(digit, DIGITS_PX) for digit in "0123456789"]
    top, bottom = min(box[1] for box in boxes), max(box[3] for box in boxes)
    cells = np.zeros((10, bottom - top, 7 * MODULE_PX), np.bool_)
    for digit, cell in enumerate(cells):
        line = run(str(digit), DIGITS_PX)
        put(cell, _IN_CELL_PX, line.top - top, line.ink)
    return top, cells
