"""What a pack should weigh: as carts have weighed it before, as its code says, or as its content lets one expect."""

import re
from typing import Annotated, Final, NamedTuple

from msgspec import Meta, Struct

from firmware_specs.desired import Row
from firmware_specs.events import Gtin14, Id, Version
from firmware_specs.rules.selling import Pack

Grams = Annotated[float, Meta(ge=0, le=1e6)]

LEAST_SPREAD_G: Final = 3.0
_BAG_G: Final = 4.0
"""What a scale's code is printed on: a bag, a film, a tray."""

_OF_CODE: Final = 0.01
_WRAPPED: Final = 1.10
_OF_CONTENT: Final = 0.20
"""Content alone says little: what it is wrapped in may be film or glass."""

_GRAMS: Final = {"mg": 0.001, "g": 1.0, "kg": 1_000.0, "ml": 1.0, "cl": 10.0, "l": 1_000.0}
_CONTENT: Final = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,3})?) ?(mg|g|kg|ml|cl|l)", re.IGNORECASE | re.ASCII)


class ProductWeight(Struct, frozen=True, kw_only=True):
    """What a product weighs with all that it is wrapped in, as carts have learnt, and its standard deviation."""

    gtin: Gtin14
    weight_g: Grams
    spread_g: Grams


class Weights(Struct, frozen=True, kw_only=True):
    """What the products of a store weigh (matter `weights`)."""

    store: Id
    version: Version
    products: list[ProductWeight]


class Weight(NamedTuple):
    """Grams, and one standard deviation."""

    grams: float
    spread_g: float


def weight_of(row: Row, pack: Pack, learnt: ProductWeight | None = None) -> Weight | None:
    """Return what a pack should weigh; None where nothing is known of it."""
    if pack.weight_g is not None:
        return Weight(pack.weight_g + _BAG_G, LEAST_SPREAD_G + _OF_CODE * pack.weight_g)
    if learnt is not None:
        return Weight(learnt.weight_g, max(LEAST_SPREAD_G, learnt.spread_g))
    content = _content_g(row)
    return None if content is None else Weight(_WRAPPED * content, _OF_CONTENT * content + 15)


def _content_g(row: Row) -> float | None:
    if row.content_milli and (unit := _GRAMS.get(row.measure.strip().lower())) is not None:
        return row.content_milli / 1_000 * unit
    found = _CONTENT.fullmatch(row.unit.strip())
    return None if found is None else float(found[1].replace(",", ".")) * _GRAMS[found[2].lower()]
