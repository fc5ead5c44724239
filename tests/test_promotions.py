"""What promotions do, by example; first every failure of other engines that people reported in public."""

import random
from itertools import permutations
from typing import Any

import msgspec
import pytest

from firmware_specs.desired import Row
from firmware_specs.gtin import with_check_digit
from firmware_specs.instore import CHINA_13, StoreProfile, own_key
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
    Effect,
    FixedPrice,
    Part,
    PercentOff,
    Priced,
    PriceRequest,
    Products,
    Promotion,
    PromotionError,
    Rule,
    Scan,
    Tier,
    Unit,
    check,
    index,
    price,
    price_basket,
)
from firmware_specs.rules.selling import NotSoldError
from firmware_specs.symbology import Symbology

MILK, BREAD, TEA, SOAP = (f"0000000000000{digit}" for digit in range(4))
NOW_MS = 5_000


def promotion(name: str, rule: Rule, /, **more: Any) -> Promotion:
    fields: dict[str, Any] = {"name": {"en": name, "zh": name}, "starts_ms": 0, "ends_ms": 10_000, **more}
    return Promotion(id=name, rule=rule, **fields)


def unit(gtin: str, price_minor: int, quantity: int = 1, **more: Any) -> Unit:
    return Unit(gtin=gtin, price_minor=price_minor, quantity=quantity, **more)


def of(*gtins: str) -> Products:
    return Products(gtins=list(gtins))


def percent(share: int) -> PercentOff:
    return PercentOff(percent_bp=share * 100)


def paid(promotions: list[Promotion], *units: Unit, **more: Any) -> Priced:
    check(promotions)
    return price(index(promotions), Basket(op="sale-1", now_ms=NOW_MS, units=list(units), **more))


ALL = Products(everything=True)
FREE_MILK = promotion("free-milk", BuyGet(products=of(MILK), buy=1, get=1, effect=percent(100)))


# Medusa #14934: a buy-get of a fixed 50,000 was taken for 50,000 %.
def test_a_fixed_amount_in_a_buy_get_is_money_and_not_a_percentage() -> None:
    rule = BuyGet(products=of(TEA), buy=1, get=1, effect=AmountOff(amount_minor=50_000))
    assert paid([promotion("tea", rule)], unit(TEA, 120_000, 2)).saving_minor == 50_000


def test_an_amount_above_a_unit_s_price_takes_no_more_than_the_unit() -> None:
    rule = BuyGet(products=of(TEA, SOAP), buy=1, get=1, effect=AmountOff(amount_minor=50_000))
    assert paid([promotion("tea", rule)], unit(TEA, 120_000), unit(SOAP, 700)).saving_minor == 700


# Medusa #14432, #13431, #11258: which unit is free, and whether one is, depended on how they were added.
def test_buy_one_get_one_is_the_same_in_whatever_order_units_were_added() -> None:
    deal = promotion("mixed", BuyGet(products=of(MILK, BREAD, TEA), buy=1, get=1, effect=percent(100)))
    units = [unit(MILK, 300), unit(BREAD, 200), unit(TEA, 100), unit(MILK, 300)]
    results = [paid([deal], *order) for order in permutations(units)]
    assert all(result == results[0] for result in results)
    assert results[0].saving_minor == 300 + 100


def test_two_units_in_one_line_are_the_same_as_two_lines() -> None:
    assert paid([FREE_MILK], unit(MILK, 300, 2)) == paid([FREE_MILK], unit(MILK, 300), unit(MILK, 300))


# Medusa #9002, Odoo #69807: applied once only, however many were bought.
def test_a_deal_applies_as_often_as_the_units_allow() -> None:
    priced = paid([FREE_MILK], unit(MILK, 300, 5))
    assert priced.total_minor == 3 * 300
    assert priced.uses[0].applications == 2


def test_a_deal_with_a_bound_applies_so_often_and_to_the_dearest() -> None:
    once = msgspec.structs.replace(FREE_MILK, per_basket=1)
    assert paid([once], unit(MILK, 300, 2), unit(MILK, 200, 4)).saving_minor == 300


# ERPNext #25364: conditions that mix products and groups of products did not fire at the till.
def test_products_and_categories_may_be_mixed_in_one_condition() -> None:
    mixed = Products(gtins=[TEA], categories=["dairy"])
    deal = promotion("mixed", AtLeast(products=mixed, tiers=[Tier(quantity=3, effect=percent(10))]))
    units = [unit(TEA, 1000), unit(MILK, 500, category="dairy"), unit(BREAD, 400, category="dairy")]
    assert paid([deal], *units).saving_minor == 100 + 50 + 40


# ERPNext #41636, #53712: rules of equal priority raised an error in front of a cashier.
@pytest.mark.parametrize("stacking", ["exclusive", "stackable", "highest", "lowest", "list"])
def test_promotions_that_are_equal_in_everything_are_ordered_and_raise_nothing(stacking: str) -> None:
    group = "equal" if stacking in ("highest", "lowest", "list") else None
    twins = [
        promotion(name, EachUnit(products=ALL, effect=percent(10)), stacking=stacking, group=group)
        for name in ("first", "second")
    ]
    priced = paid(twins, unit(MILK, 1000))
    assert priced == paid(twins[::-1], unit(MILK, 1000))
    assert priced.total_minor == (810 if stacking == "stackable" else 900)
    assert priced.uses[0].promotion == "first"


# Saleor #15025, #15051, #16485: prices waited for a background worker; without it discounts were silently absent.
def test_a_price_is_a_function_of_basket_promotions_and_time_alone() -> None:
    sale = promotion("sale", EachUnit(products=ALL, effect=percent(50)), starts_ms=1_000, ends_ms=2_000)
    ready = index([sale])
    totals = {
        now_ms: price(ready, Basket(op="sale-1", now_ms=now_ms, units=[unit(MILK, 100)])).total_minor
        for now_ms in (2_000, 999, 1_999, 1_000)
    }
    assert totals == {999: 100, 1_000: 50, 1_999: 50, 2_000: 100}


# Odoo #111000: a promotion was lost when the order was opened again.
def test_a_basket_that_is_opened_again_has_the_price_that_it_had() -> None:
    request = PriceRequest(
        basket=Basket(op="sale-1", now_ms=NOW_MS, units=[unit(MILK, 300, 3)]), promotions=[FREE_MILK]
    )
    first = price_basket(request)
    again = price_basket(msgspec.json.decode(msgspec.json.encode(request), type=PriceRequest))
    assert again == first
    assert first.saving_minor == 300


def test_a_unit_taken_out_and_put_back_leaves_no_trace() -> None:
    full = [unit(MILK, 300), unit(MILK, 300), unit(TEA, 100)]
    ready = index([FREE_MILK])
    before, between, after = (
        price(ready, Basket(op="sale-1", now_ms=NOW_MS, units=units)) for units in (full, full[1:], full[::-1])
    )
    assert (before, between.saving_minor) == (after, 0)


# Odoo #165646, #127770: the reward of an empty or free basket became minus infinity.
@pytest.mark.parametrize("units", [[], [unit(MILK, 0, 3)]])
def test_a_basket_worth_nothing_costs_nothing(units: list[Unit]) -> None:
    promotions = [
        FREE_MILK,
        promotion("bundle", Bundle(parts=[Part(products=ALL, quantity=2)], price_minor=0)),
        promotion("cart", CartOff(effect=percent(100))),
        promotion("member", EachUnit(products=ALL, effect=percent(100)), stacking="stackable"),
    ]
    priced = paid(promotions, *units)
    assert (priced.total_minor, priced.saving_minor, priced.uses) == (0, 0, [])


# ERPNext #12971, POSNext #50, OCA/pos #185, Odoo PR #270532: what was sent twice was booked twice.
def test_what_a_basket_uses_up_is_booked_once_however_often_it_is_sent() -> None:
    coupon = promotion("coupon", CartOff(effect=AmountOff(amount_minor=100), threshold_minor=500), coupon="TEN")
    deal = msgspec.structs.replace(FREE_MILK, is_budgeted=True)
    ledger: dict[str, int] = {}
    for _ in range(3):
        priced = paid([coupon, deal], unit(MILK, 300, 4), coupons=["TEN"], budgets={"free-milk": Budget()})
        for use in priced.uses:
            ledger.setdefault(use.op_id, use.amount_minor)
    assert ledger == {"sale-1/coupon": 100, "sale-1/free-milk": 600}


def test_priority_order_would_lose_what_the_best_total_finds() -> None:
    # Taking the pair first, because it saves most at once, leaves the tea without its partner.
    promotions = [
        promotion("pair", Bundle(parts=[Part(products=of(MILK)), Part(products=of(BREAD))], price_minor=900)),
        promotion("milk-tea", Bundle(parts=[Part(products=of(MILK)), Part(products=of(TEA))], price_minor=920)),
        promotion("bread-soap", Bundle(parts=[Part(products=of(BREAD)), Part(products=of(SOAP))], price_minor=920)),
    ]
    priced = paid(promotions, unit(MILK, 500), unit(BREAD, 500), unit(TEA, 500), unit(SOAP, 500))
    assert priced.saving_minor == 80 + 80
    assert [use.promotion for use in priced.uses] == ["bread-soap", "milk-tea"]


def test_a_bundle_s_discount_is_exact_to_the_last_minor_unit() -> None:
    deal = promotion("three", Bundle(parts=[Part(products=of(MILK), quantity=3)], price_minor=1000))
    priced = paid([deal], unit(MILK, 399, 3))
    assert [line.pays_minor for line in priced.lines] == [333, 333, 334]
    assert priced.total_minor == 1000


def test_a_bundle_dearer_than_its_units_is_left_alone() -> None:
    deal = promotion("three", Bundle(parts=[Part(products=of(MILK), quantity=3)], price_minor=1000))
    assert paid([deal], unit(MILK, 300, 3)).uses == []


def test_who_buys_one_thing_gets_another_cheaper() -> None:
    rule = BuyGetOther(buy=[Part(products=of(TEA), quantity=2)], get=Part(products=of(SOAP)), effect=percent(50))
    priced = paid([promotion("tea-soap", rule)], unit(TEA, 400, 3), unit(SOAP, 700, 2))
    assert priced.saving_minor == 350
    needed = [line for line in priced.lines if line.applied and line.pays_minor == line.price_minor]
    assert [line.gtin for line in needed] == [TEA, TEA]
    assert {line.applied[0].application for line in needed} == {1}


def test_the_highest_tier_that_is_reached_counts_for_every_unit() -> None:
    tiers = [Tier(quantity=2, effect=percent(10)), Tier(quantity=4, effect=percent(20))]
    deal = promotion("tea", AtLeast(products=of(TEA), tiers=tiers))
    assert [paid([deal], unit(TEA, 100, count)).saving_minor for count in (1, 2, 3, 4, 5)] == [0, 20, 30, 80, 100]
    assert paid([deal], unit(TEA, 100, 5)).uses[0].applications == 1


def test_a_stackable_promotion_comes_first_and_an_advertised_bundle_price_stays_what_it_says() -> None:
    member = promotion("member", EachUnit(products=ALL, effect=percent(10)), stacking="stackable", tiers=["gold"])
    deal = promotion("three", Bundle(parts=[Part(products=of(MILK), quantity=3)], price_minor=1000))
    assert paid([member, deal], unit(MILK, 500, 3), unit(TEA, 200), tiers=["gold"]).total_minor == 1000 + 180
    assert paid([member, deal], unit(MILK, 500, 3), unit(TEA, 200)).total_minor == 1000 + 200


@pytest.mark.parametrize(("stacking", "saved_minor"), [("highest", 300), ("lowest", 100), ("list", 250)])
def test_a_group_gives_one_of_its_promotions(stacking: str, saved_minor: int) -> None:
    effects: dict[str, Effect] = {"a": percent(10), "b": AmountOff(amount_minor=250), "c": FixedPrice(price_minor=700)}
    orders = {"a": 2, "b": 1, "c": 2} if stacking == "list" else dict.fromkeys(effects, 0)
    promotions = [
        promotion(name, EachUnit(products=ALL, effect=effect), stacking=stacking, group="week", order=orders[name])
        for name, effect in effects.items()
    ]
    assert paid(promotions, unit(MILK, 1000)).saving_minor == saved_minor


def test_stackable_promotions_come_in_their_order() -> None:
    def saved_minor(percent_order: int) -> int:
        share = promotion(
            "share", EachUnit(products=ALL, effect=percent(50)), stacking="stackable", order=percent_order
        )
        amount = promotion(
            "amount", EachUnit(products=ALL, effect=AmountOff(amount_minor=100)), stacking="stackable", order=1
        )
        return paid([amount, share], unit(MILK, 1000)).saving_minor

    assert (saved_minor(0), saved_minor(2)) == (600, 550)


def test_a_percentage_is_rounded_on_each_unit_for_the_shopper() -> None:
    half = promotion("half", EachUnit(products=ALL, effect=percent(50)))
    assert [line.pays_minor for line in paid([half], unit(MILK, 99, 2)).lines] == [49, 49]


def test_the_cart_s_threshold_counts_what_was_charged_so_no_promotion_takes_another_away() -> None:
    cart = promotion("cart", CartOff(effect=AmountOff(amount_minor=200), threshold_minor=1000))
    half = promotion("half", EachUnit(products=of(MILK), effect=percent(50)))
    priced = paid([cart, half], unit(MILK, 600), unit(TEA, 400))
    assert priced.total_minor == 300 + 400 - 200
    # 200 spread over 400 and 300, the larger remainder up.
    assert [(line.gtin, line.pays_minor) for line in priced.lines] == [(MILK, 214), (TEA, 286)]


def test_an_amount_for_every_full_threshold_is_given_so_often_and_never_below_zero() -> None:
    rule = CartOff(effect=AmountOff(amount_minor=100), threshold_minor=100, repeats=True)
    assert paid([promotion("every", rule)], unit(MILK, 250)).saving_minor == 200
    capped = msgspec.structs.replace(rule, most_minor=150)
    assert paid([promotion("every", capped)], unit(MILK, 250)).saving_minor == 150
    free = promotion("free", EachUnit(products=ALL, effect=percent(100)))
    assert paid([promotion("every", rule), free], unit(MILK, 250)).total_minor == 0


@pytest.mark.parametrize(("basis", "total_minor"), [("initial", 400), ("discounted", 450)])
def test_a_percentage_off_the_cart_is_of_the_declared_amount(basis: Any, total_minor: int) -> None:
    half = promotion("half", EachUnit(products=ALL, effect=percent(50)))
    cart = promotion("cart", CartOff(effect=percent(10), basis=basis))
    assert paid([half, cart], unit(MILK, 1000)).total_minor == total_minor


def test_of_the_cart_s_exclusive_promotions_the_best_of_each_group_counts() -> None:
    promotions = [
        promotion("ten", CartOff(effect=percent(10))),
        promotion("fifteen", CartOff(effect=percent(15))),
        promotion("bank", CartOff(effect=AmountOff(amount_minor=50), threshold_minor=500), group="bank"),
        promotion("card", CartOff(effect=AmountOff(amount_minor=10), threshold_minor=10), stacking="stackable"),
    ]
    assert paid(promotions, unit(MILK, 1000)).saving_minor == 150 + 50 + 10


def test_a_coupon_counts_only_when_presented_and_is_redeemed_only_when_something_came_off() -> None:
    coupon = promotion("coupon", EachUnit(products=of(TEA), effect=percent(20)), coupon="TEA20")
    assert paid([coupon], unit(TEA, 100)).saving_minor == 0
    assert paid([coupon], unit(MILK, 100), coupons=["TEA20"]).uses == []
    (use,) = paid([coupon], unit(TEA, 100, 3), coupons=["TEA20", "TEA20"]).uses
    assert (use.coupon, use.applications, use.amount_minor) == ("TEA20", 3, 60)


def test_a_coupon_is_kept_when_the_basket_costs_the_same_without_it() -> None:
    coupon = promotion("a-coupon", EachUnit(products=of(TEA), effect=percent(20)), coupon="TEA20")
    pair = promotion("b-pair", BuyGet(products=of(TEA), buy=1, get=1, effect=percent(40)))
    both = paid([coupon, pair], unit(TEA, 100, 2), coupons=["TEA20"])
    assert [use.promotion for use in both.uses] == ["b-pair"]


def test_a_budget_that_was_not_leased_is_not_there() -> None:
    deal = msgspec.structs.replace(FREE_MILK, is_budgeted=True)
    units = unit(MILK, 300, 6)
    assert paid([deal], units).saving_minor == 0
    assert paid([deal], units, budgets={"free-milk": Budget(uses_left=2)}).saving_minor == 600
    assert paid([deal], units, budgets={"free-milk": Budget(amount_left_minor=899)}).saving_minor == 0
    assert paid([deal], units, budgets={"free-milk": Budget(amount_left_minor=900)}).saving_minor == 900


def test_a_stackable_promotion_is_for_all_units_or_for_none() -> None:
    member = promotion("member", EachUnit(products=ALL, effect=percent(10)), stacking="stackable", is_budgeted=True)
    units = unit(MILK, 300), unit(TEA, 200)
    assert paid([member], *units, budgets={"member": Budget(amount_left_minor=49)}).saving_minor == 0
    priced = paid([member], *units, budgets={"member": Budget(uses_left=1, amount_left_minor=50)})
    assert (priced.uses[0].applications, priced.saving_minor) == (1, 50)


def test_what_the_law_forbids_to_discount_stays_out_of_everything() -> None:
    promotions = [
        promotion("half", EachUnit(products=ALL, effect=percent(50))),
        promotion("cart", CartOff(effect=percent(50), threshold_minor=1000)),
    ]
    priced = paid(promotions, unit(SOAP, 900, promotable=False), unit(MILK, 200))
    assert [(line.gtin, line.pays_minor) for line in priced.lines] == [(MILK, 100), (SOAP, 900)]


def test_every_discount_says_why_in_both_languages() -> None:
    deal = promotion("milk", FREE_MILK.rule, name={"en": "Milk for two", "zh": "牛奶买一送一"})
    free = [line for line in paid([deal], unit(MILK, 300, 2)).lines if line.pays_minor == 0]
    assert free[0].applied[0].text == {
        "en": "Milk for two: of 2 units the 1 cheapest reduced",
        "zh": "牛奶买一送一：每2件中价格最低的1件优惠",
    }


def test_a_full_trolley_under_many_linked_deals_is_priced_in_time() -> None:
    chance = random.Random(7)
    gtins = [f"{number:014d}" for number in range(30)]
    deals = [
        promotion(
            f"deal-{number}", Bundle(parts=[Part(products=of(*chance.sample(gtins, 8)), quantity=4)], price_minor=900)
        )
        for number in range(40)
    ]
    priced = paid(deals, *(unit(gtin, chance.randint(200, 500), 4) for gtin in gtins))
    assert 0 < priced.total_minor < sum(line.price_minor for line in priced.lines)


ROWS = [
    Row(gtin=gtin, name={}, price_minor=price_minor, floor_minor=price_minor, category="dairy")
    for gtin, price_minor in ((MILK, 300), (TEA, 900))
]
TIERS = [Tier(quantity=2, effect=percent(20)), Tier(quantity=3, effect=percent(10))]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (promotion("p", EachUnit(products=of(SOAP), effect=percent(10))), "rule.products"),
        (promotion("p", EachUnit(products=Products(categories=["toys"]), effect=percent(10))), "rule.products"),
        (promotion("p", EachUnit(products=Products(), effect=percent(10))), "rule.products"),
        (promotion("p", EachUnit(products=ALL, effect=percent(101))), "rule.effect.percent_bp"),
        (promotion("p", EachUnit(products=ALL, effect=AmountOff(amount_minor=301))), "rule.effect.amount_minor"),
        (promotion("p", CartOff(effect=AmountOff(amount_minor=2), threshold_minor=1)), "rule.effect.amount_minor"),
        (promotion("p", EachUnit(products=ALL, effect=percent(10)), name={"en": "Sale"}), "name.zh"),
        (promotion("p", EachUnit(products=ALL, effect=percent(10)), name={"en": " ", "zh": "特价"}), "name.en"),
        (promotion("p", EachUnit(products=ALL, effect=percent(10)), ends_ms=0), "ends_ms"),
        (promotion("p", AtLeast(products=ALL, tiers=TIERS)), "rule.tiers"),
        (promotion("p", Bundle(parts=[Part(products=ALL, quantity=101)], price_minor=1)), "rule"),
        (promotion("p", FREE_MILK.rule, stacking="stackable"), "stacking"),
        (promotion("p", EachUnit(products=ALL, effect=percent(10)), stacking="highest"), "group"),
        (promotion("p", EachUnit(products=ALL, effect=percent(10)), group="g"), "group"),
        (promotion("p", CartOff(effect=percent(10)), per_basket=1), "per_basket"),
        (promotion("free-milk", EachUnit(products=ALL, effect=percent(10))), "id"),
        (promotion("p", EachUnit(products=ALL, effect=percent(10)), stacking="list", group="week"), "group"),
        (
            promotion("p", EachUnit(products=ALL, effect=percent(10)), stacking="highest", group="week", order=1),
            "group",
        ),
        (promotion("p", CartOff(effect=percent(10)), stacking="highest", group="week"), "group"),
    ],
)
def test_what_must_not_go_live_is_refused_by_name_with_the_field_and_a_remedy(wrong: Promotion, field: str) -> None:
    week = promotion("week-1", EachUnit(products=ALL, effect=percent(10)), stacking="highest", group="week")
    check([FREE_MILK, week], ROWS)
    with pytest.raises(PromotionError) as caught:
        check([FREE_MILK, week, wrong], ROWS)
    assert (caught.value.promotion, caught.value.field) == (wrong.id, field)
    assert caught.value.remedy


PORK = own_key(12345)
CODES = StoreProfile(store="s1", patterns=CHINA_13)


def scanned(*scans: Scan, codes: StoreProfile | None = CODES) -> PriceRequest:
    """Return a request whose basket is what was scanned."""
    pork = Row(gtin=PORK, name={"en": "Pork"}, price_minor=3980, floor_minor=3980, category="meat", measure="kg")
    half = promotion("half", EachUnit(products=Products(categories=["meat"]), effect=percent(50)))
    empty = Basket(op="t-1", now_ms=1, units=[])
    return PriceRequest(basket=empty, promotions=[half], rows=[pork], scans=[*scans], codes=codes)


def test_codes_are_priced_as_a_till_would() -> None:
    weighed = with_check_digit("221234500482")
    found = price_basket(scanned(Scan(text=weighed, count=2)))
    assert [(line.gtin, line.price_minor, line.pays_minor) for line in found.lines] == [(PORK, 1918, 959)] * 2
    link = f"https://id.gs1.org/01/{PORK}?3103=001000"
    assert price_basket(scanned(Scan(text=link, symbology=Symbology.QR))).total_minor == 1990


@pytest.mark.parametrize(
    ("text", "codes", "reason"),
    [
        (with_check_digit("221234500000"), CODES, "not-weighed"),
        (with_check_digit("221234500482"), None, "no-pattern"),
        ("6901234567892", CODES, "not-known"),
        ("6901234567893", CODES, "broken"),
    ],
)
def test_a_code_that_is_not_sold_prices_no_basket(text: str, codes: StoreProfile | None, reason: str) -> None:
    with pytest.raises(NotSoldError) as refused:
        price_basket(scanned(Scan(text=text), codes=codes))
    assert refused.value.reason == reason
