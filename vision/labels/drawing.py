"""What all drawers share: a drawer draws one element of a template, made once, for any content."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol

from vision.labels.content import FIELDS, LabelContent
from vision.labels.sheet import Sheet
from vision.labels.template import names_in

Drawer = Callable[[Sheet, LabelContent], None]
Said = Callable[[LabelContent], str]

HALVES: Final = {"left": 0, "top": 0, "centre": 1, "middle": 1, "right": 2, "bottom": 2}
"""How many halves of the free room lie before what is set."""


class LabelOverflowError(ValueError):
    """Something does not fit its box even at its smallest size; the text says what and by how much."""


class LabelBarcodeError(ValueError):
    """The code cannot be made for this GTIN, or does not read back from the final pixels."""


class Under(Protocol):
    """An element that may begin below the end of another."""

    @property
    def box(self) -> tuple[int, int, int, int]:
        """x, y, width, height."""

    @property
    def under(self) -> str | None:
        """The id of the text below which it begins."""


def room(sheet: Sheet, element: Under) -> tuple[int, int]:
    """Return where an element begins, and how high it may be."""
    _, y_px, _, height_px = element.box
    top_px = y_px if element.under is None else max(y_px, sheet.ends_px.get(element.under, 0))
    return top_px, y_px + height_px - top_px


@lru_cache(maxsize=1_024)
def said(text: str) -> Said:
    """Return what fills a text's fields in; a text whose fields all say nothing says nothing itself."""
    parts: list[tuple[str, Said]] = []
    at = 0
    for name in names_in(text):
        place = text.index("{" + name + "}", at)
        parts.append((text[at:place], FIELDS[name]))
        at = place + len(name) + 2
    last = text[at:]
    if not parts:
        return lambda content: text
    if len(parts) == 1 and not parts[0][0] and not last:
        return parts[0][1]

    def filled_in(content: LabelContent) -> str:
        values = [(plain, field(content)) for plain, field in parts]
        return "".join(plain + value for plain, value in values) + last if any(value for _, value in values) else ""

    return filled_in
