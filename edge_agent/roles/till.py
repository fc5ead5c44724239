"""A till: codes in, firm prices out. It has no lease: the gateway waits for it before a decrease is shown."""

from collections.abc import Container
from typing import Any, Final

import anyio
from anyio.abc import TaskStatus
from starlette.routing import BaseRoute

from cloud_broker.bus.port import Message
from device_drivers.api import CameraReported, CodeScanned, FrameTaken, Signal
from edge_agent.app import CommandFailedError, Held, MatterRefusedError, Surroundings
from edge_agent.roles.catalogue import Catalogue
from edge_agent.roles.pricing import Pricing
from edge_agent.roles.reading import Reader
from edge_agent.roles.routes import products, sale_routes
from edge_agent.roles.sale import Sale
from edge_agent.roles.scanning import Scanning
from edge_agent.roles.steering import scanning, steering, world_of
from edge_agent.roles.viewing import view_routes
from firmware_specs.desired import Command


class Till:
    """The role of a till."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._pricing = Pricing(surroundings, leased=False)
        self._sale = Sale(surroundings, self._pricing, lambda trip: None)
        self._reader = Reader(self._sale.take, self._sale.codes.product_of, sold=self._sold)
        self._scanning = Scanning(self._sale.take)
        self._catalogue: Final = Catalogue(lambda: self._pricing.book, self._price_minor)
        self._world = world_of(surroundings.drivers.values())
        self.local_filters = self._pricing.local_filters

    async def prepare(self, held: Held) -> None:
        """See `Role.prepare`."""
        if held.manifest.matter == "pricebook":
            await self._pricing.prepare(held)

    def on_matter(self, held: Held) -> None:
        """See `Role.on_matter`."""
        if held.manifest.matter == "site":
            # Only its page wants it, for the store's name.
            return
        if held.manifest.matter == "promotions":
            self._sale.promoting.take(held)
        elif held.manifest.matter == "codes":
            self._sale.codes.take(held)
        elif held.manifest.matter == "pricebook":
            self._pricing.take_book(held)
        else:
            raise MatterRefusedError(f"a till has no use for {held.manifest.matter}")

    def on_signal(self, driver: str, signal: Signal) -> None:
        """See `Role.on_signal`."""
        if isinstance(signal, FrameTaken | CameraReported):
            self._reader.take(signal)
        elif isinstance(signal, CodeScanned):
            self._scanning.take(signal)

    async def on_local(self, message: Message) -> None:
        """See `Role.on_local`."""
        self._pricing.take_local(message)

    async def on_command(self, command: Command) -> str:
        """See `Role.on_command`."""
        raise CommandFailedError(f"a till cannot {command.name}")

    def state(self) -> dict[str, Any]:
        """See `Role.state`."""
        return {**self._pricing.state(), **self._sale.state(), "virtual": self._world is not None}

    def routes(self) -> list[BaseRoute]:
        """See `Role.routes`."""
        steered = [] if self._world is None else steering(self._world)
        steered += scanning(self._surroundings.drivers.values())
        return [products(self._catalogue), *sale_routes(self._sale), *view_routes(self._reader), *steered]

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """See `Role.run`."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._pricing.run, name="prices")
            group.start_soon(self._reader.run, name="codes")
            group.start_soon(self._sale.service.run, name="in service or out")
            task_status.started()

    def _sold(self) -> Container[str] | None:
        book = self._pricing.book
        return None if book is None else book.rows

    def _price_minor(self, gtin: str) -> int | None:
        priced = self._pricing.price(gtin)
        return None if priced is None else priced.charge.price_minor


def make(surroundings: Surroundings) -> Till:
    """Return the role."""
    return Till(surroundings)
