"""The gateway: labels are armed, proved and tried again by the law; leases and releases go out signed."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL

import anyio
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_broker.bus.memory import MemoryBroker, MemoryBus
from cloud_broker.bus.mosquitto import BrokerFailedError, free_port, program
from cloud_broker.bus.port import Message
from edge_agent.app import CommandFailedError
from edge_agent.roles.gateway import Gateway, campaign, desk
from edge_agent.roles.gateway.broker import LocalBroker
from edge_agent.roles.gateway.faces import Faces, Kept
from edge_agent.roles.gateway.law import Face
from edge_agent.roles.gateway.pictures import content_of, draw
from edge_agent.roles.gateway.radio import LabelRadio
from firmware_specs import topics
from firmware_specs.desired import Command, Configuration, LabelPlace, LabelPlan, Member, Roster, Row
from firmware_specs.events import (
    BookHeld,
    FaultRaised,
    LabelArmed,
    LabelFailed,
    LabelPrepared,
    LabelShown,
    PriceReleased,
)
from firmware_specs.frames.esl import DisplayState, DisplayTimedImage, StateBits, parse_command
from firmware_specs.leases import Confirmation, Delegation, Lease, Releases
from firmware_specs.signing import verify
from firmware_specs.wire import decode, encode
from tests.fakes.books import Book
from tests.fakes.labels import FakeLabels
from tests.fakes.surroundings import NOW_MS, STORE, FakeClock, FakeSurroundings, held

MILK, BREAD = "06901234567892", "06923450657135"
ADDRESSES = ("AA:00:00:00:00:01", "AA:00:00:00:00:02")


class WallClock(FakeClock):
    """The test's real time, so that the gateway's tasks see time pass."""

    def __init__(self) -> None:
        super().__init__()
        self._started_s = time.monotonic()

    def __getattribute__(self, name: str) -> object:
        if name == "ms":
            return NOW_MS + int((time.monotonic() - object.__getattribute__(self, "_started_s")) * 1000)
        return super().__getattribute__(name)


def row(gtin: str, price_minor: int, floor_minor: int | None = None) -> Row:
    return Row(
        gtin=gtin,
        name={"zh": "纯牛奶", "en": "Whole milk"} if gtin == MILK else {"zh": "面包", "en": "Bread"},
        price_minor=price_minor,
        floor_minor=price_minor if floor_minor is None else floor_minor,
        unit="1 L",
    )


def book(version: int, *rows: Row, effective_ms: int = NOW_MS) -> Book:
    return Book(store=STORE, version=version, currency="CNY", effective_ms=effective_ms, rows=list(rows))


PLAN = LabelPlan(
    store=STORE,
    version=1,
    labels=[
        LabelPlace(id=f"label-{n}", address=address, gtin=MILK, x_m=n, y_m=1) for n, address in enumerate(ADDRESSES)
    ],
)
ROSTER = Roster(
    store=STORE,
    version=1,
    members=[
        Member(id="till-1", kind="till", in_service=True),
        Member(id="cart-1", kind="cart", in_service=True),
        Member(id="gateway-1", kind="gateway", in_service=True),
    ],
)


@dataclass
class Store:
    """A gateway with fake labels on a bus in memory, and what the bus heard from it."""

    folder: Path
    surroundings: FakeSurroundings = field(init=False)
    labels: FakeLabels = field(default_factory=lambda: FakeLabels(ADDRESSES))
    broker: MemoryBroker = field(default_factory=MemoryBroker)
    heard: list[Message] = field(default_factory=list)
    gateway: Gateway = field(init=False)

    def __post_init__(self) -> None:
        key = Ed25519PrivateKey.generate()
        bus = MemoryBus(self.broker, "gateway-1")
        self.surroundings = FakeSurroundings(
            self.folder,
            "gateway",
            device="gateway-1",
            clock=WallClock(),
            drivers={"labels": self.labels},
            local=bus,
            release_key=key,
        )
        self.surroundings.envelopes["delegation"] = self.surroundings.delegate("gateway-1", key)
        self.bus = bus
        self.fresh()

    def fresh(self) -> None:
        """Make the role anew, as a restart does."""
        self.gateway = Gateway(self.surroundings, with_broker=False)
        for matter in self.surroundings.matters.values():
            self.gateway.on_matter(matter)

    def give(self, matter: str, value: Book | LabelPlan | Roster) -> None:
        effective_ms = value.effective_ms if isinstance(value, Book) else NOW_MS
        self.surroundings.matters[matter] = held(matter, value, effective_ms=effective_ms)
        self.gateway.on_matter(self.surroundings.matters[matter])

    async def confirm(self, device: str, version: int, *, in_force: int | None = None) -> None:
        said = Confirmation(
            device=device,
            book_version=version,
            effective_ms=NOW_MS,
            at_ms=self.surroundings.now_ms(),
            in_force_version=version if in_force is None else in_force,
        )
        topic = topics.local_from(STORE, device, "confirm")
        await self.gateway.on_local(Message(topic, encode(said), retain=True))

    async def confirm_all(self, version: int) -> None:
        for device in ("till-1", "cart-1"):
            await self.confirm(device, version)

    def last(self, what: str, device: str | None = None) -> bytes | None:
        topic = topics.local_to(STORE, what, device)
        return next((message.payload for message in reversed(self.heard) if message.topic == topic), None)

    def releases(self) -> Releases | None:
        payload = self.last("releases")
        key = self.surroundings.release_key
        assert key is not None
        return None if payload is None else verify(payload, Releases, key.public_key())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async def hear(message: Message) -> None:
            self.heard.append(message)

        async with anyio.create_task_group() as group:
            group.start_soon(self.bus.run, [], hear)
            group.start_soon(MemoryBus(self.broker, "ear").run, ["aisle/1/l/#"], hear)
            group.start_soon(self.labels.run, lambda signal: self.gateway.on_signal("labels", signal))
            await anyio.wait_all_tasks_blocked()
            await group.start(self.start)
            yield
            group.cancel_scope.cancel()

    async def start(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        await self.gateway.run(task_status=task_status)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(campaign, "REFRESH_S", 0.06)
    monkeypatch.setattr(campaign, "LOOK_AGAIN_S", 0.05)
    monkeypatch.setattr(desk, "LEAD_S", 0.05)
    monkeypatch.setattr(LabelRadio.__init__, "__defaults__", (0.3,))
    return Store(tmp_path)


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    with anyio.fail_after(seconds):
        while True:
            if holds():
                return
            await anyio.sleep(0.01)


def shown(store: Store, price_minor: int, version: int) -> set[str]:
    return {
        event.label
        for event in store.surroundings.said
        if isinstance(event, LabelShown) and (event.price_minor, event.book_version) == (price_minor, version)
    }


def glass_shows(store: Store, price_minor: int) -> bool:
    image = draw(content_of(row(MILK, price_minor), "CNY")).image
    return all(store.labels.panel(address) == image for address in ADDRESSES)


async def at_ten(store: Store) -> None:
    """Bring the store to rest at a price of 10.00."""
    store.give("labels", PLAN)
    store.give("roster", ROSTER)
    store.give("pricebook", book(1, row(MILK, 1000)))
    await store.confirm_all(1)
    await until(lambda: shown(store, 1000, 1) == {"label-0", "label-1"})


async def test_a_label_is_armed_told_and_proved_with_the_very_image(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        assert glass_shows(store, 1000)
    said = [type(event) for event in store.surroundings.said if type(event) in (BookHeld, LabelArmed, LabelShown)]
    assert said[0] is BookHeld
    assert said.count(LabelArmed) == said.count(LabelShown) == 2
    proof = store.surroundings.of(LabelShown)[0]
    assert isinstance(proof, LabelShown)
    assert proof.image_sha256 == draw(content_of(row(MILK, 1000), "CNY")).sha256


async def test_a_decrease_waits_for_every_till_and_cart_that_holds_a_lease(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 800, 1000)))
        await anyio.sleep(0.4)
        assert glass_shows(store, 1000)
        assert store.gateway.state()["labels"][0]["waits_for"] == ["cart-1", "till-1"]
        await store.confirm("till-1", 2)
        await anyio.sleep(0.3)
        assert glass_shows(store, 1000)
        await store.confirm("cart-1", 2)
        await until(lambda: shown(store, 800, 2) == {"label-0", "label-1"})
        assert glass_shows(store, 800)


async def test_an_increase_is_shown_at_once_and_released_when_every_label_has_proved_it(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.labels.dead.add(ADDRESSES[1])
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: shown(store, 1200, 2) == {"label-0"})
        await anyio.sleep(0.2)
        found = store.releases()
        assert found is not None
        assert found.releases == []
        store.labels.dead.clear()
        await until(lambda: bool((found := store.releases()) and found.releases))
        found = store.releases()
        assert found is not None
        assert (found.releases[0].price_minor, found.releases[0].book_version) == (1200, 2)
        assert shown(store, 1200, 2) == {"label-0", "label-1"}
    assert [event.price_minor for event in store.surroundings.said if isinstance(event, PriceReleased)] == [1200]


async def test_a_product_without_labels_is_released_under_its_book(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 1000), row(BREAD, 700, 600)))
        await until(lambda: bool((found := store.releases()) and found.releases))
        found = store.releases()
        assert found is not None
        assert [release.gtin for release in found.releases] == [BREAD]


async def test_nothing_is_released_before_the_plan_of_labels_is_known(store: Store) -> None:
    async with store.running():
        store.give("pricebook", book(1, row(BREAD, 700, 600)))
        await anyio.sleep(0.4)
        assert store.last("releases") is None


async def test_a_silent_label_is_told_once_and_counts_as_showing_every_price_it_may(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.roles.gateway.shelf.LONGEST_BACKOFF_S", 0.1)
    async with store.running():
        await at_ten(store)

        def die(address: str) -> None:
            if address == ADDRESSES[1]:
                store.labels.dead.add(address)

        store.labels.before_display = die
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: bool(store.surroundings.of(LabelFailed)), 8)
        await anyio.sleep(0.8)
        assert len(store.surroundings.of(LabelFailed)) == 1
        label = store.gateway.state()["labels"][1]
        assert label["state"] == "failed"
        assert label["may_show_minor"] == [1000, 1200]
        store.labels.before_display = lambda address: None
        store.labels.dead.clear()
        await until(lambda: "label-1" in shown(store, 1200, 2))
        assert store.gateway.state()["labels"][1]["state"] == "shown"


def displays(store: Store) -> int:
    return sum(tag.refreshes for tag in store.labels.tags.values())


def on_disk(store: Store, label: str) -> Face:
    """Return what a restart would find: a copy, since the gateway holds its own file."""
    with tempfile.TemporaryDirectory() as folder:
        for file in store.folder.glob("faces.sqlite3*"):
            shutil.copy(file, folder)
        faces = Faces(Path(folder) / "faces.sqlite3")
        try:
            return faces.recall().get(label, Kept()).face
        finally:
            faces.close()


@pytest.mark.parametrize(
    ("condition", "reason"),
    [(StateBits(0), "not synchronised"), (StateBits.SYNCHRONIZED | StateBits.SERVICE_NEEDED, "needs service")],
)
async def test_a_label_in_trouble_is_told_the_price_but_proves_nothing_until_it_is_well(
    store: Store, condition: StateBits, reason: str
) -> None:
    async with store.running():
        await at_ten(store)
        told = displays(store)
        store.labels.tags[ADDRESSES[1]].condition = condition
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: reason in store.gateway.state()["labels"][1]["reason"])
        assert glass_shows(store, 1200)
        assert shown(store, 1200, 2) == {"label-0"}
        assert not (found := store.releases()) or not found.releases
        store.labels.tags[ADDRESSES[1]].condition = StateBits.SYNCHRONIZED
        await until(lambda: bool((found := store.releases()) and found.releases))
        # Tried again it shows the picture already: no second refresh of the panel was spent on it.
        assert displays(store) == told + 2


async def test_a_label_that_accepts_a_picture_and_never_draws_it_proves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store.running():
        await at_ten(store)
        monkeypatch.setattr(store.labels.tags[ADDRESSES[1]], "_show_at", lambda slot, *_: DisplayState(0, slot))
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: store.gateway.state()["labels"][1]["reason"] == "the label shows another image")
        await until(lambda: shown(store, 1200, 2) == {"label-0"})
        assert store.gateway.state()["labels"][1]["may_show_minor"] == [1000, 1200]


async def at_twelve_released(store: Store) -> None:
    await at_ten(store)
    store.give("pricebook", book(2, row(MILK, 1200, 1000)))
    await until(lambda: bool((found := store.releases()) and found.releases))


def came_back_with_its_old_picture(store: Store) -> None:
    store.labels.tags[ADDRESSES[1]].panel = draw(content_of(row(MILK, 1000), "CNY")).image


def lost_its_clock(store: Store) -> None:
    store.labels.tags[ADDRESSES[1]].condition = StateBits(0)


def fell_silent(store: Store) -> None:
    store.labels.dead.add(ADDRESSES[1])


@pytest.mark.parametrize("harm", [came_back_with_its_old_picture, lost_its_clock, fell_silent])
async def test_a_label_that_no_longer_proves_its_price_loses_the_release_and_gets_it_back_by_proof(
    store: Store, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Store], None]
) -> None:
    monkeypatch.setattr("edge_agent.roles.gateway.shelf.AUDIT_S", 0.2)
    monkeypatch.setattr("edge_agent.roles.gateway.shelf.AUDIT_AGAIN_S", 0.1)
    async with store.running():
        await at_twelve_released(store)
        told = displays(store)
        await anyio.sleep(0.5)
        assert not store.surroundings.of(LabelFailed)
        assert displays(store) == told
        harm(store)
        await until(lambda: (found := store.releases()) is not None and not found.releases)
        assert [event.label for event in store.surroundings.said if isinstance(event, LabelFailed)] == ["label-1"]
        await until(lambda: not on_disk(store, "label-1").is_proved)
        store.labels.dead.clear()
        store.labels.tags[ADDRESSES[1]].condition = StateBits.SYNCHRONIZED
        await until(lambda: bool((found := store.releases()) and found.releases))
        assert glass_shows(store, 1200)
    assert store.gateway.state()["labels"][1]["state"] == "shown"


async def test_labels_are_asked_again_while_the_outbox_is_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.roles.gateway.shelf.AUDIT_S", 0.2)
    monkeypatch.setattr("edge_agent.roles.gateway.shelf.AUDIT_AGAIN_S", 0.1)
    async with store.running():
        await at_twelve_released(store)
        store.surroundings.is_full = True
        came_back_with_its_old_picture(store)
        await until(lambda: (found := store.releases()) is not None and not found.releases)
        store.surroundings.is_full = False
        await until(lambda: len(store.surroundings.of(LabelFailed)) == 1)


async def test_what_a_label_may_show_is_on_disk_before_it_is_told(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        seen: list[set[int]] = []

        def look(address: str) -> None:
            face = on_disk(store, "label-0")
            assert not face.is_proved
            seen.append({picture.price_minor for picture in face.may_show})

        store.labels.before_display = lambda address: look(address) if address == ADDRESSES[0] else None
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: bool(seen))
        assert seen == [{1000, 1200}]


async def test_a_restart_in_the_middle_of_an_update_forgets_no_picture(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        await anyio.sleep(0.6)
        store.labels.before_display = lambda address: store.labels.dead.add(address)
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: len(store.labels.dead) == 2)
    store.fresh()
    face = store.gateway.state()["labels"][0]
    assert (face["may_show_minor"], face["state"]) == ([1000, 1200], "armed")
    store.labels.dead.clear()
    store.labels.before_display = lambda address: None
    async with store.running():
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})


async def test_a_restart_proves_nothing_anew_and_disturbs_no_label(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        await anyio.sleep(0.7)
    told = len(store.labels.told)
    store.fresh()
    async with store.running():
        await anyio.sleep(0.5)
    assert len(store.labels.told) == told
    assert store.gateway.state()["labels"][0]["state"] == "shown"


async def test_a_newer_book_takes_the_place_of_a_pending_one(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 800, 1000)))
        await anyio.sleep(0.2)
        store.give("pricebook", book(3, row(MILK, 900, 800)))
        await store.confirm_all(3)
        await until(lambda: shown(store, 900, 3) == {"label-0", "label-1"})
    assert displays(store) == 4
    assert not shown(store, 800, 2)


async def test_a_price_that_went_and_came_back_unseen_is_proved_for_the_newer_book_without_a_refresh(
    store: Store,
) -> None:
    async with store.running():
        await at_ten(store)
        before = displays(store)
        store.give("pricebook", book(3, row(MILK, 1000, 800)))
        await until(lambda: shown(store, 1000, 3) == {"label-0", "label-1"})
        await until(lambda: bool((found := store.releases()) and found.releases))
    assert displays(store) == before


async def test_labels_of_one_change_switch_at_one_instant(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
    armed = [event for event in store.surroundings.said if isinstance(event, LabelArmed) and event.price_minor == 1200]
    assert [event.label for event in armed] == ["label-0", "label-1"]
    timed = {
        command.at_ms for _, said in store.labels.told if isinstance(command := parse_command(said), DisplayTimedImage)
    }
    # Once for ten, once for twelve.
    assert len(timed) == 2


async def test_a_price_that_must_wait_and_one_that_is_planned_lie_in_the_labels_ahead_of_their_time(
    store: Store,
) -> None:
    async with store.running():
        await at_ten(store)
        later_ms = store.surroundings.now_ms() + 60_000
        store.give("pricebook", book(2, row(MILK, 1200, 1000), effective_ms=later_ms))
        await until(lambda: prepared(store, 1200) == {"label-0", "label-1"})
        store.give("pricebook", book(3, row(MILK, 800, 1000)))
        await until(lambda: prepared(store, 800) == {"label-0", "label-1"})
        assert glass_shows(store, 1000)
        loaded = dict(store.labels.loads)
        await store.confirm_all(3)
        await until(lambda: shown(store, 800, 3) == {"label-0", "label-1"})
    # What was prepared is shown by a command alone.
    assert store.labels.loads == loaded == dict.fromkeys(ADDRESSES, 3)


def prepared(store: Store, price_minor: int) -> set[str]:
    return {
        event.label
        for event in store.surroundings.said
        if isinstance(event, LabelPrepared) and event.price_minor == price_minor
    }


async def test_a_label_whose_clock_is_ahead_is_set_right_and_shows_the_price(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.labels.ahead_ms = 600_000
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
        assert store.labels.configured


async def test_a_label_whose_clock_is_behind_is_set_right_and_shows_the_price(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "LONGEST_REFRESH_S", 0.2)
    async with store.running():
        await at_ten(store)
        store.labels.ahead_ms = -600_000
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
        assert store.labels.configured
    assert displays(store) == 4


async def test_a_switch_is_called_off_when_the_price_goes_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async with store.running():
        await at_ten(store)
        before = displays(store)
        monkeypatch.setattr(desk, "LEAD_S", 1.5)
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: {label["state"] for label in store.gateway.state()["labels"]} == {"armed"})
        await anyio.sleep(0.1)
        store.give("pricebook", book(3, row(MILK, 1000, 1000)))
        await until(lambda: shown(store, 1000, 3) == {"label-0", "label-1"})
        assert displays(store) == before


async def test_a_price_that_changes_faster_than_labels_do_is_still_shown(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each load takes as long as it takes the price to change again.
    async with store.running():
        await at_ten(store)
        version = 2

        def change() -> None:
            nonlocal version
            if version < 40:
                store.give("pricebook", book(version, row(MILK, 1000 + version, 1000)))
                version += 1

        store.labels.after_load = change
        change()
        await until(lambda: displays(store) > 2)
        assert version < 20


async def test_of_a_label_that_was_replaced_nothing_is_believed(store: Store) -> None:
    async with store.running():
        await at_twelve_released(store)
        # The new one comes with a picture of its own, and a lower price.
        store.labels.tags[ADDRESSES[0]].panel = draw(content_of(row(MILK, 500), "CNY")).image
        swapped = [msgspec.structs.replace(place, address=ADDRESSES[1 - at]) for at, place in enumerate(PLAN.labels)]
        store.give("labels", LabelPlan(store=STORE, version=2, labels=swapped))
        await until(lambda: (found := store.releases()) is not None and not found.releases)
        # What it shows is unknown: showing anything waits like a decrease.
        assert store.gateway.state()["labels"][0]["waits_for"] == ["cart-1", "till-1"]
        await store.confirm_all(2)
        await until(lambda: bool((found := store.releases()) and found.releases))
        assert glass_shows(store, 1200)


async def test_a_label_that_was_replaced_while_the_gateway_was_off_is_unknown(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        await until(lambda: on_disk(store, "label-0").is_proved)
    moved = [msgspec.structs.replace(place, address=ADDRESSES[1 - at]) for at, place in enumerate(PLAN.labels)]
    store.surroundings.matters["labels"] = held("labels", LabelPlan(store=STORE, version=2, labels=moved))
    store.fresh()
    assert [label["may_show_minor"] for label in store.gateway.state()["labels"]] == [[], []]


def order(label: str) -> Command:
    return Command(id="cmd-1", device="gateway-1", name="flash", arguments={"label": label}, expires_ms=1)


async def test_a_label_flashes_to_be_found_also_while_it_is_being_served(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        assert await store.gateway.on_command(order("label-1")) == "label-1 flashes for 20 s"
        assert store.labels.tags[ADDRESSES[1]].flashes_until_s > anyio.current_time() + 15
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})


async def test_a_label_that_cannot_flash_closes_the_command_with_the_reason(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        with pytest.raises(CommandFailedError, match="no label 'label-9' hangs here"):
            await store.gateway.on_command(order("label-9"))
        store.labels.dead.add(ADDRESSES[1])
        with pytest.raises(CommandFailedError, match="label-1: no answer"):
            await store.gateway.on_command(order("label-1"))


async def test_leases_go_to_carts_in_reach_that_charge_by_the_book_in_force(store: Store) -> None:
    key = store.surroundings.release_key
    assert key is not None
    async with store.running():
        await at_ten(store)
        await until(lambda: store.last("lease", "cart-1") is not None)
        payload = store.last("lease", "cart-1")
        assert payload is not None
        lease = verify(payload, Lease, key.public_key())
        assert (lease.store, lease.device, lease.book_version) == (STORE, "cart-1", 1)
        assert lease.expires_ms - lease.made_ms == 30_000
        assert store.last("lease", "till-1") is None
        store.heard.clear()
        store.give("pricebook", book(2, row(MILK, 1000)))
        await anyio.sleep(0.3)
        assert store.last("lease", "cart-1") is None


async def test_the_clouds_delegation_is_passed_on_and_without_it_nothing_is_issued(store: Store) -> None:
    envelope = store.surroundings.envelopes.pop("delegation")
    async with store.running():
        await at_ten(store)
        assert store.last("lease", "cart-1") is None
        assert store.last("releases") is None
        assert [event.fault for event in store.surroundings.said if isinstance(event, FaultRaised)] == ["no-delegation"]
        store.surroundings.envelopes["delegation"] = envelope
        await until(lambda: store.last("releases") is not None)
        passed_on = store.last("delegation")
        assert passed_on is not None
        assert verify(passed_on, Delegation, store.surroundings.signing_key).gateway == "gateway-1"


async def test_a_confirmation_in_another_devices_name_counts_for_nobody(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 800, 1000)))
        await store.confirm("cart-1", 2)
        forged = Confirmation(device="till-1", book_version=2, effective_ms=0, at_ms=0, in_force_version=2)
        await store.gateway.on_local(Message(topics.local_from(STORE, "cart-1", "confirm"), encode(forged)))
        for noise in (b"", b"{}", b"\xff", b'{"device":"till-1\\n","book_version":1,"effective_ms":0,"at_ms":0}'):
            await store.gateway.on_local(Message(topics.local_from(STORE, "till-1", "confirm"), noise))
        await anyio.sleep(0.3)
        assert store.gateway.state()["labels"][0]["waits_for"] == ["till-1"]
        assert glass_shows(store, 1000)


async def test_who_confirms_but_stands_on_no_roster_yet_is_waited_for(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        await store.confirm("till-9", 1)
        store.give("pricebook", book(2, row(MILK, 800, 1000)))
        await store.confirm_all(2)
        await anyio.sleep(0.3)
        assert store.gateway.state()["labels"][0]["waits_for"] == ["till-9"]


async def test_a_book_of_the_future_changes_no_label_before_its_time(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        soon_ms = store.surroundings.now_ms() + 700
        store.give("pricebook", book(2, row(MILK, 1200, 1000), effective_ms=soon_ms))
        await anyio.sleep(0.4)
        assert glass_shows(store, 1000)
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
        first = next(event for event in store.surroundings.of(LabelArmed)[2:])
        assert first.at_ms >= soon_ms


async def test_a_full_outbox_stops_new_work_and_loses_no_proof(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.surroundings.is_full = True
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await anyio.sleep(0.4)
        assert glass_shows(store, 1000)
        store.surroundings.is_full = False
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
    assert [event.version for event in store.surroundings.said if isinstance(event, BookHeld)] == [1, 2]


async def test_a_proof_that_a_full_disk_lost_is_said_again_after_a_restart(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        await until(lambda: on_disk(store, "label-0").is_proved)
        store.surroundings.unsaved_from = len(store.surroundings.said)
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
        await anyio.sleep(0.8)
        told = displays(store)
    # The power goes while the disk refuses: what was said since is gone.
    del store.surroundings.said[store.surroundings.unsaved_from :]
    store.surroundings.unsaved_from = None
    store.fresh()
    async with store.running():
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
        await until(lambda: [e.version for e in store.surroundings.said if isinstance(e, BookHeld)] == [1, 2])
        await until(lambda: on_disk(store, "label-0").is_proved)
    # The glass shows it already, so it is proved without a refresh.
    assert displays(store) == told


async def test_a_name_too_long_for_a_label_is_told_with_its_reason_and_the_old_picture_stays(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        long = Row(gtin=MILK, name={"en": "x" * 900}, price_minor=1000, floor_minor=1000)
        store.give("pricebook", book(2, long))
        await until(lambda: len(store.surroundings.of(LabelFailed)) == 2)
        await anyio.sleep(0.3)
        assert glass_shows(store, 1000)
    failed = store.surroundings.of(LabelFailed)[0]
    assert isinstance(failed, LabelFailed)
    assert "do not fit" in failed.reason
    assert decode(encode(failed), LabelFailed) == failed


async def test_the_stores_broker_comes_back_when_it_dies_and_an_orphan_of_a_killed_run_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        program()
    except BrokerFailedError:
        pytest.skip("missing: mosquitto")
    monkeypatch.setattr("edge_agent.roles.gateway.broker.RESTART_S", 0.1)
    surroundings = FakeSurroundings(tmp_path, "gateway", device="gateway-1")
    surroundings.configuration = Configuration(
        device="x", version=1, store=STORE, local_broker=f"127.0.0.1:{free_port()}"
    )
    faults: list[str | None] = []
    broker = LocalBroker(surroundings, faults.append)
    async with anyio.create_task_group() as group:
        group.start_soon(broker.run)
        await until(lambda: broker.pid is not None, 10)
        first = broker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: broker.pid not in (None, first), 10)
        group.cancel_scope.cancel()
    assert [fault is None for fault in faults] == [True, False, True]

    orphan = await anyio.open_process([program(), "-c", str(tmp_path / "broker" / "mosquitto.conf")], stderr=DEVNULL)
    async with orphan:
        (tmp_path / "broker" / "pid").write_text(str(orphan.pid))
        again = LocalBroker(surroundings, faults.append)
        async with anyio.create_task_group() as group:
            group.start_soon(again.run)
            await until(lambda: again.pid not in (None, orphan.pid), 10)
            group.cancel_scope.cancel()
        assert await orphan.wait() is not None
