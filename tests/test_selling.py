"""What may be sold, and what a pack costs whose code says its price, weight or count."""

from contextlib import suppress
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.desired import Row
from firmware_specs.gtin import is_restricted, is_variable_measure, normal, with_check_digit
from firmware_specs.instore import (
    CHINA_13,
    CHINA_18,
    InStore,
    InStoreError,
    Pattern,
    StoreProfile,
    encode,
    key_of,
    own_key,
    own_number,
)
from firmware_specs.rules.selling import PLAIN, NotSoldError, Pack, cost_of, goods_of, not_in_book, pack_of, priced_g
from firmware_specs.scanned import Scanned
from firmware_specs.symbology import Symbology

TODAY = date(2026, 11, 26)
PROFILE = StoreProfile(store="s1", patterns=CHINA_13 + CHINA_18, currency_number="156")
GTIN = "06901234567892"
KEY = own_key(12345)


def row(gtin: str = KEY, *, price_minor: int = 3980, measure: str = "kg") -> Row:
    """Return a row of a price book."""
    return Row(gtin=gtin, name={"en": "Pork"}, price_minor=price_minor, floor_minor=price_minor, measure=measure)


def scan(text: str, symbology: Symbology = Symbology.EAN_13, profile: StoreProfile = PROFILE) -> Scanned | None:
    """Return what may be sold of a code today."""
    return goods_of(text, symbology, profile, today=TODAY)


def code(template: str, **said: int) -> str:
    """Return the scale's code that says it."""
    (pattern,) = (each for each in PROFILE.patterns if each.template.startswith(template))
    return encode(pattern, InStore(number=12345, **said))


# -- keys


@given(st.integers(0, 10**11 - 1))
def test_an_item_number_has_a_key_of_its_own(number: int) -> None:
    key = own_key(number)
    assert normal(key) == key
    assert own_number(key) == number
    assert is_variable_measure(key)
    assert is_restricted(key)


def test_a_number_that_has_no_key_is_named() -> None:
    with pytest.raises(InStoreError, match="item number 100000000000: expected 1 to 11 digits"):
        own_key(10**11)
    assert own_number(GTIN) is None


def test_all_patterns_say_the_same_product_by_the_same_key() -> None:
    codes = [code("20", price_minor=5), code("21"), code("22", weight_g=482), code("26", price_minor=1, weight_g=1)]
    symbologies = [Symbology.EAN_13] * 3 + [Symbology.CODE_128]
    keys = {found.key for text, kind in zip(codes, symbologies, strict=True) if (found := scan(text, kind))}
    assert keys == {KEY}
    itself = scan(KEY, Symbology.ITF_14)
    assert itself is not None
    assert itself.key == KEY


def test_a_list_may_have_a_scales_code_for_its_item() -> None:
    assert key_of(normal(code("21")), PROFILE) == KEY
    assert key_of(normal(code("22", weight_g=482)), PROFILE) == KEY
    assert key_of(GTIN, PROFILE) == GTIN
    assert key_of(KEY, PROFILE) == KEY
    assert key_of(normal(code("21")), StoreProfile(store="s1")) == normal(code("21"))


# -- what is charged


@pytest.mark.parametrize(
    ("pack", "costs"),
    [
        (Pack(weight_g=482), 1918),
        (Pack(price_minor=2000), 2000),
        # Packed before the price came down, and before it went up.
        (Pack(price_minor=2000, weight_g=482), 1918),
        (Pack(price_minor=1900, weight_g=482), 1900),
    ],
)
def test_a_pack_by_weight_costs_the_lower_of_its_price_and_its_weight(pack: Pack, costs: int) -> None:
    assert cost_of(row(), 3980, pack).total_minor == costs


@given(st.integers(1, 10**6), st.integers(1, 10**5), st.sampled_from(["kg", "500 g", "斤", "100g", "lb", "两"]))
def test_weight_times_price_is_exact_and_rounded_half_up(price_minor: int, weight_g: int, measure: str) -> None:
    product = row(measure=measure)
    grams = priced_g(product)
    assert grams is not None
    exact = Fraction(price_minor * weight_g) / grams
    off = cost_of(product, price_minor, Pack(weight_g=weight_g)).total_minor - exact
    assert -Fraction(1, 2) < off <= Fraction(1, 2)


def test_goods_by_the_piece_cost_their_count() -> None:
    eggs = row(price_minor=150, measure="piece")
    assert cost_of(eggs, 150, Pack(count=6)).total_minor == 900
    assert cost_of(eggs, 150, PLAIN).total_minor == 150
    # Thousandths of a piece.
    assert cost_of(eggs, 150, Pack(price_minor=320, weight_g=2000)).total_minor == 300
    assert cost_of(eggs, 150, Pack(price_minor=320)).total_minor == 320


@pytest.mark.parametrize(
    ("pack", "costs"),
    [(PLAIN, 990), (Pack(weight_g=482), 990), (Pack(price_minor=800), 800), (Pack(price_minor=1200), 990)],
)
def test_a_fixed_measure_costs_the_books_price_or_less(pack: Pack, costs: int) -> None:
    assert cost_of(row(GTIN, price_minor=990), 990, pack).total_minor == costs


@pytest.mark.parametrize(
    ("measure", "pack", "reason"),
    [("kg", PLAIN, "not-weighed"), ("kg", Pack(count=2), "not-weighed"), ("piece", Pack(weight_g=5), "not-by-weight")],
)
def test_a_pack_without_what_its_price_needs_is_not_sold(measure: str, pack: Pack, reason: str) -> None:
    with pytest.raises(NotSoldError) as refused:
        cost_of(row(measure=measure), 3980, pack)
    assert refused.value.reason == reason


@pytest.mark.parametrize("measure", ["", "piece", "l", "0 g", "kg kg", "100", "1234567 g", "²kg", "公"])
def test_what_is_no_weight_prices_no_weight(measure: str) -> None:
    assert priced_g(row(measure=measure)) is None


def test_a_fixed_measure_is_not_sold_by_weight() -> None:
    assert priced_g(row(GTIN, measure="kg")) is None


def test_a_cost_tells_the_unit_price_where_it_makes_the_total() -> None:
    assert cost_of(row(), 3980, Pack(weight_g=482)) == (1918, 3980)
    assert cost_of(row(), 3980, Pack(weight_g=482, price_minor=1918)) == (1918, 3980)
    assert cost_of(row(), 3980, Pack(weight_g=482, price_minor=1900)) == (1900, None)
    assert cost_of(row(GTIN), 3980, Pack(weight_g=482)) == (3980, None)


# -- what is refused


@pytest.mark.parametrize(
    ("text", "symbology", "reason"),
    [
        ("6901234567893", Symbology.EAN_13, "broken"),
        ("2112345004829", Symbology.EAN_13, "broken"),
        ("(00)106141412345678908", Symbology.GS1_128, "logistic"),
        ("(255)9509999000002", Symbology.GS1_DATAMATRIX, "coupon"),
        ("690123456789012345", Symbology.CODE_128, "no-pattern"),
        (f"(01){GTIN}(17)261125", Symbology.GS1_DATAMATRIX, "expired"),
        (f"(01){GTIN}(15)261125", Symbology.GS1_DATAMATRIX, "expired"),
        (f"https://id.gs1.org/01/{GTIN}?17=251231", Symbology.QR, "expired"),
        (f"(01){GTIN}(17)261399", Symbology.GS1_DATAMATRIX, "broken"),
    ],
)
def test_what_is_not_sold_says_why(text: str, symbology: Symbology, reason: str) -> None:
    with pytest.raises(NotSoldError) as refused:
        scan(text, symbology)
    assert refused.value.reason == reason


def test_on_its_last_day_it_is_sold() -> None:
    found = scan(f"(01){GTIN}(17)261126(15)261126(3103)000482", Symbology.GS1_DATAMATRIX)
    assert found is not None
    assert (found.key, pack_of(found)) == (GTIN, Pack(weight_g=482))


def test_random_weight_of_a_supplier_is_priced_by_its_weight() -> None:
    gtin = with_check_digit("9950600013435")
    found = scan(f"https://id.gs1.org/01/{gtin}?3103=001250", Symbology.QR)
    assert found is not None
    assert cost_of(row(found.key), 3980, pack_of(found)).total_minor == 4975
    priced = scan(f"(01){gtin}(3922)1999", Symbology.DATABAR)
    assert priced is not None
    assert cost_of(row(priced.key), 3980, pack_of(priced)).total_minor == 1999


@pytest.mark.parametrize("text", ["https://example.org/menu", "wxp://f2f0", ""])
def test_a_posters_code_is_passed_over(text: str) -> None:
    assert scan(text, Symbology.QR) is None
    assert scan(text, Symbology.OTHER) is None


def test_a_store_without_patterns_says_that_it_has_none() -> None:
    found = scan(code("21"), profile=StoreProfile(store="s1"))
    assert found is not None
    assert (reason := not_in_book(found)) is not None
    assert reason.reason == "no-pattern"


def test_a_coupons_number_is_one_only_where_the_book_has_no_such_product() -> None:
    found = scan(with_check_digit("991234567890"))
    assert found is not None
    assert (reason := not_in_book(found)) is not None
    assert reason.reason == "coupon"
    plain = scan(GTIN[1:])
    assert plain is not None
    assert not_in_book(plain) is None


@given(st.text(max_size=60), st.sampled_from(Symbology))
def test_no_text_does_more_than_be_refused(text: str, symbology: Symbology) -> None:
    with suppress(NotSoldError):
        found = scan(text, symbology)
        assert found is None or len(found.key) == 14


def test_a_profile_with_a_number_too_long_for_a_key_is_refused() -> None:
    with pytest.raises(InStoreError, match="1 to 11 digits"):
        Pattern(symbology=Symbology.CODE_128, template="7PPPPPPPPPPPPC")
