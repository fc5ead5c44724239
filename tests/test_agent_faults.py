"""What an agent depends on may go and come back: it says each once, and works on meanwhile."""

import base64
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.abc import TaskStatus
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct
from starlette.routing import BaseRoute

from cloud_broker.bus.memory import MemoryBroker, MemoryBus
from cloud_broker.bus.port import Bus, Message
from device_drivers.api import AdvertHeard, Deed, DeviceUnreachableError, Signal
from edge_agent.agent import Agent
from edge_agent.app import CommandFailedError, Held, MatterRefusedError, Surroundings
from edge_agent.clock import Clock
from edge_agent.outbox import OutboxFullError
from edge_agent.settings import parse_settings
from edge_agent.supervisor import Supervisor
from firmware_specs import topics
from firmware_specs.desired import Command, Configuration, Manifest
from firmware_specs.events import (
    CommandDone,
    FaultCleared,
    FaultRaised,
    HealthReported,
    LineAdded,
    PositionFixed,
    Reported,
)
from firmware_specs.signing import public_bytes, sign
from tests.fakes.edge_cloud import Cloud

KEY = Ed25519PrivateKey.from_private_bytes(b"cloud's key, of exactly 32 bytes")
TOML = """
[device]
id = "cart-1"
kind = "cart"
store = "demo"
[cloud]
broker = "127.0.0.1:1"
url = "http://cloud"
tls = false
[outbox]
commit_ms = 5
[link]
retransmit_s = 0.2
[health]
every_s = 0.1
"""
BLOBS = {hashlib.sha256(data).hexdigest(): data for data in (b"book one", b"book two", b"bad book")}
NAMES = {data: name for name, data in BLOBS.items()}


class Shop:
    """A role that remembers what it was told."""

    local_filters: tuple[str, ...] = ("aisle/1/l/demo/#",)

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self.matters: list[tuple[int, bytes]] = []
        self.commands: list[str] = []
        self.local: list[str] = []

    async def prepare(self, held: Held) -> None:
        pass

    def on_matter(self, held: Held) -> None:
        if held.blob.startswith(b"bad"):
            raise MatterRefusedError("this book names a product twice")
        self.matters.append((held.manifest.version, held.blob))
        self.surroundings.changed()

    def on_signal(self, driver: str, signal: Signal) -> None:
        pass

    async def on_local(self, message: Message) -> None:
        self.local.append(message.topic)

    async def on_command(self, command: Command) -> str:
        self.commands.append(command.id)
        if command.arguments.get("fail"):
            raise CommandFailedError("the bulb is broken")
        if command.arguments.get("hang"):
            await anyio.sleep_forever()
        return "it blinks"

    def state(self) -> dict[str, Any]:
        return {"matters": len(self.matters)}

    def routes(self) -> list[BaseRoute]:
        return []

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        task_status.started()
        await anyio.sleep_forever()


class Stage:
    """A folder with a device, its cloud and its store; agents may die and come back on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "signing.pub").write_text(_base64(public_bytes(KEY.public_key())))
        self.broker, self.local = MemoryBroker(), MemoryBroker()
        self.cloud = Cloud(self.broker, "cart-1")
        self.is_http_up = True
        self.clock_offset_s = 0.0
        self.agent: Agent
        self.shop: Shop
        self.address = ""
        self.wants_restart: bool | None = None

    def tell(self, topic: str, message: Struct, *, retain: bool = True) -> None:
        self.broker.publish(Message(topic, sign(message, KEY), retain=retain))

    def publish_book(self, version: int, data: bytes) -> None:
        manifest = Manifest(
            matter="pricebook",
            store="demo",
            version=version,
            sha256=NAMES[data],
            size=len(data),
            media_type="application/json",
            effective_ms=0,
            made_ms=0,
        )
        self.tell(topics.head("demo", "pricebook"), manifest)

    def order(self, number: int, name: str = "locate", expires_ms: int = 4_000_000_000_000, **arguments: Any) -> None:
        command = Command(id=f"cmd-{number}", device="cart-1", name=name, expires_ms=expires_ms, arguments=arguments)
        self.tell(topics.command("cart-1", command.id), command, retain=False)

    def faults(self) -> list[str]:
        """Return what the cloud heard of faults: `+name` and `-name`."""
        events = self.cloud.stored.get("health", [])
        return [
            f"{'+' if isinstance(event, FaultRaised) else '-'}{event.fault}"
            for event in events
            if isinstance(event, FaultRaised | FaultCleared)
        ]

    def state(self) -> dict[str, Any]:
        return self.agent.state()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Shop]:
        settings = parse_settings(TOML, self.folder)
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.agent = Agent(settings, make_bus=self._bus, role_of=self._role, client=client)

        async def run(*, task_status: TaskStatus[str]) -> None:
            await self.agent.run(task_status=task_status)
            self.wants_restart = self.agent.wants_restart

        async with anyio.create_task_group() as group:
            self.address = await group.start(run)
            with anyio.fail_after(20):
                yield self.shop
            self.agent.stop()

    def _bus(self, address: str, client_id: str, will: Callable[[], Message] | None) -> Bus:
        return MemoryBus(self.broker if will is not None else self.local, client_id)

    def _role(self, surroundings: Surroundings) -> Shop:
        self.shop = Shop(surroundings)
        return self.shop

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if not self.is_http_up:
            raise httpx.ConnectError("refused")
        if request.url.path == "/api/hello":
            return httpx.Response(200, json={"now_ms": self.agent.clock.now_ms() - int(self.clock_offset_s * 1000)})
        data = BLOBS.get(request.url.path.rsplit("/", 1)[1])
        return httpx.Response(404) if data is None else httpx.Response(200, content=data)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    async with anyio.create_task_group() as group:
        group.start_soon(made.cloud.run)
        yield made
        group.cancel_scope.cancel()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await anyio.sleep(0.005)


def line(number: int) -> LineAdded:
    return LineAdded(at_ms=number, trip="t", gtin="04006381333931", quantity=1, price_minor=1, book_version=1)


async def test_with_the_broker_away_at_the_start_the_device_works_and_catches_up(stage: Stage) -> None:
    stage.broker.stop()
    async with stage.running() as shop:
        for number in range(5):
            shop.surroundings.say(line(number))
        async with httpx.AsyncClient(base_url=stage.address) as browser:
            state = (await browser.get("/api/state")).json()
            assert (state["device"], state["online"], state["local_online"]) == ("cart-1", False, False)
            stage.broker.start()
            await until(lambda: stage.cloud.times("basket") == list(range(5)))
            assert (await browser.get("/api/state")).json()["online"]
            assert (await browser.get("/")).status_code in (200, 503)
            foreign = await browser.get("/api/state", headers={"Origin": "http://elsewhere.example"})
            assert foreign.status_code == 403
        await until(lambda: len(stage.cloud.said(HealthReported)) > 2)
        health = stage.cloud.said(HealthReported)[-1]
        assert health.rss_bytes > 10**6
        assert health.disk_free_bytes > 0
    assert stage.cloud.presence[-1].online is False
    assert stage.faults() == []


async def test_the_page_hears_each_change_and_no_more_than_five_a_second(stage: Stage) -> None:
    async with stage.running() as shop, httpx.AsyncClient(base_url=stage.address) as browser:
        states = 0
        async with browser.stream("GET", "/api/live") as stream:
            with anyio.move_on_after(1.0):
                async for text in stream.aiter_lines():
                    states += text == "event: state"
                    for _ in range(20):
                        shop.surroundings.changed()
        assert 2 <= states <= 7


async def test_a_full_disk_is_said_once_sales_are_refused_and_all_goes_on_when_there_is_room(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage.running() as shop:
        shop.surroundings.say(line(0))
        await until(lambda: stage.cloud.times("basket") == [0])
        # SQLite's own limit gives SQLite's own error: database or disk is full.
        database = stage.agent._outbox._file._connection
        assert database is not None
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages}")
        refused = 0
        with anyio.fail_after(5):
            while not refused:
                for number in range(20):
                    position = PositionFixed(at_ms=number, x_m=1, y_m=1, level="ground", sigma_m=1)
                    shop.surroundings.say(position)
                await anyio.sleep(0.01)
                try:
                    shop.surroundings.say(line(1))
                except OutboxFullError as exc:
                    refused += 1
                    assert "full" in str(exc)  # noqa: PT017 - only some of the attempts raise
        await until(lambda: stage.faults() == ["+disk-full"])
        assert "disk-full" in stage.state()["faults"]
        health = len(stage.cloud.said(HealthReported))
        await until(lambda: len(stage.cloud.said(HealthReported)) > health + 2)
        database.execute("PRAGMA max_page_count = 1000000")
        await until(lambda: stage.faults() == ["+disk-full", "-disk-full"])
        shop.surroundings.say(line(2))
        await until(lambda: stage.cloud.times("basket")[-1] == 2)
    told = [record for record in caplog.records if "disk-full" in record.getMessage()]
    assert [record.levelno for record in told] == [logging.WARNING, logging.INFO]
    assert stage.cloud.lost == 0


async def test_a_clock_ten_minutes_off_is_said_once_and_corrected(stage: Stage) -> None:
    said: list[tuple[str, str | None]] = []
    clock = Clock(lambda fault, detail: said.append((fault, detail)), wall_s=lambda: 1_700_000_600.0)
    clock.measured(600.2)
    assert said == [], "one measurement may be wrong"
    clock.measured(599.8)
    assert (said[0][0], "ahead of" in str(said[0][1])) == ("clock-off", True)
    assert abs(clock.now_ms() - 1_700_000_000_000) < 1000
    clock.measured(0.3)
    assert said[-1] == ("clock-off", None)
    assert clock.now_ms() == 1_700_000_600_000
    stage.clock_offset_s = -600.0
    async with stage.running() as shop:
        await until(lambda: stage.faults() == ["+clock-off"])
        shop.surroundings.say(line(1))
        await until(lambda: stage.cloud.times("basket") == [1])
        assert stage.state()["health"]["clock_offset_s"] < -500


async def test_a_matter_is_fetched_used_reported_and_still_there_after_a_restart_without_the_cloud(
    stage: Stage,
) -> None:
    async with stage.running() as shop:
        stage.is_http_up = False
        stage.publish_book(1, b"book one")
        await anyio.sleep(0.1)
        assert shop.matters == [], "the blob cannot be had"
        stage.is_http_up = True
        await until(lambda: shop.matters == [(1, b"book one")])
        stage.publish_book(1, b"book two")
        stage.publish_book(2, b"bad book")
        await until(lambda: len(stage.cloud.said(Reported)) == 2)
        held = shop.surroundings.held("pricebook")
        assert held is not None
        assert held.blob == b"book one", "a book that cannot be used does not replace the one that can"
    reported = [(said.matter, said.version, said.applied, said.detail) for said in stage.cloud.said(Reported)]
    assert reported == [
        ("pricebook", 1, True, ""),
        ("pricebook", 2, False, "this book names a product twice"),
    ]
    stage.broker.stop()
    stage.is_http_up = False
    async with stage.running() as shop:
        assert shop.matters == [(1, b"book one")]
        stage.is_http_up = True
        stage.broker.start()
        stage.publish_book(3, b"book two")
        await until(lambda: shop.matters[1:] == [(3, b"book two")])
        await until(lambda: len(stage.cloud.said(Reported)) == 4)


async def test_a_head_counts_only_as_said_over_the_link_that_is_up(stage: Stage) -> None:
    async with stage.running() as shop:
        assert shop.surroundings.head("pricebook") is None
        stage.publish_book(1, b"book one")
        await until(lambda: shop.surroundings.head("pricebook") is not None)
        stage.broker.stop()
        await until(lambda: not stage.state()["online"])
        assert shop.surroundings.head("pricebook") is None


async def test_a_command_is_done_once_however_often_it_comes_and_over_restarts(stage: Stage) -> None:
    async with stage.running() as shop:
        await until(lambda: stage.state()["online"])
        for _ in range(3):
            stage.order(1)
        stage.order(2, fail=True)
        stage.order(3, expires_ms=stage.agent.now_ms() - 1000)
        stage.order(4, name="dance")
        await until(lambda: len(stage.cloud.said(CommandDone)) == 4)
        stage.order(5, hang=True)
        await until(lambda: "cmd-5" in shop.commands)
        assert shop.commands == ["cmd-1", "cmd-2", "cmd-5"]
    async with stage.running() as shop:
        await until(lambda: stage.state()["online"])
        for number in range(1, 6):
            stage.order(number)
        await until(lambda: len(stage.cloud.said(CommandDone)) == 5)
        await anyio.sleep(0.1)
        assert shop.commands == []
    done = {said.command: (said.succeeded, said.detail) for said in stage.cloud.said(CommandDone)}
    assert done["cmd-1"] == (True, "it blinks")
    assert done["cmd-2"] == (False, "the bulb is broken")
    assert (done["cmd-3"][0], "after its expiry" in done["cmd-3"][1]) == (False, True)
    assert (done["cmd-4"][0], "'dance'" in done["cmd-4"][1]) == (False, True)
    assert done["cmd-5"] == (False, "the device restarted while it was carried out")


async def test_a_reboot_is_reported_and_starts_the_device_anew(stage: Stage) -> None:
    async with stage.running():
        await until(lambda: stage.state()["online"])
        stage.order(1, name="reboot")
        await until(lambda: stage.wants_restart is not None)
    assert stage.wants_restart is True
    async with stage.running():
        await until(lambda: len(stage.cloud.said(CommandDone)) == 1)
    assert stage.cloud.said(CommandDone)[0].succeeded
    assert stage.wants_restart is False


async def test_the_configuration_moves_the_local_link_and_survives(stage: Stage) -> None:
    async with stage.running() as shop:
        assert shop.surroundings.local is None
        wanted = Configuration(
            device="cart-1", version=1, store="demo", local_broker="127.0.0.1:2", name="Cart by the door"
        )
        stage.tell(topics.desired("cart-1", "config"), wanted)
        await until(lambda: stage.state()["local_online"])
        stage.local.publish(Message("aisle/1/l/demo/releases", b"x"))
        await until(lambda: shop.local == ["aisle/1/l/demo/releases"])
        bad = Configuration(device="cart-1", version=2, store="demo", local_broker="nowhere")
        stage.tell(topics.desired("cart-1", "config"), bad)
        await until(lambda: [one.applied for one in stage.cloud.said(Reported)] == [True, False])
        assert stage.state()["name"] == "Cart by the door"
    stage.broker.stop()
    async with stage.running():
        assert stage.state()["name"] == "Cart by the door"
        await until(lambda: stage.state()["local_online"])


async def test_a_device_that_moves_to_another_store_starts_anew_there(stage: Stage) -> None:
    async with stage.running():
        stage.tell(topics.desired("cart-1", "config"), Configuration(device="cart-1", version=1, store="other"))
        await until(lambda: stage.wants_restart is not None)
    async with stage.running():
        assert stage.state()["store"] == "other"


async def test_a_fault_left_open_by_a_crash_is_cleared_at_the_next_start(stage: Stage) -> None:
    async with stage.running():
        stage.agent._fault("local-broker-away", "it does not answer")
        await until(lambda: stage.faults() == ["+local-broker-away"])
    async with stage.running():
        await until(lambda: stage.faults() == ["+local-broker-away", "-local-broker-away"])


class Radio:
    """A driver that fails as the list says, then senses."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.runs = 0

    async def run(self, emit: Callable[[Signal], None]) -> None:
        self.runs += 1
        if self.failures:
            raise self.failures.pop(0)
        emit(AdvertHeard("00", -50, {}, {}, 0.0))
        await anyio.sleep_forever()

    async def do(self, deed: Deed) -> None:
        pass


async def test_a_lost_driver_is_said_once_gone_and_once_back_and_a_bug_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    heard: list[str] = []
    faults: list[tuple[str, str | None]] = []

    def fault(name: str, detail: str | None) -> None:
        if detail is not None or (faults and faults[-1][1] is not None):
            faults.append((name, detail))

    supervisor = Supervisor(lambda name, _: heard.append(name), on_fault=fault, first_wait_s=0.01)
    radio = Radio(DeviceUnreachableError("unplugged"), KeyError("a bug"))
    async with anyio.create_task_group() as group:
        group.start_soon(supervisor.run, "beacons", radio)
        with anyio.fail_after(5):
            await until(lambda: heard == ["beacons"])
        assert supervisor.states == {"beacons": "ready"}
        group.cancel_scope.cancel()
    assert [detail for _, detail in faults] == ["unplugged", "KeyError: 'a bug'", None]
    assert radio.runs == 3
    assert len([record for record in caplog.records if record.exc_info]) == 1
