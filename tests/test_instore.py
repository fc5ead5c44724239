"""A store's own codes: the layouts of Chinese scales, their way there and back, and patterns that cannot be."""

from typing import Any

import pytest
from biip.checksums import gs1_price_weight_check_digit
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.gtin import with_check_digit
from firmware_specs.instore import (
    CHINA_13,
    CHINA_18,
    InStore,
    InStoreError,
    Pattern,
    StoreProfile,
    decode,
    encode,
    price_check_digit,
)
from firmware_specs.symbology import Symbology
from firmware_specs.wire import WireError
from firmware_specs.wire import decode as from_wire
from firmware_specs.wire import encode as to_wire

CHINA = StoreProfile(store="s1", patterns=CHINA_13 + CHINA_18, currency_number="156")


def ean(template: str, **units: int) -> Pattern:
    """Return a pattern of an EAN-13."""
    return Pattern(symbology=Symbology.EAN_13, template=template, **units)


VERIFIED = ean("29PPPPKVVVVVC")
IN_JIAO = ean("28PPPPVVVWWWC", price_unit_minor=10, weight_unit_g=100)
COUNTED = ean("02PPPPPPPQQQC")
EIGHT = Pattern(symbology=Symbology.EAN_8, template="2PPPPPPC")
PATTERNS = [*CHINA_13, *CHINA_18, VERIFIED, IN_JIAO, COUNTED, EIGHT]
ALL = StoreProfile(store="s1", patterns=tuple(PATTERNS))


@pytest.mark.parametrize(
    ("body", "symbology", "said"),
    [
        ("211000100500", Symbology.EAN_13, InStore(10001, price_minor=500)),
        ("220012301250", Symbology.EAN_13, InStore(123, weight_g=1250)),
        ("26100010050001250", Symbology.CODE_128, InStore(10001, price_minor=500, weight_g=1250)),
    ],
)
def test_chinese_scales_print_item_amount_and_weight(body: str, symbology: Symbology, said: InStore) -> None:
    code = with_check_digit(body)
    assert decode(code, symbology, CHINA) == said
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    with pytest.raises(InStoreError, match=r"pattern 2.P.*check digit is"):
        decode(wrong, symbology, CHINA)


def test_zeros_for_an_amount_are_no_price_of_nothing() -> None:
    assert decode(with_check_digit("211000100000"), Symbology.EAN_13, CHINA) == InStore(10001)


@st.composite
def codes(draw: st.DrawFn) -> tuple[Pattern, InStore]:
    """Return a pattern and something that it can say."""
    pattern = draw(st.sampled_from(PATTERNS))

    def field(letter: str, unit: int = 1) -> int | None:
        width = pattern.template.count(letter)
        units = draw(st.integers(0, 10**width - 1)) if width else 0
        return units * unit or None

    number = field("P") or 0
    price, weight = field("V", pattern.price_unit_minor), field("W", pattern.weight_unit_g)
    return pattern, InStore(number, price, weight, field("Q"))


@given(codes())
def test_what_a_pattern_can_say_comes_back(case: tuple[Pattern, InStore]) -> None:
    pattern, said = case
    assert decode(encode(pattern, said), pattern.symbology, ALL) == said


@pytest.mark.parametrize(
    ("pattern", "said", "letter"),
    [
        (CHINA_13[0], InStore(100_000), "P"),
        (CHINA_13[0], InStore(1, price_minor=100_000), "V"),
        (CHINA_13[0], InStore(1, weight_g=5), "W"),
        (IN_JIAO, InStore(1, price_minor=55), "V"),
        (VERIFIED, InStore(1, count=3), "Q"),
    ],
)
def test_what_a_pattern_has_no_place_for_is_refused(pattern: Pattern, said: InStore, letter: str) -> None:
    with pytest.raises(InStoreError, match=f"no place for {letter}"):
        encode(pattern, said)


@pytest.mark.parametrize("said", [{"number": -1}, {"number": 1, "price_minor": 0}, {"number": 1, "weight_g": -5}])
def test_no_code_says_less_than_nothing(said: dict[str, int]) -> None:
    with pytest.raises(InStoreError, match="at least"):
        InStore(**said)


# -- the price's own check digit


def test_the_price_check_digit_is_that_of_the_standards_examples() -> None:
    # GS1 General Specifications, 7.9.3 and 7.9.4.
    assert (price_check_digit("2875"), price_check_digit("14685")) == (9, 6)


@given(st.integers(4, 5).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size)))
def test_the_price_check_digit_is_that_of_others(digits: str) -> None:
    assert price_check_digit(digits) == gs1_price_weight_check_digit(digits)


def test_a_misread_price_is_noticed_by_its_own_check_digit() -> None:
    good = encode(VERIFIED, InStore(1234, price_minor=14685))
    assert good.startswith("291234614685")
    with pytest.raises(InStoreError, match="check digit of the price is 5, should be 6"):
        decode(with_check_digit("291234514685"), Symbology.EAN_13, ALL)
    with pytest.raises(InStoreError, match="3 digits"):
        price_check_digit("123")


# -- patterns that cannot be


@pytest.mark.parametrize(
    ("symbology", "template", "why"),
    [
        ("ean-13", "69PPPPPVVVVVC", "could be a global GTIN"),
        ("ean-13", "0PPPPPPVVVVVC", "could be a global GTIN"),
        ("ean-13", "21PPPPPVVVVC", "has 13 digits"),
        ("ean-13", "21PPPPPVVVVVV", "ends with C"),
        ("ean-8", "3PPPPPPC", "starts with 0, 2"),
        ("upc-a", "2PPPPPVVVVVC", "never the store's own"),
        ("gs1-128", "26PPPPPVVVVVC", "never the store's own"),
        ("code-128", "PPPPPVVVVV", "no digit by which"),
        ("code-128", "26VVVVV", "an item number"),
        ("code-128", "26PPPPPPPPPPPPPVVVV", "an item number"),
        ("code-128", "26PPVVVPP", "two places"),
        ("code-128", "26PPCVVV", "the last"),
        ("code-128", "26PPVVVCC", "the last"),
        ("code-128", "26PPKVVVC", "4 or 5"),
        ("code-128", "26PPKKVVVVC", "is one digit"),
        ("code-128", "26PPXX", "letters"),
        ("code-128", "26pp", "letters"),
        ("code-128", "", "letters"),
        ("code-128", "26PP\n", "letters"),
        ("code-128", "2" * 40 + "P", "at most 40"),
    ],
)
def test_an_impossible_pattern_is_named_and_refused(symbology: str, template: str, why: str) -> None:
    with pytest.raises(InStoreError, match=why) as caught:
        Pattern(symbology=Symbology(symbology), template=template)
    assert f"pattern {template} ({symbology})" in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("21PPPPPVVVVVC", "21PPPPPWWWWWC", True),
        ("2PPPPPPVVVVVC", "21PPPPPVVVVVC", True),
        ("21PPPPPVVVVVC", "22PPPPPVVVVVC", False),
        ("2PPPPP1VVVVVC", "2PPPPP2VVVVVC", False),
    ],
)
def test_two_patterns_for_one_code_are_refused(one: str, other: str, overlap: bool) -> None:
    patterns = (ean(one), ean(other))
    if overlap:
        with pytest.raises(InStoreError, match=f"{one} .* and pattern {other} .* overlap"):
            StoreProfile(store="s1", patterns=patterns)
    else:
        assert StoreProfile(store="s1", patterns=patterns).patterns == patterns


def test_a_profile_travels_and_a_bad_one_does_not_arrive() -> None:
    assert from_wire(to_wire(CHINA), StoreProfile) == CHINA
    bad: dict[str, Any] = {"store": "s1", "patterns": [{"symbology": "ean-13", "template": "69PPPPPVVVVVC"}]}
    with pytest.raises(WireError, match="69PPPPPVVVVVC"):
        from_wire(repr(bad).replace("'", '"').encode(), StoreProfile)
