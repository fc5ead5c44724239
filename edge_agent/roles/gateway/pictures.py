"""What a label must show, as a picture: pixels from the renderer, bytes for the radio."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import msgspec

from firmware_specs.desired import LabelPlan
from vision.labels.content import LabelContent
from vision.labels.render import render
from vision.labels.template import Template, TemplateError, built_in_names, built_in_text, parse_template

RENDERING: Final = 3
"""Grows when the renderer draws the same content otherwise, so that labels are drawn anew."""

STANDARD: Final = built_in_text("standard")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be drawn: what a product says, by a template in JSON, right or wrong."""

    content: LabelContent
    template: str = STANDARD

    @property
    def gtin(self) -> str:
        """Of the product."""
        return self.content.gtin

    @property
    def price_minor(self) -> int:
        """The price that it will show."""
        return self.content.price_minor


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture ready for the radio."""

    image: bytes
    sha256: str


def templates_of(plan: LabelPlan) -> dict[str, str]:
    """Return each label's template in JSON; one that is in no plan and does not come along is its own error."""
    own = {each.name: msgspec.json.encode(each.body).decode() for each in plan.templates}
    known = {name: built_in_text(name) for name in built_in_names()} | own
    return {place.id: known.get(place.template, f'{{"{place.template}": "is unknown here"}}') for place in plan.labels}


def key_of(draft: Draft) -> str:
    """Return a name for all that is drawn: equal names, equal pictures."""
    return hashlib.sha256(f"{RENDERING} {draft.template} {draft.content}".encode()).hexdigest()[:32]


def draw(draft: Draft) -> Drawn:
    """Return the picture; raises ValueError when the template is wrong, or it does not fit or read back."""
    image = bytes(render(_parsed(draft.template), draft.content).as_object())
    return Drawn(image, hashlib.sha256(image).hexdigest())


@lru_cache(maxsize=64)
def _parsed(template: str) -> Template:
    try:
        return parse_template(template)
    except TemplateError as exc:
        raise TemplateError(f"its template is wrong: {exc}") from exc
