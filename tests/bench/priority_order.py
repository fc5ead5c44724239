"""The peer: promotions by listed priority, as common open-source engines apply them.

Each promotion in turn takes the units that are still free, in the order in which they were scanned, as
often as they allow; the first of the cart's promotions whose threshold is reached counts.
`generous_first` gives them the priorities that a careful merchant would, which flatters the peer.
"""

from collections.abc import Mapping, Sequence

from firmware_specs.rules.promotions import (
    AtLeast,
    Basket,
    Bundle,
    BuyGet,
    BuyGetOther,
    CartOff,
    EachUnit,
    Part,
    Products,
    Promotion,
    Unit,
)


class PriorityOrder:
    """An engine that goes through its promotions once."""

    def __init__(self, promotions: Sequence[Promotion]) -> None:
        self._by_product: dict[str, list[tuple[int, Promotion]]] = {}
        self._carts = [promotion for promotion in promotions if isinstance(promotion.rule, CartOff)]
        for rank, promotion in enumerate(promotions):
            for products in _sets(promotion):
                for name in (*products.gtins, *products.categories):
                    self._by_product.setdefault(name, []).append((rank, promotion))

    def total_minor(self, basket: Basket) -> int:
        """Return what the basket costs, scanned in this order."""
        found: dict[int, Promotion] = {}
        for unit in basket.units:
            found.update(self._by_product.get(unit.gtin, ()))
            found.update(self._by_product.get(unit.category, ()))
        promotions = [promotion for _, promotion in sorted(found.items()) if _is_open(promotion, basket)]
        prices_minor = [unit.price_minor for unit in basket.units]
        for promotion in promotions:
            if isinstance(promotion.rule, EachUnit) and promotion.stacking == "stackable":
                for place, unit in enumerate(basket.units):
                    if promotion.rule.products.have(unit.gtin, unit.category):
                        prices_minor[place] -= promotion.rule.effect.off(prices_minor[place])
        free = list(range(len(basket.units)))
        saved_minor = 0
        for promotion in promotions:
            if promotion.stacking == "exclusive":
                for _ in range(promotion.per_basket or len(basket.units)):
                    taken, off_minor = _applied(promotion, basket.units, prices_minor, free)
                    if off_minor <= 0:
                        break
                    saved_minor += off_minor
                    free = [place for place in free if place not in taken]
        return self._after_cart(basket, sum(prices_minor) - saved_minor)

    def _after_cart(self, basket: Basket, amount_minor: int) -> int:
        spend_minor = sum(unit.price_minor for unit in basket.units)
        for promotion in self._carts:
            assert isinstance(promotion.rule, CartOff)
            off_minor = promotion.rule.off(spend_minor, spend_minor, amount_minor)
            if off_minor > 0:
                return amount_minor - off_minor
        return amount_minor


def generous_first(promotions: Sequence[Promotion], prices_minor: Mapping[str, int]) -> list[Promotion]:
    """Return promotions by the share of the price that they take off what they are about, the largest first."""

    def share(promotion: Promotion) -> float:
        units = [_typical(products, prices_minor) for products in _sets(promotion) for _ in range(10)]
        prices = [unit.price_minor for unit in units]
        taken, off_minor = _applied(promotion, units, prices, range(len(units)))
        return off_minor / sum(prices[place] for place in taken) if taken else 0.0

    return sorted(promotions, key=share, reverse=True)


def _typical(products: Products, prices_minor: Mapping[str, int]) -> Unit:
    if not products.gtins:
        return Unit(gtin="0" * 14, category=products.categories[0], price_minor=1_000)
    by_price = sorted(products.gtins, key=lambda gtin: prices_minor[gtin])
    gtin = by_price[len(by_price) // 2]
    return Unit(gtin=gtin, price_minor=prices_minor[gtin])


def _is_open(promotion: Promotion, basket: Basket) -> bool:
    is_member = not promotion.tiers or any(tier in basket.tiers for tier in promotion.tiers)
    return is_member and (promotion.coupon is None or promotion.coupon in basket.coupons)


def _sets(promotion: Promotion) -> list[Products]:
    match promotion.rule:
        case Bundle(parts=parts):
            return [part.products for part in parts]
        case BuyGetOther(buy=buy, get=get):
            return [part.products for part in (*buy, get)]
        case EachUnit(products=products) | BuyGet(products=products) | AtLeast(products=products):
            return [products]
        case CartOff():
            return []


def _applied(
    promotion: Promotion, units: Sequence[Unit], prices_minor: Sequence[int], free: Sequence[int]
) -> tuple[list[int], int]:
    """Return the units of one application and what comes off; nothing where it does not apply."""
    match promotion.rule:
        case EachUnit(products=products, effect=effect):
            taken = _first([Part(products=products)], units, free)
            return taken, sum(effect.off(prices_minor[place]) for place in taken)
        case BuyGet(products=products, buy=buy, get=get, effect=effect):
            taken = _first([Part(products=products, quantity=buy + get)], units, free)
            cheapest = sorted(prices_minor[place] for place in taken)[:get]
            return taken, sum(effect.off(price_minor) for price_minor in cheapest)
        case BuyGetOther(buy=buy, get=get, effect=effect):
            taken = _first([*buy, get], units, free)
            return taken, sum(effect.off(prices_minor[place]) for place in taken[-get.quantity :])
        case Bundle(parts=parts, price_minor=price_minor):
            taken = _first(parts, units, free)
            return taken, sum(prices_minor[place] for place in taken) - price_minor if taken else 0
        case AtLeast(products=products, tiers=tiers):
            taken = [place for place in free if products.have(units[place].gtin, units[place].category)]
            reached = [tier for tier in tiers if tier.quantity <= len(taken)]
            return taken, sum(reached[-1].effect.off(prices_minor[place]) for place in taken) if reached else 0
        case CartOff():
            return [], 0


def _first(parts: Sequence[Part], units: Sequence[Unit], free: Sequence[int]) -> list[int]:
    """Return the first free units for all parts, or none where they do not suffice."""
    taken: list[int] = []
    for part in parts:
        fitting = [
            place
            for place in free
            if place not in taken and part.products.have(units[place].gtin, units[place].category)
        ][: part.quantity]
        if len(fitting) < part.quantity:
            return []
        taken += fitting
    return taken
