"""What a label must show, as a picture: pixels from the renderer, bytes for the radio."""

import hashlib
from dataclasses import dataclass
from typing import Final

from vision.labels.content import LabelContent
from vision.labels.render import render
from vision.labels.template import built_in

RENDERING: Final = 3
"""Grows when the renderer draws the same content otherwise, so that labels are drawn anew."""

TEMPLATE: Final = built_in("standard")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture ready for the radio."""

    image: bytes
    sha256: str


def key_of(content: LabelContent) -> str:
    """Return a name for all that is drawn: equal names, equal pictures."""
    return hashlib.sha256(f"{RENDERING} {TEMPLATE.digest} {content}".encode()).hexdigest()[:32]


def draw(content: LabelContent) -> Drawn:
    """Return the picture; raises ValueError when it does not fit or its barcode does not read back."""
    image = bytes(render(TEMPLATE, content))
    return Drawn(image, hashlib.sha256(image).hexdigest())
