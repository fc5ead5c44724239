"""A wayfinding screen: the map, the products and where they hang; it charges nothing."""

from typing import Any

import anyio
import msgspec
from anyio.abc import TaskStatus
from starlette.routing import BaseRoute

from cloud_broker.bus.port import Message
from device_drivers.api import Signal
from edge_agent.app import CommandFailedError, Held, MatterRefusedError, Surroundings
from edge_agent.roles.books.shelf import BookShelf
from edge_agent.roles.catalogue import Catalogue
from edge_agent.roles.matter import matter_of
from edge_agent.roles.routes import products
from firmware_specs.desired import Command, Offers, Site

LOCATED_MS = 30_000


class Screen:
    """The role of a screen."""

    local_filters: tuple[str, ...] = ()

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._books = BookShelf(surroundings)
        self._catalogue = Catalogue(lambda: self._books.in_force, lambda gtin: None)
        self._site: Site | None = None
        self._offers: Offers | None = None
        self._located_until_ms = 0

    async def prepare(self, held: Held) -> None:
        """See `Role.prepare`."""
        if held.manifest.matter == "pricebook":
            await self._books.prepare(held)

    def on_matter(self, held: Held) -> None:
        """See `Role.on_matter`."""
        match held.manifest.matter:
            case "pricebook":
                self._books.take(held)
            case "site":
                self._site = matter_of(held, Site)
            case "offers":
                self._offers = matter_of(held, Offers)
            case "labels":
                self._catalogue.take_labels(held)
            case other:
                raise MatterRefusedError(f"a screen has no use for {other}")
        self._surroundings.changed()

    def on_signal(self, driver: str, signal: Signal) -> None:
        """See `Role.on_signal`."""

    async def on_local(self, message: Message) -> None:
        """See `Role.on_local`."""

    async def on_command(self, command: Command) -> str:
        """See `Role.on_command`."""
        if command.name != "locate":
            raise CommandFailedError(f"a screen cannot {command.name}")
        self._located_until_ms = self._surroundings.now_ms() + LOCATED_MS
        self._surroundings.changed()
        return f"shows itself for {LOCATED_MS // 1000} s"

    def state(self) -> dict[str, Any]:
        """See `Role.state`."""
        book = self._books.in_force
        return {
            "site": None if self._site is None else msgspec.to_builtins(self._site),
            "position": None,
            "book": None if book is None else book.as_json(),
            "offers": [] if self._offers is None else msgspec.to_builtins(self._offers.offers),
            "located": self._surroundings.now_ms() < self._located_until_ms,
        }

    def routes(self) -> list[BaseRoute]:
        """See `Role.routes`."""
        return [products(self._catalogue)]

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """See `Role.run`."""
        task_status.started()
        while True:
            if self._books.switch():
                self._surroundings.changed()
            self._books.forget_before()
            await anyio.sleep(0.2)


def make(surroundings: Surroundings) -> Screen:
    """Return the role."""
    return Screen(surroundings)
