"""A promotion book made ready once, so that a basket costs by what is in it and not by what is live."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from firmware_specs.rules.promotions.deals import Deal, deals
from firmware_specs.rules.promotions.explain import text
from firmware_specs.rules.promotions.model import CartOff, EachUnit, Effect, Products, Promotion

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lookup(Generic[T]):
    """From a product to what was filed under it, each once."""

    by_gtin: dict[str, list[T]] = field(default_factory=dict)
    by_category: dict[str, list[T]] = field(default_factory=dict)
    everywhere: list[T] = field(default_factory=list)

    def file(self, products: Products, what: T) -> None:
        """File something under a set of products."""
        if products.everything:
            self.everywhere.append(what)
            return
        for gtin in dict.fromkeys(products.gtins):
            self.by_gtin.setdefault(gtin, []).append(what)
        for category in dict.fromkeys(products.categories):
            self.by_category.setdefault(category, []).append(what)

    def of(self, gtin: str, category: str) -> Iterable[T]:
        """Return what is filed under a product."""
        listed = self.by_gtin.get(gtin, ())
        shared = self.by_category.get(category, ())
        if not shared and not self.everywhere:
            return listed
        return {id(what): what for what in (*listed, *shared, *self.everywhere)}.values()


Slot = tuple[int, bool, str]
"""Where a group or a promotion that stands alone comes in the sequence: its order, groups first, its name."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A promotion with its slot; promotions of one group share it."""

    slot: Slot
    promotion: Promotion


@dataclass(frozen=True, slots=True)
class Index:
    """All promotions, by how they are found; build it with `index`."""

    stacks: Lookup[Ranked]
    singles: Lookup[tuple[Promotion, Effect]]
    """Exclusive promotions of single units."""
    groups: Lookup[Deal]
    """Deals that need several units or are limited."""
    carts: tuple[Ranked, ...]
    texts: dict[str, dict[str, str]]
    """Why a promotion counts, by its id and by language."""


def index(promotions: Iterable[Promotion]) -> Index:
    """Return promotions made ready for `price`; their order does not matter."""
    stacks: Lookup[Ranked] = Lookup()
    singles: Lookup[tuple[Promotion, Effect]] = Lookup()
    groups: Lookup[Deal] = Lookup()
    carts = []
    promotions = sorted(promotions, key=lambda promotion: (promotion.order, promotion.id))
    slots: dict[tuple[bool, str], Slot] = {}
    for promotion in promotions:
        rule = promotion.rule
        name = slot_name(promotion)
        ranked = Ranked(slots.setdefault(name, (promotion.order, *name)), promotion)
        if isinstance(rule, CartOff):
            carts.append(ranked)
        elif isinstance(rule, EachUnit) and promotion.stacking != "exclusive":
            stacks.file(rule.products, ranked)
        elif isinstance(rule, EachUnit) and promotion.per_basket is None and not promotion.is_budgeted:
            singles.file(rule.products, (promotion, rule.effect))
        else:
            for deal in deals(promotion):
                groups.file(_all(deal), deal)
    return Index(stacks, singles, groups, tuple(carts), {each.id: text(each) for each in promotions})


def slot_name(promotion: Promotion) -> tuple[bool, str]:
    """Return whether a promotion stands alone, and the name; exclusive ones without a group are one group."""
    is_alone = promotion.group is None and promotion.stacking == "stackable"
    return is_alone, promotion.id if is_alone else promotion.group or ""


def _all(deal: Deal) -> Products:
    """Return the products of all parts of a deal."""
    sets = [part.products for part in deal.parts]
    return Products(
        gtins=[gtin for products in sets for gtin in products.gtins],
        categories=[category for products in sets for category in products.categories],
        everything=any(products.everything for products in sets),
    )
