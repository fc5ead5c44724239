"""Templates of labels, as people write them: JSON in which unknown keys are errors.

A template is for one kind of panel and lists elements in the order in which they are drawn. Boxes are
`[x, y, width, height]` in pixels from the upper left. Texts name fields in braces, as `{name_zh}` (`content.FIELDS`).
"""

import hashlib
import json
import re
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from vision.ean13 import MODULES, QUIET_LEFT, QUIET_RIGHT
from vision.labels.content import FIELDS
from vision.panel import Colour, Palette, Panel

_NAMED = re.compile(r"\{([^{}]*)\}")
_MOST_PX: Final = 4_096
_BUILT_IN: Final = files("vision.labels") / "templates"

Px = Annotated[int, Field(ge=0, le=_MOST_PX)]
Box = tuple[Px, Px, Annotated[int, Field(ge=1, le=_MOST_PX)], Annotated[int, Field(ge=1, le=_MOST_PX)]]
ColourName = Literal["black", "white", "red", "yellow", "green", "blue", "orange"]
Words = Annotated[str, Field(min_length=1, max_length=200)]
FontPx = Annotated[int, Field(ge=8, le=200)]


class TemplateError(ValueError):
    """A template that says something impossible; the text names the place."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Element(_Strict):
    box: Box
    colour: ColourName = "black"
    when: str | None = None
    """Drawn only where this field says something."""
    unless: str | None = None
    """Drawn only where this field says nothing."""

    @field_validator("when", "unless")
    @classmethod
    def _is_field(cls, name: str | None) -> str | None:
        if name is not None:
            _check_field(name)
        return name

    @cached_property
    def ink(self) -> Colour:
        """The colour that it is drawn in."""
        return Colour[self.colour.upper()]


class Size(_Strict):
    """How one text may be set: as large as fits, in so many lines."""

    max_px: FontPx
    min_px: FontPx
    lines: Annotated[int, Field(ge=1, le=10)] = 1

    @model_validator(mode="after")
    def _is_range(self) -> Self:
        if self.min_px > self.max_px:
            raise ValueError(f"min_px {self.min_px} is larger than max_px {self.max_px}")
        return self

    @cached_property
    def sizes_px(self) -> tuple[int, ...]:
        """Font sizes in the order in which they are tried."""
        return tuple(range(self.max_px, self.min_px - 1, -1))


class Text(_Element):
    """Texts under each other, all of them in one box: the first of `tries` at which every text fits is taken."""

    kind: Literal["text"]
    id: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    under: str | None = None
    """The text below whose end this one begins; its box says where at the earliest."""
    texts: Annotated[tuple[Words, ...], Field(min_length=1, max_length=6)]
    tries: Annotated[tuple[tuple[Size, ...], ...], Field(min_length=1, max_length=10)]
    bold_px: FontPx = 16
    """From this font size on strokes are thickened: smaller Chinese runs together."""
    align: Literal["left", "centre", "right"] = "left"
    valign: Literal["top", "middle", "bottom"] = "top"
    struck: bool = False
    """Whether a line goes through it, as through a price that was."""

    @field_validator("texts")
    @classmethod
    def _names_fields(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            _check_text(text)
        return texts

    @model_validator(mode="after")
    def _tries_match(self) -> Self:
        for place, sizes in enumerate(self.tries):
            if len(sizes) != len(self.texts):
                raise ValueError(f"tries.{place} has {len(sizes)} sizes for {len(self.texts)} texts")
        return self


class Price(_Element):
    """A price as shops set it: a small symbol, a large whole part, a raised fraction. It shrinks, and is never cut."""

    kind: Literal["price"]
    under: str | None = None
    max_px: Annotated[int, Field(ge=8, le=400)] = 46
    """The height of its digits' ink."""
    min_px: Annotated[int, Field(ge=8, le=400)] = 30
    align: Literal["left", "centre", "right"] = "right"

    @model_validator(mode="after")
    def _is_range(self) -> Self:
        if self.min_px > self.max_px:
            raise ValueError(f"min_px {self.min_px} is larger than max_px {self.max_px}")
        return self


class Barcode(_Element):
    """The product's EAN-13, or its number where it is weighed. Bars are whole pixels and are never scaled."""

    kind: Literal["barcode"]
    colour: Literal["black"] = "black"
    module_px: Annotated[int, Field(ge=1, le=8)] = 2
    digits_px: Annotated[int, Field(ge=8, le=40)] | None = 10
    """The size of the digits under the bars; null for none."""

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        needed_px = (QUIET_LEFT + MODULES + QUIET_RIGHT) * self.module_px
        if self.box[2] < needed_px:
            raise ValueError(
                f"a barcode of {self.module_px} px a module takes {needed_px} px, the box has {self.box[2]}"
            )
        bar_px = self.box[3] - (self.digits_px or 0)
        if bar_px < 10 * self.module_px:
            raise ValueError(f"bars of {bar_px} px are too low to be scanned: make the box higher")
        return self


class Qr(_Element):
    """A QR code with its quiet zone, modules of whole pixels, as large as the box allows."""

    kind: Literal["qr"]
    colour: Literal["black"] = "black"
    text: Words
    min_module_px: Annotated[int, Field(ge=1, le=8)] = 2

    @field_validator("text")
    @classmethod
    def _names_fields(cls, text: str) -> str:
        _check_text(text)
        return text


class Filled(_Element):
    """A box, filled or as a frame."""

    kind: Literal["box"]
    border_px: Annotated[int, Field(ge=1, le=50)] | None = None
    """How thick its frame is; null fills it."""


class Line(_Element):
    """A straight line along or across: the box's longer side is its length, the shorter its thickness."""

    kind: Literal["line"]


Element = Annotated[Text | Price | Barcode | Qr | Filled | Line, Field(discriminator="kind")]


class Template(_Strict):
    """A label's template."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    title: Annotated[dict[Literal["zh", "en"], str], Field(min_length=1)]
    width_px: Annotated[int, Field(ge=64, le=_MOST_PX)] = 296
    height_px: Annotated[int, Field(ge=32, le=_MOST_PX)] = 128
    palette: Literal["bw", "bwr", "bwy", "bwry", "seven"] = "bw"
    elements: Annotated[tuple[Element, ...], Field(min_length=1, max_length=60)]

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        known: set[str] = set()
        inks = {Colour.WHITE, *self.panel.palette.inks}
        for place, element in enumerate(self.elements):
            x, y, width, height = element.box
            if x + width > self.width_px or y + height > self.height_px:
                raise ValueError(f"elements.{place}: the box {list(element.box)} leaves the panel of {self.panel}")
            if element.ink not in inks:
                raise ValueError(f"elements.{place}: a panel of {self.panel} has no {element.colour}")
            under = getattr(element, "under", None)
            if under is not None and under not in known:
                raise ValueError(f"elements.{place}: no text before it has the id {under!r}")
            if isinstance(element, Text) and element.id is not None:
                if element.id in known:
                    raise ValueError(f"elements.{place}: the id {element.id!r} is used twice")
                known.add(element.id)
        _check_law(self.elements)
        return self

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def panel(self) -> Panel:
        """The panel that it is for."""
        return Panel(self.width_px, self.height_px, Palette[self.palette.upper()])

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of what is drawn by; titles do not count."""
        drawn = self.model_dump(mode="json", exclude={"title", "name"})
        return hashlib.sha256(json.dumps(drawn, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def parse_template(written: str | bytes | dict[str, Any]) -> Template:
    """Return a template. Raises TemplateError that names the place and what is wrong there."""
    try:
        if isinstance(written, dict):
            return Template.model_validate(written)
        return Template.model_validate_json(written)
    except ValidationError as exc:
        raise TemplateError("; ".join(problems(exc))) from exc


def problems(exc: ValidationError) -> tuple[str, ...]:
    """Return what is wrong with a template, each with its place as `elements.2.price.max_px`."""
    found = []
    for error in exc.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in error["loc"]) or "the template"
        found.append(f"{place}: {error['msg'].removeprefix('Value error, ')}")
    return tuple(found[:20])


def built_in(name: str = "standard") -> Template:
    """Return a template that comes along. Raises TemplateError for an unknown name."""
    return parse_template(built_in_text(name))


def built_in_text(name: str = "standard") -> str:
    """Return a template that comes along as its JSON. Raises TemplateError for an unknown name."""
    if name not in built_in_names():
        raise TemplateError(f"no template {name[:40]!r} comes along: there are {', '.join(built_in_names())}")
    return (_BUILT_IN / f"{name}.json").read_text("utf-8")


@cache
def built_in_names() -> tuple[str, ...]:
    """Return the names of all templates that come along."""
    return tuple(sorted(file.name.removesuffix(".json") for file in _BUILT_IN.iterdir() if file.name.endswith(".json")))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of templates."""
    return Template.model_json_schema()


def names_in(text: str) -> tuple[str, ...]:
    """Return the fields that a text names."""
    return tuple(_NAMED.findall(text))


def _check_text(text: str) -> None:
    for name in names_in(text):
        _check_field(name)
    if set(_NAMED.sub("", text)) & {"{", "}"}:
        raise ValueError(f"{text!r} has a brace without its partner")


def _check_field(name: str) -> None:
    if name not in FIELDS:
        raise ValueError(f"there is no field {name!r}: there are {', '.join(FIELDS)}")


def _check_law(elements: tuple[Element, ...]) -> None:
    # A label that shows no price, or whose code nobody could check, is none.
    prices = [(each.when, each.unless) for each in elements if isinstance(each, Price)]
    match prices:
        case [(None, None)]:
            pass
        case [(str(one), None), (None, str(other))] | [(None, str(one)), (str(other), None)] if one == other:
            pass
        case _:
            raise ValueError(
                "a label shows the price once and always: one element of kind price without a condition, or two, "
                "one `when` and one `unless` the same field"
            )
    codes = [each for each in elements if isinstance(each, Barcode) or (isinstance(each, Qr) and "{gtin}" in each.text)]
    if not any(each.when is None and each.unless is None for each in codes):
        raise ValueError("a label bears its product's code always: a barcode, or a qr with {gtin}, without a condition")
