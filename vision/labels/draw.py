"""Draw a product on a label, as a template says. What does not fit is an error, never a cut price.

Nothing is read back yet: what goes to a shelf is made by `render`, which also proves its codes.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from vision.image import LabelImage
from vision.ink import band, moved
from vision.labels.content import FIELDS, LabelContent
from vision.labels.draw_code import barcode_drawer, qr_drawer
from vision.labels.draw_text import price_drawer, text_drawer
from vision.labels.drawing import Drawer, LabelOverflowError
from vision.labels.sheet import Sheet
from vision.labels.template import Box, Element, Filled, Line, Template
from vision.panel import Panel

TEMPLATES: Final = 64


def draw(template: Template, content: LabelContent) -> LabelImage:
    """Return the label's picture; equal templates and contents give equal pictures.

    Raises LabelOverflowError when something does not fit, LabelBarcodeError when no EAN-13 carries the GTIN.
    """
    if not FIELDS["name"](content):
        raise LabelOverflowError(f"product {content.gtin} has no name to show")
    sheet = Sheet(template.panel)
    for drawer in _drawers(template):
        drawer(sheet, content)
    return sheet.image()


@lru_cache(maxsize=TEMPLATES)
def _drawers(template: Template) -> tuple[Drawer, ...]:
    return tuple(_conditional(element, _MAKERS[element.kind](element, template.panel)) for element in template.elements)


def _conditional(element: Element, drawer: Drawer) -> Drawer:
    if element.when is None and element.unless is None:
        return drawer
    when = None if element.when is None else FIELDS[element.when]
    unless = None if element.unless is None else FIELDS[element.unless]

    def draw_where_it_belongs(sheet: Sheet, content: LabelContent) -> None:
        if (when is None or when(content)) and (unless is None or not unless(content)):
            drawer(sheet, content)

    return draw_where_it_belongs


def _box_drawer(element: Filled, panel: Panel) -> Drawer:
    x_px, y_px, width_px, height_px = element.box
    edge_px = element.border_px
    boxes = [element.box]
    if edge_px is not None and 2 * edge_px < min(width_px, height_px):
        boxes = [
            (x_px, y_px, width_px, edge_px),
            (x_px, y_px + height_px - edge_px, width_px, edge_px),
            (x_px, y_px, edge_px, height_px),
            (x_px + width_px - edge_px, y_px, edge_px, height_px),
        ]

    bits = 0
    for box in boxes:
        bits |= _placed(box, panel)
    return lambda sheet, _content: sheet.cover(bits, element.ink)


def _line_drawer(element: Line, panel: Panel) -> Drawer:
    bits = _placed(element.box, panel)
    return lambda sheet, _content: sheet.cover(bits, element.ink)


def _placed(box: Box, panel: Panel) -> int:
    x_px, y_px, width_px, height_px = box
    filled = band(width_px, height_px, panel.stride_px)
    return moved(filled, x_px, panel.height_px - y_px - height_px, panel.stride_px)


_MAKERS: Final[dict[str, Callable[[Any, Panel], Drawer]]] = {
    "text": text_drawer,
    "price": price_drawer,
    "barcode": barcode_drawer,
    "qr": qr_drawer,
    "box": _box_drawer,
    "line": _line_drawer,
}
