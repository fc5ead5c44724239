"""What must not go live: a promotion that nobody can explain, that contradicts itself or prices below zero."""

from collections.abc import Iterable, Iterator, Sequence

from firmware_specs.desired import Row
from firmware_specs.rules.promotions.explain import LANGUAGES
from firmware_specs.rules.promotions.index import slot_name
from firmware_specs.rules.promotions.model import (
    AmountOff,
    AtLeast,
    Bundle,
    BuyGet,
    BuyGetOther,
    CartOff,
    EachUnit,
    Effect,
    PercentOff,
    Products,
    Promotion,
)

MOST_UNITS = 100
"""One application has at most so many units."""


class PromotionError(ValueError):
    """A promotion that must not be live: which, in which field, and what to do about it."""

    def __init__(self, promotion: str, field: str, remedy: str) -> None:
        super().__init__(f"promotion {promotion}: {field}: {remedy}")
        self.promotion = promotion
        self.field = field
        self.remedy = remedy


def check(promotions: Sequence[Promotion], rows: Iterable[Row] | None = None) -> None:
    """Return when all promotions may be live together.

    Args:
        promotions: everything that is to be live.
        rows: the price book's; without them nothing is said about products and their prices.

    Raises PromotionError for the first that may not.
    """
    groups: dict[tuple[bool, str], Promotion] = {}
    seen: set[str] = set()
    for promotion in promotions:
        if promotion.id in seen:
            raise PromotionError(promotion.id, "id", "is there twice: give each promotion its own")
        seen.add(promotion.id)
        for field, remedy in _faults(promotion):
            raise PromotionError(promotion.id, field, remedy)
        if promotion.stacking == "exclusive" and not isinstance(promotion.rule, CartOff):
            continue
        first = groups.setdefault(slot_name(promotion), promotion)
        if _way(first) != _way(promotion):
            remedy = f"a group has one mode, one scope and one order: do as {first.id} does, or name another group"
            raise PromotionError(promotion.id, "group", remedy)
    if rows is not None:
        _check_products(promotions, rows)


def _way(promotion: Promotion) -> tuple[str, bool, int]:
    # In a list the order is that of its members; elsewhere it is the group's place among the others.
    order = 0 if promotion.stacking == "list" else promotion.order
    return promotion.stacking, isinstance(promotion.rule, CartOff), order


def _faults(promotion: Promotion) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a promotion taken by itself, as field and remedy."""
    for language in LANGUAGES:
        if not promotion.name.get(language, "").strip():
            yield f"name.{language}", "is empty: say in the shopper's words why the price is lower"
    if promotion.starts_ms >= promotion.ends_ms:
        yield "ends_ms", "is not after starts_ms: the promotion would never count"
    yield from _stacking_faults(promotion)
    yield from _rule_faults(promotion)


def _stacking_faults(promotion: Promotion) -> Iterator[tuple[str, str]]:
    is_cart, is_each = isinstance(promotion.rule, CartOff), isinstance(promotion.rule, EachUnit)
    if promotion.stacking != "exclusive" and not (is_cart or is_each):
        yield "stacking", "units that are counted together are so once only: make it exclusive"
    if promotion.stacking in ("highest", "lowest", "list") and promotion.group is None:
        yield "group", f"{promotion.stacking} chooses within a group: name one"
    if promotion.group is not None and (
        promotion.stacking == "stackable" or (promotion.stacking == "exclusive" and not is_cart)
    ):
        yield "group", f"nothing is chosen within a group where stacking is {promotion.stacking}: leave it out"
    if promotion.per_basket is not None and (is_cart or promotion.stacking != "exclusive"):
        yield "per_basket", "a stackable or cart promotion applies once to a basket anyway: leave it out"


def _rule_faults(promotion: Promotion) -> Iterator[tuple[str, str]]:
    rule = promotion.rule
    for where, effect in _effects(promotion):
        if isinstance(effect, PercentOff) and effect.percent_bp > 10_000:
            yield f"{where}.percent_bp", f"{effect.percent_bp / 100:g} % would price below zero: at most 10,000 (100 %)"
    for where, products in product_sets(promotion):
        if not (products.gtins or products.categories or products.everything):
            yield where, "is empty: list GTINs or categories, or say everything"
    if _size(promotion) > MOST_UNITS:
        yield "rule", f"counts {_size(promotion)} units together: at most {MOST_UNITS}"
    if isinstance(rule, AtLeast):
        for before, after in zip(rule.tiers, rule.tiers[1:], strict=False):
            if before.quantity >= after.quantity or not _is_better(before.effect, after.effect):
                yield "rule.tiers", f"the tier of {after.quantity} must need more than the one before and give more"
    if (
        isinstance(rule, CartOff)
        and isinstance(rule.effect, AmountOff)
        and rule.effect.amount_minor > rule.threshold_minor
    ):
        yield "rule.effect.amount_minor", "is above threshold_minor and would price below zero: lower it"


def _is_better(before: Effect, after: Effect) -> bool:
    """Return whether a higher tier gives more on every unit; effects of two sorts cannot be compared."""
    if isinstance(before, PercentOff) and isinstance(after, PercentOff):
        return before.percent_bp < after.percent_bp
    if isinstance(before, AmountOff) and isinstance(after, AmountOff):
        return before.amount_minor < after.amount_minor
    if isinstance(before, PercentOff | AmountOff) or isinstance(after, PercentOff | AmountOff):
        return False
    return before.price_minor > after.price_minor


def _effects(promotion: Promotion) -> list[tuple[str, Effect]]:
    match promotion.rule:
        case AtLeast(tiers=tiers):
            return [(f"rule.tiers[{number}].effect", tier.effect) for number, tier in enumerate(tiers)]
        case Bundle():
            return []
        case EachUnit(effect=effect) | BuyGet(effect=effect) | BuyGetOther(effect=effect) | CartOff(effect=effect):
            return [("rule.effect", effect)]


def product_sets(promotion: Promotion) -> list[tuple[str, Products]]:
    """Return the product sets of a promotion with the field each stands in; the last is the one that pays less."""
    match promotion.rule:
        case Bundle(parts=parts):
            return [(f"rule.parts[{number}].products", part.products) for number, part in enumerate(parts)]
        case BuyGetOther(buy=buy, get=get):
            bought = [(f"rule.buy[{number}].products", part.products) for number, part in enumerate(buy)]
            return [*bought, ("rule.get.products", get.products)]
        case EachUnit(products=products) | BuyGet(products=products) | AtLeast(products=products):
            return [("rule.products", products)]
        case CartOff(products=products):
            return [("rule.products", products)]


def _size(promotion: Promotion) -> int:
    match promotion.rule:
        case Bundle(parts=parts):
            return sum(part.quantity for part in parts)
        case BuyGetOther(buy=buy, get=get):
            return sum(part.quantity for part in (*buy, get))
        case BuyGet(buy=buy, get=get):
            return buy + get
        case AtLeast(tiers=tiers):
            return max(tier.quantity for tier in tiers)
        case _:
            return 1


def _check_products(promotions: Iterable[Promotion], rows: Iterable[Row]) -> None:
    """Raise PromotionError for unknown products, and for an amount above the price of one that it comes off."""
    lowest_minor: dict[str, int] = {}
    categories: dict[str, int] = {}
    for row in rows:
        lowest_minor[row.gtin] = min(row.price_minor, row.floor_minor)
        categories[row.category] = min(lowest_minor[row.gtin], categories.get(row.category, lowest_minor[row.gtin]))
    for promotion in promotions:
        for where, products in product_sets(promotion):
            unknown = [gtin for gtin in products.gtins if gtin not in lowest_minor]
            unknown += [category for category in products.categories if category not in categories]
            if unknown:
                raise PromotionError(
                    promotion.id, where, f"{unknown[0]} is not in the price book: correct or remove it"
                )
        if isinstance(promotion.rule, CartOff):
            continue
        # The last set is the one that the effect is on.
        *_, (_, products) = product_sets(promotion)
        prices = [lowest_minor[gtin] for gtin in products.gtins]
        prices += [categories[category] for category in products.categories]
        prices += lowest_minor.values() if products.everything else []
        for where, effect in _effects(promotion):
            cheaper = [price for price in prices if isinstance(effect, AmountOff) and price < effect.amount_minor]
            if cheaper:
                remedy = f"would price a product of {min(cheaper)} below zero: lower it or leave that product out"
                raise PromotionError(promotion.id, f"{where}.amount_minor", remedy)
