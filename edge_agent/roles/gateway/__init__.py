"""The store gateway: the store's own broker, its labels, and the only issuer of leases and releases.

`law` is the pure state machine round the price law, `issuer` gives what it permits. `campaign` is what one label goes
through, sans-io; `desk` is what it goes by; `shelf` carries campaigns out over `radio`, many at once. `broker` runs the
store's Mosquitto. Photos of shelves are compared here too. The cache for blobs is every agent's.
"""

from typing import Any

import anyio
import msgspec
from anyio.abc import TaskStatus
from starlette.routing import BaseRoute

from cloud_broker.bus.port import Message
from device_drivers.api import LabelAnswered, LabelSilent, Signal
from edge_agent.app import CommandFailedError, Held, Surroundings
from edge_agent.roles.auditing import Auditor, Teacher, audit_routes
from edge_agent.roles.books.opened import Opened
from edge_agent.roles.books.shelf import BookShelf
from edge_agent.roles.catalogue import Catalogue
from edge_agent.roles.gateway import law as rules
from edge_agent.roles.gateway.broker import LocalBroker
from edge_agent.roles.gateway.campaign import Ask, LabelError
from edge_agent.roles.gateway.desk import ShelfDesk
from edge_agent.roles.gateway.issuer import Issuer
from edge_agent.roles.gateway.radio import LabelRadio
from edge_agent.roles.gateway.shelf import Shelf
from edge_agent.roles.matter import matter_of
from edge_agent.roles.models_in_use import ModelsInUse
from edge_agent.roles.recognising import Recogniser
from edge_agent.roles.routes import products
from edge_agent.roles.saying import Saying
from firmware_specs.desired import Command, LabelPlan, Roster, Row, Site
from firmware_specs.events import BookHeld
from firmware_specs.frames.esl import Flash, LedControl, LedState

TICK_S = 0.1
LOCATED_MS = 30_000
FLASH = Flash(colour=0b11_00_11_00, pattern=0b1, on_ms=200, off_ms=200, repeats=20, in_seconds=True)
"""Green and bright, for twenty seconds; said twice it begins anew, which harms nobody."""


class Gateway:
    """The role of a gateway."""

    def __init__(self, surroundings: Surroundings, *, with_broker: bool = True) -> None:
        self._surroundings = surroundings
        self._saying = Saying(surroundings)
        self._books = BookShelf(surroundings)
        self._issuer = Issuer(surroundings, self._saying)
        self._radio = LabelRadio(surroundings.drivers)
        self._desk = ShelfDesk(surroundings, self._issuer, self._saying, delay_s=lambda: self._radio.delay_s)
        self._shelf = Shelf(surroundings, self._issuer, self._radio, self._saying, self._desk)
        self._broker = LocalBroker(surroundings, lambda reason: self._saying.fault("store-broker", reason))
        self._models = ModelsInUse(surroundings, ["items", "detector"])
        self._auditor = Auditor(surroundings, self._models)
        self._recogniser = Recogniser(self._models, self._row)
        self._teacher = Teacher(surroundings, self._recogniser, self._row)
        self._catalogue = Catalogue(lambda: self._books.in_force, lambda _: None)
        self._with_broker = with_broker
        self._held_version = int(surroundings.recall("book-held") or -1)
        self._unkept: tuple[int, int] | None = None
        """The ticket and version of a book that was said to be held, until that is on disk."""

        self._site: Site | None = None
        self._located_until_ms = 0
        self.local_filters = self._issuer.local_filters
        if self._books.in_force is not None:
            self._put_in_force(self._books.before, self._books.in_force)

    async def prepare(self, held: Held) -> None:
        """See `Role.prepare`."""
        if held.manifest.matter == "pricebook":
            await self._books.prepare(held)
        elif held.manifest.matter == "bays":
            await self._auditor.prepare(held)
        elif held.manifest.matter == "models":
            await self._models.prepare(held)

    def on_matter(self, held: Held) -> None:
        """See `Role.on_matter`."""
        match held.manifest.matter:
            case "pricebook":
                self._books.take(held)
                self._say_held()
                self._switch()
                self._desk.plan(self._books.planned)
            case "labels":
                self._take_plan(matter_of(held, LabelPlan))
            case "roster":
                self._issuer.law = rules.with_roster(self._issuer.law, matter_of(held, Roster))
            case "site":
                self._site = matter_of(held, Site)
            case "bays":
                self._auditor.take(held)
            case "items":
                self._recogniser.take(held)
            case "models":
                self._models.take(held)
            case _:
                # Followed only so that its blobs are here for the others.
                return
        self._surroundings.changed()

    def on_signal(self, driver: str, signal: Signal) -> None:
        """See `Role.on_signal`."""
        if isinstance(signal, LabelAnswered | LabelSilent):
            self._radio.hear(signal)

    async def on_local(self, message: Message) -> None:
        """See `Role.on_local`."""
        self._issuer.hear(message)

    async def on_command(self, command: Command) -> str:
        """See `Role.on_command`."""
        if command.name == "flash":
            return await self._flash(command.arguments.get("label"))
        if command.name != "locate":
            raise CommandFailedError(f"a gateway cannot {command.name}")
        self._located_until_ms = self._surroundings.now_ms() + LOCATED_MS
        self._surroundings.changed()
        return f"shows itself for {LOCATED_MS // 1000} s"

    async def _flash(self, label: object) -> str:
        plan = self._issuer.law.plan
        place = next((place for place in (() if plan is None else plan.labels) if place.id == label), None)
        if place is None:
            raise CommandFailedError(f"no label {str(label)[:63]!r} hangs here")
        try:
            await self._radio.ask(place.address, Ask(LedControl(FLASH), lambda answer: isinstance(answer, LedState)))
        except LabelError as exc:
            raise CommandFailedError(f"{place.id}: {exc}") from exc
        return f"{place.id} flashes for {FLASH.repeats} s"

    def state(self) -> dict[str, Any]:
        """See `Role.state`."""
        book = self._books.in_force
        return {
            "site": None if self._site is None else msgspec.to_builtins(self._site),
            "book": None if book is None else book.as_json(),
            "labels": self._shelf.state(),
            "models": self._models.state(),
            "store_broker": {"pid": self._broker.pid},
            "located": self._surroundings.now_ms() < self._located_until_ms,
        }

    def routes(self) -> list[BaseRoute]:
        """See `Role.routes`."""
        return [products(self._catalogue), *audit_routes(self._auditor, self._teacher, self._surroundings)]

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """See `Role.run`."""
        async with anyio.create_task_group() as group:
            if self._with_broker:
                group.start_soon(self._broker.run, name="store broker")
            group.start_soon(self._issuer.run, name="leases and releases")
            group.start_soon(self._shelf.run, name="labels")
            task_status.started()
            while True:
                self._saying.flush()
                self._say_held()
                self._switch()
                await anyio.sleep(TICK_S)

    def _switch(self) -> None:
        if not self._books.switch() or self._books.in_force is None:
            return
        self._put_in_force(self._books.before, self._books.in_force)
        self._desk.plan(self._books.planned)
        self._books.forget_before()
        self._surroundings.changed()

    def _put_in_force(self, before: Opened | None, now: Opened) -> None:
        self._issuer.take_book(before, now)
        self._desk.under(now)

    def _row(self, gtin: str) -> Row | None:
        book = self._books.in_force
        return None if book is None else book.rows.get(gtin)

    def _take_plan(self, plan: LabelPlan) -> None:
        law = self._issuer.law
        remembered = self._shelf.remembered(plan) if law.plan is None else {}
        self._issuer.law = rules.with_plan(law, plan, remembered)
        self._shelf.hang(plan)

    def _say_held(self) -> None:
        if self._unkept is not None and self._saying.is_durable(self._unkept[0]):
            self._surroundings.remember("book-held", str(self._unkept[1]).encode())
            self._unkept = None
        newest = self._books.newest
        if newest is None or newest.version <= self._held_version:
            return
        self._held_version = newest.version
        ticket = self._saying.say(
            BookHeld(
                at_ms=self._surroundings.now_ms(),
                version=newest.version,
                sha256=newest.sha256,
                effective_ms=newest.effective_ms,
            )
        )
        self._unkept = (ticket, newest.version)


def make(surroundings: Surroundings) -> Gateway:
    """Return the role."""
    return Gateway(surroundings)
