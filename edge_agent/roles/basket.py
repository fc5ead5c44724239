"""A basket: units at the price charged when they went in, or less; pure values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from firmware_specs.rules.selling import PLAIN, Pack


class Unit(Struct, frozen=True):
    """One unit of a product; `name` by language, `price_minor` what is charged for it.

    Of a pack that was weighed or counted, `pack` is what its code said; `each_minor` is the price of one `measure`,
    where the weight or count makes what is charged.
    """

    gtin: str
    name: dict[str, str]
    price_minor: int
    pack: Pack = PLAIN
    each_minor: int | None = None
    measure: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """All equal units of one product."""

    unit: Unit
    quantity: int

    @property
    def gtin(self) -> str:
        """The product."""
        return self.unit.gtin

    @property
    def price_minor(self) -> int:
        """What each costs."""
        return self.unit.price_minor

    @property
    def line_minor(self) -> int:
        """What the line costs."""
        return self.quantity * self.price_minor

    def as_json(self) -> dict[str, Any]:
        """Return the line as the local API shows it."""
        return {
            "gtin": self.gtin,
            "name": self.unit.name,
            "quantity": self.quantity,
            "price_minor": self.price_minor,
            "line_minor": self.line_minor,
            "pack": pack_json(self.unit),
        }


def pack_json(unit: Unit) -> dict[str, Any] | None:
    """Return how a pack was weighed or counted, as the local API shows it; None for one that was not."""
    if unit.pack == PLAIN:
        return None
    return {
        "weight_g": unit.pack.weight_g,
        "count": unit.pack.count,
        "each_minor": unit.each_minor,
        "measure": unit.measure,
    }


@dataclass(frozen=True, slots=True)
class Basket:
    """The units of one trip, in the order in which they went in."""

    units: tuple[Unit, ...] = ()

    @property
    def total_minor(self) -> int:
        """What the basket costs."""
        return sum(unit.price_minor for unit in self.units)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The units by product, pack and price, in the order of their first."""
        found: dict[tuple[str, int, Pack], Line] = {}
        for unit in self.units:
            key = (unit.gtin, unit.price_minor, unit.pack)
            line = found.get(key)
            found[key] = Line(unit, 1 if line is None else line.quantity + 1)
        return tuple(found.values())

    def add(self, unit: Unit) -> "Basket":
        """Return the basket with one more unit."""
        return Basket((*self.units, unit))

    def place(self, gtin: str, price_minor: int | None = None) -> int:
        """Return where the last unit of a product (at this price) stands; raises KeyError when there is none."""
        for place in reversed(range(len(self.units))):
            unit = self.units[place]
            if unit.gtin == gtin and price_minor in (None, unit.price_minor):
                return place
        raise KeyError(gtin)

    def without(self, place: int) -> "Basket":
        """Return the basket without the unit at a place."""
        return Basket(self.units[:place] + self.units[place + 1 :])

    def lowered(self, now: Callable[[Unit], Unit | None]) -> "Basket":
        """Return the basket with every unit at what is charged now where that is less.

        A label may have come down since a unit went in, so its old price may be more than the label shows.
        A price that rose does not touch what is in the basket already.
        """
        return Basket(tuple(_lower(unit, now(unit)) for unit in self.units))


def _lower(unit: Unit, now: Unit | None) -> Unit:
    return unit if now is None or now.price_minor >= unit.price_minor else now
