"""Exclusive item promotions in one common form: how a deal takes units one after another, and what each gives.

A deal takes units from the dearest to the cheapest and counts how many of each part it has. Then
everything it gives can be told unit by unit: a bundle gives each unit's whole price and takes its own
price in shares; a buy-get gives nothing for the first `buy` units of a group, and the next, which are
the cheapest, have the effect. Whole groups of consecutive units are the best grouping there is: it gives
the i-th largest reward to the dearest unit that any grouping could give it to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware_specs.rules.promotions.model import (
    AtLeast,
    Bundle,
    BuyGet,
    BuyGetOther,
    CartOff,
    EachUnit,
    Effect,
    Part,
    Promotion,
)


@dataclass(frozen=True, slots=True, eq=False)
class Deal:
    """A promotion as the search sees it; each tier is a deal of its own.

    One application needs `size` units: of every part its number in `quantities`, with the part's effect.
    The first `skips` units of a group have none. With `price_minor` the group costs that. `is_open_ended`
    takes any number of units from its one quantity on.
    """

    promotion: Promotion
    parts: tuple[Part, ...]
    effects: tuple[Effect | None, ...]
    quantities: tuple[int, ...]
    size: int
    skips: int = 0
    price_minor: int | None = None
    is_open_ended: bool = False

    def fitting(self, gtin: str, category: str) -> tuple[int, ...]:
        """Return the numbers of the parts that one of the deal's products fits."""
        if len(self.quantities) == 1:
            return (0,)
        return tuple(number for number, part in enumerate(self.parts) if part.products.have(gtin, category))

    def gives(self, part: int, position: int, price_minor: int) -> int:
        """Return what the unit taken as number `position` of a group gets; with a bundle also below zero."""
        if self.price_minor is not None:
            before_minor = self.price_minor * position // self.size
            return price_minor - (self.price_minor * (position + 1) // self.size - before_minor)
        effect = self.effects[part]
        return effect.off(price_minor) if effect is not None and position >= self.skips else 0


def deals(promotion: Promotion) -> tuple[Deal, ...]:
    """Return the deals of an exclusive item promotion; none for one of the cart."""
    match promotion.rule:
        case EachUnit(products=products, effect=effect):
            return (_deal(promotion, [Part(products=products)], [effect]),)
        case BuyGet(products=products, buy=buy, get=get, effect=effect):
            return (_deal(promotion, [Part(products=products, quantity=buy + get)], [effect], skips=buy),)
        case BuyGetOther(buy=buy, get=get, effect=effect):
            return (_deal(promotion, [*buy, get], [*(None for _ in buy), effect]),)
        case Bundle(parts=parts, price_minor=price_minor):
            return (_deal(promotion, parts, [None for _ in parts], price_minor=price_minor),)
        case AtLeast(products=products, tiers=tiers):
            return tuple(
                _deal(promotion, [Part(products=products, quantity=tier.quantity)], [tier.effect], is_open_ended=True)
                for tier in tiers
            )
        case CartOff():
            return ()


def _deal(
    promotion: Promotion,
    parts: Sequence[Part],
    effects: Sequence[Effect | None],
    *,
    skips: int = 0,
    price_minor: int | None = None,
    is_open_ended: bool = False,
) -> Deal:
    quantities = tuple(part.quantity for part in parts)
    size = sum(quantities)
    return Deal(promotion, tuple(parts), tuple(effects), quantities, size, skips, price_minor, is_open_ended)
