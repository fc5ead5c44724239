"""A store gateway under test: real role and law, fake labels, a bus in memory, and what the bus heard from it."""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_broker.bus.memory import MemoryBroker, MemoryBus
from cloud_broker.bus.port import Message
from edge_agent.roles.gateway import Gateway, campaign, desk
from edge_agent.roles.gateway.faces import Faces, Kept
from edge_agent.roles.gateway.law import Face
from edge_agent.roles.gateway.pictures import Draft, draw
from edge_agent.roles.gateway.radio import LabelRadio
from firmware_specs import topics
from firmware_specs.desired import LabelPlace, LabelPlan, Member, Roster, Row
from firmware_specs.events import (
    LabelPrepared,
    LabelShown,
)
from firmware_specs.leases import Confirmation, Releases
from firmware_specs.signing import verify
from firmware_specs.wire import encode
from tests.fakes.books import Book
from tests.fakes.labels import FakeLabels
from tests.fakes.surroundings import NOW_MS, STORE, FakeClock, FakeSurroundings, held
from vision.labels.content import content_of

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
    image = draw(Draft(content_of(row(MILK, price_minor), "CNY"))).image
    return all(store.labels.panel(address) == image for address in ADDRESSES)


async def at_ten(store: Store) -> None:
    """Bring the store to rest at a price of 10.00."""
    store.give("labels", PLAN)
    store.give("roster", ROSTER)
    store.give("pricebook", book(1, row(MILK, 1000)))
    await store.confirm_all(1)
    await until(lambda: shown(store, 1000, 1) == {"label-0", "label-1"})


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


async def at_twelve_released(store: Store) -> None:
    await at_ten(store)
    store.give("pricebook", book(2, row(MILK, 1200, 1000)))
    await until(lambda: bool((found := store.releases()) and found.releases))


def prepared(store: Store, price_minor: int) -> set[str]:
    return {
        event.label
        for event in store.surroundings.said
        if isinstance(event, LabelPrepared) and event.price_minor == price_minor
    }


def quick_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Return a store whose labels take no time to speak of."""
    monkeypatch.setattr(campaign, "REFRESH_S", 0.06)
    monkeypatch.setattr(campaign, "LOOK_AGAIN_S", 0.05)
    monkeypatch.setattr(desk, "LEAD_S", 0.05)
    monkeypatch.setattr(LabelRadio.__init__, "__defaults__", (0.3,))
    return Store(folder)
