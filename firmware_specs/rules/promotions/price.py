"""The price of a basket, layer by layer: the stackable promotions, the best deals, then the cart."""

from collections import Counter
from collections.abc import Mapping

from msgspec import structs

from firmware_specs.rules.promotions.cart import take_off_cart
from firmware_specs.rules.promotions.check import check
from firmware_specs.rules.promotions.eligible import Eligibility
from firmware_specs.rules.promotions.index import Index, Ranked, index
from firmware_specs.rules.promotions.model import Basket, EachUnit, Priced, PriceRequest, Promotion
from firmware_specs.rules.promotions.on_offer import Kind, good, offers
from firmware_specs.rules.promotions.plan import lines
from firmware_specs.rules.promotions.receipt import Line, priced
from firmware_specs.rules.promotions.scans import scanned_units
from firmware_specs.rules.promotions.solve import best
from firmware_specs.rules.promotions.stack import stacked


def price_basket(request: PriceRequest) -> Priced:
    """Return the price of a basket under the promotions that come with it.

    Raises PromotionError for a promotion that must not be live, NotSoldError for a scan that is not sold.
    """
    check(request.promotions, request.rows)
    basket = request.basket
    if request.scans:
        basket = structs.replace(basket, units=[*basket.units, *scanned_units(request)])
    return price(index(request.promotions), basket)


def price(ready: Index, basket: Basket) -> Priced:
    """Return the lowest lawful price of a basket; never raises for promotions that `check` let pass.

    The result depends on which units are in the basket, never on the order in which they came.
    """
    eligible = Eligibility(basket)
    kinds: Counter[Kind] = Counter()
    for unit in basket.units:
        if unit.promotable:
            kinds[unit.gtin, unit.category, unit.price_minor] += unit.quantity
    stacks = _stacks(ready, eligible, kinds)
    goods = [
        good(ready, eligible, kind, quantity, *stacked(stacks[kind], kind[2], _off)) for kind, quantity in kinds.items()
    ]
    goods.sort(key=lambda each: (-each.price_minor, each.gtin, each.category, each.charged_minor))
    takes, is_exact = best(goods, offers(ready, eligible, goods))
    receipt = lines(goods, takes)
    take_off_cart(ready.carts, eligible, kinds, receipt)
    for unit in basket.units:
        if not unit.promotable:
            receipt += [Line(unit.gtin, unit.price_minor, unit.price_minor) for _ in range(unit.quantity)]
    return priced(basket.op, receipt, ready.texts, is_exact=is_exact)


def _off(promotion: Promotion, price_minor: int) -> int:
    assert isinstance(promotion.rule, EachUnit)
    return promotion.rule.effect.off(price_minor)


def _stacks(ready: Index, eligible: Eligibility, kinds: Mapping[Kind, int]) -> dict[Kind, list[Ranked]]:
    """Return the stackable promotions that are open to each kind.

    One whose budget could not pay for all its units at the prices charged is given to none of them.
    """
    found = {}
    needs_minor: Counter[str] = Counter()
    for kind, quantity in kinds.items():
        gtin, category, charged_minor = kind
        found[kind] = [each for each in ready.stacks.of(gtin, category) if eligible.is_open(each.promotion)]
        for each in found[kind]:
            needs_minor[each.promotion.id] += _off(each.promotion, charged_minor) * quantity
    return {
        kind: [each for each in ranked if eligible.covers(each.promotion, needs_minor[each.promotion.id])]
        for kind, ranked in found.items()
    }
