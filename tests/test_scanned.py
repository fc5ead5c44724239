"""What a scan means: symbology first, then the store's patterns; element strings and Digital Links by the standard."""

import subprocess
import sys
from contextlib import suppress
from datetime import date
from urllib.parse import quote

import biip
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.gs1 import FNC1, day, elements
from firmware_specs.gtin import with_check_digit
from firmware_specs.instore import CHINA_13, CHINA_18, Pattern, StoreProfile
from firmware_specs.scanned import ScanError, Scanned, interpret
from firmware_specs.symbology import GS1, SQUARE, Symbology, symbology_of

TODAY = date(2025, 10, 1)
CHINA = StoreProfile(store="s1", patterns=CHINA_13 + CHINA_18, currency_number="156")
NONE = StoreProfile(store="s1")
GTIN = "09506000134352"
"""GS1's own example product, Dal Giardino risotto rice."""

SCALE = with_check_digit("26100010050001250")
SSCC = "106141412345678908"


def scan(text: str, symbology: Symbology, profile: StoreProfile = CHINA) -> Scanned:
    """Return what the code means today."""
    return interpret(text, symbology, profile, today=TODAY)


# -- which symbology


@pytest.mark.parametrize(
    ("identifier", "symbology"),
    [
        ("]E0", Symbology.EAN_13),
        ("]E4", Symbology.EAN_8),
        ("]I1", Symbology.ITF_14),
        ("]C0", Symbology.CODE_128),
        ("]C1", Symbology.GS1_128),
        ("]e0", Symbology.DATABAR),
        ("]d1", Symbology.DATA_MATRIX),
        ("]d2", Symbology.GS1_DATAMATRIX),
        ("]Q1", Symbology.QR),
        ("]Q3", Symbology.GS1_QR),
        ("]J1", Symbology.GS1_DOTCODE),
        ("]L0", Symbology.OTHER),
        ("", Symbology.OTHER),
    ],
)
def test_a_symbology_identifier_names_the_symbology(identifier: str, symbology: Symbology) -> None:
    assert symbology_of(identifier) is symbology


# -- bare numbers


@pytest.mark.parametrize(
    ("text", "symbology", "gtin"),
    [
        ("6901234567892", Symbology.EAN_13, "06901234567892"),
        ("0042100005264", Symbology.EAN_13, "00042100005264"),
        ("042100005264", Symbology.UPC_A, "00042100005264"),
        ("0042100005264", Symbology.UPC_A, "00042100005264"),
        ("04252614", Symbology.UPC_E, "00042100005264"),
        ("425261", Symbology.UPC_E, "00042100005264"),
        ("042100005264", Symbology.UPC_E, "00042100005264"),
        ("95012346", Symbology.EAN_8, "00000095012346"),
        ("16901234567899", Symbology.ITF_14, "16901234567899"),
    ],
)
def test_a_bare_gtin_is_the_product(text: str, symbology: Symbology, gtin: str) -> None:
    assert scan(text, symbology) == Scanned("gtin", gtin=gtin)


def test_eight_digits_are_what_their_symbology_says() -> None:
    # Valid as both: an EAN-8 of GS1 prefix 012 would be the store's own.
    code = "01234565"
    assert scan(code, Symbology.UPC_E) == Scanned("gtin", gtin="00012345000065")
    assert scan(code, Symbology.EAN_8) == Scanned("in-store", item="s1:00000001234565")


@pytest.mark.parametrize(
    ("body", "symbology"),
    [
        ("299999999999", Symbology.EAN_13),
        ("29999999999", Symbology.UPC_A),
        ("41234567890", Symbology.UPC_A),
        ("041234567890", Symbology.EAN_13),
        ("2012345", Symbology.EAN_8),
        ("0012345", Symbology.EAN_8),
    ],
)
def test_a_stores_own_number_without_a_pattern_is_never_global(body: str, symbology: Symbology) -> None:
    code = with_check_digit(body)
    assert scan(code, symbology) == Scanned("in-store", item=f"s1:{code.zfill(14)}")


def test_one_number_of_two_stores_is_two_products() -> None:
    code = with_check_digit("299999999999")
    assert scan(code, Symbology.EAN_13) != scan(code, Symbology.EAN_13, StoreProfile(store="s2"))


@pytest.mark.parametrize(
    ("text", "symbology", "why"),
    [
        ("6901234567893", Symbology.EAN_13, "ean-13: 6901234567893: check digit is 3, should be 2"),
        ("95012346", Symbology.EAN_13, "8 digits, not 13"),
        ("690123456789X", Symbology.EAN_13, "digits only"),
        ("042100005265", Symbology.UPC_A, "check digit is 5, should be 4"),
        ("123456789", Symbology.UPC_E, "9 digits"),
        ("", Symbology.EAN_8, "0 digits"),
    ],
)
def test_a_broken_number_is_named(text: str, symbology: Symbology, why: str) -> None:
    with pytest.raises(ScanError, match=why):
        scan(text, symbology)


# -- the scale's code and the logistic unit


def test_eighteen_digits_of_a_scale_are_no_logistic_unit() -> None:
    assert scan(SCALE, Symbology.CODE_128) == Scanned("scale", item="s1:10001", price_minor=500, weight_g=1250)
    # The peer has no way to tell: same length, same check digit.
    assert biip.parse(SCALE).sscc is not None


def test_a_logistic_unit_whose_number_looks_like_a_scales_code_is_still_one() -> None:
    assert scan(f"00{SCALE}", Symbology.GS1_128) == Scanned("sscc", sscc=SCALE)
    assert scan(f"(00){SSCC}", Symbology.GS1_128) == Scanned("sscc", sscc=SSCC)


@pytest.mark.parametrize("text", [SSCC, f"00{SSCC}", f"01{GTIN}", f"(01){GTIN}", "6901234567892", "", "hello"])
def test_without_a_gs1_symbology_there_are_no_identifiers(text: str) -> None:
    assert scan(text, Symbology.CODE_128) == Scanned("other")
    assert scan(text, Symbology.QR) == Scanned("other")


def test_a_scales_code_without_a_pattern_for_it_is_nothing_to_sell() -> None:
    assert scan(SCALE, Symbology.CODE_128, NONE) == Scanned("other")
    with pytest.raises(ScanError, match="no application identifier"):
        scan(SCALE, Symbology.GS1_128)


def test_a_scales_code_with_a_misread_digit_is_refused() -> None:
    with pytest.raises(ScanError, match=r"code-128: .*pattern 26PPPPPVVVVVWWWWWC"):
        scan(SCALE.replace("500", "600"), Symbology.CODE_128)


def test_a_upc_a_is_known_by_a_pattern_with_its_leading_zero() -> None:
    profile = StoreProfile(store="s1", patterns=(Pattern(symbology=Symbology.EAN_13, template="02PPPPPKVVVVC"),))
    code = with_check_digit("21234592875")
    expected = Scanned("scale", item="s1:12345", price_minor=2875)
    assert scan(code, Symbology.UPC_A, profile) == scan(f"0{code}", Symbology.EAN_13, profile) == expected


def test_an_own_code_that_says_only_the_item_is_in_store() -> None:
    profile = StoreProfile(store="s1", patterns=(Pattern(symbology=Symbology.EAN_8, template="2PPPPPPC"),))
    assert scan(with_check_digit("2000123"), Symbology.EAN_8, profile) == Scanned("in-store", item="s1:123")


# -- element strings


@pytest.mark.parametrize("symbology", sorted(GS1))
@pytest.mark.parametrize(
    "text",
    [
        f"01{GTIN}1725123110AB-1{FNC1}21S/9",
        f"{FNC1}01{GTIN}10AB-1{FNC1}{FNC1}17251231{FNC1}21S/9{FNC1}",
        f"(01){GTIN}(17)251231(10)AB-1(21)S/9",
    ],
)
def test_an_element_string_says_batch_expiry_and_serial(text: str, symbology: Symbology) -> None:
    expected = Scanned("gtin", gtin=GTIN, batch="AB-1", expiry=date(2025, 12, 31), serial="S/9")
    assert scan(text, symbology) == expected


@pytest.mark.parametrize(
    ("data", "weight_g", "price_minor"),
    [
        ("3103001250", 1250, None),
        ("3101000012", 1200, None),
        ("3105000049", None, None),
        ("3105000050", 1, None),
        ("3202000100", 454, None),
        ("3571000160", 454, None),
        ("31030012503922500", 1250, 500),
        ("39220", None, None),
        ("39221234", None, 1234),
        ("39201234", None, 123_400),
        ("39321561234", None, 1234),
        ("392312340", None, 1234),
    ],
)
def test_a_variable_measure_says_weight_and_price(data: str, weight_g: int | None, price_minor: int | None) -> None:
    found = scan(f"01{with_check_digit('9950600013435')}{data}", Symbology.DATABAR)
    assert (found.kind, found.weight_g, found.price_minor) == ("gtin", weight_g, price_minor)


def test_a_count_and_a_best_before_date_are_said() -> None:
    found = scan(f"01{GTIN}15260200308", Symbology.GS1_DATAMATRIX)
    assert (found.count, found.best_before) == (8, date(2026, 2, 28))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0109506000134353", "check digit is 3, should be 2"),
        ("00106141412345678909", r"\(00\).* check digit is 9, should be 8"),
        (f"01{GTIN[:-1]}", r"\(01\) cannot be"),
        (f"01{GTIN}17251301", r"\(17\) cannot be"),
        (f"01{GTIN}17250230", "250230 is no date"),
        (f"01{GTIN}17250000", "250000 is no date"),
        # What is too long for a batch is not the next identifier's.
        (f"01{GTIN}10{'A' * 20}17251231", r"\(10\) cannot be"),
        (f"01{GTIN}10", r"\(10\) cannot be"),
        (f"01{GTIN}30", r"\(30\) cannot be"),
        (f"01{GTIN}10A{FNC1}10B", r"\(10\) is there twice"),
        (f"01{GTIN}05X", "no application identifier"),
        (f"01{GTIN}10A\n", r"\(10\) cannot be"),
        (f"01{GTIN}39329781234", "currency 978, the store's is 156"),
        (f"01{GTIN}39231234", "no whole number of minor units"),
        ("01٠٩٥٠٦٠٠٠١٣٤٣٥٢", r"\(01\) cannot be"),
        (f"(01){GTIN}(10)", r"\(10\) cannot be"),
        (f"(01){GTIN}(99999)A", r"\(01\) cannot be"),
        (f"(01){GTIN}(31)03001250", r"\(31\) is no application identifier"),
        ("(ab)1", "stands before"),
    ],
)
def test_an_element_string_that_breaks_the_rules_is_named(text: str, why: str) -> None:
    with pytest.raises(ScanError, match=why):
        scan(text, Symbology.GS1_128)


def test_a_store_that_names_no_currency_takes_no_price_in_one() -> None:
    with pytest.raises(ScanError, match="not set"):
        scan(f"01{GTIN}39321561234", Symbology.GS1_128, NONE)


def test_a_bracket_in_a_batch_is_kept() -> None:
    assert elements(f"01{GTIN}10A(B)") == {"01": GTIN, "10": "A(B)"}
    assert elements(f"(01){GTIN}(10)A\\(10)B") == {"01": GTIN, "10": "A(10)B"}


def test_a_stores_own_number_in_an_element_string_is_never_global() -> None:
    code = with_check_digit("299999999999").zfill(14)
    assert scan(f"01{code}", Symbology.DATABAR) == Scanned("in-store", item=f"s1:{code}")


def test_what_names_no_product_is_other() -> None:
    assert scan("80049506000134ABC", Symbology.GS1_128) == Scanned("other")
    assert scan("", Symbology.GS1_128) == Scanned("other")


@pytest.mark.parametrize(
    ("yymmdd", "today", "expected"),
    [
        # GS1 General Specifications, 3.4 (day 00) and 7.12 (century).
        ("130200", date(2013, 1, 1), date(2013, 2, 28)),
        ("160200", date(2013, 1, 1), date(2016, 2, 29)),
        ("750101", date(2025, 1, 1), date(2075, 1, 1)),
        ("760101", date(2025, 1, 1), date(1976, 1, 1)),
        ("010101", date(2099, 1, 1), date(2101, 1, 1)),
        ("490101", date(2099, 1, 1), date(2149, 1, 1)),
        ("500101", date(2099, 1, 1), date(2050, 1, 1)),
    ],
)
def test_a_date_is_in_the_century_that_is_near(yymmdd: str, today: date, expected: date) -> None:
    assert day(yymmdd, today) == expected


# -- Digital Links


@pytest.mark.parametrize("symbology", sorted(SQUARE))
@pytest.mark.parametrize(
    "url",
    [
        f"https://example.com/01/{GTIN}/10/ABC?17=251231",
        "https://example.com/01/9506000134352/10/ABC?17=251231",
        f"HTTP://example.com:8080/shop/00/x/01/{GTIN}/10/ABC/?17=251231&linkType=all&2024=1#top",
        "https://id.gs1.org/gtin/9506000134352/lot/ABC?exp=251231",
        f"https://example.com/01/{GTIN}?10=ABC;17=251231",
        f"https://example.com/01/{GTIN}/10/%41BC?17=251231&10=ABC&21=",
    ],
)
def test_a_digital_link_says_what_an_element_string_says(url: str, symbology: Symbology) -> None:
    assert scan(url, symbology) == Scanned("gtin", gtin=GTIN, batch="ABC", expiry=date(2025, 12, 31))


@pytest.mark.parametrize(("digits", "gtin"), [("95012346", "00000095012346"), ("614141123452", "00614141123452")])
def test_a_shorter_gtin_in_a_digital_link_is_filled_up(digits: str, gtin: str) -> None:
    assert scan(f"https://example.com/01/{digits}", Symbology.QR) == Scanned("gtin", gtin=gtin)


@given(st.text(r"!\"%&'()*+,-./0123456789:;<=>?ABCXYZ_abcxyz", min_size=1, max_size=20).filter(lambda s: "\\" not in s))
def test_whatever_a_batch_may_hold_comes_through_a_digital_link(batch: str) -> None:
    expected = Scanned("gtin", gtin=GTIN, batch=batch)
    assert scan(f"https://example.com/01/{GTIN}/10/{quote(batch, safe='')}", Symbology.QR) == expected
    assert scan(f"https://example.com/01/{GTIN}?10={quote(batch, safe='')}", Symbology.QR) == expected
    assert scan(f"01{GTIN}10{batch}", Symbology.GS1_QR) == expected


def test_a_digital_link_may_name_a_logistic_unit() -> None:
    assert scan(f"https://id.gs1.org/00/{SSCC}?02=00614141123452&37=25", Symbology.QR) == Scanned("sscc", sscc=SSCC)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/",
        "https://example.com/01/5",
        "https://example.com/01/menu",
        f"https://example.com/01/{GTIN}/photo",
        "https://example.com/414/9506000134352",
        f"ftp://example.com/01/{GTIN}",
        "http://[",
        f"https:///01/{GTIN}",
    ],
)
def test_another_address_is_other(url: str) -> None:
    assert scan(url, Symbology.QR) == Scanned("other")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://example.com/01/09506000134353", "check digit is 3, should be 2"),
        (f"https://example.com/01/{GTIN}?17=251301", r"\(17\) cannot be"),
        (f"https://example.com/01/{GTIN}/10/A?10=B", r"\(10\) is there twice"),
        (f"https://example.com/01/{GTIN}/10/%FF", r"\(10\) cannot be"),
    ],
)
def test_a_digital_link_that_breaks_the_rules_is_named(url: str, why: str) -> None:
    with pytest.raises(ScanError, match=why):
        scan(url, Symbology.QR)


# -- noise

PIECES = st.sampled_from(
    [
        *"01 10 17 00 30 3103 3922 3932 ( ) 26 21 251231 250230 999999 156 https://a /01/ /10/ ? &17= % =".split(),
        *("\\", "\n", "٣", "\ud800", FNC1, GTIN, SSCC, SCALE),
    ]
)


@given(st.text(max_size=40) | st.lists(PIECES, max_size=9).map("".join), st.sampled_from(Symbology))
def test_noise_raises_the_declared_error_only(text: str, symbology: Symbology) -> None:
    with suppress(ScanError):
        scan(text, symbology)


def test_a_cart_that_reads_no_gs1_code_never_waits_for_its_dictionary() -> None:
    code = "import sys, firmware_specs.scanned; sys.exit('biip' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
