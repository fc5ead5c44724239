"""Composes one device in one task group: drivers, outbox, links, pages and the role, whose surroundings `Agent` is."""

import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, cast

import anyio
import httpx
import msgspec
from anyio.abc import TaskStatus

import dashboards.serve
from cloud_broker.bus.mqtt import Address, MqttBus
from cloud_broker.bus.port import Bus, Message
from device_drivers.api import Driver
from edge_agent.app import Held, Role, RoleFactory
from edge_agent.blobs import BlobCache
from edge_agent.clock import Clock
from edge_agent.commands import Commands
from edge_agent.documents import Documents
from edge_agent.downward import Desired, Downward, Head, Reader
from edge_agent.drivers import DriverUnknownError, build_driver
from edge_agent.faults import MAX_DETAIL, Faults
from edge_agent.health import Health
from edge_agent.http import Page, application, blob_routes, serve
from edge_agent.keys import check_tls, release_key, signing_key
from edge_agent.link import Link
from edge_agent.local import LocalLink
from edge_agent.matters import Matters
from edge_agent.memory import Memory
from edge_agent.outbox import Outbox, OutboxFullError
from edge_agent.outbox_file import OutboxFile
from edge_agent.roles import ROLES
from edge_agent.roles.matter import matter_of
from edge_agent.settings import Settings
from edge_agent.supervisor import Supervisor
from edge_agent.swarm import Swarm
from firmware_specs.desired import Command, Configuration, Manifest, Offers, Peers, Site
from firmware_specs.events import CommandDone, Event, Reported

logger = logging.getLogger(__name__)

PAGES = {"cart": "cart", "screen": "kiosk", "gateway": "gateway"}
REBOOT = "reboot"
PEERS = "peers"

MakeBus = Callable[[str, str, Callable[[], Message] | None], Bus]
"""Makes a bus from a broker's host:port, the client id and the last will."""


def agent_version() -> str:
    """Return the version of this software."""
    try:
        return version("aisle")
    except PackageNotFoundError:
        return "0"


class Agent:
    """One device. After `run` has returned, `wants_restart` tells whether it wants to be started anew.

    Args:
        settings: what a person wrote.
        make_bus: for tests; MQTT by default.
        role_of: for tests; the kind's role by default.
        client: for tests; how HTTP is asked.

    Raises SettingsError when a key cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        make_bus: MakeBus | None = None,
        role_of: RoleFactory | None = None,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._settings = settings
        self._make_bus = make_bus or self._mqtt
        self._role_of = role_of
        self._client = client or httpx.AsyncClient(timeout=httpx.Timeout(10, connect=3), follow_redirects=False)
        self.device = settings.device.id
        self.store = settings.device.store
        self.kind = settings.kind
        self.folder = settings.device.folder
        self.drivers: Mapping[str, Driver] = {}
        self.local: Bus | None = None
        self.tls = settings.keys.tls() if settings.cloud.tls else None
        self.signing_key = signing_key(settings)
        self.release_key = release_key(settings)
        check_tls(settings)
        self.wants_restart = False
        self._stop = anyio.Event()
        self.ended = anyio.Event()
        self.clock = Clock(self._fault)
        self._memory = Memory(self.folder / "memory.db", partial(self._fault, "memory-disk"))
        self._outbox = Outbox(
            OutboxFile(self.folder / "outbox.db"),
            self.kind.streams,
            max_rows=settings.outbox.max_rows,
            commit_ms=settings.outbox.commit_ms,
            on_trouble=partial(self._fault, "disk-full"),
        )
        self._faults = Faults(self._outbox.append, self.now_ms, self._memory)
        self._peers: dict[str, str] = {}
        self._share_url = ""
        self._swarm = Swarm(
            self.device,
            self._client,
            lambda: self._peers,
            self._sources,
            on_wrong=lambda detail: self._fault("neighbour", detail),
        )
        self._blobs = BlobCache(
            self.folder / "blobs",
            self._client,
            self._sources,
            swarm=self._swarm,
            held=lambda: self._matters.hashes(),
            on_trouble=partial(self._fault, "blob-disk"),
        )
        self._matters = Matters(
            self.kind.follows,
            self._memory,
            self._blobs,
            prepare=self._prepare,
            apply=self._apply,
            report=self._report,
            on_change=self.changed,
        )
        self._supervisor = Supervisor(
            lambda name, sensed: self._role.on_signal(name, sensed), on_fault=self._fault, on_change=self.changed
        )
        self._health = Health(self.folder, self._outbox, self.clock, lambda: dict(self._supervisor.states))
        self._page = Page(self.state)
        self._documents = Documents(
            self._memory,
            self.signing_key,
            Configuration(
                device=settings.device.id, version=0, store=settings.device.store, cloud_url=settings.cloud.url
            ),
            report=self._report,
            on_configuration=self._on_configuration,
        )
        self._commands = Commands(
            self.kind.commands,
            self._memory,
            carry_out=self._carry_out,
            close=self._close,
            now_ms=self.now_ms,
            on_finished=self._on_finished,
        )
        self._heads: dict[str, Manifest] = {}
        self._decoded: dict[str, tuple[str, dict[str, Any] | None]] = {}
        self._role: Role
        self._link: Link
        self._local_link: LocalLink

    # ---- what a role is given

    @property
    def configuration(self) -> Configuration:
        """See `Surroundings.configuration`."""
        return self._documents.configuration

    def now_ms(self) -> int:
        """See `Surroundings.now_ms`."""
        return self.clock.now_ms()

    def say(self, event: Event) -> int:
        """See `Surroundings.say`."""
        self._outbox.append(event)
        point = self._outbox.point
        self._faults.note(event)
        return point

    def is_durable(self, point: int) -> bool:
        """See `Surroundings.is_durable`."""
        return self._outbox.is_durable(point)

    def note(self, name: str, value: bytes) -> None:
        """See `Surroundings.note`."""
        self._outbox.note(name, value)

    def noted(self, name: str) -> bytes | None:
        """See `Surroundings.noted`."""
        return self._outbox.noted(name)

    def held(self, matter: str) -> Held | None:
        """See `Surroundings.held`."""
        return self._matters.held(matter)

    def head(self, matter: str) -> Manifest | None:
        """See `Surroundings.head`."""
        return self._heads.get(matter)

    def desired_envelope(self, shadow: str) -> bytes | None:
        """See `Surroundings.desired_envelope`."""
        return self._memory.desired(shadow)

    def remember(self, name: str, value: bytes) -> None:
        """See `Surroundings.remember`."""
        self._memory.remember(f"role/{name}", value)

    def recall(self, name: str) -> bytes | None:
        """See `Surroundings.recall`."""
        return self._memory.recall(f"role/{name}")

    def changed(self) -> None:
        """See `Surroundings.changed`."""
        self._page.changed()

    def blob(self, sha256: str) -> bytes | None:
        """See `Surroundings.blob`."""
        return self._blobs.here(sha256)

    async def fetch(self, sha256: str, size: int, chunks: Sequence[str] = ()) -> bytes:
        """See `Surroundings.fetch`."""
        return await self._blobs.fetch(sha256, size, chunks)

    # ---- the whole

    async def run(self, *, task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED) -> None:
        """Be the device until stopped; ready with the address of its pages."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await self._memory.open()
        await self._outbox.open()
        self._faults.begin()
        self._documents.open()
        self.store = self.configuration.store
        self.drivers = self._build_drivers()
        await self._matters.open()
        self._role = self._make_role()(self)
        self._matters.begin()
        self._link = self._make_link()
        self._local_link = LocalLink(
            lambda: self.configuration.local_broker,
            lambda address: self._make_bus(address, self.device, None),
            on_bus=self._on_local_bus,
            on_fault=self._fault,
            on_change=self.changed,
        )
        async with self._client, anyio.create_task_group() as keepers:
            # They outlive the others, so that the last words of those reach the disk.
            await keepers.start(self._outbox.run, name="outbox")
            await keepers.start(self._memory.run, name="memory")
            async with anyio.create_task_group() as group:
                address = await group.start(self._serve, name="http")
                if self._settings.share.host:
                    self._share_url = await group.start(self._share, name="share")
                for name, driver in self.drivers.items():
                    group.start_soon(self._supervisor.run, name, driver, name=f"driver {name}")
                group.start_soon(self._run_role, name=f"role {self.kind.id}")
                await group.start(self._commands.run, name="commands")
                await group.start(self._matters.run, name="matters")
                await group.start(self._documents.run, name="documents")
                await group.start(self._run_local, name="local link")
                await group.start(self._link.run, name="link")
                group.start_soon(self._tell_health, name="health")
                group.start_soon(self.clock.run, self._cloud_url, self._client, name="clock")
                logger.info("%s %s of store %s is up", self.kind.id, self.device, self.store)
                task_status.started(address)
                await self._stop.wait()
                group.cancel_scope.cancel()
            keepers.cancel_scope.cancel()
        self.ended.set()

    def stop(self, *, restart: bool = False) -> None:
        """End in order."""
        self.wants_restart = restart
        self._stop.set()

    def _make_role(self) -> RoleFactory:
        if self._role_of is not None:
            return self._role_of
        module, _, factory = ROLES[self.kind.id].partition(":")
        return cast(RoleFactory, getattr(import_module(module), factory))

    def _build_drivers(self) -> dict[str, Driver]:
        built = {}
        for name, options in self._settings.drivers.items():
            try:
                built[name] = build_driver(name, options, self._settings)
            except DriverUnknownError as exc:
                self._supervisor.states[name] = "failed"
                self._fault(f"driver-{name}", str(exc))
        return built

    def _mqtt(self, address: str, client_id: str, will: Callable[[], Message] | None) -> Bus:
        options = self._settings.link
        return MqttBus(
            Address.parse(address, self.tls),
            client_id,
            will=will,
            will_delay_s=options.will_delay_s,
            keepalive_s=options.keepalive_s,
        )

    def _make_link(self) -> Link:
        return Link(
            lambda will: self._make_bus(self._settings.cloud.broker, self.device, will),
            self._outbox,
            Reader(self.device, self.store, self.kind.follows, self.signing_key),
            self._receive,
            on_fault=self._fault,
            on_change=self._on_link_change,
            now_ms=self.now_ms,
            kind=self.kind.id,
            agent_version=agent_version(),
            retransmit_s=self._settings.link.retransmit_s,
            share_url=lambda: self._share_url,
        )

    async def _run_role(self) -> None:
        # What it needs before it is ready, a broker for instance, holds up nothing else.
        async with anyio.create_task_group() as group:
            await group.start(self._role.run, name="role")

    async def _run_local(self, *, task_status: TaskStatus[None]) -> None:
        await self._local_link.run(self._role.local_filters, self._role.on_local, task_status=task_status)

    async def _serve(self, *, task_status: TaskStatus[str]) -> None:
        routes = [
            *self._page.routes(),
            *blob_routes(self._blobs, self._swarm, reads_through=self.kind.id == "gateway"),
            *self._role.routes(),
            *dashboards.serve.routes(PAGES.get(self.kind.id, "status")),
        ]
        await serve(
            application(routes),
            self._settings.http.host,
            self._settings.http.port,
            address_file=self.folder / "http.url",
            on_fault=self._fault,
            on_close=self._page.close,
            task_status=task_status,
        )

    async def _share(self, *, task_status: TaskStatus[str]) -> None:
        # Apart from the pages: neighbours in the store reach blobs, and nothing else of this device.
        await serve(
            application(blob_routes(self._blobs, self._swarm, reads_through=False)),
            self._settings.share.host,
            self._settings.share.port,
            address_file=self.folder / "share.url",
            on_fault=lambda fault, detail: self._fault(f"share-{fault}", detail),
            on_close=lambda: None,
            task_status=task_status,
        )

    async def _tell_health(self) -> None:
        def say(event: Event) -> None:
            self._outbox.append(event)
            self.changed()

        await self._health.run(say, self._settings.health.every_s)

    # ---- what comes in

    def _receive(self, said: Downward) -> None:
        match said:
            case Head():
                self._heads[said.manifest.matter] = said.manifest
                self._matters.want(said.manifest, said.attached)
            case Command():
                self._commands.order(said)
            case Desired():
                self._documents.take(said)

    async def _prepare(self, held: Held) -> None:
        if held.manifest.matter != PEERS:
            await self._role.prepare(held)

    def _apply(self, held: Held) -> None:
        if held.manifest.matter == PEERS:
            # Who shares blobs is no role's matter.
            self._peers = {peer.device: peer.url for peer in matter_of(held, Peers).peers if peer.device != self.device}
        else:
            self._role.on_matter(held)

    def _on_configuration(self, before: Configuration, now: Configuration) -> None:
        if now.store != self.store:
            logger.info("moved from store %s to store %s: starting anew", self.store, now.store)
            self.stop(restart=True)
        self._local_link.look_again()
        self._matters.hurry()
        self.changed()

    def _on_link_change(self) -> None:
        if not self._link.is_up:
            self._heads.clear()
        self._matters.hurry()
        self.changed()

    def _on_local_bus(self, bus: Bus | None) -> None:
        self.local = bus

    async def _carry_out(self, command: Command) -> str:
        if command.name == REBOOT:
            return "starts anew"
        return await self._role.on_command(command)

    def _on_finished(self, command: Command) -> None:
        if command.name == REBOOT:
            logger.info("starting anew, as command %s says", command.id)
            self.stop(restart=True)

    # ---- what goes out

    async def _say_surely(self, event: Event) -> None:
        while True:
            try:
                self.say(event)
            except OutboxFullError:
                await anyio.sleep(1)
            else:
                return

    async def _report(self, matter: str, version: int, applied: bool, detail: str) -> None:
        event = Reported(
            at_ms=self.now_ms(), matter=matter, version=version, applied=applied, detail=detail[:MAX_DETAIL]
        )
        await self._say_surely(event)
        # What cannot be used is an alert until something of its kind can: prices stand still meanwhile.
        self._fault(f"refused-{matter}", None if applied else detail)

    async def _close(self, command: str, succeeded: bool, detail: str) -> None:
        event = CommandDone(at_ms=self.now_ms(), command=command, succeeded=succeeded, detail=detail[:MAX_DETAIL])
        await self._say_surely(event)

    def _fault(self, fault: str, detail: str | None) -> None:
        self._faults.set(fault, detail)

    # ---- what others see

    def state(self) -> dict[str, Any]:
        """Return what the device's page shows."""
        return {
            "device": self.device,
            "kind": self.kind.id,
            "kind_name": self.kind.name,
            "store": self.store,
            "name": self.configuration.name or self.device,
            "now_ms": self.now_ms(),
            "online": self._link.is_up,
            "local_online": self._local_link.is_up,
            "agent_version": agent_version(),
            "site": self._shown("site", Site),
            "offers": (self._shown("offers", Offers) or {}).get("offers", []),
            "position": None,
            "book": None,
            "lease": None,
            "trip": None,
            "basket": [],
            "total_minor": 0,
            "saving_minor": 0,
            "discounts": [],
            "coupons": [],
            "provisional": False,
            "last_code": None,
            "offer": None,
            "health": self._shown_health(),
            "faults": self._faults.open,
            "streams": {
                name: {
                    "last": self._outbox.head(name) + self._outbox.waiting(name) - 1,
                    "acknowledged": self._outbox.head(name) - 1,
                }
                for name in self._outbox.streams
            },
            "virtual": self._settings.virtual is not None,
            **self._role.state(),
        }

    def _shown_health(self) -> dict[str, Any]:
        said = cast(dict[str, Any], msgspec.to_builtins(self._health.now()))
        return {name: value for name, value in said.items() if name not in ("type", "at_ms")}

    def _shown(self, matter: str, of: type[msgspec.Struct]) -> dict[str, Any] | None:
        """Return a held matter for the page; decoded once a version."""
        held = self._matters.held(matter)
        if held is None:
            return None
        sha256, shown = self._decoded.get(matter, ("", None))
        if sha256 != held.manifest.sha256:
            try:
                shown = msgspec.to_builtins(msgspec.json.decode(held.blob, type=of))
            except (msgspec.DecodeError, UnicodeDecodeError):
                shown = None
            self._decoded[matter] = (held.manifest.sha256, shown)
        return shown

    def _sources(self) -> list[str]:
        configuration = self.configuration
        # A gateway's own address stands in its configuration as in everybody's.
        gateway = "" if self.kind.id == "gateway" else configuration.gateway_url
        return [url for url in (gateway, self._cloud_url()) if url]

    def _cloud_url(self) -> str:
        return self.configuration.cloud_url or self._settings.cloud.url


async def run_agent(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Be the device until SIGTERM or SIGINT; started anew when it asks for it. Raises SettingsError.

    `on_ready` is called with the address of its pages at each start.
    """
    while True:
        agent = Agent(settings)
        async with anyio.create_task_group() as group:
            group.start_soon(_stop_on_signal, agent, name="signals")
            on_ready(await group.start(agent.run, name="agent"))
            await agent.ended.wait()
            group.cancel_scope.cancel()
        if not agent.wants_restart:
            return


async def _stop_on_signal(agent: Agent) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            logger.info("%s: ending", signal.Signals(number).name)
            agent.stop()
