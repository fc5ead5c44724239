"""Products into labels: what a template says is drawn, what does not fit is an error, and every code reads back."""

import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from firmware_specs.desired import Row
from firmware_specs.gtin import GtinError, with_check_digit
from firmware_specs.instore import own_key
from vision.codes import gtin_of, read_codes
from vision.ean13 import ean13_row
from vision.fonts import FontMissingError, font_path
from vision.image import LabelImage
from vision.labels.content import LabelContent, content_from, content_of
from vision.labels.render import LabelBarcodeError, LabelOverflowError, prove, render
from vision.labels.template import Template, TemplateError, built_in, built_in_names, json_schema, parse_template
from vision.money import price_text, unit_price
from vision.panel import SCREEN_RGB, Colour

ZH = "红富士苹果纯牛奶酱油面条金龙鱼黄比例食用调和油可口乐康师傅烧肉蒙特仑苏希腊风味酸草莓礼盒装家庭分享"
EN = "Fuji apples Pure Milk Soy Sauce Noodles Golden Ratio Blended Oil Cola Braised Beef Greek Yoghurt Gift Box".split()
UNITS = ("", "500 g", "1.5 L", "6 x 330 ml", "kg", "瓶", "盒", "斤", "each", "12 x 205 g")
APPLES = LabelContent("06901234567892", "红富士苹果", "Fuji apples", 1290, "CNY", "500 g")
OFFER = LabelContent("06901234567892", "红富士苹果", "Fuji apples", 990, "CNY", "500 g", was_minor=1290)
STANDARD, OFFERS, LARGE = built_in(), built_in("offer-bwr"), built_in("large-bwry")


def products(count: int) -> Iterator[LabelContent]:
    chance = random.Random(20)
    for _ in range(count):
        body = "".join(chance.choices("0123456789", k=12))
        price_minor = round(10 ** chance.uniform(0, 6))
        yield LabelContent(
            gtin="0" + with_check_digit(body),
            name_zh="".join(chance.choices(ZH, k=chance.randint(2, 26))),
            name_en=" ".join(chance.choices(EN, k=chance.randint(1, 9))),
            price_minor=price_minor,
            currency="CNY",
            unit=chance.choice(UNITS),
            was_minor=chance.choice((0, 0, price_minor + chance.randint(1, 99))),
        )


def written(template: Template, **changed: Any) -> dict[str, Any]:
    """Return a template as a person wrote it, with some of it changed."""
    return template.model_dump(mode="json") | changed


def changed(place: int, template: Template = STANDARD, **values: Any) -> dict[str, Any]:
    """Return a template with one of its elements changed."""
    whole = written(template)
    whole["elements"][place] |= values
    return whole


def price_place(template: Template = STANDARD) -> int:
    return next(
        place for place, each in enumerate(template.elements) if each.kind == "price" and each.unless is not None
    )


@pytest.mark.parametrize("name", built_in_names())
def test_the_labels_of_200_products_decode_to_their_gtin_from_the_bytes_that_leave(name: str) -> None:
    template = built_in(name)
    drawn = 0
    for content in products(200):
        try:
            image = render(template, content)
        except LabelOverflowError:
            # Long names leave no room on small panels; they are never cut.
            assert len(content.name_zh) > 12 or len(content.name_en) > 30 or content.price_minor > 100_000
            continue
        back = LabelImage.from_bytes(template.panel, bytes(image))
        whole = back.as_scanned((0, 0, template.width_px, template.height_px))
        assert content.gtin in [gtin_of(code) for code in read_codes(whole)]
        drawn += 1
    assert drawn > 150


def test_another_price_changes_the_picture_and_nothing_else_does() -> None:
    dearer = LabelContent("06901234567892", "红富士苹果", "Fuji apples", 1291, "CNY", "500 g")
    assert render(STANDARD, APPLES) == render(STANDARD, APPLES)
    assert render(STANDARD, APPLES) != render(STANDARD, dearer)


def test_an_offer_stands_out_in_the_inks_that_the_panel_has() -> None:
    red = Colour.RED
    assert (render(OFFERS, OFFER).indexes() == red).sum() > 2 * (render(OFFERS, APPLES).indexes() == red).sum()
    assert set(np.unique(render(LARGE, OFFER).indexes())) == {Colour.BLACK, Colour.WHITE, red, Colour.YELLOW}
    assert set(np.unique(render(STANDARD, OFFER).indexes())) == {Colour.BLACK, Colour.WHITE}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (LabelContent(APPLES.gtin, "茅台", "Moutai", 10**14, "CNY"), "the price ¥1000000000000.00"),
        (LabelContent(APPLES.gtin, "茅" * 200, "Moutai", 100, "CNY"), "does not fit 284x52"),
        (LabelContent(APPLES.gtin, "茅台", "M" * 90, 100, "CNY"), "does not fit 284x52"),
        (
            LabelContent(
                APPLES.gtin, "茅台", "Moutai", 100, "CNY", "a case of twelve of the large bottles of last year"
            ),
            "62x34",
        ),
        (LabelContent(APPLES.gtin, " ", "", 100, "CNY"), "no name"),
    ],
)
def test_what_does_not_fit_is_an_error_that_names_it_and_never_a_cut_price(content: LabelContent, said: str) -> None:
    with pytest.raises(LabelOverflowError, match=said):
        render(STANDARD, content)


@pytest.mark.parametrize("gtin", ["16901234567899", "06901234567893", "6901234567892", "", "abc"])
def test_a_gtin_without_an_ean13_makes_no_label(gtin: str) -> None:
    with pytest.raises(LabelBarcodeError):
        render(STANDARD, LabelContent(gtin, "苹果", "Apple", 100, "CNY"))


def test_a_picture_whose_barcode_is_of_another_product_or_is_covered_does_not_leave() -> None:
    image = render(STANDARD, APPLES)
    other = LabelContent("04006381333931", "苹果", "Apple", 100, "CNY")
    with pytest.raises(LabelBarcodeError, match="reads back as"):
        prove(image, STANDARD, other)
    covering = written(STANDARD)
    covering["elements"].append({"kind": "box", "box": [60, 94, 40, 34]})
    with pytest.raises(LabelBarcodeError, match=r"reads back as \[\]"):
        render(parse_template(covering), APPLES)


def test_a_qr_code_reads_back_and_says_how_much_room_it_needs() -> None:
    image = render(LARGE, APPLES)
    codes = zxingcpp.read_barcodes(image.as_scanned((300, 230, 100, 70)))
    assert [code.text for code in codes] == ["6901234567892"]
    place = next(place for place, each in enumerate(LARGE.elements) if each.kind == "qr")
    long = parse_template(changed(place, LARGE, text="https://shop.example/products/{gtin}?from=shelf-label&lang=zh"))
    with pytest.raises(LabelOverflowError, match="takes 90 px, its box has 74x62"):
        render(long, APPLES)


@pytest.mark.parametrize("gtin", [own_key(10061), own_key(10**11 - 1), "99506000134358"])
def test_a_label_of_what_is_weighed_shows_its_number_and_no_code(gtin: str) -> None:
    content = LabelContent(gtin, "荔枝", "Lychees", 3980, "CNY", "kg")
    image = render(STANDARD, content)
    assert image != render(STANDARD, LabelContent(own_key(1), "荔枝", "Lychees", 3980, "CNY", "kg"))
    assert read_codes(image.as_scanned((0, 0, 296, 128))) == ()


def test_a_label_as_png_has_the_colours_of_its_panel() -> None:
    image = render(OFFERS, OFFER)
    pixels = np.asarray(Image.open(io.BytesIO(image.png())).convert("RGB"))
    expected = np.array([SCREEN_RGB[colour] for colour in Colour], np.uint8)[image.indexes()]
    assert np.array_equal(pixels, expected)


# ---- templates


@pytest.mark.parametrize("name", built_in_names())
def test_the_templates_that_come_along_are_what_the_schema_says(name: str) -> None:
    template = built_in(name)
    assert template.name == name
    plain = template.model_dump(mode="json", exclude_none=True)
    jsonschema.validate(plain, json_schema())
    again = parse_template(json.dumps(plain))
    assert (again, again.digest, hash(again)) == (template, template.digest, hash(template))


PRICE = price_place()
CODE = next(place for place, each in enumerate(STANDARD.elements) if each.kind == "barcode")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (written(STANDARD, colour="red"), "colour: Extra inputs"),
        (changed(0, font="Arial"), "elements.0.text.font: Extra inputs"),
        (changed(0, texts=["{nmae}", "x"]), "there is no field 'nmae': there are name_zh"),
        (changed(0, texts=["{name", "x"]), "a brace without its partner"),
        (changed(0, texts=["{name}"]), "tries.0 has 2 sizes for 1 texts"),
        (changed(0, box=[200, 0, 100, 20]), "leaves the panel of 296x128 bw"),
        (changed(0, colour="red"), "a panel of 296x128 bw has no red"),
        (changed(PRICE, under="title"), "no text before it has the id 'title'"),
        (changed(PRICE, max_px=20), "min_px 30 is larger than max_px 20"),
        (changed(PRICE, unless=None), "shows the price once and always"),
        (changed(PRICE, unless="unit"), "shows the price once and always"),
        (changed(CODE, box=[0, 94, 200, 34]), "takes 226 px, the box has 200"),
        (changed(CODE, box=[0, 94, 226, 20]), "bars of 10 px are too low"),
        (changed(CODE, colour="white"), "elements.5.barcode.colour"),
        (changed(CODE, when="unit"), "bears its product's code always"),
        ({**written(STANDARD), "elements": []}, "at least 1 item"),
        ({}, "elements: Field required"),
    ],
)
def test_a_template_that_says_something_impossible_is_refused_with_its_place(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(TemplateError, match=said.replace("[", r"\[")):
        parse_template(wrong)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', "{}" * 3])
def test_what_is_no_template_at_all_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(text)


def test_an_unknown_template_names_those_that_there_are() -> None:
    with pytest.raises(TemplateError, match="there are large-bwry, offer-bwr, small, standard"):
        built_in("../secrets")


# ---- contents


def test_what_a_label_says_comes_from_the_row_of_the_book() -> None:
    row = Row(
        gtin=APPLES.gtin,
        name={"zh": "牛奶", "en": "Milk"},
        price_minor=590,
        floor_minor=590,
        unit="950 ml",
        was_minor=690,
        content_milli=950,
        measure="l",
    )
    content = content_of(row, "CNY")
    assert (content.unit_price_minor, content.measure, content.was_minor) == (621, "l", 690)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([], "one JSON object"),
        ({"gtin": "1"}, "name_zh: "),
        ({"gtin": "1", "name_zh": "", "name_en": "", "price_minor": "5", "currency": "CNY"}, "price_minor: "),
        ({"gtin": "1", "name_zh": "", "name_en": "", "price_minor": 5, "currency": "CNY", "colour": 1}, "colour: "),
    ],
)
def test_what_a_person_wrote_for_a_label_is_refused_with_the_key_at_fault(said: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        content_from(said)


@given(st.text("0123456789", min_size=12, max_size=12))
def test_bars_are_those_of_another_writer(body: str) -> None:
    digits = with_check_digit(body)
    other = zxingcpp.create_barcode(digits, zxingcpp.BarcodeFormat.EAN13).to_image(add_quiet_zones=False)
    bars = "".join("1" if pixel < 128 else "0" for pixel in np.asarray(other)[0])
    assert f"{ean13_row(digits):095b}" == bars
    assert f"{ean13_row(digits, 2):0190b}" == "".join(bar * 2 for bar in bars)


@pytest.mark.parametrize("digits", ["4006381333932", "400638133393", "", "400638133393x"])
def test_digits_that_no_symbol_carries_are_refused(digits: str) -> None:
    with pytest.raises(GtinError):
        ean13_row(digits)


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
