"""A cart with a scale: what goes in unscanned or swapped is asked about; an honest hand or a faulty cell is not."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
from starlette.applications import Starlette

from device_drivers.api import CodeScanned, FrameTaken, WeightRead
from device_drivers.scale.virtual import VirtualScale
from edge_agent.roles.cart import Cart
from edge_agent.roles.reading import View
from edge_agent.roles.weighing import Weighing
from firmware_specs.desired import Row
from firmware_specs.events import (
    BasketAnswered,
    BasketClosed,
    BasketQuestioned,
    Event,
    FaultCleared,
    FaultRaised,
    ItemWeighed,
    LineAdded,
)
from firmware_specs.items import TaughtItem, TaughtItems
from firmware_specs.rules.selling import Pack
from firmware_specs.rules.weight import ProductWeight, Weights, weight_of
from tests.fakes.books import Book
from tests.fakes.surroundings import STORE, FakeSurroundings, held
from tests.test_cart_role import AISLE, BOOK, BREAD, MILK
from vision.codes import Sight

KNOWN = Weights(
    store=STORE,
    version=1,
    products=[
        ProductWeight(gtin=MILK, weight_g=1_040, spread_g=4),
        ProductWeight(gtin=BREAD, weight_g=420, spread_g=12),
    ],
)


@dataclass
class Basket:
    """A cart on a virtual scale, and the hands of a shopper: time passes in tenths of a second."""

    cart: Cart
    surroundings: FakeSurroundings
    grams: float = 0.0
    fault: str = ""
    drift_g_per_s: float = 0.0
    division_g: float = 0.0
    ticks: int = field(default=0)

    def pass_s(self, seconds: float) -> None:
        weighing = self._weighing
        for _ in range(round(seconds * 10)):
            self.surroundings.clock.pass_s(0.1)
            self.ticks += 1
            self.grams += self.drift_g_per_s / 10
            # What a cell says is never the same twice.
            noise = (0.4, -0.3, 0.1, -0.5, 0.3)[self.ticks % 5]
            read_s = self.surroundings.clock.monotonic_s
            self.cart.on_signal(
                "scale",
                WeightRead(
                    None if self.fault else self.grams + noise,
                    read_s,
                    fault=self.fault,
                    division_g=self.division_g,
                ),
            )
            weighing._go_on(weighing._check.at(read_s))

    def scan(self, gtin: str) -> None:
        self.cart.on_signal("scanner", CodeScanned(gtin.removeprefix("0"), self.surroundings.clock.monotonic_s))

    def put(self, grams: float) -> None:
        self.grams += grams

    @property
    def _weighing(self) -> Weighing:
        return self.cart._weighing

    @property
    def questions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cart.state()["basket_check"]["questions"]
        return found

    def said(self, kind: type[Event]) -> list[Any]:
        return self.surroundings.of(kind)

    async def ask(self, path: str, **body: Any) -> httpx.Response:
        app = Starlette(routes=self.cart.routes())
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://cart", headers=AISLE) as client:
            return await client.post(path, json=body)


@pytest.fixture
def basket(tmp_path: Path) -> Basket:
    surroundings = FakeSurroundings(tmp_path, "cart", device="cart-1", drivers={"scale": VirtualScale()})
    cart = Cart(surroundings)
    cart._weighing._monotonic_s = surroundings.clock.read_s
    for matter, value in (("pricebook", BOOK), ("weights", KNOWN)):
        cart.on_matter(held(matter, value))
    made = Basket(cart, surroundings)
    made.pass_s(2)
    return made


def test_what_was_scanned_and_put_in_is_fine_and_teaches_its_weight(basket: Basket) -> None:
    for gtin, grams in ((MILK, 1_038), (BREAD, 431)):
        basket.scan(gtin)
        basket.pass_s(1)
        basket.put(grams)
        basket.pass_s(8)
    assert basket.questions == []
    assert [(one.gtin, round(one.weight_g)) for one in basket.said(ItemWeighed)] == [(MILK, 1038), (BREAD, 431)]


async def test_another_thing_than_what_was_scanned_is_asked_about_and_taken_off_the_list(basket: Basket) -> None:
    basket.scan(BREAD)
    basket.pass_s(1)
    basket.put(1_040)
    basket.pass_s(4)
    (question,) = basket.questions
    assert (question["verdict"], question["gtin"], question["name"]["en"]) == ("please-check", BREAD, "Bread")
    (asked,) = basket.said(BasketQuestioned)
    assert asked.odds < -2
    assert asked.change_g == pytest.approx(1040, abs=2)
    answer = await basket.ask("/api/basket/answer", question=question["id"], answer="remove")
    assert answer.json()["basket"] == []
    assert basket.questions == []
    assert [one.answer for one in basket.said(BasketAnswered)] == ["removed"]
    assert (await basket.ask("/api/basket/answer", question=question["id"], answer="remove")).status_code == 409
    assert (await basket.ask("/api/basket/answer", question="q", answer="perhaps")).status_code == 422


def test_what_nobody_scanned_is_asked_for_until_it_is_scanned_or_taken_out(basket: Basket) -> None:
    basket.put(1_041)
    basket.pass_s(9)
    assert [one["verdict"] for one in basket.questions] == ["please-scan"]
    basket.scan(MILK)
    assert basket.questions == []
    basket.pass_s(9)
    assert [one.gtin for one in basket.said(ItemWeighed)] == [MILK]
    basket.put(300)
    basket.pass_s(9)
    basket.put(-301)
    basket.pass_s(4)
    assert basket.questions == []
    assert [one.answer for one in basket.said(BasketAnswered)] == ["scanned", "taken-out"]
    # A scan of something that does not weigh so much explains nothing.
    basket.put(1_900)
    basket.pass_s(9)
    basket.scan(BREAD)
    basket.pass_s(1)
    assert [one["verdict"] for one in basket.questions] == ["please-scan"]


async def test_a_shopper_who_insists_goes_on_and_the_trip_says_so(basket: Basket) -> None:
    basket.scan(BREAD)
    basket.pass_s(1)
    basket.put(1_040)
    basket.pass_s(4)
    answer = await basket.ask("/api/basket/answer", question=basket.questions[0]["id"], answer="right")
    assert len(answer.json()["basket"]) == 1
    assert basket.questions == []
    basket.put(200)
    basket.pass_s(9)
    assert len(basket.questions) == 1
    assert (await basket.ask("/api/trip/close")).status_code == 200
    assert [one.answer for one in basket.said(BasketAnswered)] == ["insisted", "left"]
    (closed,) = basket.said(BasketClosed)
    assert closed.unresolved == 2
    assert basket.questions == []


def test_a_scale_that_fails_drifts_or_falls_silent_asks_nothing_and_is_told(basket: Basket) -> None:
    basket.fault = "too heavy for the scale"
    basket.pass_s(1)
    basket.put(900)
    basket.pass_s(5)
    assert basket.questions == []
    assert [one.fault for one in basket.said(FaultRaised)] == ["scale"]
    assert basket.cart.state()["basket_check"]["status"] == "fault"
    basket.put(-900)
    basket.fault = ""
    basket.pass_s(3)
    assert [one.fault for one in basket.said(FaultCleared)] == ["scale"]
    basket.drift_g_per_s = 3
    basket.pass_s(40)
    basket.drift_g_per_s = 0
    assert basket.questions == []
    assert basket.cart.state()["basket_check"]["status"] == "drifts"
    basket.surroundings.clock.pass_s(60)
    assert basket.cart.state()["basket_check"]["status"] == "silent"


def test_questions_outlive_a_restart_and_a_cart_without_a_scale_has_none(basket: Basket, tmp_path: Path) -> None:
    basket.put(500)
    basket.pass_s(9)
    again = Cart(basket.surroundings)
    assert [one["verdict"] for one in again.state()["basket_check"]["questions"]] == ["please-scan"]
    plain = FakeSurroundings(tmp_path / "plain", "cart", device="cart-2")
    assert Cart(plain).state()["basket_check"] is None


def test_two_people_at_one_cart_are_both_fine(basket: Basket) -> None:
    basket.scan(MILK)
    basket.pass_s(0.5)
    basket.scan(BREAD)
    basket.put(425)
    basket.pass_s(2)
    basket.put(1_043)
    basket.pass_s(9)
    assert basket.questions == []


def test_what_a_pack_should_weigh_comes_from_its_code_its_past_or_its_content() -> None:
    row = Row(gtin=MILK, name={"en": "Milk"}, price_minor=1, floor_minor=1, unit="1 L")
    learnt = ProductWeight(gtin=MILK, weight_g=1_040, spread_g=1)

    def told(row: Row, pack: Pack, learnt: ProductWeight | None = None) -> list[float]:
        return [round(value, 2) for value in weight_of(row, pack, learnt) or ()]

    assert told(row, Pack(weight_g=482)) == [486, 7.82]
    assert told(row, Pack(), learnt) == [1_040, 3]
    assert told(row, Pack()) == [1_100, 215]
    for unit in ("4 cups", "", "500 g x 2", "1e9 kg"):
        assert weight_of(Row(gtin=MILK, name={}, price_minor=1, floor_minor=1, unit=unit), Pack()) is None
    by_measure = Row(gtin=MILK, name={}, price_minor=1, floor_minor=1, measure="kg", content_milli=500)
    assert told(by_measure, Pack()) == [550, 115]


async def test_what_has_no_code_is_named_by_what_was_taught_and_added_by_the_shopper(basket: Basket) -> None:
    cart, chance = basket.cart, np.random.default_rng(3)
    nothing = await basket.ask("/api/recognise")
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (409, "no-frame")
    colours = np.full((480, 640, 3), 128, np.uint8)
    colours[100:380, 200:440] = chance.integers(0, 255, (7, 6, 3), np.uint8).repeat(40, 0).repeat(40, 1)
    cart._reader.view = View(1, FrameTaken(colours, 0.0), Sight(), 1.0)
    look = await cart._recogniser.look(colours)
    item = TaughtItem(
        gtin=BREAD,
        model_sha256=look.model_sha256,
        direction=look.direction.astype("<f4").tobytes(),
        spread=0.05,
    )
    assert (await basket.ask("/api/basket/add", gtin=BREAD)).json()["error"]["code"] == "not-taught"
    cart.on_matter(held("items", TaughtItems(store=STORE, version=1, items=[item])))
    seen = (await basket.ask("/api/recognise")).json()
    assert (seen["top"][0]["gtin"], seen["top"][0]["name"]["en"]) == (BREAD, "Bread")
    answer = await basket.ask("/api/basket/add", gtin=BREAD)
    assert [line["gtin"] for line in answer.json()["basket"]] == [BREAD]
    assert (await basket.ask("/api/basket/add", gtin=MILK)).json()["error"]["code"] == "not-taught"


def test_a_look_that_does_not_fit_is_doubt_and_with_a_weight_that_does_not_a_question(basket: Basket) -> None:
    weighing = basket.cart._weighing
    basket.scan(BREAD)
    basket.pass_s(1)
    # Alone it asks nothing, however sure the camera is.
    weighing.saw({BREAD: 0.0001, MILK: 0.99}, inward=True, others=83)
    basket.pass_s(8)
    assert basket.questions == []
    assert basket.cart.state()["basket_check"]["sight"] == {"inward": True, "gtin": MILK, "p": 0.99}
    # A weight that is somewhat off is believed beside a look that fits, and asked about beside one that does not.
    for chance, asked in ((0.9, 0), (0.0001, 1)):
        basket.scan(BREAD)
        basket.pass_s(1)
        weighing.saw({BREAD: chance, MILK: 1 - chance}, inward=True, others=83)
        basket.put(420 + 40)
        basket.pass_s(8)
        assert len(basket.questions) == asked


LYCHEES = "99900000000410"
BY_WEIGHT = Row(
    gtin=LYCHEES, name={"en": "Lychees", "zh": "荔枝"}, price_minor=3_000, floor_minor=3_000, measure="kg"
)  # fmt: skip


def with_row(row: Row, ahead: int = 1) -> Book:
    """Return a later book, with one row more."""
    rows = [*(one for one in BOOK.rows if one.gtin != row.gtin), row]
    return msgspec.structs.replace(BOOK, version=BOOK.version + ahead, rows=rows)


def taught(basket: Basket) -> None:
    """Have the cart know lychees: sold by the kilogram, taught by pictures."""
    item = TaughtItem(gtin=LYCHEES, model_sha256="0" * 64, direction=bytes(4), spread=0.05)
    basket.cart.on_matter(held("items", TaughtItems(store=STORE, version=1, items=[item])))
    basket.cart.on_matter(held("pricebook", with_row(BY_WEIGHT)))


@pytest.fixture
def verified(basket: Basket) -> Basket:
    """A cart whose scale is verified for trade in divisions of 5 g."""
    basket.division_g = 5.0
    basket.pass_s(1)
    taught(basket)
    return basket


async def test_goods_by_weight_without_a_code_are_sold_by_what_is_laid_in_next(verified: Basket) -> None:
    answer = await verified.ask("/api/basket/add", gtin=LYCHEES)
    assert (answer.status_code, answer.json()["basket"]) == (200, [])
    assert verified.cart.state()["basket_check"]["awaited"] == {"gtin": LYCHEES, "name": BY_WEIGHT.name}
    verified.put(483)
    verified.pass_s(3)
    (line,) = verified.cart.state()["basket"]
    # 483 g are shown as 485 g, which costs 14.55.
    assert (line["gtin"], line["pack"]["weight_g"], line["price_minor"]) == (LYCHEES, 485, 1_455)
    assert (verified.cart.state()["basket_check"]["awaited"], verified.questions) == (None, [])
    verified.pass_s(9)
    assert verified.questions == []
    (said,) = verified.said(LineAdded)
    assert (said.weight_g, said.price_minor, said.quantity) == (485, 1_455, 1)


@pytest.mark.parametrize("waits_s", [2.0, 9.0])
async def test_goods_that_lie_in_the_cart_already_are_weighed_as_they_lie(verified: Basket, waits_s: float) -> None:
    verified.put(1_002)
    verified.pass_s(waits_s)
    assert len(verified.questions) == (1 if waits_s > 6 else 0)
    answer = await verified.ask("/api/basket/add", gtin=LYCHEES)
    (line,) = answer.json()["basket"]
    assert (line["pack"]["weight_g"], line["price_minor"]) == (1_000, 3_000)
    verified.pass_s(9)
    assert verified.questions == []


async def test_what_nobody_lays_in_is_forgotten_and_what_is_too_light_is_not_sold(verified: Basket) -> None:
    weighing = verified.cart._weighing
    await verified.ask("/api/basket/add", gtin=LYCHEES)
    verified.put(60)
    verified.pass_s(3)
    assert verified.cart.state()["basket"] == []
    assert verified.cart.state()["basket_check"]["awaited"] is not None
    await verified.ask("/api/basket/unwait")
    assert verified.cart.state()["basket_check"]["awaited"] is None
    await verified.ask("/api/basket/add", gtin=LYCHEES)
    verified.surroundings.clock.pass_s(40)
    verified.put(500)
    verified.pass_s(3)
    assert verified.cart.state()["basket"] == []
    assert weighing.state() is not None


async def test_a_scale_that_is_not_verified_or_cannot_be_believed_sells_nothing_by_weight(basket: Basket) -> None:
    taught(basket)
    plain = await basket.ask("/api/basket/add", gtin=LYCHEES)
    assert (plain.status_code, plain.json()["error"]["code"]) == (422, "weighed")
    basket.division_g, basket.fault = 5.0, "too heavy for the scale"
    basket.pass_s(1)
    faulty = await basket.ask("/api/basket/add", gtin=LYCHEES)
    assert (faulty.status_code, faulty.json()["error"]["code"]) == (409, "scale")
    basket.fault = ""
    basket.pass_s(2)
    basket.cart.on_matter(held("pricebook", with_row(msgspec.structs.replace(BY_WEIGHT, measure="bunch"), ahead=2)))
    unpriced = await basket.ask("/api/basket/add", gtin=LYCHEES)
    assert (unpriced.status_code, unpriced.json()["error"]["code"]) == (422, "not-by-weight")
    assert basket.cart.state()["basket_check"]["awaited"] is None
    assert basket.cart.state()["basket"] == []
