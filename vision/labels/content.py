"""What a label says, as texts that templates name."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from firmware_specs.desired import Row
from firmware_specs.gtin import GtinError, as_ean13, is_variable_measure
from firmware_specs.instore import own_number
from vision.ink import BREAK
from vision.money import price_text, unit_price
from vision.typeset import tidy


@with_config(ConfigDict(extra="forbid", strict=True))
@dataclass(frozen=True, slots=True)
class LabelContent:
    """A product on a label. Names, not both, may be empty.

    Args:
        unit: what the price buys ("500 g", "瓶").
        unit_price_minor: of one `measure`; where None it is worked out from `unit`, if that names a quantity.
        was_minor: the earlier price, to be struck out; 0 for none.
    """

    gtin: str
    name_zh: str
    name_en: str
    price_minor: int
    currency: str
    unit: str = ""
    unit_price_minor: int | None = None
    measure: str = ""
    was_minor: int = 0


def content_of(row: Row, currency: str) -> LabelContent:
    """Return what a label says of a product in a price book."""
    return LabelContent(
        gtin=row.gtin,
        name_zh=row.name.get("zh", ""),
        name_en=row.name.get("en", ""),
        price_minor=row.price_minor,
        currency=currency,
        unit=row.unit,
        unit_price_minor=row.unit_price_minor,
        measure=row.measure,
        was_minor=row.was_minor,
    )


def content_from(said: object) -> LabelContent:
    """Return the content that a person wrote as a JSON object. Raises ValueError that names the key at fault."""
    if not isinstance(said, dict):
        raise ValueError("a label's data is one JSON object, such as " + json.dumps(_EXAMPLE, ensure_ascii=False))
    try:
        return _WRITTEN.validate_json(json.dumps(said))
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{key}: {first['msg']}; known keys are {', '.join(_KEYS)}") from exc


def _name(content: LabelContent) -> str:
    return tidy(content.name_zh) or tidy(content.name_en)


def _second_name(content: LabelContent) -> str:
    return tidy(content.name_en) if tidy(content.name_zh) else ""


def _unit_price(content: LabelContent) -> str:
    amount_minor, measure = content.unit_price_minor, content.measure
    if amount_minor is None or not measure:
        found = unit_price(content.price_minor, tidy(content.unit))
        if found is None:
            return ""
        amount_minor, measure = found
    return f"{price_text(amount_minor, content.currency)}{BREAK}/{measure}"


def _was(content: LabelContent) -> str:
    return str(price_text(content.was_minor, content.currency)) if content.was_minor > content.price_minor else ""


def _saving(content: LabelContent) -> str:
    if content.was_minor <= content.price_minor:
        return ""
    return str(price_text(content.was_minor - content.price_minor, content.currency))


def _saving_percent(content: LabelContent) -> str:
    # Rounded down: a label promises no more than the till takes off.
    percent = 100 * (content.was_minor - content.price_minor) // content.was_minor if content.was_minor > 0 else 0
    return f"{percent} %" if percent > 0 else ""


def _digits(content: LabelContent) -> str:
    try:
        return as_ean13(content.gtin)
    except GtinError:
        return content.gtin


def _number(content: LabelContent) -> str:
    if not is_variable_measure(content.gtin):
        return ""
    number = own_number(content.gtin)
    return content.gtin if number is None else f"PLU {number}"


FIELDS: Final[dict[str, Callable[[LabelContent], str]]] = {
    "name_zh": lambda content: tidy(content.name_zh),
    "name_en": lambda content: tidy(content.name_en),
    "name": _name,
    "second_name": _second_name,
    "price": lambda content: str(price_text(content.price_minor, content.currency)),
    "was": _was,
    "saving": _saving,
    "saving_percent": _saving_percent,
    "unit": lambda content: tidy(content.unit),
    "unit_price": _unit_price,
    "gtin": lambda content: content.gtin,
    "digits": _digits,
    "number": _number,
}
"""What a template may name: `name` and `second_name` are Chinese before English; `was`, `saving` and `saving_percent`
say something only while there is a higher earlier price; `number` only for what is weighed."""

_KEYS: Final = tuple(each.name for each in fields(LabelContent))
_WRITTEN: Final = TypeAdapter(LabelContent)
_EXAMPLE: Final = {
    "gtin": "06901234567892",
    "name_zh": "纯牛奶",
    "name_en": "Milk",
    "price_minor": 590,
    "currency": "CNY",
    "unit": "1 L",
}
