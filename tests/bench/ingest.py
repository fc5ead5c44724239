"""How fast messages become durable, beside a C client and plain aiomqtt that store nothing."""

import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import anyio
import anyio.to_thread
from sqlalchemy import Engine, func, select

from cloud_broker.state.engine import make_engine, migrate, reading
from cloud_broker.state.tables import journal, marks
from firmware_specs.batch import Batch
from firmware_specs.events import AnyEvent, PositionFixed
from firmware_specs.topics import ALL_EVENTS, shared, upward
from firmware_specs.wire import encode
from tests.bench.frame import Goal, MissingPartError, Report, Row, middle, say
from tests.bench.load import Broker, Line, bare_broker, compiled, running

NAME = "ingest"
ABOUT = "QoS 1 events a second from 1,000 connected devices into durable state"

DEVICES = 1000
EACH = 120
WINDOW = 10
ROUNDS = 3
LONGEST_S = 120
QUIET_S = 15
"""A consumer from which nothing came for so long has stopped; on a crowded machine a sync alone can take seconds."""
NONE = Goal("ours", 0, more_is_better=False)

TOPIC = "aisle/1/d/bench-%d/u/position"
PAYLOAD = (
    '{"v":1,"boot":1,"first":%n,"head":1,"events":[{"type":"position","at_ms":%t,"x_m":1.5,"y_m":2.5,'
    '"level":"ground","sigma_m":0.4,"beacons_heard":7}]}'
)
FILTER = shared("ingest", ALL_EVENTS)


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: messages a second from the first publish to the last message's arrival, and what became of them."""

    per_second: float
    lost: int
    twice: int
    resent: int


@dataclass(frozen=True, slots=True)
class Reached:
    """A consumer's end: when its last message came (CLOCK_MONOTONIC), and how many had come by then.

    `kept` are there in the end, `resent` of them only because the device still held them; `twice` were kept twice.
    """

    at_ns: int
    messages: int
    kept: int
    twice: int = 0
    resent: int = 0


Finish = Callable[[], Awaitable[Reached]]
Consumer = Callable[[AsyncExitStack, Broker, Path], Awaitable[Finish]]


def ingest_command(config: Path, worker: int) -> list[str]:
    """Return the command line of one of our ingest workers."""
    program = Path(sys.executable).with_name("cloud-broker")
    if not program.exists():
        raise MissingPartError("cloud-broker is not installed beside this Python: ./aisle setup")
    return [str(program), "ingest", "--config", str(config), "--worker", str(worker)]


def ours(workers: int) -> Consumer:
    """Return a consumer that is `workers` ingest processes on one SQLite journal, every commit synced."""

    async def start(stack: AsyncExitStack, broker: Broker, folder: Path) -> Finish:
        config = folder / "cloud.toml"
        config.write_text(f'folder = "{folder}"\n[broker]\naddress = "127.0.0.1:{broker.port}"\nplain = true\n')
        engine = make_engine(f"sqlite:///{folder / 'state.db'}")
        await anyio.to_thread.run_sync(migrate, engine)
        stack.callback(engine.dispose)
        processes = [
            await stack.enter_async_context(
                running(ingest_command(config, worker), log=folder / f"ingest-{worker}.log")
            )
            for worker in range(1, workers + 1)
        ]

        async def finish() -> Reached:
            def failed() -> str:
                return next((f"status {each.returncode}" for each in processes if each.returncode is not None), "")

            return await _journal_filled(engine, broker.port, failed, folder)

        return finish

    return start


async def _journal_filled(engine: Engine, port: int, failed: Callable[[], str], folder: Path) -> Reached:
    # One event a message: the newest row's id counts messages, and asking for it costs next to nothing.
    newest = select(func.coalesce(func.max(journal.c.id), 0))
    seen, changed_s = 0, time.monotonic()
    with reading(engine) as connection:
        while seen < DEVICES * EACH and time.monotonic() - changed_s < QUIET_S:
            if failed():
                raise RuntimeError(f"an ingest worker ended with {failed()}; its log is in {folder}")
            await anyio.sleep(0.02)
            # Each look is a snapshot of its own.
            connection.rollback()
            now_seen = connection.execute(newest).scalar_one()
            if now_seen > seen:
                seen, changed_s = now_seen, time.monotonic()
    resent = sum(EACH - seq for seq in _sequences(engine).values())
    for _ in range(5):
        if await _resend(engine, port) == 0:
            break
        await anyio.sleep(2)
    kept = sum(_sequences(engine).values())
    with reading(engine) as connection:
        lost = connection.execute(select(func.coalesce(func.sum(marks.c.lost), 0))).scalar_one()
        stored = connection.execute(select(func.sum(journal.c.events - journal.c.skip))).scalar_one()
    return Reached(int(changed_s * 1e9), seen, kept - lost, stored - (kept - lost), resent)


def _sequences(engine: Engine) -> dict[int, int]:
    """Return each device's durable sequence."""
    known = dict.fromkeys(range(DEVICES), 0)
    with reading(engine) as connection:
        for key, seq in connection.execute(select(marks.c.key, marks.c.seq)):
            known[int(key.split("/")[0].removeprefix("bench-"))] = seq
    return known


async def _resend(engine: Engine, port: int) -> int:
    """Send what no watermark covers again, as each device's outbox does; returns how many events that were."""
    open_ends = {device: seq for device, seq in _sequences(engine).items() if seq < EACH}
    if open_ends:
        quiet = logging.getLogger("paho")
        quiet.setLevel(logging.ERROR)
        async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, logger=quiet) as client:
            for device, seq in open_ends.items():
                events: list[AnyEvent] = [
                    PositionFixed(at_ms=0, x_m=1.5, y_m=2.5, level="ground", sigma_m=0.4) for _ in range(seq, EACH)
                ]
                batch = Batch(boot=1, first=seq + 1, head=seq + 1, events=events)
                await client.publish(upward(f"bench-{device}", "position"), encode(batch), qos=1)
    return sum(EACH - seq for seq in open_ends.values())


async def c_client(stack: AsyncExitStack, broker: Broker, folder: Path) -> Finish:
    """Start the C subscriber."""
    words = ["sub", "--port", str(broker.port), "--filter", FILTER, "--messages", str(DEVICES * EACH)]
    process = await stack.enter_async_context(running([str(compiled()), *words], log=folder / "sub.log"))
    return _by_line(Line.of(process))


def plain_aiomqtt(version: str) -> Consumer:
    """Return a consumer that is aiomqtt as people use it, speaking that version of MQTT."""

    async def start(stack: AsyncExitStack, broker: Broker, folder: Path) -> Finish:
        words = ["--port", str(broker.port), "--version", version, "--filter", FILTER]
        command = [sys.executable, "-m", "tests.bench.plain_aiomqtt", *words, "--messages", str(DEVICES * EACH)]
        process = await stack.enter_async_context(running(command, log=folder / "aiomqtt.log"))
        return _by_line(Line.of(process))

    return start


def _by_line(said: Line) -> Finish:
    async def finish() -> Reached:
        await said.expect("ready")
        result = await said.json()
        return Reached(result["at_ns"], result["messages"], result["messages"])

    return finish


async def measure(consumer: Consumer, subscriptions: int, folder: Path) -> Measured:
    """Run one consumer on a fresh broker against the same load."""
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(bare_broker(folder))
        finish = await consumer(stack, broker, folder)
        with anyio.fail_after(30):
            await broker.subscribed(subscriptions)
        words = ["pub", "--port", str(broker.port), "--connections", str(DEVICES), "--window", str(WINDOW)]
        words += ["--messages", str(EACH), "--topic", TOPIC, "--payload", PAYLOAD]
        publisher = await stack.enter_async_context(running([str(compiled()), *words], log=folder / "pub.log"))
        said = Line.of(publisher)
        with anyio.fail_after(LONGEST_S):
            await said.expect("ready")
            assert publisher.stdin is not None
            await publisher.stdin.send(b"\n")
            reached = await finish()
            sent = await said.json()
    seconds = (reached.at_ns - sent["began_ns"]) / 1e9
    lost = sent["acked"] - reached.kept
    return Measured(reached.messages / seconds, lost, reached.twice, reached.resent)


async def run() -> Report:
    """Measure all consumers, alternating."""
    compiled()
    ingest_command(Path("cloud.toml"), 1)
    consumers: dict[str, tuple[Consumer, int]] = {
        "C client": (c_client, 1),
        "ingest, 1 worker": (ours(1), 1),
        "ingest, 2 workers": (ours(2), 2),
        "aiomqtt, MQTT 5": (plain_aiomqtt("V5"), 1),
        "aiomqtt, MQTT 3.1.1": (plain_aiomqtt("V311"), 1),
    }
    runs: dict[str, list[Measured]] = {name: [] for name in consumers}
    with tempfile.TemporaryDirectory(prefix="aisle-bench-") as scratch:
        for number in range(ROUNDS):
            for name, (consumer, subscriptions) in consumers.items():
                folder = Path(scratch, f"{number}-{name.replace(', ', '-').replace(' ', '-')}")
                measured = await measure(consumer, subscriptions, folder)
                runs[name].append(measured)
                fate = f"{measured.lost} lost, {measured.resent} sent again"
                say(f"round {number + 1}, {name}: {measured.per_second:,.0f} messages/s, {fate}")
    rate = {name: middle([each.per_second for each in found]) for name, found in runs.items()}
    rows = []
    for name in ("ingest, 1 worker", "ingest, 2 workers"):
        rows += [
            Row(name, "events/s", rate[name], "C, stores nothing", rate["C client"], Goal("ratio", 0.5, 0.9)),
            Row(name, "events/s", rate[name], "aiomqtt, MQTT 5, stores nothing", rate["aiomqtt, MQTT 5"]),
            # With the older protocol it is twice as fast; the goal is against its best.
            Row(
                name,
                "events/s",
                rate[name],
                "aiomqtt, MQTT 3.1.1, stores nothing",
                rate["aiomqtt, MQTT 3.1.1"],
                Goal("ratio", 2, 3),
            ),
            Row(f"{name}: lost", "events", sum(each.lost for each in runs[name]), goal=NONE),
            Row(f"{name}: kept twice", "events", sum(each.twice for each in runs[name]), goal=NONE),
            Row(f"{name}: sent again by the device", "events", sum(each.resent for each in runs[name])),
        ]
    notes = (
        f"{DEVICES} connections, {EACH} batches of one event each, QoS 1, {WINDOW} in flight",
        "lost: acknowledged to the device and in no journal, after it sent again what no watermark covers",
        f"median of {ROUNDS} rounds, alternating",
        "time runs from the first publish until the consumer has the last message; ours: until its commit is synced",
        "generator, broker and consumer share the machine's cores over loopback without TLS; the broker keeps nothing",
    )
    return Report(tuple(rows), notes)
