"""The stage: starts and ends every process of the demo, and breaks them when asked.

One `Stage` lives in one task group. Whatever ends by itself is started again after a while, as a
service manager would.
"""

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus

from cloud_broker.bus.mosquitto import BrokerFailedError
from cloud_broker.demo.cast import BAY_GOODS, BAY_SEED, CAST, STORE, Part
from cloud_broker.demo.places import Places
from cloud_broker.demo.process import READY, Child, ChildFailedError, command_path
from cloud_broker.demo.seed import accounts, seed, seed_bay
from cloud_broker.fleet.keeper import Keeper, make_keeper
from cloud_broker.registry.authority import Keys, open_keys
from cloud_broker.registry.claims import make_claim, withdraw_claims
from cloud_broker.registry.desired import Publisher
from cloud_broker.settings import Broker, DemoPage, Http, Settings
from cloud_broker.state.engine import make_engine, migrate

logger = logging.getLogger(__name__)

WITH_PAGES = ("cart", "till", "screen", "gateway")
RESTART_S = 8.0
"""A device that ended by itself is started again after this; long enough to be seen offline."""

BROKER_RESTART_S = 1.0

AT_ONCE = 3
"""How many devices start at the same time."""


def _toml(settings: Settings) -> str:
    pages = "".join(
        f'\n[[demo_pages]]\ndevice = "{page.device}"\nkind = "{page.kind}"\nname = "{page.name}"\nurl = "{page.url}"\n'
        for page in settings.demo_pages
    )
    return (
        f'folder = "{settings.folder}"\n'
        f"demo = true\n\n"
        f'[broker]\naddress = "{settings.broker.address}"\n\n'
        f'[http]\nhost = "{settings.http.host}"\nport = {settings.http.port}\n'
        f"{pages}"
    )


@dataclass
class Stage:
    """The running demo."""

    places: Places
    seed: int
    tell: Callable[[str], None]
    settings: Settings = field(init=False)
    people: tuple[dict[str, str], ...] = field(init=False)
    children: dict[str, Child] = field(default_factory=dict, init=False)
    wanted: set[str] = field(default_factory=set, init=False)
    _group: TaskGroup = field(init=False)
    _broker_stands: bool = field(default=False, init=False)
    _broker_killed: bool = field(default=False, init=False)
    _broker_gone: anyio.Event = field(default_factory=anyio.Event, init=False)
    _keys: Keys = field(init=False)
    _keeper: Keeper = field(init=False)

    def __post_init__(self) -> None:
        places = self.places
        places.cloud.mkdir(parents=True, exist_ok=True)
        self.settings = Settings(
            folder=places.cloud,
            broker=Broker(address=f"127.0.0.1:{places.ports['broker']}"),
            http=Http(port=places.ports["pages"]),
            demo=True,
            demo_pages=tuple(
                DemoPage(device=part.key, kind=part.kind, name=part.name, url=places.url(part.key))
                for part in CAST
                if part.kind in WITH_PAGES
            ),
        )
        self.people = accounts(places.cloud)
        self._keys = open_keys(places.cloud / "keys")
        self._keeper = make_keeper(self.settings, self._keys)

    async def raise_curtain(self, group: TaskGroup) -> None:
        """Start everything, in the order in which one thing needs another."""
        self._group = group
        await self._world_files()
        self.tell("filling the cloud's database")
        await anyio.to_thread.run_sync(self._seed)
        self.tell("starting the broker (Mosquitto)")
        await self.start_broker()
        group.start_soon(self._keeper.report, name="broker's keeper")
        self.tell("starting the cloud (API, ingest) and the world (radio, cameras)")
        (self.places.folder / "cloud.toml").write_text(_toml(self.settings))
        config = ["--config", str(self.places.folder / "cloud.toml")]
        broker = command_path("cloud-broker")
        async with anyio.create_task_group() as starting:
            starting.start_soon(self._run, "cloud", [broker, "serve", *config])
            starting.start_soon(self._run, "ingest-1", [broker, "ingest", "--worker", "1", *config])
            starting.start_soon(self._run, "world", self._world())
        # The gateway first: its broker and cache are what the others look for.
        gateways = [part for part in CAST if part.kind == "gateway"]
        others = [part for part in CAST if part.kind != "gateway"]
        claims = await anyio.to_thread.run_sync(self._claims)
        for part in gateways:
            await self.bring_on(part, claims.get(part.key))
        limiter = anyio.CapacityLimiter(AT_ONCE)
        async with anyio.create_task_group() as starting:
            for part in others:
                starting.start_soon(self._bring_on_within, limiter, part, claims.get(part.key))
        group.start_soon(self._understudy, name="restarts")

    async def _bring_on_within(self, limiter: anyio.CapacityLimiter, part: Part, claim: str | None) -> None:
        async with limiter:
            await self.bring_on(part, claim)

    async def bring_on(self, part: Part, claim: str | None = None) -> Child:
        """Enrol a device if it has no identity yet, and start it."""
        folder = self.places.agent(part.key)
        if claim is not None:
            self.tell(f"enrolling {part.key}")
            await self._enrol(part, folder, claim)
        self.tell(f"starting {part.key}")
        return await self._run(
            part.key, [command_path("edge-agent"), "run", "--config", str(folder / "agent.toml")], ready=" is up\n"
        )

    def _claims(self) -> dict[str, str]:
        """Return a claim code for each device without an identity; made in order, so that names and ids agree."""
        engine = make_engine(self.settings.url)
        with engine.begin() as connection:
            # A start that was broken off left claims behind; their ids are wanted again.
            withdraw_claims(connection, "demo")
        engine.dispose()
        return {
            part.key: self._claim(part) for part in CAST if not (self.places.agent(part.key) / "agent.toml").exists()
        }

    async def _enrol(self, part: Part, folder: Path, claim: str) -> None:
        port = self.places.ports.get(part.key, 0)
        result = await anyio.run_process(
            [
                command_path("edge-agent"),
                "enrol",
                *("--cloud", self.settings.public_url),
                *("--claim", claim),
                *("--folder", str(folder)),
                *("--virtual-world", f"127.0.0.1:{self.places.ports['world']}"),
                *("--http-port", str(port)),
            ],
            check=False,
        )
        if result.returncode != 0:
            raise ChildFailedError(f"enrolling {part.key} failed: {result.stderr.decode(errors='replace').strip()}")

    def _claim(self, part: Part) -> str:
        engine = make_engine(self.settings.url)
        with engine.begin() as connection:
            claim = make_claim(connection, store=STORE, kind=part.kind, name=part.name, by="demo")
        engine.dispose()
        return claim.code

    def _seed(self) -> None:
        engine = make_engine(self.settings.url)
        migrate(engine)
        publisher = Publisher.at(self.places.cloud, self._keys.signer)
        with engine.begin() as connection:
            seed(
                connection,
                publisher,
                people=self.people,
                site=self.places.site.read_bytes(),
                survey=self.places.survey.read_bytes(),
                catalogue=json.loads(self.places.products.read_text()),
                gateway_url=self.places.url("gateway-1"),
                local_broker=f"127.0.0.1:{self.places.ports['local-broker']}",
            )
            seed_bay(connection, publisher, self.places.shelf("before"))
        engine.dispose()

    async def _world_files(self) -> None:
        if not self.places.site.exists():
            folder = self.places.site.parent
            folder.mkdir(parents=True, exist_ok=True)
            await anyio.run_process(
                [sys.executable, "-m", "device_drivers.virtual.demo_site", str(folder), "--seed", str(self.seed)]
            )
        async with anyio.create_task_group() as drawing:
            for when in ("before", "after"):
                if not (self.places.shelf(when) / "truth.jsonl").exists():
                    drawing.start_soon(self._photograph, when)

    async def _photograph(self, when: str) -> None:
        packed = [each for each in json.loads(self.places.products.read_text()) if each["category"] in BAY_GOODS]
        folder = self.places.shelf(when)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sold.json").write_text(json.dumps(packed))
        await anyio.run_process(
            [
                command_path("edge-agent"), "generate-frames", "--kind", "shelf", "--seed", str(BAY_SEED),
                *("--count", "1", "--size", "1280x960", "--out", str(folder), "--sold", str(folder / "sold.json")),
                *(["--stocked"] if when == "after" else []),
            ]
        )  # fmt: skip

    def _world(self) -> list[str]:
        return [
            *(sys.executable, "-m", "device_drivers.virtual"),
            *("--site", str(self.places.site)),
            *("--products", str(self.places.products)),
            *("--seed", str(self.seed)),
            *("--listen", f"127.0.0.1:{self.places.ports['world']}"),
        ]

    async def _run(self, name: str, arguments: list[str], ready: str = READY) -> Child:
        child = Child(name, arguments, self.places.log(name), ready)
        self.children[name] = child
        await child.start()
        self.wanted.add(name)
        return child

    async def _understudy(self) -> None:
        """Start again what ended by itself."""
        gone_s: dict[str, float] = {}
        while True:
            now_s = anyio.current_time()
            for name in tuple(self.wanted):
                if self.children[name].is_running:
                    gone_s.pop(name, None)
                    continue
                if now_s - gone_s.setdefault(name, now_s) >= RESTART_S:
                    self.tell(f"{name} had ended; starting it again")
                    gone_s.pop(name, None)
                    await self.revive(name)
            await anyio.sleep(0.5)

    def kill(self, name: str) -> None:
        """Cut a device's power; it comes back after `RESTART_S`."""
        self.children[name].kill()

    async def revive(self, name: str) -> None:
        """Start a process that has ended."""
        child = self.children[name]
        if child.is_running:
            return
        try:
            await child.start()
        except ChildFailedError as exc:
            self.tell(str(exc))

    async def dismiss(self, name: str) -> None:
        """End a device that is not part of the cast."""
        self.wanted.discard(name)
        await self.children.pop(name).stop()

    async def start_broker(self) -> None:
        """Start the cloud's broker and wait until it listens."""
        await self._group.start(self._hold_broker, name="broker")
        self._broker_stands = True

    async def _hold_broker(self, *, task_status: TaskStatus[int]) -> None:
        """Keep the broker running until `kill_broker`; one that ends by itself is started again."""
        while True:
            try:
                await self._keeper.hold(task_status=task_status)
            except BrokerFailedError as exc:
                if self._broker_killed:
                    logger.info("the broker was killed: %s", exc)
                    self._broker_gone.set()
                    return
                if not self._broker_stands:
                    raise
                logger.warning("%s; starting it again", exc)
            task_status = anyio.TASK_STATUS_IGNORED
            await anyio.sleep(BROKER_RESTART_S)

    async def kill_broker(self) -> None:
        """End the broker at once, as a crash would: SIGKILL, nothing saved."""
        self._broker_killed = True
        self._broker_gone = anyio.Event()
        self._keeper.kill()
        await self._broker_gone.wait()
        self._broker_killed = False

    async def clear(self) -> None:
        """End every process that the stage started, the devices first."""
        self.wanted.clear()
        order = sorted(self.children.values(), key=lambda child: child.name in ("cloud", "ingest-1", "world"))
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for child in order:
                    group.start_soon(child.stop)
