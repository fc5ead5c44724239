"""A cart and a till: codes into lines, a total that is firm or provisional, positions, offers, and the local API."""

import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import httpx
import numpy as np
import pytest
import zxingcpp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from starlette.applications import Starlette

from device_drivers.api import AdvertHeard, Deed, DeviceRefusedError, FrameTaken, Signal
from edge_agent.app import CommandFailedError, Held, MatterRefusedError, Role
from edge_agent.outbox import Outbox
from edge_agent.outbox_file import OutboxFile
from edge_agent.roles.basket import Basket, Unit
from edge_agent.roles.cart import Cart
from edge_agent.roles.reading import REPEAT_S, Once, Read
from edge_agent.roles.sale import NoTripError
from edge_agent.roles.screen import Screen
from edge_agent.roles.sensor import Sensor
from edge_agent.roles.till import Till
from firmware_specs.batch import Batch, Watermark
from firmware_specs.desired import Command, Configuration, LabelPlace, LabelPlan, Offer, Offers, Row, SiteSurvey
from firmware_specs.events import (
    BasketClosed,
    CodeRead,
    Event,
    LineAdded,
    LineRemoved,
    OfferDecided,
    PositionFixed,
)
from firmware_specs.frames.ibeacon import COMPANY_ID, IBeacon
from firmware_specs.rules.promotions import AmountOff, Bundle, CartOff, Part, Products, Promotion, PromotionBook
from firmware_specs.surveyed import SurveyPoint
from firmware_specs.symbology import Symbology
from firmware_specs.wire import decode, encode
from tests.fakes.books import Book
from tests.fakes.store import SITE
from tests.fakes.surroundings import NOW_MS, STORE, FakeSurroundings, held

MILK, BREAD = "06901234567892", "06923450657133"
BOOK = Book(
    store=STORE,
    version=1,
    currency="CNY",
    effective_ms=NOW_MS,
    rows=[
        Row(
            gtin=MILK,
            name={"zh": "纯牛奶", "en": "Whole milk"},
            price_minor=1000,
            floor_minor=1000,
            category="dairy",
            unit="1 L",
        ),
        Row(gtin=BREAD, name={"zh": "面包", "en": "Bread"}, price_minor=600, floor_minor=500, category="bakery"),
    ],
)
PLAN = LabelPlan(store=STORE, version=1, labels=[LabelPlace(id="label-1", address="AA", gtin=MILK, x_m=3.5, y_m=4.5)])
# The beacons of the test's store hang in one row, so a place and its mirror image share the probability.
OFFERS = Offers(
    store=STORE,
    version=1,
    offers=[Offer(id="yoghurt", zone="dairy", headline={"en": "Yoghurt"}, gtin=MILK, dwell_s=0.4, probability=0.2)],
)
MATTERS = (("pricebook", BOOK), ("site", SITE), ("labels", PLAN), ("offers", OFFERS))
AISLE = {"x-aisle": "1"}


class World:
    """A virtual world that only notes how it is steered."""

    def __init__(self) -> None:
        self.steered: list[Any] = []

    async def walk(self, path: Sequence[tuple[float, float]]) -> float:
        self.steered.append(list(path))
        return 3.0

    async def show(self, gtin: str, seconds: float) -> None:
        if gtin != MILK:
            raise DeviceRefusedError(f"{gtin} is no product")
        self.steered.append(gtin)

    async def auto(self, on: bool) -> None:
        self.steered.append(on)


class Camera:
    """A virtual driver with a world; the test hands frames over itself."""

    def __init__(self) -> None:
        self.world = World()

    async def run(self, emit: Callable[[Signal], None]) -> None:
        await anyio.sleep_forever()

    async def do(self, deed: Deed) -> None:
        raise DeviceRefusedError("a camera only looks")


def frame(gtin: str, taken_s: float) -> FrameTaken:
    """Return a picture with a real EAN-13 in it."""
    code = zxingcpp.create_barcode(gtin[1:], zxingcpp.BarcodeFormat.EAN13)
    bars = np.asarray(zxingcpp.write_barcode_to_image(code, scale=3))
    picture = np.full((480, 640, 3), 255, np.uint8)
    bars = bars[:200, :600]
    picture[100 : 100 + bars.shape[0], 20 : 20 + bars.shape[1]] = bars[:, :, None]
    return FrameTaken(picture, taken_s)


@pytest.fixture
def surroundings(tmp_path: Path) -> FakeSurroundings:
    return FakeSurroundings(tmp_path, "cart", device="cart-1", drivers={"camera": Camera()})


def cart_of(surroundings: FakeSurroundings) -> Cart:
    cart = Cart(surroundings)
    for matter, value in MATTERS:
        cart.on_matter(held(matter, value))
    return cart


@asynccontextmanager
async def running(role: Role) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=Starlette(routes=role.routes()))
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://device", headers=AISLE) as client,
        anyio.create_task_group() as group,
    ):
        await group.start(_run, role)
        yield client
        group.cancel_scope.cancel()


async def _run(role: Role, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    await role.run(task_status=task_status)


async def until(holds: Callable[[], bool], seconds: float = 8.0) -> None:
    with anyio.fail_after(seconds):
        while True:
            if holds():
                return
            await anyio.sleep(0.01)


async def test_a_code_is_read_from_pixels_once_while_it_stays_in_view(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    async with running(cart):
        for number in range(5):
            cart.on_signal("camera", frame(MILK, anyio.current_time() + 0.2 * number))
            await anyio.sleep(0.15)
        await until(lambda: bool(surroundings.of(LineAdded)))
        state = cart.state()
    (code,) = surroundings.of(CodeRead)
    assert isinstance(code, CodeRead)
    assert (code.gtin, code.price_minor, code.book_version, code.symbology) == (MILK, 1000, 1, "ean-13")
    assert state["last_code"]["name"] == {"zh": "纯牛奶", "en": "Whole milk"}
    assert state["basket"] == [
        {
            "gtin": MILK,
            "name": {"zh": "纯牛奶", "en": "Whole milk"},
            "quantity": 1,
            "price_minor": 1000,
            "line_minor": 1000,
            "pack": None,
        }
    ]
    assert (state["total_minor"], state["provisional"], state["trip"]) == (1000, True, code.trip)


def test_a_code_counts_again_when_it_was_out_of_view_for_a_while_however_long_it_stayed() -> None:
    once = Once()
    seen_s = [REPEAT_S * at for at in (0, 0.4, 0.8, 1.7, 2.6, 3.6, 3.7, 4.8)]
    assert [at_s for at_s in seen_s if once.is_new("a", at_s)] == [seen_s[0], seen_s[5], seen_s[7]]
    assert once.is_new("b", seen_s[7])


def test_a_pack_that_carries_its_product_in_two_symbols_counts_once() -> None:
    once = Once()

    def sees(text: str, at_s: float, symbology: Symbology) -> bool:
        return once.is_new(text, at_s, product=MILK, symbology=symbology)

    assert sees("ean", 0.0, Symbology.EAN_13)
    assert not sees("link", 0.0, Symbology.QR)
    assert not sees("link", 0.9, Symbology.QR)
    # The bars come back into view while the square is still there.
    assert not sees("ean", 1.5, Symbology.EAN_13)
    assert sees("ean", 3.0, Symbology.EAN_13)
    # Another bag of the same goods, of another weight.
    assert sees("ean of another weight", 3.1, Symbology.EAN_13)


def read(gtin: str) -> Read:
    return Read(gtin[1:], Symbology.EAN_13, 12.0)


def test_a_code_that_the_book_does_not_know_is_recorded_and_adds_no_line(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    cart._sale.take(read("00012345678905"))
    assert [type(event) for event in surroundings.said if type(event) in (CodeRead, LineAdded)] == [CodeRead]
    assert cart.state()["last_code"]["known"] is False
    assert cart.state()["basket"] == []


def test_a_product_awaiting_its_release_is_added_at_its_floor(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    cart._sale.take(read(BREAD))
    assert cart.state()["total_minor"] == 500


def test_a_price_that_fell_since_a_product_went_in_lowers_the_basket(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    cart._sale.take(read(MILK))
    lower = Row(gtin=MILK, name={"en": "Milk"}, price_minor=800, floor_minor=1000)
    cart.on_matter(held("pricebook", Book(store=STORE, version=2, currency="CNY", effective_ms=NOW_MS, rows=[lower])))
    assert cart.state()["total_minor"] == 800


def test_a_full_outbox_refuses_the_line_and_the_basket_stays_as_it_was(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    cart._sale.take(read(MILK))
    surroundings.is_full = True
    cart._sale.take(read(BREAD))
    assert [line["gtin"] for line in cart.state()["basket"]] == [MILK]


async def test_a_basket_survives_a_restart_and_is_closed_once(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    async with running(cart):
        cart._sale.take(read(MILK))
        trip = cart.state()["trip"]
    again = cart_of(surroundings)
    async with running(again) as client:
        assert again.state()["trip"] == trip
        assert again.state()["total_minor"] == 1000
        assert (await client.post("/api/trip/close")).json()["total_minor"] == 1000
        closed = await client.post("/api/trip/close")
        assert (closed.status_code, closed.json()["error"]["code"]) == (409, "no-trip")
        assert (await client.post("/api/trip/start")).json()["trip"] != trip
    (event,) = surroundings.of(BasketClosed)
    assert isinstance(event, BasketClosed)
    assert (event.trip, event.total_minor, event.lines, event.provisional) == (trip, 1000, 1, True)


class OnDisk(FakeSurroundings):
    """Surroundings whose words and notes go to a real outbox; `memory.db` is assumed to be written at once."""

    def on(self, path: Path) -> "OnDisk":
        self.outbox = Outbox(OutboxFile(path), self.kind.streams)
        return self

    def say(self, event: Event) -> int:
        self.outbox.append(event)
        return self.outbox.point

    def note(self, name: str, value: bytes) -> None:
        self.outbox.note(name, value)

    def noted(self, name: str) -> bytes | None:
        return self.outbox.noted(name)


async def send(outbox: Outbox, cloud: dict[tuple[int, int], Event]) -> None:
    """Take up what reached the disk, each event once by its identity."""
    while (packed := await outbox.batch("basket")) is not None:
        for seq, event in enumerate(decode(packed.payload, Batch).events, start=packed.first):
            cloud[packed.boot, seq] = event
        outbox.acknowledge(Watermark(stream="basket", boot=packed.boot, seq=packed.last))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.sampled_from(["scan", "scan", "remove", "close", "start", "commit", "power cut"]), max_size=25)
)
def test_a_trip_that_a_power_cut_brings_back_is_the_one_that_the_events_tell(steps: list[str]) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            cloud: dict[tuple[int, int], Event] = {}
            surroundings = OnDisk(folder, "till", device="till-1").on(folder / "outbox.db")
            await surroundings.outbox.open()
            surroundings.matters["pricebook"] = held("pricebook", BOOK)
            till = Till(surroundings)
            till.on_matter(surroundings.matters["pricebook"])
            for step in [*steps, "power cut"]:
                match step:
                    case "scan":
                        till._sale.take(read(MILK))
                    case "remove" | "close":
                        with suppress(NoTripError):
                            till._sale.remove(MILK) if step == "remove" else till._sale.close()
                    case "start":
                        till._sale.start()
                    case "commit":
                        await surroundings.outbox.flush()
                    case _:
                        surroundings.outbox._file.close()
                        await surroundings.on(folder / "outbox.db").outbox.open()
                        till = Till(surroundings)
                        till.on_matter(surroundings.matters["pricebook"])
                        await send(surroundings.outbox, cloud)
                        said = list(cloud.values())
                        closed = [event.trip for event in said if isinstance(event, BasketClosed)]
                        assert len(closed) == len(set(closed))
                        trip = till._sale.trip
                        assert trip not in closed
                        added = sum(isinstance(event, LineAdded) and event.trip == trip for event in said)
                        removed = sum(isinstance(event, LineRemoved) and event.trip == trip for event in said)
                        assert len(till._sale.basket.units) == added - removed
            surroundings.outbox._file.close()

    anyio.run(play)


async def test_a_unit_is_taken_out_of_the_basket_over_the_local_api(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    async with running(cart) as client:
        cart._sale.take(read(MILK))
        cart._sale.take(read(MILK))
        removed = await client.post("/api/basket/remove", json={"gtin": MILK})
        assert removed.json()["total_minor"] == 1000
        assert len(surroundings.of(LineRemoved)) == 1
        missing = await client.post("/api/basket/remove", json={"gtin": BREAD})
        assert missing.status_code == 409
        assert (await client.post("/api/basket/remove", json={})).json()["error"]["field"] == "gtin"
        assert (await client.post("/api/basket/remove", content=b"\xff")).status_code == 422
        bare = await client.post("/api/basket/remove", json={"gtin": MILK}, headers={"x-aisle": "0"})
        assert bare.status_code == 403


async def test_products_are_found_in_either_language_with_their_shelf(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    async with running(cart) as client:
        found = (await client.get("/api/products", params={"q": "牛奶"})).json()
        assert found["total"] == 1
        assert found["items"][0]["gtin"] == MILK
        assert found["items"][0]["shelf"] == {"x_m": 3.5, "y_m": 4.5}
        bread = (await client.get("/api/products", params={"q": "BREAD bak"})).json()["items"][0]
        assert (bread["price_minor"], bread["shelf"], bread["labels"]) == (500, None, 0)
        page = (await client.get("/api/products", params={"offset": 1, "limit": 1})).json()
        assert (page["total"], len(page["items"])) == (2, 1)
        assert (await client.get("/api/products", params={"limit": "-1"})).status_code == 422


def adverts(x_m: float, y_m: float, heard_s: float) -> list[AdvertHeard]:
    """Return what a receiver at a place hears of every beacon of the site, without noise."""
    found = []
    for beacon in SITE.beacons:
        distance_m = max(0.5, ((beacon.x_m - x_m) ** 2 + (beacon.y_m - y_m) ** 2 + 1.8**2) ** 0.5)
        rssi_dbm = round(beacon.power_1m_dbm - 26 * np.log10(distance_m))
        payload = bytes(IBeacon(UUID(beacon.uuid), beacon.major, beacon.minor, beacon.power_1m_dbm))
        found.append(AdvertHeard("AA", rssi_dbm, {COMPANY_ID: payload}, {}, heard_s))
    return found


async def test_a_cart_says_where_it_is_and_an_offer_of_that_zone_comes_up(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    async with running(cart) as client:
        with anyio.fail_after(12):
            while not surroundings.of(OfferDecided):
                surroundings.clock.pass_s(0.1)
                for advert in adverts(7.5, 5.5, anyio.current_time()):
                    cart.on_signal("beacons", advert)
                await anyio.sleep(0.1)
        state = cart.state()
        assert state["offer"]["offer"] == "yoghurt"
        assert state["offers"][0]["headline"] == {"en": "Yoghurt"}
        await client.post("/api/offer/dismiss")
        assert cart.state()["offer"] is None
    fixes = [event for event in surroundings.said if isinstance(event, PositionFixed)]
    assert ((fixes[-1].x_m - 7.5) ** 2 + (fixes[-1].y_m - 5.5) ** 2) ** 0.5 < 4
    (decision,) = surroundings.of(OfferDecided)
    assert isinstance(decision, OfferDecided)
    assert (decision.offer, decision.zone, decision.outcome, decision.trip) == (
        "yoghurt",
        "dairy",
        "shown",
        state["trip"],
    )


async def test_a_virtual_cart_is_steered_over_its_local_api_and_a_real_one_is_not(
    surroundings: FakeSurroundings, tmp_path: Path
) -> None:
    cart = cart_of(surroundings)
    assert cart.state()["virtual"] is True
    async with running(cart) as client:
        assert (await client.post("/api/virtual/walk", json={"x_m": 3, "y_m": 4.5})).status_code == 200
        assert (await client.post("/api/virtual/show", json={"gtin": MILK})).status_code == 200
        assert (await client.post("/api/virtual/show", json={"gtin": "1"})).json()["error"]["code"] == "refused"
        assert (await client.post("/api/virtual/auto", json={"on": True})).status_code == 200
        assert (await client.post("/api/virtual/walk", json={"x_m": "here"})).status_code == 422
    camera = surroundings.drivers["camera"]
    assert isinstance(camera, Camera)
    assert camera.world.steered == [False, [(3.0, 4.5)], MILK, True]
    real = Cart(FakeSurroundings(tmp_path / "real", "cart"))
    assert real.state()["virtual"] is False
    async with running(real) as client:
        assert (await client.post("/api/virtual/auto", json={"on": True})).status_code == 404


async def test_a_cart_shows_itself_when_it_is_looked_for(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    locate = Command(id="cmd-1", device="cart-1", name="locate", expires_ms=NOW_MS + 10_000)
    assert await cart.on_command(locate) == "shows itself for 30 s"
    assert cart.state()["located"] is True
    with pytest.raises(CommandFailedError):
        await cart.on_command(Command(id="cmd-2", device="cart-1", name="fly", expires_ms=NOW_MS + 10_000))


def test_a_matter_of_another_store_is_refused(surroundings: FakeSurroundings) -> None:
    cart = cart_of(surroundings)
    stranger = held("offers", Offers(store="other", version=2, offers=[]))
    wrong = type(stranger)(held("offers", OFFERS).manifest, stranger.blob)
    with pytest.raises(MatterRefusedError):
        cart.on_matter(wrong)


async def test_a_till_sells_at_firm_prices_without_a_lease(tmp_path: Path) -> None:
    surroundings = FakeSurroundings(tmp_path, "till", device="till-1")
    till = Till(surroundings)
    till.on_matter(held("pricebook", BOOK))
    async with running(till) as client:
        till.on_signal("camera", frame(MILK, anyio.current_time()))
        await until(lambda: till.state()["total_minor"] == 1000)
        assert till.state()["provisional"] is False
        assert till.state()["lease"] is None
        assert (await client.post("/api/trip/close")).json()["provisional"] is False


DEAL = Promotion(
    id="two-milk",
    name={"en": "Two milk", "zh": "两盒牛奶"},
    starts_ms=0,
    ends_ms=NOW_MS + 60_000,
    rule=Bundle(parts=[Part(products=Products(gtins=[MILK]), quantity=2)], price_minor=1500),
)


async def test_promotions_come_off_the_total_with_the_reason_and_are_told_with_the_closed_basket(
    tmp_path: Path,
) -> None:
    surroundings = FakeSurroundings(tmp_path, "till", device="till-1")
    till = Till(surroundings)
    till.on_matter(held("pricebook", BOOK))
    secret = replace(
        DEAL, id="secret", coupon="MILK24", rule=CartOff(effect=AmountOff(amount_minor=1), threshold_minor=1)
    )
    till.on_matter(held("promotions", PromotionBook(store=STORE, version=1, promotions=[DEAL, secret])))
    async with running(till) as client:
        for _ in range(2):
            till._sale.take(read(MILK))
        state = till.state()
        assert (state["total_minor"], state["saving_minor"]) == (1500, 500)
        assert [each["text"]["zh"] for each in state["discounts"]] != [""]
        assert (await client.post("/api/coupon", json={"code": " MILK24 "})).json()["total_minor"] == 1499
        assert Till(surroundings).state()["coupons"] == ["MILK24"], "a coupon outlives a power cut"
        assert (await client.post("/api/coupon", json={"code": ""})).status_code == 422
        closed = (await client.post("/api/trip/close")).json()
        assert closed["total_minor"] == 1499
    (said,) = [event for event in surroundings.said if isinstance(event, BasketClosed)]
    assert {use.promotion: (use.amount_minor, use.op) for use in said.uses} == {
        "two-milk": (500, f"{said.trip}/two-milk"),
        "secret": (1, f"{said.trip}/secret"),
    }


def test_a_promotion_ends_by_itself_and_wrong_ones_leave_those_before(tmp_path: Path) -> None:
    surroundings = FakeSurroundings(tmp_path, "till", device="till-1")
    till = Till(surroundings)
    till.on_matter(held("pricebook", BOOK))
    till.on_matter(held("promotions", PromotionBook(store=STORE, version=1, promotions=[DEAL])))
    for _ in range(2):
        till._sale.take(read(MILK))
    with pytest.raises(MatterRefusedError, match="two-milk"):
        till.on_matter(held("promotions", PromotionBook(store=STORE, version=2, promotions=[DEAL, DEAL])))
    assert till.state()["total_minor"] == 1500
    surroundings.clock.pass_s(61)
    assert till.state()["total_minor"] == 2000


async def test_a_till_out_of_service_sells_nothing_and_begins_again_only_by_the_newest_book(tmp_path: Path) -> None:
    surroundings = FakeSurroundings(tmp_path, "till", device="till-1")
    surroundings.configuration = Configuration(device="till-1", version=1, store=STORE)
    till = Till(surroundings)
    till.on_matter(held("pricebook", BOOK))
    cheaper = replace(BOOK, version=2, rows=[replace(BOOK.rows[0], price_minor=800)])
    async with running(till) as client:
        till._sale.take(read(MILK))
        assert till.state()["out_of_service"] is None
        surroundings.configuration = replace(surroundings.configuration, version=2, in_service=False)
        changes = surroundings.changes
        await until(lambda: surroundings.changes > changes)
        assert till.state()["out_of_service"] == "taken-out"
        said = list(surroundings.said)
        till._sale.take(read(MILK))
        for path in ("/api/trip/start", "/api/trip/close"):
            refused = await client.post(path)
            assert (refused.status_code, refused.json()["error"]["code"]) == (409, "out-of-service")
        assert surroundings.said == said
        # Back in service, but the cloud has named a newer book, which is still on its way.
        surroundings.configuration = replace(surroundings.configuration, version=3, in_service=True)
        assert till.state()["out_of_service"] == "awaiting-book"
        surroundings.heads["pricebook"] = held("pricebook", cheaper).manifest
        assert till.state()["out_of_service"] == "awaiting-book"
        restarted = Till(surroundings)
        assert restarted.state()["out_of_service"] == "awaiting-book"
        till.on_matter(held("pricebook", cheaper))
        assert till.state()["out_of_service"] is None
        closed = await client.post("/api/trip/close")
        assert closed.json()["total_minor"] == 800
        # From then on it sells without the cloud.
        surroundings.heads.clear()
        till._sale.take(read(MILK))
        assert till.state()["total_minor"] == 800


def test_a_till_that_missed_a_configuration_looks_at_its_book_before_it_sells(tmp_path: Path) -> None:
    surroundings = FakeSurroundings(tmp_path, "till", device="till-1")
    surroundings.configuration = Configuration(device="till-1", version=1, store=STORE)
    till = Till(surroundings)
    till.on_matter(held("pricebook", BOOK))
    assert till.state()["out_of_service"] is None
    surroundings.configuration = replace(surroundings.configuration, version=2, name="Till 1")
    assert till.state()["out_of_service"] is None
    surroundings.configuration = replace(surroundings.configuration, version=4)
    assert till.state()["out_of_service"] == "awaiting-book"
    surroundings.heads["pricebook"] = held("pricebook", BOOK).manifest
    assert till.state()["out_of_service"] is None


async def test_a_screen_finds_products_and_a_sensor_knows_its_place(tmp_path: Path) -> None:
    screen = Screen(FakeSurroundings(tmp_path / "screen", "screen"))
    for matter, value in MATTERS:
        screen.on_matter(held(matter, value))
    async with running(screen) as client:
        await until(lambda: screen.state()["book"] is not None)
        assert (await client.get("/api/products", params={"q": "milk"})).json()["total"] == 1
    surroundings = FakeSurroundings(tmp_path / "sensor", "sensor")
    sensor = Sensor(surroundings)
    sensor.on_matter(held("site", SITE))
    async with running(sensor):
        for advert in adverts(5.0, 4.0, anyio.current_time()):
            sensor.on_signal("beacons", advert)
        await until(lambda: bool(surroundings.of(PositionFixed)))
    assert sensor.state()["position"] is not None


def test_a_survey_moves_what_a_sensor_believes_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    sensor = Sensor(FakeSurroundings(tmp_path, "sensor"))
    heard = [
        SurveyPoint(level="g", x_m=x_m, y_m=4.0, beacon=beacon.id, rssi_dbm=-60.0 - 3 * abs(beacon.x_m - x_m))
        for beacon in SITE.beacons
        for x_m in (1.0, 5.0, 9.0)
    ]
    # It may come before the site, and after it.
    sensor.on_matter(held("survey", SiteSurvey(store=STORE, version=1, points=heard)))
    sensor.on_matter(held("site", SITE))
    sensor.on_matter(held("survey", SiteSurvey(store=STORE, version=2, points=[])))
    other = encode(SiteSurvey(store=STORE, version=3, points=heard))
    with pytest.raises(MatterRefusedError, match="survey: its version is 3, the manifest says 1"):
        sensor.on_matter(Held(held("survey", SITE).manifest, other))
    with pytest.raises(MatterRefusedError, match="no use for offers"):
        sensor.on_matter(held("offers", OFFERS))


@given(st.lists(st.tuples(st.sampled_from([MILK, BREAD]), st.integers(1, 500), st.booleans()), max_size=30))
def test_a_baskets_lines_are_its_units_whatever_goes_in_and_out(steps: list[tuple[str, int, bool]]) -> None:
    basket, units = Basket(), list[tuple[str, int]]()
    for gtin, price_minor, goes_in in steps:
        if goes_in:
            basket = basket.add(Unit(gtin, {}, price_minor))
            units.append((gtin, price_minor))
        elif any(each == gtin for each, _ in units):
            basket = basket.without(basket.place(gtin))
            last = max(place for place, (each, _) in enumerate(units) if each == gtin)
            del units[last]
        else:
            with pytest.raises(KeyError):
                basket.place(gtin)
    assert basket.total_minor == sum(price for _, price in units) == sum(line.line_minor for line in basket.lines)
    assert sum(line.quantity for line in basket.lines) == len(units)
    assert basket.lowered(lambda unit: Unit(unit.gtin, {}, 100)).total_minor == sum(
        min(100, price) for _, price in units
    )
