"""A cart and a till before scale codes and GS1 codes: what goes into the basket, at which price, what is refused."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
import zxingcpp

from device_drivers.api import FrameTaken
from edge_agent.app import MatterRefusedError
from edge_agent.roles.cart import Cart
from edge_agent.roles.reading import Read
from edge_agent.roles.sale import NoTripError
from edge_agent.roles.till import Till
from firmware_specs.desired import Row
from firmware_specs.events import CodeRead, CodeRefused, LineAdded, LineRemoved
from firmware_specs.gtin import with_check_digit
from firmware_specs.instore import CHINA_13, CHINA_18, InStore, StoreProfile, encode, own_key
from firmware_specs.rules.promotions import EachUnit, PercentOff, Products, Promotion, PromotionBook
from firmware_specs.symbology import Symbology
from firmware_specs.wire import encode as encoded
from tests.fakes.books import Book
from tests.fakes.surroundings import NOW_MS, STORE, FakeSurroundings, held
from tests.test_cart_role import running, until

PORK, EGGS, MILK = own_key(12345), own_key(60001), "06901234567892"
BEEF = with_check_digit("9950600013435")
NAMES = {PORK: "Pork", EGGS: "Eggs", MILK: "Milk", BEEF: "Beef"}
CODES = StoreProfile(store=STORE, version=1, patterns=CHINA_13 + CHINA_18, currency_number="156")
BY_WEIGHT, BY_PRICE, BOTH = CHINA_13[2], CHINA_13[1], CHINA_18[0]
Device = Cart | Till


def book(version: int = 1, pork_minor: int = 3980) -> Book:
    """Return a price book; a price that differs from 39.80 came down."""
    prices = {PORK: (pork_minor, "kg"), EGGS: (150, "piece"), MILK: (1000, ""), BEEF: (5000, "500 g")}
    rows = [
        Row(gtin=gtin, name={"en": NAMES[gtin]}, price_minor=price, floor_minor=price, measure=measure)
        for gtin, (price, measure) in prices.items()
    ]
    return Book(store=STORE, version=version, currency="CNY", effective_ms=NOW_MS, rows=rows)


@pytest.fixture(params=["cart", "till"])
def surroundings(request: pytest.FixtureRequest, tmp_path: Path) -> FakeSurroundings:
    return FakeSurroundings(tmp_path, request.param, device=f"{request.param}-1")


def device_of(surroundings: FakeSurroundings, codes: StoreProfile | None = CODES) -> Device:
    device: Device = Cart(surroundings) if surroundings.kind.id == "cart" else Till(surroundings)
    device.on_matter(held("pricebook", book()))
    if codes is not None:
        device.on_matter(held("codes", codes))
    return device


def scan(device: Device, text: str, symbology: Symbology = Symbology.EAN_13) -> dict[str, Any]:
    """Hold a code before the device; return what it shows of it."""
    device._sale.take(Read(text, symbology, 1.0))
    shown: dict[str, Any] = device.state()["last_code"]
    return shown


def weighed(weight_g: int, number: int = 12345) -> str:
    """Return the scale's code for a weight."""
    return encode(BY_WEIGHT, InStore(number, weight_g=weight_g))


def test_a_scales_code_is_priced_by_its_weight_and_the_line_shows_both(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings)
    shown = scan(device, weighed(482))
    pack = {"weight_g": 482, "count": None, "each_minor": 3980, "measure": "kg"}
    assert (shown["gtin"], shown["price_minor"], shown["pack"], shown["known"]) == (PORK, 1918, pack, True)
    (line,) = device.state()["basket"]
    assert (line["line_minor"], line["pack"]) == (1918, pack)
    (added,) = surroundings.of(LineAdded)
    assert isinstance(added, LineAdded)
    assert (added.gtin, added.quantity, added.price_minor, added.weight_g) == (PORK, 1, 1918, 482)


def test_a_price_in_the_code_is_charged_as_it_is_and_never_above_its_weight(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings)
    assert scan(device, encode(BY_PRICE, InStore(12345, price_minor=1234)))["price_minor"] == 1234
    dear = encode(BOTH, InStore(12345, price_minor=2500, weight_g=482))
    assert scan(device, dear, Symbology.CODE_128)["price_minor"] == 1918
    cheap = scan(device, encode(BOTH, InStore(12345, price_minor=1500, weight_g=482)), Symbology.CODE_128)
    assert (cheap["price_minor"], cheap["pack"]["each_minor"]) == (1500, None)
    assert device.state()["total_minor"] == 1234 + 1918 + 1500


def test_packs_of_one_product_stand_in_lines_of_their_own_and_the_right_one_is_taken_out(
    surroundings: FakeSurroundings,
) -> None:
    device = device_of(surroundings)
    for weight_g in (482, 1000, 482):
        scan(device, weighed(weight_g))
    lines = [(line["quantity"], line["price_minor"]) for line in device.state()["basket"]]
    assert lines == [(2, 1918), (1, 3980)]
    device._sale.remove(PORK, 3980)
    assert device.state()["total_minor"] == 2 * 1918
    (removed,) = surroundings.of(LineRemoved)
    assert isinstance(removed, LineRemoved)
    assert removed.price_minor == 3980
    with pytest.raises(NoTripError, match="at that price"):
        device._sale.remove(PORK, 3980)


def test_a_unit_price_that_falls_lowers_what_was_weighed_and_no_price_on_a_pack(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings)
    scan(device, weighed(500))
    scan(device, encode(BY_PRICE, InStore(12345, price_minor=1990)))
    device.on_matter(held("pricebook", book(2, 2980)))
    first, second = device.state()["basket"]
    assert (first["line_minor"], first["pack"]["each_minor"]) == (1490, 2980)
    assert second["line_minor"] == 1990


def test_a_weighed_pack_survives_a_restart(surroundings: FakeSurroundings) -> None:
    before = device_of(surroundings)
    scan(before, weighed(482))
    again = device_of(surroundings)
    assert again.state()["basket"] == before.state()["basket"]


def test_a_percentage_comes_off_a_pack_as_off_any_unit(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings)
    half = Promotion(
        id="half",
        name={"en": "Half", "zh": "半价"},
        starts_ms=0,
        ends_ms=2 * NOW_MS,
        rule=EachUnit(products=Products(gtins=[PORK]), effect=PercentOff(percent_bp=5000)),
    )
    device.on_matter(held("promotions", PromotionBook(store=STORE, version=1, promotions=[half])))
    scan(device, weighed(482))
    assert device.state()["total_minor"] == 959


def test_goods_of_gs1_symbols_are_priced_by_their_weight_or_price(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings)
    link = f"https://id.gs1.org/01/{BEEF}?3103=000750"
    assert scan(device, link, Symbology.QR)["price_minor"] == 7500
    assert scan(device, f"(01){BEEF}(3922)6999", Symbology.DATABAR)["price_minor"] == 6999
    assert scan(device, f"(01){MILK}(3932)1560800", Symbology.GS1_128)["price_minor"] == 800


@pytest.mark.parametrize(
    ("text", "symbology", "reason"),
    [
        ("6901234567893", Symbology.EAN_13, "broken"),
        (encode(BY_WEIGHT, InStore(12345)), Symbology.EAN_13, "not-weighed"),
        (weighed(50, 60001), Symbology.EAN_13, "not-by-weight"),
        ("(00)106141412345678908", Symbology.GS1_128, "logistic"),
        (with_check_digit("991234567890"), Symbology.EAN_13, "coupon"),
        (with_check_digit("290000000001"), Symbology.EAN_13, "no-pattern"),
        ("ABC-123", Symbology.CODE_128, "no-pattern"),
    ],
)
def test_what_is_not_sold_shows_why_and_is_said_once(
    surroundings: FakeSurroundings, text: str, symbology: Symbology, reason: str
) -> None:
    device = device_of(surroundings)
    for _ in range(3):
        shown = scan(device, text, symbology)
    assert (shown["refused"], shown["known"], device.state()["basket"]) == (reason, False, [])
    (said,) = surroundings.of(CodeRefused)
    assert isinstance(said, CodeRefused)
    assert (said.text, said.symbology, said.reason) == (text, symbology, reason)
    assert said.detail
    assert surroundings.of(CodeRead) == []
    # Of the next customer it is said again.
    device._sale.start()
    scan(device, text, symbology)
    assert len(surroundings.of(CodeRefused)) == 2


def test_goods_past_their_last_day_are_not_sold(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings)
    today = time.strftime("%y%m%d", time.localtime(NOW_MS / 1000))
    assert scan(device, f"(01){MILK}(17){today}", Symbology.GS1_DATAMATRIX)["known"] is True
    for ai in ("17", "15"):
        assert scan(device, f"(01){MILK}({ai})270101", Symbology.GS1_DATAMATRIX)["refused"] == "expired"
    assert device.state()["total_minor"] == 1000


def test_a_posters_code_changes_nothing(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings)
    device._sale.take(Read("https://example.org/menu", Symbology.QR, 1.0))
    assert device.state()["last_code"] is None
    assert surroundings.of(CodeRefused) == []


def test_a_full_outbox_shows_no_reason_that_nobody_will_hear_of(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings)
    surroundings.is_full = True
    device._sale.take(Read("6901234567893", Symbology.EAN_13, 1.0))
    assert device.state()["last_code"] is None
    surroundings.is_full = False
    assert scan(device, "6901234567893")["refused"] == "broken"


def test_without_a_profile_a_scales_code_is_not_guessed(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings, codes=None)
    assert scan(device, weighed(482))["refused"] == "no-pattern"
    with pytest.raises(MatterRefusedError, match="its store is 'other'"):
        device.on_matter(replace(held("codes", CODES), blob=encoded(StoreProfile(store="other", version=1))))


async def test_a_scales_code_is_read_from_pixels(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings)
    code = zxingcpp.create_barcode(
        encode(BOTH, InStore(12345, price_minor=1918, weight_g=482)), zxingcpp.BarcodeFormat.Code128
    )
    bars = np.asarray(zxingcpp.write_barcode_to_image(code, scale=2))
    picture = np.full((480, 640, 3), 255, np.uint8)
    picture[100 : 100 + bars.shape[0], 20 : 20 + bars.shape[1]] = bars[:, :, None]
    async with running(device):
        device.on_signal("camera", FrameTaken(picture, anyio.current_time()))
        await until(lambda: bool(surroundings.of(LineAdded)))
    (read,) = surroundings.of(CodeRead)
    assert isinstance(read, CodeRead)
    assert (read.gtin, read.price_minor, read.symbology) == (PORK, 1918, "code-128")


async def test_a_pack_is_taken_out_by_its_price(surroundings: FakeSurroundings) -> None:
    device = device_of(surroundings)
    for weight_g in (482, 1000):
        scan(device, weighed(weight_g))
    async with running(device) as client:
        wrong = await client.post("/api/basket/remove", json={"gtin": PORK, "price_minor": "1918"})
        assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "price_minor")
        assert (await client.post("/api/basket/remove", json={"gtin": PORK, "price_minor": 1918})).status_code == 200
    assert device.state()["total_minor"] == 3980
