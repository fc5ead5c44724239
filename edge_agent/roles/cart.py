"""A cart: knows where it is, reads codes, prices from its own book, makes offers; firm only under its lease."""

import logging
from collections.abc import Container, Mapping
from typing import Any

import anyio
import msgspec
from anyio.abc import TaskStatus
from starlette.routing import BaseRoute

from cloud_broker.bus.port import Message
from device_drivers.api import (
    AdvertHeard,
    CameraReported,
    CodeScanned,
    FrameTaken,
    Signal,
    WeightRead,
    WheelsRolled,
)
from edge_agent.app import CommandFailedError, Held, MatterRefusedError, Surroundings
from edge_agent.outbox import OutboxFullError
from edge_agent.roles.catalogue import Catalogue
from edge_agent.roles.models_in_use import ModelsInUse
from edge_agent.roles.offering import Offering
from edge_agent.roles.pricing import Pricing
from edge_agent.roles.reading import Read, Reader
from edge_agent.roles.recognising import NoModelError, Recogniser
from edge_agent.roles.rim import Rim
from edge_agent.roles.routes import (
    ApiError,
    Body,
    action,
    products,
    question_routes,
    sale_routes,
    survey_routes,
    text,
)
from edge_agent.roles.sale import Sale
from edge_agent.roles.scanning import Scanning
from edge_agent.roles.service import OutOfServiceError
from edge_agent.roles.steering import putting, scanning, steering, world_of
from edge_agent.roles.viewing import view_routes
from edge_agent.roles.weighing import NotWeighedError, Weighing
from edge_agent.roles.whereabouts import EVERY_S, Whereabouts
from firmware_specs.desired import Command, Row
from firmware_specs.gtin import GtinError, as_ean13, is_variable_measure
from firmware_specs.rules.selling import NotSoldError
from firmware_specs.symbology import Symbology

logger = logging.getLogger(__name__)

LOCATED_MS = 30_000
"""How long a cart shows that somebody looks for it."""


class Cart:
    """The role of a cart."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._pricing = Pricing(surroundings, leased=True)
        self._offering = Offering(surroundings)
        self._weighing = Weighing(surroundings, self._row, self._trip, self._sell_weighed)
        self._sale = Sale(surroundings, self._pricing, self._offering.begin, self._weighing)
        self._reader = Reader(self._sale.take, self._sale.codes.product_of, sold=self._sold)
        self._models = ModelsInUse(surroundings, ["items"])
        self._recogniser = Recogniser(self._models, self._row)
        self._rim = Rim(self._recogniser, self._seen)
        self._scanning = Scanning(self._sale.take)
        self._whereabouts = Whereabouts(surroundings)
        self._catalogue = Catalogue(lambda: self._pricing.book, self._price_minor)
        self._world = world_of(surroundings.drivers.values())
        self._located_until_ms = 0
        self.local_filters = self._pricing.local_filters
        self._take = {
            "pricebook": self._pricing.take_book,
            "promotions": self._sale.promoting.take,
            "codes": self._sale.codes.take,
            "site": self._whereabouts.take_site,
            "survey": self._whereabouts.take_survey,
            "offers": self._offering.take_offers,
            "labels": self._catalogue.take_labels,
            "weights": self._weighing.take_weights,
            "items": self._recogniser.take,
            "models": self._models.take,
        }

    async def prepare(self, held: Held) -> None:
        """See `Role.prepare`."""
        if held.manifest.matter == "pricebook":
            await self._pricing.prepare(held)
        elif held.manifest.matter == "models":
            await self._models.prepare(held)

    def on_matter(self, held: Held) -> None:
        """See `Role.on_matter`."""
        take = self._take.get(held.manifest.matter)
        if take is None:
            raise MatterRefusedError(f"a cart has no use for {held.manifest.matter}")
        take(held)
        self._surroundings.changed()

    def on_signal(self, driver: str, signal: Signal) -> None:
        """See `Role.on_signal`."""
        if isinstance(signal, AdvertHeard):
            self._whereabouts.hear(signal)
        elif isinstance(signal, WheelsRolled):
            self._whereabouts.roll(signal)
        elif driver == "side":
            if isinstance(signal, FrameTaken):
                self._rim.take(signal)
        elif isinstance(signal, FrameTaken | CameraReported):
            self._reader.take(signal)
        elif isinstance(signal, CodeScanned):
            self._scanning.take(signal)
        elif isinstance(signal, WeightRead):
            self._weighing.weigh(signal)

    async def on_local(self, message: Message) -> None:
        """See `Role.on_local`."""
        self._pricing.take_local(message)

    async def on_command(self, command: Command) -> str:
        """See `Role.on_command`."""
        if command.name != "locate":
            raise CommandFailedError(f"a cart cannot {command.name}")
        self._located_until_ms = self._surroundings.now_ms() + LOCATED_MS
        self._surroundings.changed()
        return f"shows itself for {LOCATED_MS // 1000} s"

    def state(self) -> dict[str, Any]:
        """See `Role.state`."""
        site, fix = self._whereabouts.site, self._whereabouts.fix
        return {
            "site": None if site is None else msgspec.to_builtins(site),
            "position": None if fix is None else fix.as_json(),
            **self._pricing.state(),
            **self._sale.state(),
            **self._offering.state(),
            "basket_check": self._weighing.state(),
            "taught": len(self._recogniser.taught),
            "models": self._models.state(),
            "located": self._surroundings.now_ms() < self._located_until_ms,
            "survey": self._whereabouts.surveying.state(),
            "virtual": self._world is not None,
        }

    def routes(self) -> list[BaseRoute]:
        """See `Role.routes`."""
        steered = [] if self._world is None else steering(self._world)
        steered += [
            *scanning(self._surroundings.drivers.values()),
            *putting(self._surroundings.drivers.values(), self._row),
        ]
        dismiss = action("/api/offer/dismiss", self._dismiss)
        surveyed = survey_routes(self._whereabouts.surveying, self._sale.service)
        return [
            products(self._catalogue),
            *sale_routes(self._sale),
            *question_routes(self._weighing, self._sale),
            *view_routes(self._reader),
            action("/api/recognise", self._recognise),
            action("/api/basket/add", self._add),
            dismiss,
            *surveyed,
            *steered,
        ]

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """See `Role.run`."""
        if self._sale.trip is None:
            if self._sale.service.out is None:
                self._sale.start()
        else:
            self._offering.resume(self._sale.trip)
        async with anyio.create_task_group() as group:
            group.start_soon(self._pricing.run, name="prices")
            group.start_soon(self._reader.run, name="codes")
            group.start_soon(self._sale.service.run, name="in service or out")
            group.start_soon(self._whereabouts.surveying.run, name="survey")
            group.start_soon(self._weighing.run, name="basket check")
            group.start_soon(self._rim.run, name="side camera")
            group.start_soon(self._follow, name="positions")
            task_status.started()

    async def _follow(self) -> None:
        while True:
            await anyio.sleep(EVERY_S)
            fix = self._whereabouts.tick()
            if fix is None or self._whereabouts.site is None:
                continue
            if self._sale.trip is None:
                self._offering.end()
            self._offering.decide(fix, self._whereabouts.site.zones)
            self._surroundings.changed()

    async def _dismiss(self, body: Body) -> Body:
        self._offering.dismiss()
        self._surroundings.changed()
        return {}

    async def _recognise(self, _: Body) -> Body:
        """Say what is before the camera, of what has no code."""
        view = self._reader.view
        if view is None:
            raise ApiError(409, "no-frame", "no frame has come yet: is the camera there?")
        try:
            return await self._recogniser.name(view.frame.pixels)
        except NoModelError as exc:
            raise ApiError(409, "no-model", str(exc)) from exc

    async def _add(self, body: Body) -> Body:
        """Put a product without a code into the basket, as the shopper has named it."""
        gtin = text(body, "gtin")
        if gtin not in self._recogniser.taught or self._row(gtin) is None:
            raise ApiError(422, "not-taught", "only what this store has taught is added without a code", "gtin")
        self._sale.service.check()
        try:
            if not is_variable_measure(gtin):
                self._sale.take(Read(as_ean13(gtin), Symbology.EAN_13, 0.0))
                return self._sale.state()
            # Nobody is asked to lay in what has no price by weight.
            self._sale.codes.weighed(gtin, 1)
            weight_g = self._weighing.weigh_in(gtin)
            if weight_g is not None:
                self._sale.add_weighed(gtin, weight_g)
        except NotWeighedError as exc:
            raise ApiError(422 if exc.code == "weighed" else 409, exc.code, str(exc), "gtin") from exc
        except GtinError as exc:
            raise ApiError(422, "case", f"{gtin} is a case of goods: teach what one buys of it", "gtin") from exc
        except NotSoldError as exc:
            raise ApiError(422, exc.reason, str(exc), "gtin") from exc
        return self._sale.state()

    def _sell_weighed(self, gtin: str, weight_g: int) -> None:
        try:
            self._sale.add_weighed(gtin, weight_g)
        except (NotSoldError, OutOfServiceError, OutboxFullError) as exc:
            # Then the scale asks what went in.
            logger.warning("%s of %d g was not put in: %s", gtin, weight_g, exc)

    def _sold(self) -> Container[str] | None:
        book = self._pricing.book
        return None if book is None else book.rows

    def _seen(self, chances: Mapping[str, float], inward: bool, things: int) -> None:
        self._weighing.saw(chances, inward=inward, others=things)

    def _trip(self) -> str:
        try:
            return self._sale.trip or self._sale.start()
        except OutOfServiceError:
            return ""

    def _row(self, gtin: str) -> Row | None:
        priced = self._pricing.price(gtin)
        return None if priced is None else priced.row

    def _price_minor(self, gtin: str) -> int | None:
        priced = self._pricing.price(gtin)
        return None if priced is None else priced.charge.price_minor


def make(surroundings: Surroundings) -> Cart:
    """Return the role."""
    return Cart(surroundings)
