"""The laws of the promotion engine, on baskets that nobody thought of."""

import random
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_specs.rules.promotions import (
    AmountOff,
    AtLeast,
    Basket,
    Budget,
    Bundle,
    BuyGet,
    BuyGetOther,
    CartOff,
    EachUnit,
    FixedPrice,
    Part,
    PercentOff,
    Priced,
    PriceRequest,
    Products,
    Promotion,
    Rule,
    Tier,
    Unit,
    check,
    index,
    price,
    price_basket,
    solve,
)
from tests.bench.baskets import bad_lines
from tests.bench.priority_order import PriorityOrder, generous_first
from tests.bench.promoted import World
from tests.fakes.till_by_hand import TillByHand

GTINS = tuple(f"0000000000000{digit}" for digit in range(4))
CATEGORIES = ("dairy", "bread")
MONEY = st.sampled_from((0, 1, 3, 10, 33, 50, 99, 100))

quantities = st.integers(1, 3)
percents = st.builds(PercentOff, percent_bp=st.sampled_from((500, 1_000, 3_333, 5_000, 10_000)))
amounts = st.builds(AmountOff, amount_minor=MONEY)
effects = percents | amounts | st.builds(FixedPrice, price_minor=MONEY)
products = st.one_of(
    st.builds(Products, gtins=st.lists(st.sampled_from(GTINS), min_size=1, max_size=3, unique=True)),
    st.builds(Products, categories=st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=1)),
    st.just(Products(everything=True)),
)
parts = st.builds(Part, products=products, quantity=st.integers(1, 2))


@st.composite
def at_least(draw: st.DrawFn) -> AtLeast:
    first = draw(st.integers(1, 3))
    tiers = [Tier(quantity=first, effect=PercentOff(percent_bp=draw(st.sampled_from((500, 1_000)))))]
    if draw(st.booleans()):
        tiers.append(Tier(quantity=first + 1, effect=PercentOff(percent_bp=3_333)))
    return AtLeast(products=draw(products), tiers=tiers)


each_unit = st.builds(EachUnit, products=products, effect=effects)
deal_rules = st.one_of(
    each_unit,
    st.builds(BuyGet, products=products, buy=quantities, get=st.integers(1, 2), effect=effects),
    st.builds(BuyGetOther, buy=st.lists(parts, min_size=1, max_size=1), get=parts, effect=effects),
    st.builds(Bundle, parts=st.lists(parts, min_size=1, max_size=2), price_minor=st.integers(0, 200)),
    at_least(),
)


@st.composite
def cart_rules(draw: st.DrawFn) -> CartOff:
    threshold_minor = draw(st.sampled_from((50, 100, 200)))
    effect = draw(percents | st.builds(AmountOff, amount_minor=st.integers(0, threshold_minor)))
    basis = draw(st.sampled_from(("initial", "discounted")))
    return CartOff(
        effect=effect,
        threshold_minor=threshold_minor,
        products=draw(products),
        basis="initial" if basis == "initial" else "discounted",
        repeats=draw(st.booleans()),
    )


def named(name: str, rule: Rule, **more: Any) -> Promotion:
    fields: dict[str, Any] = {
        "id": name,
        "name": {"en": name, "zh": name},
        "starts_ms": 0,
        "ends_ms": 9,
        "rule": rule,
        **more,
    }
    return Promotion(**fields)


@st.composite
def promotion_lists(draw: st.DrawFn, most: int = 4) -> list[Promotion]:
    found = [
        named(f"deal-{number}", rule, per_basket=draw(st.sampled_from((None, None, 1, 2))))
        for number, rule in enumerate(draw(st.lists(deal_rules, min_size=1, max_size=most)))
    ]
    stacked = draw(st.lists(each_unit, max_size=2))
    found += [named(f"member-{number}", rule, stacking="stackable") for number, rule in enumerate(stacked)]
    for number, rule in enumerate(draw(st.lists(cart_rules(), max_size=2))):
        found.append(named(f"z-cart-{number}", rule, stacking=draw(st.sampled_from(("exclusive", "stackable")))))
    return found


def units(most: int) -> st.SearchStrategy[list[Unit]]:
    unit = st.builds(
        lambda place, price_minor: Unit(gtin=GTINS[place], category=CATEGORIES[place % 2], price_minor=price_minor),
        st.integers(0, 3),
        MONEY,
    )
    return st.lists(unit, max_size=most)


def basket(found: list[Unit], **more: Any) -> Basket:
    return Basket(op="sale-1", now_ms=5, units=found, **more)


@settings(max_examples=300, deadline=None)
@given(promotion_lists(), units(6))
def test_a_total_is_the_lowest_that_any_lawful_way_leads_to(promotions: list[Promotion], found: list[Unit]) -> None:
    check(promotions)
    priced = price(index(promotions), basket(found))
    assert priced.is_exact
    assert priced.total_minor == TillByHand(promotions).total_minor(basket(found))


@settings(max_examples=100, deadline=None)
@given(promotion_lists(8), units(14), st.randoms(use_true_random=False))
def test_neither_scanning_nor_listing_in_another_order_changes_anything(
    promotions: list[Promotion], found: list[Unit], chance: random.Random
) -> None:
    priced = price(index(promotions), basket(found))
    for units_or_promotions in (found, promotions):
        chance.shuffle(units_or_promotions)
    assert price(index(promotions), basket(found)) == priced


@settings(max_examples=100, deadline=None)
@given(promotion_lists(8), units(14))
def test_lines_add_up_and_none_is_below_zero_or_above_what_was_charged(
    promotions: list[Promotion], found: list[Unit]
) -> None:
    check_receipt(price(index(promotions), basket(found)), found)


def check_receipt(priced: Priced, found: list[Unit]) -> None:
    assert sorted((line.gtin, line.price_minor) for line in priced.lines) == sorted(
        (unit.gtin, unit.price_minor) for unit in found
    )
    for line in priced.lines:
        assert 0 <= line.pays_minor <= line.price_minor
        assert line.pays_minor == line.price_minor - sum(applied.amount_minor for applied in line.applied)
        for applied in line.applied:
            assert applied.amount_minor >= 0
            assert all(applied.text[language].strip() for language in ("en", "zh"))
    assert priced.total_minor == sum(line.pays_minor for line in priced.lines)
    assert priced.saving_minor == sum(use.amount_minor for use in priced.uses)
    assert priced.saving_minor == sum(unit.price_minor for unit in found) - priced.total_minor


@settings(max_examples=100, deadline=None)
@given(promotion_lists(6), units(12), st.integers(0, 9))
def test_one_more_promotion_never_makes_a_basket_dearer(
    promotions: list[Promotion], found: list[Unit], place: int
) -> None:
    fewer = [promotion for number, promotion in enumerate(promotions) if number != place % len(promotions)]
    assert price(index(promotions), basket(found)).total_minor <= price(index(fewer), basket(found)).total_minor


@settings(max_examples=100, deadline=None)
@given(promotion_lists(6), units(12), st.data())
def test_no_budget_is_overspent(promotions: list[Promotion], found: list[Unit], data: st.DataObject) -> None:
    promotions = [msgspec.structs.replace(promotion, is_budgeted=True) for promotion in promotions]
    budgets = {
        promotion.id: Budget(
            uses_left=data.draw(st.none() | st.integers(0, 3)),
            amount_left_minor=data.draw(st.none() | st.integers(0, 200)),
        )
        for promotion in promotions[1:]
    }
    priced = price(index(promotions), basket(found, budgets=budgets))
    check_receipt(priced, found)
    for use in priced.uses:
        # The first promotion has no lease here.
        budget = budgets[use.promotion]
        assert budget.uses_left is None or use.applications <= budget.uses_left
        assert budget.amount_left_minor is None or use.amount_minor <= budget.amount_left_minor


@settings(max_examples=100, deadline=None)
@given(promotion_lists(), units(6), st.data())
def test_with_few_uses_left_the_total_is_still_the_lowest_lawful_one(
    promotions: list[Promotion], found: list[Unit], data: st.DataObject
) -> None:
    promotions = [
        msgspec.structs.replace(promotion, is_budgeted=True) if promotion.id.startswith("deal") else promotion
        for promotion in promotions
    ]
    budgets = {promotion.id: Budget(uses_left=data.draw(st.integers(0, 3))) for promotion in promotions}
    given_units = basket(found, budgets=budgets)
    assert price(index(promotions), given_units).total_minor == TillByHand(promotions).total_minor(given_units)


@settings(max_examples=100, deadline=None)
@given(promotion_lists(8), units(14), st.randoms(use_true_random=False))
def test_a_search_that_is_cut_short_is_still_lawful_and_independent_of_order(
    promotions: list[Promotion], found: list[Unit], chance: random.Random
) -> None:
    whole = price(index(promotions), basket(found))
    limit, solve.STEPS = solve.STEPS, 0
    try:
        priced = price(index(promotions), basket(found))
        chance.shuffle(found)
        assert price(index(promotions), basket(found)) == priced
    finally:
        solve.STEPS = limit
    check_receipt(priced, found)
    assert priced.total_minor >= whole.total_minor
    assert not priced.is_exact or priced.total_minor == whole.total_minor


@settings(max_examples=100, deadline=None)
@given(promotion_lists(6), units(12))
def test_a_request_and_its_price_survive_the_wire(promotions: list[Promotion], found: list[Unit]) -> None:
    request = PriceRequest(basket=basket(found), promotions=promotions)
    read = msgspec.json.decode(msgspec.json.encode(request), type=PriceRequest)
    assert read == request
    priced = price_basket(read)
    assert msgspec.json.decode(msgspec.json.encode(priced), type=Priced) == priced


def test_who_goes_by_priority_among_three_thousand_promotions_never_finds_a_lower_total() -> None:
    world = World(seed=3)
    promotions = world.promotions()
    check(promotions)
    ready = index(promotions)
    peer = PriorityOrder(generous_first(promotions, {product.gtin: product.price_minor for product in world.products}))
    for number in range(50):
        full = world.basket(number)
        priced = price(ready, full)
        assert priced.is_exact
        assert priced == price(ready, world.shuffled(full))
        assert bad_lines(priced) == 0
        assert priced.total_minor <= peer.total_minor(full)
