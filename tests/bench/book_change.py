"""A price change to a thousand devices: each verifies it, has it on its own disk, charges it, and says so.

Each device is a connection, a verified head, and a shelf of books with files of its own, many to a process; no
pages, no drivers. `python -m tests.bench.book_change devices …` is one process of them.
"""

import argparse
import base64
import hashlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_broker.bus.mqtt import Address, MqttBus
from cloud_broker.bus.port import Message
from edge_agent.app import Held
from edge_agent.downward import Head, Reader
from edge_agent.roles.books.shelf import BookShelf
from firmware_specs import topics
from firmware_specs.desired import Manifest
from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook import snapshot
from firmware_specs.pricebook.columns import Columns
from firmware_specs.pricebook.delta import Delta
from firmware_specs.pricebook.edition import Blob, Edition, Planned
from firmware_specs.pricebook.table import Table, table_bytes
from firmware_specs.signing import public_bytes, sign
from firmware_specs.wire import encode
from tests.bench.catalogue import catalogue, repriced
from tests.bench.frame import Goal, Row, middle, say
from tests.bench.load import bare_broker

DEVICES: Final = 1_000
PROCESSES: Final = 4
PRODUCTS: Final = 10_000
ROUNDS: Final = 5
STORE: Final = "bench"
CONFIRMED: Final = "bench/confirmed"


@dataclass
class Publisher:
    """The cloud's part: editions of one table, signed, with all they need riding along."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    version: int = 0

    def __post_init__(self) -> None:
        self.columns: Columns = catalogue(PRODUCTS)
        self.table = Table(table_bytes(self.columns))
        self.sha256 = hashlib.sha256(table_bytes(self.columns)).hexdigest()
        self.wire = snapshot.pack(self.columns)

    def head(self, share: float) -> bytes:
        """Return the signed head of the next edition, a share of whose prices is new."""
        self.version += 1
        day = repriced(self.columns, share, seed=self.version)
        after = Table(table_bytes(day.columns))
        changed = tuple(after.row(at) for at in day.changed.tolist()) if self.version > 1 else ()
        delta = deltas.pack(self.table, self.sha256, Delta.of(changed))
        edition = Edition(
            store=STORE,
            version=self.version,
            currency="CNY",
            table=self.sha256,
            snapshot=Blob(sha256=hashlib.sha256(self.wire).hexdigest(), size=len(self.wire)),
            steps=[],
            books=[
                Planned(
                    version=self.version,
                    effective_ms=0,
                    delta=Blob(sha256=hashlib.sha256(delta).hexdigest(), size=len(delta)),
                )
            ],
        )
        data = encode(edition)
        manifest = Manifest(
            matter="pricebook",
            store=STORE,
            version=self.version,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            media_type="application/json",
            effective_ms=0,
            made_ms=0,
        )
        return sign(manifest, self.key, (data, delta))


@dataclass
class Device:
    """A connection and a shelf; blobs come with the head, the snapshot lies in a file."""

    name: str
    folder: Path
    reader: Reader
    bus: MqttBus
    wire: bytes
    blobs: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.shelf = BookShelf(self)

    def now_ms(self) -> int:
        """Return UTC milliseconds."""
        return time.time_ns() // 1_000_000

    def blob(self, sha256: str) -> bytes | None:
        """See `Surroundings.blob`."""
        return self.blobs.get(sha256)

    async def fetch(self, sha256: str, size: int, chunks: object = ()) -> bytes:
        """See `Surroundings.fetch`; who asks for what did not ride along wants the snapshot."""
        return self.blobs.get(sha256, self.wire)

    async def take(self, message: Message) -> None:
        """Take a head: verify it, hold its book durably, switch to it, and say so."""
        said = self.reader.read(message)
        assert isinstance(said, Head)
        self.blobs = {hashlib.sha256(data).hexdigest(): data for data in said.attached}
        held = Held(said.manifest, self.blobs[said.manifest.sha256])
        await self.shelf.prepare(held)
        self.shelf.take(held)
        self.shelf.switch()
        self.shelf.forget_before()
        assert self.shelf.in_force is not None
        await self.bus.publish(Message(CONFIRMED, f"{self.name} {self.shelf.in_force.version}".encode()))


async def measure() -> list[Row]:
    """Publish changes, small and large, and wait for everybody's word."""
    publisher = Publisher()
    took: dict[str, list[tuple[float, float]]] = {"one price": [], "100 prices": []}
    sizes: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="aisle-change-") as kept:
        folder = Path(kept)
        (folder / "wire").write_bytes(publisher.wire)
        (folder / "key").write_bytes(base64.b64encode(public_bytes(publisher.key.public_key())))
        async with AsyncExitStack() as stack:
            broker = await stack.enter_async_context(bare_broker(folder / "broker"))
            say(f"{DEVICES:,} devices in {PROCESSES} processes take their first book")
            for number in range(PROCESSES):
                await _child(stack, folder, number, broker.port)
            cloud = _Cloud(MqttBus(Address("127.0.0.1", broker.port), "cloud"))
            group = await stack.enter_async_context(anyio.create_task_group())
            stack.callback(group.cancel_scope.cancel)
            await group.start(cloud.run)
            await cloud.spread(publisher.head(0.0), publisher.version, within_s=240)
            say("changing prices")
            for _ in range(ROUNDS):
                for what, share in (("one price", 1 / PRODUCTS), ("100 prices", 100 / PRODUCTS)):
                    head = publisher.head(share)
                    sizes[what] = len(head)
                    took[what].append(await cloud.spread(head, publisher.version, within_s=60))
    limit = (
        f"{PROCESSES} processes, broker and cloud share {os.cpu_count()} cores; books of {PRODUCTS:,} products; "
        "a device without pages, drivers and outbox"
    )
    rows = []
    for what, found in took.items():
        goal = Goal("ours", 2, more_is_better=False)
        most_s, all_s = (middle([each[place] for each in found]) for place in (0, 1))
        name = f"{what} changed → charged and confirmed by"
        rows.append(Row(f"{name} 99 % of {DEVICES:,} devices", "s", most_s, goal=goal, limit=limit))
        rows.append(Row(f"{name} all of them", "s", all_s))
        rows.append(Row(f"{what} changed: the one MQTT message to each", "bytes", sizes[what]))
    return rows


class _Cloud:
    def __init__(self, bus: MqttBus) -> None:
        self._bus = bus
        self._heard: set[str] = set()
        self._version = 0
        self._news = anyio.Event()
        self._up = anyio.Event()

    async def run(self, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        async def on_message(message: Message) -> None:
            name, _, version = message.payload.decode().partition(" ")
            if int(version) == self._version:
                self._heard.add(name)
                self._news.set()

        async def on_link(is_up: bool) -> None:
            if is_up:
                self._up.set()

        async with anyio.create_task_group() as group:
            group.start_soon(self._bus.run, [CONFIRMED], on_message, on_link)
            await self._up.wait()
            task_status.started()

    async def spread(self, head: bytes, version: int, *, within_s: float) -> tuple[float, float]:
        """Return seconds until 99 % and until all have confirmed a version."""
        self._heard, self._version = set(), version
        began_s, most_s = time.monotonic(), 0.0
        await self._bus.publish(Message(topics.head(STORE, "pricebook"), head, retain=True))
        with anyio.fail_after(within_s):
            while len(self._heard) < DEVICES:
                self._news = anyio.Event()
                if not most_s and len(self._heard) >= DEVICES * 0.99:
                    most_s = time.monotonic() - began_s
                await self._news.wait()
        all_s = time.monotonic() - began_s
        return most_s or all_s, all_s


async def _child(stack: AsyncExitStack, folder: Path, number: int, port: int) -> None:
    words = ["devices", "--number", str(number), "--folder", str(folder), "--port", str(port)]
    # Whoever is ended amid its connections has much to say of it.
    log = stack.enter_context((folder / f"{number}.log").open("wb"))
    process = await anyio.open_process([sys.executable, "-m", "tests.bench.book_change", *words], stderr=log)

    async def end() -> None:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
        await process.aclose()

    stack.push_async_callback(end)
    assert process.stdout is not None
    await process.stdout.receive()


async def be(number: int, folder: Path, port: int) -> None:
    """Be a process of devices."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode((folder / "key").read_bytes()))
    wire = (folder / "wire").read_bytes()
    linked = 0
    async with anyio.create_task_group() as group:
        for place in range(DEVICES // PROCESSES):
            name = f"till-{number}-{place}"
            reader = Reader(name, STORE, ("pricebook",), key)
            device = Device(name, folder / name, reader, MqttBus(Address("127.0.0.1", port), name), wire)
            up = anyio.Event()

            async def on_link(is_up: bool, up: anyio.Event = up) -> None:
                if is_up:
                    up.set()

            group.start_soon(device.bus.run, [topics.head(STORE, "pricebook")], device.take, on_link)
            await up.wait()
            linked += 1
        print(json.dumps({"linked": linked}), flush=True)


def main() -> None:
    """Be a process of devices, or measure alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("devices", "measure"))
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if options.what == "devices":
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        anyio.run(be, options.number, options.folder, options.port)
        return
    from tests.bench.frame import Report, as_table

    print(as_table("change", "a price change to a thousand devices", Report(tuple(anyio.run(measure)))))


if __name__ == "__main__":
    main()
