"""What a code is: its product by the store's own profile, held offline, and what the book charges for such a pack."""

import time
from dataclasses import dataclass
from datetime import date

from edge_agent.app import Held, Surroundings
from edge_agent.roles.basket import Unit
from edge_agent.roles.matter import matter_of
from edge_agent.roles.pricing import Priced, Pricing
from edge_agent.roles.reading import Read
from firmware_specs.instore import StoreProfile
from firmware_specs.rules.selling import NotSoldError, Pack, cost_of, goods_of, not_in_book, pack_of
from firmware_specs.scanned import Scanned


@dataclass(frozen=True, slots=True)
class Found:
    """A product by its 14 digits; `unit` is None and `book_version` 0 where the book does not know it."""

    gtin: str
    unit: Unit | None = None
    book_version: int = 0


class Codes:
    """Reads codes as the store prints them; before a profile has come, as a store that prints none."""

    def __init__(self, surroundings: Surroundings, pricing: Pricing) -> None:
        self._surroundings = surroundings
        self._pricing = pricing
        self._profile = StoreProfile(store=surroundings.store)

    def take(self, held: Held) -> None:
        """Read by this profile from now on. Raises MatterRefusedError; then the one before stays."""
        self._profile = matter_of(held, StoreProfile)

    def find(self, read: Read) -> Found | None:
        """Return the product of a code; None for a code that is no business of a till. Raises NotSoldError."""
        goods = self._goods(read)
        if goods is None:
            return None
        priced = self._pricing.price(goods.key)
        if priced is not None:
            return Found(goods.key, _unit(priced, pack_of(goods)), priced.book_version)
        if (why := not_in_book(goods)) is not None:
            raise why
        return Found(goods.key)

    def weighed(self, gtin: str, weight_g: int) -> Found:
        """Return a product that this device weighed itself. Raises NotSoldError where it has no price by weight."""
        priced = self._pricing.price(gtin)
        if priced is None:
            raise NotSoldError("not-known", f"{gtin} is not in the book")
        return Found(gtin, _unit(priced, Pack(weight_g=weight_g)), priced.book_version)

    def product_of(self, read: Read) -> str:
        """Return the 14 digits of the product that a code names; empty for a code that names none."""
        try:
            goods = self._goods(read)
        except NotSoldError:
            return ""
        return "" if goods is None else goods.key

    def now(self, unit: Unit) -> Unit | None:
        """Return a unit at what is charged for it now; None where the book no longer says."""
        priced = self._pricing.price(unit.gtin)
        try:
            return None if priced is None else _unit(priced, unit.pack)
        except NotSoldError:
            # Sold otherwise since it went in.
            return None

    def _goods(self, read: Read) -> Scanned | None:
        # Days are printed by the calendar on the wall, so the device's own zone counts.
        today = date(*time.localtime(self._surroundings.now_ms() / 1000)[:3])
        return goods_of(read.text, read.symbology, self._profile, today=today)


def _unit(priced: Priced, pack: Pack) -> Unit:
    row = priced.row
    cost = cost_of(row, priced.charge.price_minor, pack)
    return Unit(row.gtin, dict(row.name), cost.total_minor, pack, cost.each_minor, row.measure)
