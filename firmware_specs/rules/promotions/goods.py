"""What the search works on: goods, the deals offered on them, and how gains are weighed.

These are tuples because hundreds are made for every basket.
"""

from typing import NamedTuple

from firmware_specs.rules.promotions.deals import Deal
from firmware_specs.rules.promotions.model import Promotion
from firmware_specs.rules.promotions.stack import Taken

WEIGHT = 1 << 40
"""Gains are scaled by this, to leave room for the tie-break below one minor unit."""

SCARCE = 1 << 20
"""What using something up weighs in a tie, in applications."""


def cost(promotion: Promotion) -> int:
    """Return what one application weighs in a tie."""
    return 1 + SCARCE if promotion.is_scarce else 1


class Good(NamedTuple):
    """Equal units, the price before and after the stackable promotions, and the best that one gets by itself."""

    gtin: str
    category: str
    charged_minor: int
    price_minor: int
    quantity: int
    stack: tuple[Taken, ...] = ()
    single: Promotion | None = None
    single_minor: int = 0

    @property
    def baseline(self) -> int:
        """The scaled gain of one unit by itself."""
        return self.single_minor * WEIGHT - (cost(self.single) if self.single is not None else 0)

    def alone(self) -> "Good":
        """Return the units without what they get by themselves."""
        return self._replace(single=None, single_minor=0)


class Offer(NamedTuple):
    """A deal in a basket: the parts that each good fits, by its number, and how often it may apply.

    `most` is how often the units allow, `limit` how often the promotion does, where that is less.
    """

    deal: Deal
    fits: dict[int, tuple[int, ...]]
    most: int
    limit: int | None = None


class Take(NamedTuple):
    """An offer takes one unit of a good for one of its parts."""

    good: int
    offer: Offer
    part: int
