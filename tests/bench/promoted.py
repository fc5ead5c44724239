"""A store full of promotions, drawn from a seed: 10,000 products, few of them popular, and promotions on those."""

import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import msgspec

from firmware_specs.gtin import with_check_digit
from firmware_specs.rules.promotions import (
    AmountOff,
    AtLeast,
    Basket,
    Bundle,
    BuyGet,
    BuyGetOther,
    CartOff,
    EachUnit,
    Effect,
    FixedPrice,
    Part,
    PercentOff,
    Products,
    Promotion,
    Rule,
    Tier,
    Unit,
)

PRODUCTS = 10_000
CATEGORIES = 200
LIVE = 3_000
UNITS = 40
NOW_MS = 1_790_000_000_000
CODES = ("SPRING", "FRIEND", "APP")


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the generator knows it."""

    gtin: str
    category: str
    price_minor: int


class World:
    """Products, promotions and baskets, all of one seed."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.products = [
            Product(
                with_check_digit(f"0690{number:09d}"),
                f"category {number % CATEGORIES}",
                self.random.choice((99, 199, 250, 390, 499, 590, 799, 990, 1290, 1990, 2990, 4990)),
            )
            for number in range(PRODUCTS)
        ]
        # The product of rank r is bought in proportion to 1 / (r + 20).
        self._popular = list(accumulate(1 / (rank + 20) for rank in range(PRODUCTS)))

    def product(self) -> Product:
        """Return a product, popular ones more often."""
        return self.products[bisect(self._popular, self.random.random() * self._popular[-1])]

    def some(self, least: int, most: int) -> list[Product]:
        """Return different products."""
        count = self.random.randint(least, most)
        return list({product.gtin: product for product in (self.product() for _ in range(count))}.values())

    def effect(self, products: Sequence[Product]) -> Effect:
        """Return an effect that prices none of the products below zero."""
        least = min(product.price_minor for product in products)
        return self.random.choice(
            (
                PercentOff(percent_bp=self.random.randrange(500, 2_501, 500)),
                AmountOff(amount_minor=max(1, least * self.random.randint(5, 25) // 100)),
                FixedPrice(price_minor=least * self.random.randint(75, 95) // 100),
            )
        )

    def rule(self) -> Rule:
        """Return the rule of an exclusive promotion: half are on single units, half count several together."""
        kind = self.random.choices(("each", "buy-get", "other", "same", "bundle", "least"), (50, 15, 5, 15, 7, 8))[0]
        percent = PercentOff(percent_bp=self.random.choice((3_000, 5_000, 10_000)))
        if kind == "each":
            chosen = self.some(1, 4)
            return EachUnit(products=listed(chosen), effect=self.effect(chosen))
        if kind == "buy-get":
            return BuyGet(products=listed(self.some(1, 5)), buy=self.random.randint(1, 3), get=1, effect=percent)
        if kind == "other":
            return BuyGetOther(
                buy=[Part(products=listed(self.some(1, 3)), quantity=self.random.randint(1, 2))],
                get=Part(products=listed(self.some(1, 3))),
                effect=percent,
            )
        if kind == "same":
            chosen, quantity = self.some(1, 6), self.random.randint(2, 4)
            middle_minor = sorted(product.price_minor for product in chosen)[len(chosen) // 2]
            price_minor = middle_minor * quantity * self.random.randint(65, 90) // 100
            return Bundle(parts=[Part(products=listed(chosen), quantity=quantity)], price_minor=price_minor)
        if kind == "bundle":
            chosen = self.some(2, 3)
            whole_minor = sum(product.price_minor for product in chosen)
            parts = [Part(products=listed([product])) for product in chosen]
            return Bundle(parts=parts, price_minor=whole_minor * self.random.randint(65, 90) // 100)
        products = listed(self.some(3, 8))
        if self.random.random() < 0.3:
            products = Products(categories=[self.product().category])
        first, step = self.random.randint(2, 4), self.random.randint(1, 3)
        tiers = [
            Tier(quantity=first, effect=PercentOff(percent_bp=1_000)),
            Tier(quantity=first + step, effect=PercentOff(percent_bp=2_000)),
        ]
        return AtLeast(products=products, tiers=tiers[: self.random.randint(1, 2)])

    def promotions(self, count: int = LIVE) -> list[Promotion]:
        """Return live promotions, a few of them stackable or of the cart."""
        found = [promotion(f"deal-{number:04d}", self.rule(), **self.terms()) for number in range(count - 13)]
        for number in range(10):
            rule = EachUnit(products=listed(self.some(20, 40)), effect=PercentOff(percent_bp=500))
            found.append(promotion(f"member-{number}", rule, stacking="stackable", tiers=["gold"]))
        for number, threshold_minor in enumerate((20_000, 40_000, 80_000)):
            off = AmountOff(amount_minor=threshold_minor // 20)
            found.append(promotion(f"spend-{number}", CartOff(effect=off, threshold_minor=threshold_minor)))
        return found

    def terms(self) -> dict[str, Any]:
        """Return for whom and how often a promotion counts: most for everybody, without bound."""
        drawn = self.random.random()
        if drawn < 0.05:
            return {"per_basket": self.random.randint(1, 2)}
        if drawn < 0.08:
            return {"coupon": self.random.choice(CODES)}
        return {"tiers": ["gold"]} if drawn < 0.13 else {}

    def basket(self, number: int, units: int = UNITS) -> Basket:
        """Return a basket in the order in which it was scanned; some products several times."""
        found: list[Unit] = []
        while len(found) < units:
            product = self.product()
            unit = Unit(gtin=product.gtin, category=product.category, price_minor=product.price_minor)
            found += [unit] * self.random.choices((1, 2, 3, 4), (70, 18, 8, 4))[0]
        found = found[:units]
        self.random.shuffle(found)
        tiers = ["gold"] if self.random.random() < 0.3 else []
        coupons = [code for code in CODES if self.random.random() < 0.1]
        return Basket(op=f"basket-{number}", now_ms=NOW_MS, units=found, tiers=tiers, coupons=coupons)

    def shuffled(self, basket: Basket) -> Basket:
        """Return the same basket, scanned in another order."""
        return msgspec.structs.replace(basket, units=self.random.sample(basket.units, len(basket.units)))


def listed(products: Sequence[Product]) -> Products:
    """Return the set of these products."""
    return Products(gtins=[product.gtin for product in products])


def promotion(name: str, rule: Rule, **more: Any) -> Promotion:
    """Return a promotion that is live."""
    texts = {"en": name, "zh": name}
    return Promotion(id=name, name=texts, starts_ms=NOW_MS - 1, ends_ms=NOW_MS + 1, rule=rule, **more)
