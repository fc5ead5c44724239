"""Whether a code may be sold, and what is charged for a pack whose code says its price, weight or count.

Decided here, for carts, tills and the cloud alike:

- A product **sold by weight** has a number of variable measure (indicator 9: the store's own item numbers, `own_key`,
  and suppliers' goods of random weight), and its row's price is for one `measure`: `kg`, `500 g`, `斤`.
- A weight in the code costs weight x price, in exact integers, half a minor unit rounded up, as scales do.
- A price in the code is what the shopper reads on the pack, and is charged as it is. Where the code has the weight or
  count too, the lower of the two is charged, so that a price that came down reaches what was packed before.
- On a pack of fixed measure a weight is only a description, and a price counts where it is below the book's.
- The price of one `measure` is what the price law says; so no label ever shows less than is charged.
- To promotions a pack is one unit at its own price: percentages take from it what they take from any.
- Past its last day (AI 17) or its best-before day (AI 15) nothing is sold; on that day it is.
"""

import re
from datetime import date
from fractions import Fraction
from typing import Annotated, Final, Literal, NamedTuple

from msgspec import Meta, Struct

from firmware_specs.desired import Row
from firmware_specs.events import Minor
from firmware_specs.gtin import is_coupon, is_variable_measure
from firmware_specs.instore import StoreProfile
from firmware_specs.scanned import ScanError, Scanned, interpret
from firmware_specs.symbology import SQUARE, Symbology

Reason = Literal["broken", "coupon", "logistic", "no-pattern", "expired", "not-weighed", "not-by-weight", "not-known"]
"""Why a code is not sold. `not-weighed`: it lacks its weight; `not-by-weight`: the book has no price for a weight."""

_GRAMS: Final = {
    **dict.fromkeys(("g", "克"), Fraction(1)),
    **dict.fromkeys(("kg", "公斤", "千克"), Fraction(1000)),
    **dict.fromkeys(("斤", "市斤"), Fraction(500)),
    "两": Fraction(50),
    "lb": Fraction("453.59237"),
    "oz": Fraction("28.349523125"),
}
_MEASURE: Final = re.compile(r"(?P<many>[1-9][0-9]{0,5})? ?(?P<unit>[a-z]+|[克公斤千市两]+)", re.ASCII)


class NotSoldError(ValueError):
    """A code that is not sold; `reason` is for programs and pages, the text names what is wrong."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason: Final = reason


class Pack(Struct, frozen=True, kw_only=True):
    """What the code of one pack says beside its product; None is what it leaves open."""

    price_minor: Minor | None = None
    weight_g: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    count: Annotated[int, Meta(ge=1, le=10**8)] | None = None


PLAIN: Final = Pack()
"""A pack whose code names its product and nothing else."""


class Cost(NamedTuple):
    """What a pack costs; `each_minor` is the price of one `measure`, where its weight or count makes the total."""

    total_minor: int
    each_minor: int | None = None


def goods_of(text: str, symbology: Symbology, profile: StoreProfile, *, today: date) -> Scanned | None:
    """Return the product that a code names, with all that it says; None where it is no business of a till.

    Square codes that hold other things than products (a poster's address, a payment) are passed over in silence.
    Raises NotSoldError.
    """
    try:
        found = interpret(text, symbology, profile, today=today)
    except ScanError as exc:
        raise NotSoldError("broken", str(exc)) from exc
    if found.kind == "other":
        if symbology in SQUARE or symbology is Symbology.OTHER:
            return None
        raise NotSoldError("no-pattern", f"{symbology}: {text[:40]!r} fits no pattern of the store")
    if found.kind == "sscc":
        raise NotSoldError("logistic", f"{found.sscc} is a logistic unit: scan what is in it")
    if found.kind == "coupon":
        raise NotSoldError("coupon", f"{text[:40]!r} is a coupon: enter its code as one")
    for ai, last in (("17", found.expiry), ("15", found.best_before)):
        if last is not None and last < today:
            raise NotSoldError("expired", f"({ai}) its last day was {last.isoformat()}")
    return found


def not_in_book(found: Scanned) -> NotSoldError | None:
    """Return why goods that the book does not know are not sold; None where they are simply not known."""
    if found.gtin and is_coupon(found.gtin):
        return NotSoldError("coupon", f"{found.gtin} is a coupon's number: enter its code as one")
    if found.kind == "in-store" and len(found.item.rpartition(":")[2]) == 14:
        return NotSoldError(
            "no-pattern", f"{found.key} is a store's own number: no pattern of this store has its shape"
        )
    return None


def pack_of(found: Scanned) -> Pack:
    """Return what a code says of its pack."""
    return Pack(price_minor=found.price_minor, weight_g=found.weight_g, count=found.count)


def priced_g(row: Row) -> Fraction | None:
    """Return the grams that a row's price is for; None for a product that is not sold by weight."""
    if not is_variable_measure(row.gtin):
        return None
    found = _MEASURE.fullmatch(row.measure.strip().lower())
    grams = _GRAMS.get(found["unit"]) if found else None
    return None if found is None or grams is None else grams * int(found["many"] or 1)


def cost_of(row: Row, charged_minor: int, pack: Pack) -> Cost:
    """Return what a pack costs at `charged_minor`, which is what the price law says for its row now.

    Raises NotSoldError.
    """
    if not is_variable_measure(row.gtin):
        return Cost(charged_minor if pack.price_minor is None else min(charged_minor, pack.price_minor))
    reckoned = _reckoned(priced_g(row), charged_minor, pack)
    known = [amount for amount in (pack.price_minor, reckoned) if amount is not None]
    if not known:
        if pack.weight_g is not None:
            raise NotSoldError("not-by-weight", f"{row.gtin} has no price by weight: give its row a measure such as kg")
        raise NotSoldError("not-weighed", f"the code of {row.gtin} has no price or weight: weigh it again")
    total_minor = min(known)
    return Cost(total_minor, charged_minor if pack != PLAIN and total_minor == reckoned else None)


def _reckoned(grams: Fraction | None, charged_minor: int, pack: Pack) -> int | None:
    if grams is not None:
        return None if pack.weight_g is None else _half_up(charged_minor * pack.weight_g / grams)
    if pack.count is not None:
        return charged_minor * pack.count
    if pack.weight_g is not None and pack.price_minor is not None:
        # Of goods sold by the piece, Chinese scales print thousandths of a piece there (`instore.CHINA_18`).
        return _half_up(Fraction(charged_minor * pack.weight_g, 1000))
    return charged_minor if pack == PLAIN else None


def _half_up(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))
