"""The cloud's main process: API and pages, projector, dispatcher, and what follows the readings, in one task group.

Ingest workers are processes of their own (`ingest`); they and this one meet in the database and on the bus.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio
import uvicorn
from anyio.abc import TaskStatus

from cloud_broker.api.app import make_app
from cloud_broker.api.context import Context
from cloud_broker.baskets.weights import is_news, learnt, newest_weighing, publish_weights
from cloud_broker.bus.mqtt import Address, MqttBus
from cloud_broker.bus.port import Bus, Message
from cloud_broker.clock import now_ms
from cloud_broker.fleet.presence import note_presence
from cloud_broker.fleet.security import SecurityNotice, note_security
from cloud_broker.items.taught import Stamp, publish_items, stamps
from cloud_broker.live import LiveHub, Notice
from cloud_broker.prices.book import publish_missing
from cloud_broker.prices.changes import apply_due, stores_with_due
from cloud_broker.prices.current import Library
from cloud_broker.prices.running import Imports
from cloud_broker.prices.views import find_change, view
from cloud_broker.projector.run import Projector
from cloud_broker.readings.embedded import EmbeddedReadings
from cloud_broker.readings.influx import InfluxSink
from cloud_broker.registry.authority import open_keys
from cloud_broker.registry.claims import renew_delegations
from cloud_broker.registry.desired import Dispatcher, Publisher
from cloud_broker.registry.devices import peers_of_stores, publish_peers
from cloud_broker.settings import Settings
from cloud_broker.state.engine import lock_store, make_engine, migrate, reading
from cloud_broker.state.patience import patiently
from cloud_broker.state.retention import DAY_MS, forget_old
from firmware_specs import topics
from firmware_specs.desired import Peer
from firmware_specs.presence import Presence
from firmware_specs.rules.weight import ProductWeight
from firmware_specs.wire import WireError, decode

logger = logging.getLogger(__name__)

CLIENT = "cloud-api"
FORGET_S = 3600
RENEW_S = 24 * 3600
APPLY_S = 0.5
WEIGHTS_S = 20.0
ITEMS_S = 1.0
PEERS_S = 3.0
MOST_SHOWN = 50
"""Of a group that takes effect, so many changes are told to open pages one by one."""
READINGS_DAYS = 90
TRACKS = ("x_m", "y_m", "sigma_m")
"""Readings that say where somebody went: they die within a day."""


def client_bus(settings: Settings, client: str) -> MqttBus:
    """Return the bus of one of our own processes."""
    return MqttBus(Address.parse(settings.broker.address, settings.tls(client)), client, longest_backoff_s=1.0)


@dataclass
class Cloud:
    """The running cloud; made from settings, run once."""

    settings: Settings
    bus: Bus = field(init=False)
    context: Context = field(init=False)
    _ingested: anyio.Event = field(init=False, default_factory=anyio.Event)

    def __post_init__(self) -> None:
        settings = self.settings
        engine = make_engine(settings.url)
        migrate(engine)
        keys = open_keys(settings.folder / "keys")
        keys.ensure_process(CLIENT)
        self.bus = client_bus(settings, CLIENT)
        hub = LiveHub()
        readings = EmbeddedReadings(settings.folder / "readings.db")
        publisher = Publisher.at(settings.folder, keys.signer)
        with engine.begin() as connection:
            publish_missing(connection, publisher)
        self.context = Context(
            settings=settings,
            engine=engine,
            keys=keys,
            publisher=publisher,
            dispatcher=Dispatcher(engine, self.bus, keys.signer),
            hub=hub,
            projector=Projector(engine, readings, hub),
            readings=readings,
            library=Library(publisher),
            imports=Imports(),
        )

    async def run(self, *, task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; ready, with the HTTP port, once pages can be opened."""
        async with anyio.create_task_group() as group:
            filters = [topics.ALL_PRESENCE, topics.INGESTED, topics.SECURITY]
            group.start_soon(self.bus.run, filters, self._on_message, self._on_link, name="bus")
            group.start_soon(self.context.projector.run, self._woken, name="projector")
            group.start_soon(self.context.dispatcher.run, name="dispatcher")
            group.start_soon(self._forget, name="forget")
            group.start_soon(self._renew, name="delegations")
            group.start_soon(self._apply, name="planned prices")
            group.start_soon(self._introduce, name="neighbours")
            group.start_soon(self._learn, name="weights")
            group.start_soon(self._tell_items, name="taught items")
            if self.settings.influx is not None:
                sink = InfluxSink(self.settings.influx, self.context.readings)
                group.start_soon(sink.run, name="readings sink")
            port = await group.start(self._serve, name="http")
            task_status.started(port)

    def _woken(self) -> anyio.Event:
        self._ingested = anyio.Event()
        return self._ingested

    async def _on_link(self, is_up: bool) -> None:
        if is_up:
            self.context.dispatcher.resend_all()

    async def _on_message(self, message: Message) -> None:
        if message.topic == topics.INGESTED:
            self._ingested.set()
            return
        engine = self.context.engine
        try:
            if message.topic == topics.SECURITY:
                notice = decode(message.payload, SecurityNotice)
                notices = await patiently("security events", note_security, engine, notice)
            else:
                device = topics.device_of_presence(message.topic)
                said = decode(message.payload, Presence)
                notices = await patiently("presence", note_presence, engine, device, said)
        except (WireError, ValueError) as exc:
            logger.warning("message on %s refused: %s", message.topic, exc)
            return
        self.context.hub.publish(notices)

    async def _forget(self) -> None:
        while True:
            await patiently("forgetting", forget_old, self.context.engine, self.settings.journal_days)
            now = now_ms()
            readings = self.context.readings
            await patiently("forgetting", readings.forget_before, now - DAY_MS, TRACKS)
            await patiently("forgetting", readings.forget_before, now - READINGS_DAYS * DAY_MS)
            await anyio.sleep(FORGET_S)

    async def _renew(self) -> None:
        while True:
            if renewed := await patiently("delegations", self._renew_delegations):
                logger.info("renewed the delegation of %s", ", ".join(renewed))
                self.context.dispatcher.poke()
            await anyio.sleep(RENEW_S)

    async def _apply(self) -> None:
        while True:
            self.context.hub.publish(await patiently("planned prices", self._apply_due))
            await anyio.sleep(APPLY_S)

    def _apply_due(self) -> list[Notice]:
        now = now_ms()
        notices: list[Notice] = []
        with reading(self.context.engine) as connection:
            stores = stores_with_due(connection, now)
        for store in stores:
            with self.context.engine.begin() as connection:
                lock_store(connection, store)
                applied = apply_due(connection, store, now)
                shown = [view(connection, find_change(connection, change)) for change in applied[:MOST_SHOWN]]
            notices += [Notice("change", store, change) for change in shown]
        return notices

    async def _introduce(self) -> None:
        told: dict[str, list[Peer]] = {}
        while True:
            if await patiently("neighbours", self._publish_peers, told):
                self.context.dispatcher.poke()
            await anyio.sleep(PEERS_S)

    def _publish_peers(self, told: dict[str, list[Peer]]) -> bool:
        with reading(self.context.engine) as connection:
            found = peers_of_stores(connection)
        changed = {store: peers for store, peers in found.items() if told.get(store) != peers}
        for store, peers in changed.items():
            with self.context.engine.begin() as connection:
                publish_peers(connection, self.context.publisher, store, peers)
            told[store] = peers
        return bool(changed)

    async def _learn(self) -> None:
        seen: dict[str, int] = {}
        told: dict[str, list[ProductWeight]] = {}
        while True:
            if await patiently("weights", self._publish_weights, seen, told):
                self.context.dispatcher.poke()
            await anyio.sleep(WEIGHTS_S)

    def _publish_weights(self, seen: dict[str, int], told: dict[str, list[ProductWeight]]) -> bool:
        with reading(self.context.engine) as connection:
            stores = {store: last for store, last in newest_weighing(connection).items() if seen.get(store) != last}
            found = {store: learnt(connection, store) for store in stores}
        seen |= stores
        changed = {store: weights for store, weights in found.items() if is_news(weights, told.get(store, []))}
        for store, weights in changed.items():
            with self.context.engine.begin() as connection:
                publish_weights(connection, self.context.publisher, store, weights)
            told[store] = weights
        return bool(changed)

    async def _tell_items(self) -> None:
        told: dict[str, Stamp] = {}
        while True:
            if await patiently("taught items", self._publish_items, told):
                self.context.dispatcher.poke()
            await anyio.sleep(ITEMS_S)

    def _publish_items(self, told: dict[str, Stamp]) -> bool:
        with reading(self.context.engine) as connection:
            found = stamps(connection)
        # Of a store that has forgotten everything nothing is found any more.
        changed = [store for store in {*found, *told} if found.get(store) != told.get(store)]
        for store in changed:
            with self.context.engine.begin() as connection:
                publish_items(connection, self.context.publisher, store)
        told.clear()
        told |= found
        return bool(changed)

    def _renew_delegations(self) -> list[str]:
        with self.context.engine.begin() as connection:
            return renew_delegations(connection, self.context.publisher, now_ms())

    async def _serve(self, *, task_status: TaskStatus[int]) -> None:
        config = uvicorn.Config(
            make_app(self.context),
            host=self.settings.http.host,
            port=self.settings.http.port,
            log_level="warning",
            access_log=False,
            lifespan="off",
            # An open event stream must not hold up the end.
            timeout_graceful_shutdown=1,
        )
        server = _Server(config)
        async with anyio.create_task_group() as group:
            group.start_soon(self._until_told, server, name="uvicorn")
            # uvicorn tells of its start by a flag only.
            while not server.started:  # noqa: ASYNC110
                await anyio.sleep(0.01)
            port: int = server.servers[0].sockets[0].getsockname()[1]
            task_status.started(port)
            try:
                await anyio.sleep_forever()
            finally:
                server.should_exit = True

    async def _until_told(self, server: uvicorn.Server) -> None:
        # Cancelled in the middle it would leave its sockets open; `should_exit` ends it in order.
        with anyio.CancelScope(shield=True):
            await server.serve()


class _Server(uvicorn.Server):
    """Leaves signals to the command, which ends every task in order."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
