"""Pixels into codes and products into labels. No picture, however bad, raises; no label shows what it should not."""

import random
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from device_drivers.camera.props import Pack
from device_drivers.camera.scene import pack_picture, shelf_picture
from firmware_specs.gtin import GtinError, with_check_digit
from firmware_specs.instore import own_key
from firmware_specs.symbology import Symbology
from vision.codes import Code, believed, gtin_of, printed_as, read_codes
from vision.ean13 import ean13_modules
from vision.fonts import FontMissingError, font_path
from vision.labels import (
    LabelBarcodeError,
    LabelContent,
    LabelOverflowError,
    Panel,
    label_png,
    render_label,
)
from vision.money import price_text, unit_price
from vision.pack import pack_1bpp, packed_bytes, unpack_1bpp

ZH = "红富士苹果纯牛奶酱油面条金龙鱼黄比例食用调和油可口乐康师傅烧肉蒙特仑苏希腊风味酸草莓礼盒装家庭分享"
EN = "Fuji apples Pure Milk Soy Sauce Noodles Golden Ratio Blended Oil Cola Braised Beef Greek Yoghurt Gift Box".split()
UNITS = ("", "500 g", "1.5 L", "6 x 330 ml", "kg", "瓶", "盒", "斤", "each", "12 x 205 g")


def products(count: int) -> Iterator[LabelContent]:
    chance = random.Random(20)
    for _ in range(count):
        body = "".join(chance.choices("0123456789", k=12))
        yield LabelContent(
            gtin="0" + with_check_digit(body),
            name_zh="".join(chance.choices(ZH, k=chance.randint(2, 26))),
            name_en=" ".join(chance.choices(EN, k=chance.randint(1, 9))),
            price_minor=round(10 ** chance.uniform(0, 6)),
            currency="CNY",
            unit=chance.choice(UNITS),
        )


def test_the_labels_of_200_products_decode_to_their_gtin_from_the_bytes_on_the_air() -> None:
    for content in products(200):
        image = unpack_1bpp(pack_1bpp(render_label(content)), 296, 128)
        pixels = np.where(image, 0, 255).astype(np.uint8)
        assert [gtin_of(code) for code in read_codes(pixels)] == [content.gtin]


def test_another_price_changes_the_image_and_nothing_else_does() -> None:
    content = LabelContent("06901234567892", "红富士苹果", "Fuji apples", 1290, "CNY", "500 g")
    dearer = LabelContent("06901234567892", "红富士苹果", "Fuji apples", 1291, "CNY", "500 g")
    assert np.array_equal(render_label(content), render_label(content))
    assert not np.array_equal(render_label(content), render_label(dearer))


def test_what_does_not_fit_is_an_error_and_never_a_cut_price() -> None:
    gtin = "06901234567892"
    with pytest.raises(LabelOverflowError, match="price"):
        render_label(LabelContent(gtin, "茅台", "Moutai", 10**14, "CNY"))
    with pytest.raises(LabelOverflowError, match="names"):
        render_label(LabelContent(gtin, "茅" * 200, "Moutai", 100, "CNY"))
    with pytest.raises(LabelOverflowError, match="names"):
        render_label(LabelContent(gtin, "茅台", "M" * 90, 100, "CNY"))
    with pytest.raises(LabelOverflowError, match="beside the code"):
        render_label(
            LabelContent(gtin, "茅台", "Moutai", 100, "CNY", "a case of twelve of the large bottles of last year")
        )
    with pytest.raises(LabelOverflowError, match="barcode takes"):
        render_label(LabelContent(gtin, "茅台", "Moutai", 100, "CNY"), Panel(200, 128))
    with pytest.raises(LabelOverflowError, match="no name"):
        render_label(LabelContent(gtin, " ", "", 100, "CNY"))


@pytest.mark.parametrize("gtin", ["16901234567899", "06901234567893", "6901234567892", "", "abc"])
def test_a_gtin_without_an_ean13_makes_no_label(gtin: str) -> None:
    with pytest.raises(LabelBarcodeError):
        render_label(LabelContent(gtin, "苹果", "Apple", 100, "CNY"))


def test_a_larger_panel_is_filled_as_well() -> None:
    image = render_label(LabelContent("06901234567892", "苹果", "Apple", 100, "CNY", "kg"), Panel(400, 300))
    assert image.shape == (300, 400)


def test_a_label_as_png_has_the_same_pixels() -> None:
    image = render_label(LabelContent("06901234567892", "苹果", "Apple", 100, "CNY"))
    back = cv2.imdecode(np.frombuffer(label_png(image), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert back is not None
    assert np.array_equal(np.asarray(back) < 128, image)


@given(st.text("0123456789", min_size=12, max_size=12))
def test_bars_are_those_of_another_writer(body: str) -> None:
    digits = with_check_digit(body)
    other = zxingcpp.create_barcode(digits, zxingcpp.BarcodeFormat.EAN13).to_image(add_quiet_zones=False)
    assert np.array_equal(ean13_modules(digits), np.asarray(other)[0] < 128)


@pytest.mark.parametrize("digits", ["4006381333932", "400638133393", "", "400638133393x"])
def test_digits_that_no_symbol_carries_are_refused(digits: str) -> None:
    with pytest.raises(GtinError):
        ean13_modules(digits)


@given(arrays.arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_packing_makes_the_round_trip(image: NDArray[np.bool_]) -> None:
    height, width = image.shape
    data = pack_1bpp(image)
    assert len(data) == packed_bytes(width, height)
    assert np.array_equal(unpack_1bpp(data, width, height), image)
    with pytest.raises(ValueError, match="pixels take"):
        unpack_1bpp(data + b"\0", width, height)


def test_the_first_pixel_is_the_most_significant_bit() -> None:
    image = np.zeros((2, 9), np.bool_)
    image[0, 0] = image[1, 8] = True
    assert pack_1bpp(image).hex() == "80000080"


@pytest.mark.parametrize(
    ("price_minor", "unit", "expected"),
    [
        (1290, "500 g", (2580, "kg")),
        (1290, "500g", (2580, "kg")),
        (999, "6 x 330 ml", (505, "L")),
        (350, "斤", (700, "kg")),
        (100, "3 kg", (33, "kg")),
        (7990, "5 L", (1598, "L")),
        (350, "瓶", None),
        (350, "0 g", None),
        (350, "", None),
        (350, "500 g extra", None),
    ],
)
def test_the_price_of_a_kilogram_or_litre(price_minor: int, unit: str, expected: tuple[int, str] | None) -> None:
    assert unit_price(price_minor, unit) == expected


def test_prices_are_written_in_their_own_currency() -> None:
    assert str(price_text(1290, "CNY")) == "¥12.90"
    assert str(price_text(5, "CNY")) == "¥0.05"
    assert str(price_text(1290, "JPY")) == "¥1290"
    assert str(price_text(1290, "KWD")) == "KWD 1.290"
    with pytest.raises(ValueError, match="below zero"):
        price_text(-1, "CNY")


def test_a_missing_font_names_the_package(tmp_path: Path) -> None:
    with pytest.raises(FontMissingError, match="fonts-wqy-microhei"):
        font_path((tmp_path / "none.ttc",))


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.uint8,
        st.one_of(
            st.tuples(st.integers(0, 60), st.integers(0, 60)),
            st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 5)),
        ),
    )
)
def test_noise_never_raises(pixels: NDArray[np.uint8]) -> None:
    read_codes(pixels)
    read_codes(pixels, thorough=False)


def test_full_frames_of_noise_hold_no_retail_code() -> None:
    chance = np.random.default_rng(5)
    for _ in range(10):
        codes = read_codes(chance.integers(0, 256, (480, 640, 3), np.uint8))
        assert [code for code in codes if gtin_of(code)] == []


def test_generated_frames_decode_within_three_and_never_as_another_product() -> None:
    read, wrong = 0, 0
    for seed in range(60):
        body = f"69{random.Random(seed).randrange(10**10):010d}"
        pack = Pack("0" + with_check_digit(body), ZH[seed % 20 : seed % 20 + 6], EN[seed % len(EN)], seed)
        found = {gtin_of(code) for frame in range(3) for code in read_codes(pack_picture(pack, seed // 10, frame))}
        read += pack.gtin in found
        wrong += len(found - {pack.gtin})
    assert wrong == 0
    assert read >= 57


def test_an_empty_shelf_yields_nothing() -> None:
    assert [read_codes(shelf_picture(seed, frame)) for seed in range(10) for frame in range(2)] == [()] * 20


def seen(text: str, height_px: int, top_px: int = 100) -> Code:
    return Code(text, "EAN-13", ((100, top_px), (300, top_px), (300, top_px + height_px), (100, top_px + height_px)))


@pytest.mark.parametrize("gtin", [own_key(10061), own_key(10**11 - 1), "99506000134358"])
def test_a_label_of_what_is_weighed_shows_its_number_and_no_code(gtin: str) -> None:
    content = LabelContent(gtin, "荔枝", "Lychees", 3980, "CNY", "kg")
    image = render_label(content)
    assert not np.array_equal(image, render_label(LabelContent(own_key(1), "荔枝", "Lychees", 3980, "CNY", "kg")))
    assert read_codes(np.where(image, 0, 255).astype(np.uint8)) == ()


def test_a_code_tells_what_it_was_printed_as() -> None:
    assert printed_as(Code("0042100005264", "UPC-E", (), "]E0")) is Symbology.UPC_E
    assert printed_as(Code("6901234567892", "EAN-13", (), "]E0")) is Symbology.EAN_13
    assert printed_as(Code("(01)09501101530003", "Code 128", (), "]C1")) is Symbology.GS1_128
    assert printed_as(Code("hello", "PDF417", (), "]L0")) is Symbology.OTHER


def test_readings_of_one_place_must_agree() -> None:
    assert believed([]) == ()
    assert believed([seen("A", 2)]) == ()
    assert believed([seen("A", 50)]) == (seen("A", 50),)
    assert believed([seen("A", 50), seen("B", 60)]) == ()
    assert believed([seen("A", 9), seen("B", 60), seen("A", 12)]) == (seen("A", 12),)
    assert len(believed([seen("A", 50), seen("B", 50, 400)])) == 2


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Code("4006381333931", "EAN-13", ()), "04006381333931"),
        (Code("96385074", "EAN-8", ()), "00000096385074"),
        (Code("(01)09501101530003(10)ABC", "Data Matrix", ()), "09501101530003"),
        (Code("4006381333932", "EAN-13", ()), None),
        (Code("4006381333931", "QR Code", ()), None),
        (Code("hello", "Code 128", ()), None),
    ],
)
def test_a_code_gives_its_gtin_or_none(code: Code, expected: str | None) -> None:
    assert gtin_of(code) == expected
