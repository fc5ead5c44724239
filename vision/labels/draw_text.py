"""Draw texts and prices: the largest size at which they fit, and an error where none does."""

from functools import cache, lru_cache
from typing import Final

from vision.ink import BREAK, PAD, Ink, band, line, moved, run
from vision.labels.content import LabelContent
from vision.labels.drawing import HALVES, Drawer, LabelOverflowError, room, said
from vision.labels.sheet import Sheet
from vision.labels.template import Price, Size, Text
from vision.money import PriceText, price_text
from vision.panel import Panel
from vision.typeset import SetText, fit

WIDE_PX: Final = 20
"""From this height on a price has thickened digits, and room between its parts."""

PRICES: Final = 8_192
SPARE: Final = 8
"""Rows above and below a text for what reaches out of its lines."""


def text_drawer(element: Text, panel: Panel) -> Drawer:
    """Return what draws texts under each other."""
    x_px, _, width_px, _ = element.box
    texts = [said(text) for text in element.texts]
    tries = [step for sizes in element.tries for step in _steps(sizes)]
    before, above = HALVES[element.align], HALVES[element.valign]
    stride_px, ink, bold_px, struck = panel.stride_px, element.ink, element.bold_px, element.struck

    def fitted(words: list[str], room_px: int, gtin: str) -> tuple[list[SetText], int]:
        for sizes in tries:
            parts, height_px = [], 0
            for text, (sizes_px, lines) in zip(words, sizes, strict=True):
                part = fit(text, width_px, sizes_px, lines)
                if part is None:
                    break
                parts.append(part)
                height_px += part.height_px
            else:
                if height_px <= room_px:
                    return parts, height_px
        quoted = ", ".join(repr(text[:60].replace(BREAK, "")) for text in words if text)
        raise LabelOverflowError(f"{quoted} of {gtin} does not fit {width_px}x{room_px} px")

    def draw(sheet: Sheet, content: LabelContent) -> None:
        top_px, room_px = room(sheet, element)
        parts, height_px = fitted([text(content) for text in texts], room_px, content.gtin)
        # On rows of their own first: a page is moved about once for each element, not for each line.
        rows, bits = height_px + 2 * SPARE, 0
        y_px = SPARE
        for part in parts:
            size_px = part.size_px
            for words, taken_px in zip(part.lines, part.widths_px, strict=True):
                letters = line(words, size_px, stride_px)
                set_line = letters.bits | letters.bits >> 1 if size_px >= bold_px else letters.bits
                if struck:
                    thick_px = 1 + size_px // 20
                    through = band(taken_px, thick_px, stride_px)
                    set_line |= through << (letters.rows - PAD - size_px * 6 // 10 - thick_px) * stride_px
                right_px = (width_px - taken_px) * before // 2
                bits |= moved(set_line, right_px, rows - y_px + PAD - letters.rows, stride_px)
                y_px += part.line_px
        top_px += (room_px - height_px) * above // 2
        sheet.put(x_px, top_px - SPARE, Ink(bits, rows), ink)
        if element.id is not None:
            sheet.ends_px[element.id] = top_px + height_px

    return draw


def price_drawer(element: Price, panel: Panel) -> Drawer:
    """Return what draws a price: a small symbol, a large whole part, a raised fraction."""
    x_px, _, width_px, _ = element.box
    before, stride_px, ink = HALVES[element.align], panel.stride_px, element.ink

    def draw(sheet: Sheet, content: LabelContent) -> None:
        price = price_text(content.price_minor, content.currency)
        top_px, room_px = room(sheet, element)
        for height_px in range(min(element.max_px, room_px), element.min_px - 1, -1):
            letters, taken_px = _set(price, height_px, stride_px)
            if taken_px <= width_px:
                break
        else:
            raise LabelOverflowError(f"the price {price} of {content.gtin} does not fit {width_px}x{room_px} px")
        y_px = top_px + (room_px - height_px) // 2
        left_px = x_px + (width_px - taken_px) * before // 2
        sheet.put(left_px, y_px, letters, ink)

    return draw


def _steps(sizes: tuple[Size, ...]) -> list[list[tuple[tuple[int, ...], int]]]:
    # The sizes of all texts, and then again without the largest of each, as far as they go: what fits the width may
    # still be too high together.
    most = max(len(size.sizes_px) for size in sizes)
    return [
        [(size.sizes_px[min(less, len(size.sizes_px) - 1) :], size.lines) for size in sizes] for less in range(most)
    ]


@lru_cache(maxsize=PRICES)
def _set(price: PriceText, height_px: int, stride_px: int) -> tuple[Ink, int]:
    # Symbol, whole part and raised fraction, and the width of all.
    big, small = (_em_px(height, stride_px) for height in (height_px, max(6, height_px // 2)))
    # Thin strokes run together where digits are small.
    weight_px, gap_px = (1, 6) if height_px >= WIDE_PX else (0, 2)
    bits, taken_px = 0, -gap_px
    for text, size_px, thick_px in (
        (price.symbol.strip(), small, 0),
        (price.whole, big, weight_px),
        (price.fraction, small, weight_px),
    ):
        if text:
            letters, width_px = run(text, size_px, thick_px, stride_px)
            bits |= moved(letters.bits, taken_px + gap_px, height_px - letters.rows, stride_px)
            taken_px += gap_px + width_px
    return Ink(bits, height_px), taken_px


@cache
def _em_px(height_px: int, stride_px: int) -> int:
    # The largest em size at which no digit's ink is higher than `height_px`.
    em_px = 2 * height_px
    while max(run(digit, em_px, 1, stride_px)[0].rows for digit in "0123456789") > height_px:
        em_px -= 1
    return em_px
