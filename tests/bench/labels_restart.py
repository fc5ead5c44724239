"""A gateway that is killed while three thousand labels have their prices changed: how soon it goes on and is done."""

import asyncio
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest.mock import patch

import anyio

from device_drivers.api import LabelAnswered, LabelSilent, Signal
from device_drivers.labels.pawr.driver import PawrLabels
from device_drivers.labels.pawr.loss import Loss
from device_drivers.labels.pawr.simulate import BURSTS
from device_drivers.labels.register import Register
from device_drivers.labels.virtual.label import Model
from device_drivers.labels.virtual.radio import VirtualRadio
from edge_agent.roles.books.opened import Opened
from edge_agent.roles.gateway import law as rules
from edge_agent.roles.gateway.desk import ShelfDesk
from edge_agent.roles.gateway.faces import Faces, Kept
from edge_agent.roles.gateway.issuer import Issuer
from edge_agent.roles.gateway.law import Face, Picture
from edge_agent.roles.gateway.pictures import Draft, Drawn, key_of
from edge_agent.roles.gateway.radio import LabelRadio
from edge_agent.roles.gateway.shelf import Shelf
from edge_agent.roles.saying import Saying
from firmware_specs.desired import LabelPlace, LabelPlan, Row
from firmware_specs.events import LabelArmed, LabelShown
from firmware_specs.frames.esl import absolute_time_ms
from firmware_specs.frames.label_image import HEADER_BYTES
from firmware_specs.frames.pawr import Timing
from firmware_specs.gtin import with_check_digit
from tests.bench import idle_free
from tests.bench.frame import Goal, say
from tests.bench.frame import Row as Figure
from tests.fakes.books import Book, open_book
from tests.fakes.surroundings import STORE, FakeClock, FakeSurroundings
from vision.labels.content import content_of
from vision.panel import STANDARD

LABELS: Final = 3_000
GROUPS: Final = 12
SIZE: Final = HEADER_BYTES + STANDARD.image_bytes
LOST: Final = 0.03
REFRESH_S: Final = 0.8


class _LoopClock(FakeClock):
    """UTC by the loop's time."""

    def __getattribute__(self, name: str) -> object:
        if name == "ms":
            return 1_800_000_000_000 + int(asyncio.get_running_loop().time() * 1000)
        return super().__getattribute__(name)


def _draw(draft: Draft) -> Drawn:
    # A stand-in that takes no time: drawing is measured on its own.
    image = hashlib.shake_128(str(draft).encode()).digest(SIZE)
    return Drawn(image, hashlib.sha256(image).hexdigest())


def _row(number: int, price_minor: int) -> Row:
    gtin = with_check_digit(f"0690{number:09d}")
    return Row(gtin=gtin, name={"en": f"thing {number}"}, price_minor=price_minor, floor_minor=price_minor)


def _address(number: int) -> str:
    return f"F0:00:00:00:{number >> 8:02X}:{number & 0xFF:02X}"


@dataclass
class Shop:
    """The labels, which outlive the gateway, and the gateway's disk."""

    folder: Path
    clock: FakeClock = field(default_factory=_LoopClock)
    shown: set[str] = field(default_factory=set)
    armed: int = 0
    first_s: float | None = None
    """When the first packet went out since the gateway was started last."""

    def __post_init__(self) -> None:
        self.timing = Timing(groups=GROUPS)
        loop = asyncio.get_running_loop()
        self.radio = VirtualRadio(
            self.folder / "panels",
            self.timing,
            model=Model(refresh_s=REFRESH_S),
            loss=Loss(LOST, LOST, **BURSTS),
            now_s=loop.time,
            now_ms=lambda: self.clock.ms,
        )
        self.plan = LabelPlan(
            store=STORE,
            version=1,
            labels=[
                LabelPlace(id=f"label-{number}", address=_address(number), gtin=_row(number, 1).gtin, x_m=0, y_m=0)
                for number in range(LABELS)
            ],
        )

    async def hang(self) -> None:
        """Every label shows its old price, proved, and has its new picture in a slot."""
        (self.folder / "panels").mkdir()
        register, faces = self._register(), Faces(self.folder / "faces.sqlite3")
        kept = {}
        for number, place in enumerate(self.plan.labels):
            old, new = (_row(number, price) for price in (1000, 1200))
            pictures = [_draw(Draft(content_of(row, "CNY"))) for row in (old, new)]
            label = self.radio.label(place.address)
            association = register.associate(place.address)
            register.note_knows(place.address)
            label.configure(association, absolute_time_ms(self.clock.ms), asyncio.get_running_loop().time())
            label.tag.panel = pictures[0].image
            label.tag.stored = {slot: picture.image for slot, picture in enumerate(pictures)}
            draft = Draft(content_of(old, "CNY"))
            picture = Picture(old.gtin, 1000, 1, key_of(draft), pictures[0].sha256)
            stored = {slot: drawn.sha256 for slot, drawn in enumerate(pictures)}
            kept[place.id] = Kept(Face((picture,), is_proved=True), stored, address=place.address)
        await faces.keep(kept)
        faces.close()
        register.close()

    async def serve(self, book: Opened) -> None:
        """Be the gateway until cancelled, from what is on the disk."""
        register = self._register()
        driver = PawrLabels(self.radio, register, self.timing, now_ms=lambda: self.clock.ms)
        surroundings = FakeSurroundings(self.folder, "gateway", clock=self.clock, drivers={"labels": driver})
        saying = Saying(surroundings)
        issuer = Issuer(surroundings, saying, asyncio.get_running_loop().time)
        radio = LabelRadio(surroundings.drivers)
        desk = ShelfDesk(surroundings, issuer, saying, lambda: self.clock.ms, lambda: radio.delay_s)
        shelf = Shelf(surroundings, issuer, radio, saying, desk)
        issuer.take_book(None, book)
        desk.under(book)
        issuer.law = rules.with_plan(issuer.law, self.plan, shelf.remembered(self.plan))
        shelf.hang(self.plan)

        def hear(signal: Signal) -> None:
            assert isinstance(signal, LabelAnswered | LabelSilent)
            radio.hear(signal)

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(driver.run, hear)
                group.start_soon(shelf.run)
                while True:
                    await anyio.sleep(0.05)
                    self._note(surroundings)
        finally:
            register.close()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note when a packet goes out."""
        carry = self.radio.carry

        async def noted(group: int, sealed: bytes) -> object:
            if self.first_s is None:
                self.first_s = asyncio.get_running_loop().time()
            return await carry(group, sealed)

        with patch.object(self.radio, "carry", noted):
            yield

    def _note(self, surroundings: FakeSurroundings) -> None:
        # The outbox is not what is measured here.
        for event in surroundings.said:
            if isinstance(event, LabelShown):
                self.shown.add(event.label)
            self.armed += isinstance(event, LabelArmed)
        surroundings.said.clear()

    def _register(self) -> Register:
        return Register(self.folder / "labels.sqlite3", GROUPS)


async def _killed() -> tuple[float, float, int]:
    """Return seconds from the restart to the first packet and to the last proof, and how many panels drew twice."""
    loop = asyncio.get_running_loop()
    home = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own in it
    with tempfile.TemporaryDirectory(dir=home) as folder:
        shop = Shop(Path(folder))
        await shop.hang()
        book = open_book(
            Book(
                store=STORE,
                version=2,
                currency="CNY",
                effective_ms=0,
                rows=[_row(number, 1200) for number in range(LABELS)],
            )
        )
        with shop.watched():
            async with anyio.create_task_group() as group:
                group.start_soon(shop.serve, book)
                while shop.armed < LABELS:
                    await anyio.sleep(0.05)
                # Every label is armed on the disk, some have been told, none has proved anything.
                group.cancel_scope.cancel()
            already = len(shop.shown)
            shop.first_s, began_s = None, loop.time()
            async with anyio.create_task_group() as group:
                group.start_soon(shop.serve, book)
                while len(shop.shown) < LABELS:
                    await anyio.sleep(0.05)
                group.cancel_scope.cancel()
        assert shop.first_s is not None
        say(f"{LABELS - already:,} labels were pending")
        twice = sum(max(0, shop.radio.label(place.address).tag.refreshes - 1) for place in shop.plan.labels)
        return shop.first_s - began_s, loop.time() - began_s, twice


def measure() -> list[Figure]:
    """Kill the gateway once and measure its return."""
    say(f"a gateway killed with {LABELS:,} labels pending")
    with patch("edge_agent.roles.gateway.shelf.draw", _draw):
        first_s, done_s, twice = idle_free.run(_killed)
    bound_s = Timing(groups=GROUPS).shortest_s(LABELS, 8)
    limit = "waiting is skipped, work counts as it is, drawing does not; pictures lie in the labels; panels draw 0.8 s"
    what = f"gateway killed, {LABELS:,} labels pending"
    return [
        Figure(f"{what}: first packet", "s", first_s, goal=Goal("ours", 2, 0.5, more_is_better=False), limit=limit),
        Figure(
            f"{what}: all proved",
            "s",
            done_s,
            "one command each, without loss",
            bound_s,
            Goal("ours", 60, more_is_better=False),
            f"{LOST:.0%} lost each way and bursts; each label is asked, armed, and asked twice more",
        ),
        Figure(f"{what}: drawn twice", "panels", twice, goal=Goal("ours", 0, more_is_better=False)),
    ]


if __name__ == "__main__":
    for figure in measure():
        print(figure)
