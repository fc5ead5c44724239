"""What a label must show, as a picture: content from a book's row, pixels from the renderer, bytes for the radio."""

import hashlib
from dataclasses import dataclass

from firmware_specs.desired import Row
from vision.labels import LabelContent, Panel, render_label
from vision.pack import pack_1bpp

RENDERING = 2
"""Grows when the renderer draws the same content otherwise, so that labels are drawn anew."""

PANEL = Panel()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture ready for the radio."""

    image: bytes
    sha256: str


def content_of(row: Row, currency: str) -> LabelContent:
    """Return what a label says of a product."""
    return LabelContent(
        gtin=row.gtin,
        name_zh=row.name.get("zh", ""),
        name_en=row.name.get("en", ""),
        price_minor=row.price_minor,
        currency=currency,
        unit=row.unit,
    )


def key_of(content: LabelContent) -> str:
    """Return a name for all that is drawn: equal names, equal pictures."""
    return hashlib.sha256(f"{RENDERING} {PANEL} {content}".encode()).hexdigest()[:32]


def draw(content: LabelContent) -> Drawn:
    """Return the picture; raises ValueError when it does not fit or its barcode does not read back."""
    image = pack_1bpp(render_label(content, PANEL))
    return Drawn(image, hashlib.sha256(image).hexdigest())
