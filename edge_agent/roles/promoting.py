"""What promotions take off a basket: the store's promotions, made ready once, asked for each basket."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from edge_agent.app import Held, MatterRefusedError
from edge_agent.roles.basket import Basket
from edge_agent.roles.matter import matter_of
from firmware_specs.events import PromotionUse
from firmware_specs.rules import promotions as rules
from firmware_specs.rules.promotions import Priced, PromotionBook, PromotionError

logger = logging.getLogger(__name__)

NO_TRIP = "none"


class Promoting:
    """The promotions of a device. `category` gives a product's category, by its GTIN."""

    def __init__(self, category: Callable[[str], str]) -> None:
        self._category = category
        self._index = rules.index([])

    def take(self, held: Held) -> None:
        """Go by these promotions from now on. Raises MatterRefusedError; then the ones before stay."""
        book = matter_of(held, PromotionBook)
        try:
            rules.check(book.promotions)
        except PromotionError as exc:
            raise MatterRefusedError(str(exc)) from exc
        self._index = rules.index(book.promotions)

    def price(self, trip: str | None, basket: Basket, coupons: Sequence[str], now_ms: int) -> Priced:
        """Return the basket's lowest lawful total, each unit explained."""
        units = [
            rules.Unit(
                gtin=line.gtin,
                price_minor=line.price_minor,
                category=self._category(line.gtin),
                quantity=line.quantity,
            )
            for line in basket.lines
        ]
        asked = rules.Basket(op=trip or NO_TRIP, now_ms=now_ms, units=units, coupons=list(coupons))
        return rules.price(self._index, asked)


def discounts(priced: Priced) -> list[dict[str, Any]]:
    """Return what each promotion takes off, and why, as the local API shows it."""
    found: dict[str, dict[str, Any]] = {}
    for line in priced.lines:
        for applied in line.applied:
            empty = {"promotion": applied.promotion, "text": applied.text, "amount_minor": 0, "gtins": []}
            one = found.setdefault(applied.promotion, empty)
            one["amount_minor"] += applied.amount_minor
            if applied.amount_minor and line.gtin not in one["gtins"]:
                one["gtins"].append(line.gtin)
    return [one for one in found.values() if one["amount_minor"]]


def uses(priced: Priced) -> list[PromotionUse]:
    """Return what the basket takes from promotions, as it is told to the cloud."""
    return [
        PromotionUse(
            op=use.op_id,
            promotion=use.promotion,
            applications=use.applications,
            amount_minor=use.amount_minor,
            coupon=use.coupon,
        )
        for use in priced.uses
    ]
