"""GTINs: known examples first, then every UPC-E, then eight hundred thousand real codes."""

from itertools import product

import pytest
from biip.upc import Upc
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.gtin import GtinError, as_upc_e, check_digit, from_upc_e, is_restricted, normal, with_check_digit
from tests.bench import gtin_census
from tests.bench.frame import MissingPartError


@pytest.mark.parametrize(
    ("upc_e", "upc_a"),
    [
        # One for each way in which zeros are left out (GS1 General Specifications, 5.2.2.4.1).
        ("04252614", "042100005264"),
        ("06543217", "065100004327"),
        ("01234531", "012300000451"),
        ("01234543", "012340000053"),
        ("01234565", "012345000065"),
        ("12345670", "123456000070"),
    ],
)
def test_a_upc_e_is_the_number_that_it_abbreviates(upc_e: str, upc_a: str) -> None:
    assert from_upc_e(upc_e) == normal(upc_a)
    assert as_upc_e(normal(upc_a)) == upc_e


def test_a_upc_e_may_come_without_check_digit_and_number_system() -> None:
    assert from_upc_e("425261") == from_upc_e("0425261") == from_upc_e("04252614")


def test_every_upc_e_comes_back_and_expands_as_others_expand_it() -> None:
    # The first two of the six digits never move, so the other four say it all.
    for system, *digits in product("01", *["0123456789"] * 4):
        seven = f"{system}12{''.join(digits)}"
        gtin = from_upc_e(seven)
        assert gtin == Upc.parse(seven).as_gtin_14()
        short = as_upc_e(gtin)
        assert short is not None
        assert from_upc_e(short) == gtin


@given(st.text("0123456789", min_size=10, max_size=10), st.sampled_from("0123"))
def test_what_has_a_upc_e_comes_back_from_it(ten: str, system: str) -> None:
    gtin = normal(with_check_digit(system + ten))
    short = as_upc_e(gtin)
    assert short is None or from_upc_e(short) == gtin


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("04252615", "check digit is 5, should be 4"),
        ("24252614", "number system"),
        ("12345", "6, 7 or 8 digits"),
        ("٤٢٥٢٦١", "6, 7 or 8 digits"),
        ("", "6, 7 or 8 digits"),
    ],
)
def test_what_is_no_upc_e_is_named(code: str, why: str) -> None:
    with pytest.raises(GtinError, match=why):
        from_upc_e(code)


@pytest.mark.parametrize("gtin", ["06901234567892", "00614141123452", "10042100005261"])
def test_a_gtin_without_the_right_zeros_has_no_upc_e(gtin: str) -> None:
    assert as_upc_e(gtin) is None


@pytest.mark.parametrize("body", ["", "12a", "٣", "-1"])
def test_only_digits_have_a_check_digit(body: str) -> None:
    with pytest.raises(GtinError, match="only digits"):
        check_digit(body)


@pytest.mark.parametrize(
    ("body", "restricted"),
    [
        ("210000100500", True),
        ("020000000000", True),
        ("041234567890", True),
        ("20000000001", True),
        ("41234567890", True),
        ("2012345", True),
        ("0012345", True),
        ("9501234", False),
        ("4012345", False),
        ("690123456789", False),
        ("030000000000", False),
        ("401234567890", False),
        ("1210000100500", True),
    ],
)
def test_a_number_that_anyone_may_give_is_known_by_its_prefix(body: str, restricted: bool) -> None:
    assert is_restricted(normal(with_check_digit(body))) is restricted


def test_the_real_codes_are_what_they_were_counted_to_be() -> None:
    try:
        codes = gtin_census.codes()
    except MissingPartError as exc:
        pytest.skip(f"missing: {exc}")
    # The file has GTINs with a right check digit only; its supplier left the others out.
    assert gtin_census.census(codes) == {
        "codes": 808_096,
        "invalid": 0,
        "gtin": 718_205,
        "GTIN-8": 11_103,
        "GTIN-12": 185_927,
        "GTIN-13": 521_123,
        "GTIN-14": 52,
        "Chinese, 8 digits": 151,
        "Chinese, 13 digits": 1_560,
        "in-store": 89_891,
        "in-store, 8 digits": 31_072,
        "in-store, prefix 02": 21_457,
        "in-store, prefix 04": 600,
        "in-store, prefix 2": 36_762,
    }


def test_a_misread_digit_is_counted_as_invalid() -> None:
    assert gtin_census.census([6901234567892, 6901234567893, 123456789012345])["invalid"] == 2
