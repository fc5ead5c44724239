"""A till that tries every lawful way to give promotions and takes the cheapest: slow, simple, and no code of ours.

It knows the laws of `firmware_specs.rules.promotions` only from their text, and is good for baskets of
six units. `TillByHand([...]).total_minor(basket)` is what a basket must cost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

from firmware_specs.rules.promotions import (
    AtLeast,
    Basket,
    Bundle,
    BuyGet,
    BuyGetOther,
    CartOff,
    EachUnit,
    PercentOff,
    Products,
    Promotion,
    Unit,
)


@dataclass(frozen=True)
class Item:
    """One unit on the belt."""

    unit: Unit
    price_minor: int


def fits(item: Item, products: Products) -> bool:
    return products.everything or item.unit.gtin in products.gtins or item.unit.category in products.categories


@dataclass(frozen=True)
class TillByHand:
    """Promotions without a budget in money and without `lowest` or `list` groups, all open to everyone."""

    promotions: Sequence[Promotion]

    def total_minor(self, basket: Basket) -> int:
        """Return the lowest lawful total."""
        items = [self.stacked(unit) for unit in basket.units for _ in range(unit.quantity)]
        deals = [
            promotion
            for promotion in self.promotions
            if promotion.stacking == "exclusive" and not isinstance(promotion.rule, CartOff)
        ]
        left = {promotion.id: promotion.per_basket or 99 for promotion in deals}
        for promotion in deals:
            budget = basket.budgets.get(promotion.id)
            if budget is not None and budget.uses_left is not None:
                left[promotion.id] = min(left[promotion.id], budget.uses_left)
        whole_minor = sum(item.price_minor for item in items)
        return min(
            total_minor
            for saved_minor in set(ways(tuple(items), deals, left))
            for total_minor in self.after_cart(basket, whole_minor - saved_minor)
        )

    def stacked(self, unit: Unit) -> Item:
        """Return a unit with its stackable promotions, all of order 0."""
        price_minor = unit.price_minor
        for promotion in sorted(self.promotions, key=lambda promotion: promotion.id):
            if promotion.stacking == "stackable" and isinstance(promotion.rule, EachUnit):
                if fits(Item(unit, price_minor), promotion.rule.products):
                    price_minor -= promotion.rule.effect.off(price_minor)
        return Item(unit, price_minor)

    def after_cart(self, basket: Basket, amount_minor: int) -> Iterator[int]:
        """Yield every total that the cart's promotions could lead to; the exclusive ones, all of one group, first."""
        carts = [promotion for promotion in self.promotions if isinstance(promotion.rule, CartOff)]
        exclusive = [promotion for promotion in carts if promotion.stacking == "exclusive"]
        rest = sorted((each for each in carts if each.stacking == "stackable"), key=lambda promotion: promotion.id)
        yield self.in_turn(basket, amount_minor, rest)
        for one in exclusive:
            yield self.in_turn(basket, amount_minor, [one, *rest])

    @staticmethod
    def in_turn(basket: Basket, amount_minor: int, carts: Sequence[Promotion]) -> int:
        units = [unit for unit in basket.units for _ in range(unit.quantity)]
        for promotion in carts:
            rule = promotion.rule
            assert isinstance(rule, CartOff)
            spend_minor = sum(unit.price_minor for unit in units if fits(Item(unit, 0), rule.products))
            if spend_minor < rule.threshold_minor:
                continue
            if isinstance(rule.effect, PercentOff):
                initial_minor = sum(unit.price_minor for unit in units)
                off_minor = rule.effect.off(initial_minor if rule.basis == "initial" else amount_minor)
            elif rule.repeats:
                off_minor = rule.effect.amount_minor * (spend_minor // rule.threshold_minor)
            else:
                off_minor = rule.effect.amount_minor
            amount_minor -= min(off_minor, amount_minor)
        return amount_minor


def ways(items: tuple[Item, ...], deals: Sequence[Promotion], left: dict[str, int]) -> Iterator[int]:
    """Yield what each way of making deals saves."""
    if not items:
        yield 0
        return
    first, others = items[0], items[1:]
    yield from ways(others, deals, left)
    for promotion in deals:
        if left[promotion.id] == 0:
            continue
        # Whoever buys more units of a tier is in the same application.
        after = 0 if isinstance(promotion.rule, AtLeast) else left[promotion.id] - 1
        for size in range(len(others) + 1):
            for beside in combinations(range(len(others)), size):
                saved_minor = application((first, *(others[place] for place in beside)), promotion)
                if saved_minor is not None:
                    unused = tuple(item for place, item in enumerate(others) if place not in beside)
                    for more_minor in ways(unused, deals, {**left, promotion.id: after}):
                        yield saved_minor + more_minor


def application(items: tuple[Item, ...], promotion: Promotion) -> int | None:
    """Return what one application to exactly these units saves, or None where it is not lawful."""
    rule = promotion.rule
    if isinstance(rule, EachUnit):
        if len(items) == 1 and fits(items[0], rule.products):
            return rule.effect.off(items[0].price_minor)
        return None
    if isinstance(rule, BuyGet):
        if len(items) != rule.buy + rule.get or not all(fits(item, rule.products) for item in items):
            return None
        return sum(
            rule.effect.off(price_minor) for price_minor in sorted(item.price_minor for item in items)[: rule.get]
        )
    if isinstance(rule, AtLeast):
        if not all(fits(item, rule.products) for item in items):
            return None
        reached = [tier for tier in rule.tiers if tier.quantity <= len(items)]
        return sum(reached[-1].effect.off(item.price_minor) for item in items) if reached else None
    if isinstance(rule, Bundle):
        wanted = [part.products for part in rule.parts for _ in range(part.quantity)]
        if len(wanted) != len(items) or not any(all(map(fits, order, wanted)) for order in permutations(items)):
            return None
        return sum(item.price_minor for item in items) - rule.price_minor
    assert isinstance(rule, BuyGetOther)
    wanted = [part.products for part in (*rule.buy, rule.get) for _ in range(part.quantity)]
    if len(wanted) != len(items):
        return None
    saved = [
        sum(rule.effect.off(item.price_minor) for item in order[-rule.get.quantity :])
        for order in permutations(items)
        if all(map(fits, order, wanted))
    ]
    return max(saved, default=None)
