"""Codes of bars: what symbols look like, the best lawful digits of a blurred line, any angle, and real photographs."""

import math
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from zxingcpp import BarcodeFormat

from firmware_specs.gtin import as_upc_e, from_upc_e, normal, with_check_digit
from tests.bench.codes import nothing_read
from tests.photographs import Photograph, photographs
from vision.codes import Doubt, gtin_of, read_codes
from vision.codes.bars.model import line_of, model, samples
from vision.codes.bars.search import lawful, loosest
from vision.codes.bars.symbols import EAN_8, EAN_13, UPC_E, Symbol
from vision.codes.judge import SOLD, SURE, as_code

FORMATS = {EAN_13.name: BarcodeFormat.EAN13, EAN_8.name: BarcodeFormat.EAN8, UPC_E.name: BarcodeFormat.UPCE}


@st.composite
def texts(draw: st.DrawFn) -> tuple[Symbol, str]:
    """A symbol and what it may say."""
    symbol = draw(st.sampled_from((EAN_13, EAN_8, UPC_E)))
    if symbol is UPC_E:
        seven = f"0{draw(st.integers(0, 10**6 - 1)):06}"
        # Each number has one abbreviation that may be printed.
        return symbol, as_upc_e(from_upc_e(seven)) or ""
    size = 12 if symbol is EAN_13 else 7
    return symbol, with_check_digit(f"{draw(st.integers(0, 10**size - 1)):0{size}}")


@settings(max_examples=60, deadline=None)
@given(texts())
def test_symbols_have_the_bars_that_another_writer_draws(case: tuple[Symbol, str]) -> None:
    symbol, text = case
    picture = np.asarray(zxingcpp.create_barcode(text, FORMATS[symbol.name]).to_image(scale=1, add_quiet_zones=False))
    assert ((picture[picture.shape[0] // 2] < 128) == symbol.bars(text)).all()


@settings(max_examples=40, deadline=None)
@given(texts(), st.sampled_from((0.5, 0.8, 1.2, 1.45)), st.integers(0, 2**32))
def test_the_best_digits_of_a_blurred_line_are_those_that_were_drawn(
    case: tuple[Symbol, str], sigma: float, seed: int
) -> None:
    symbol, text = case
    noise = np.random.default_rng(seed).normal(0, 0.01, samples(symbol))
    costs, rest = model(symbol, sigma).costs((line_of(symbol, symbol.bars(text), sigma) + noise)[None])
    best = lawful(model(symbol, sigma), [each[0] for each in costs])
    assert best.text == text
    assert best.cost + rest[0] == pytest.approx(float(noise @ noise), abs=0.01)
    assert best.rival_cost > best.cost
    assert float(loosest(model(symbol, sigma), costs)[0]) <= best.cost + 1e-3


def test_no_lawful_text_is_cheaper_than_the_rival() -> None:
    chance = np.random.default_rng(4)
    line = line_of(EAN_8, EAN_8.bars("96385074"), 1.0) + chance.normal(0, 0.15, samples(EAN_8))
    costs, rest = model(EAN_8, 1.0).costs(line[None])
    best = lawful(model(EAN_8, 1.0), [each[0] for each in costs])
    others = []
    for number in range(0, 10**7, 4999):
        text = with_check_digit(f"{number:07}")
        if text != best.text:
            others.append(float(np.square(line - line_of(EAN_8, EAN_8.bars(text), 1.0)).sum() - rest[0]))
    # What differs in one digit and the check digit is among the nearest.
    for place in range(7):
        for digit in range(10):
            text = with_check_digit(best.text[:place] + str(digit) + best.text[place + 1 : 7])
            if text != best.text:
                others.append(float(np.square(line - line_of(EAN_8, EAN_8.bars(text), 1.0)).sum() - rest[0]))
    assert min(others) >= best.rival_cost - 1e-3


@pytest.mark.parametrize(("symbol", "text"), [(EAN_13, "123"), (EAN_8, "123456789"), (UPC_E, "11234562"), (EAN_13, "")])
def test_what_does_not_fit_into_a_symbol_is_said(symbol: Symbol, text: str) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        symbol.bars(text)


def shown(text: str, format_: BarcodeFormat, turn_deg: float, module_px: float = 2.0) -> NDArray[np.uint8]:
    """Return a grey picture of a code on a card, turned."""
    drawn = np.asarray(zxingcpp.create_barcode(text, format_).to_image(scale=8), np.uint8)
    height, width = drawn.shape
    scale = module_px / 8
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, scale)
    turn[0, 2] += 240 - width / 2
    turn[1, 2] += 240 - height / 2
    small = cv2.GaussianBlur(drawn, (0, 0), 0.4 / scale)
    picture = cv2.warpAffine(small, turn, (480, 480), flags=cv2.INTER_LINEAR, borderValue=190)
    noise = np.random.default_rng(round(turn_deg)).normal(0, 4, picture.shape)
    return np.asarray(np.clip(picture * 0.8 + 20 + noise, 0, 255), np.uint8)


@pytest.mark.parametrize("turn_deg", [*range(0, 360, 24), 45, 90, 135])
def test_a_code_is_read_at_any_angle(turn_deg: float) -> None:
    for text, format_ in (
        ("4006381333931", BarcodeFormat.EAN13),
        ("96385074", BarcodeFormat.EAN8),
        ("01234565", BarcodeFormat.UPCE),
    ):
        expected = from_upc_e(text) if format_ == BarcodeFormat.UPCE else normal(text)
        found = read_codes(shown(text, format_, turn_deg))
        assert [gtin_of(code) for code in found] == [expected]
        (code,) = found
        assert code.confidence > 0.99
        assert math.dist(code.middle, (240, 240)) < 25
        # The corners say how it lies: from its upper left along its text.
        (x0, y0), (x1, y1) = code.corners[:2]
        seen_deg = math.degrees(math.atan2(y0 - y1, x1 - x0))
        assert abs((seen_deg - turn_deg + 180) % 360 - 180) < 4


def test_the_digits_beside_a_code_are_its_add_on() -> None:
    main = np.asarray(zxingcpp.create_barcode("9780735200449", BarcodeFormat.EAN13).to_image(scale=3))
    beside = np.asarray(zxingcpp.create_barcode("51299", BarcodeFormat.EAN5).to_image(scale=3, add_quiet_zones=False))
    picture = np.full((main.shape[0] + 40, main.shape[1] + beside.shape[1] + 40), 255, np.uint8)
    picture[20 : 20 + main.shape[0], : main.shape[1]] = main
    left = main.shape[1]
    picture[40 : 40 + beside.shape[0], left : left + beside.shape[1]] = beside[: picture.shape[0] - 40]
    (code,) = read_codes(picture)
    assert (gtin_of(code), code.add_on) == ("09780735200449", "51299")


def test_what_the_store_sells_need_not_be_quite_as_clear_and_what_it_does_not_stays_a_doubt() -> None:
    text = "4006381333931"
    corners = ((0, 0), (9, 0), (9, 5), (0, 5))
    for weight, is_enough in ((SURE - 1, True), (SURE - SOLD - 1, False)):
        code = as_code(Doubt("unsure", corners, text, "EAN-13", weight))
        assert (code is not None) == is_enough
    assert as_code(Doubt("blurred", corners)) is None
    dim = cv2.GaussianBlur(shown(text, BarcodeFormat.EAN13, 0, 1.4), (0, 0), 1.0)
    noisy = np.clip(dim + np.random.default_rng(1).normal(0, 25, dim.shape), 0, 255).astype(np.uint8)
    for sold in (frozenset[str](), frozenset({"00000096385074"})):
        assert {gtin_of(code) for code in read_codes(noisy, is_sold=sold.__contains__)} <= {normal(text)}


def _read(chosen: Iterator[Photograph], turn: int = 0) -> tuple[int, int, int]:
    count, right, wrong = 0, 0, 0
    for photo in chosen:
        found = {gtin_of(code) or code.text for code in read_codes(np.rot90(photo.grey, turn), budget_ms=1500)}
        count += 1
        right += photo.text in found
        wrong += bool(found - {photo.text})
    return count, right, wrong


def test_photographs_are_read_and_never_misread() -> None:
    for name, least in (("ean13-1", 30), ("upca-2", 46), ("upce-2", 36), ("ean8-1", 7)):
        count, right, wrong = _read(photographs(name))
        assert wrong == 0
        assert right >= least, f"{name}: {right} of {count}"


def test_photographs_without_a_code_say_nothing() -> None:
    for photo in photographs("falsepositives"):
        assert read_codes(photo.grey) == ()


@pytest.mark.parametrize(("seed", "number"), [(3, 6240), (6, 2881)])
def test_what_was_once_misread_under_a_thumb_is_misread_no_more(seed: int, number: int) -> None:
    # Half an EAN-13 that looked like a UPC-E; a middle that the check digit seemed to tell.
    assert nothing_read(seed, number, 1) == 0
