"""Ingest: durable before acknowledged, once, in order, and nothing that comes can stop it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

from cloud_broker.bus.mqtt import MqttBus
from cloud_broker.bus.port import BusUnavailableError, Message
from cloud_broker.ingest.journal import Journal
from cloud_broker.ingest.reader import Delivery, parse_packets, publish_packet
from cloud_broker.ingest.standing import standings
from cloud_broker.ingest.worker import Worker
from cloud_broker.state.engine import make_engine, migrate, reading
from cloud_broker.state.patience import patiently
from cloud_broker.state.tables import dead_letters, journal, marks, security_events
from firmware_specs import topics
from firmware_specs.batch import Batch, Mark, Watermark
from firmware_specs.events import AnyEvent, PositionFixed
from firmware_specs.wire import decode, encode
from tests.parts import Broker

TOPIC = topics.upward("cart-1", "position").encode()


def position(number: int) -> AnyEvent:
    return PositionFixed(at_ms=number, x_m=float(number), y_m=2.0, level="g", sigma_m=0.5)


def delivery(first: int, count: int = 1, *, head: int | None = None, boot: int = 1, packet: int = 1) -> Delivery:
    events = [position(number) for number in range(first, first + count)]
    batch = Batch(boot=boot, first=first, head=first if head is None else head, events=events)
    return Delivery(TOPIC, encode(batch), packet.to_bytes(2, "big"))


@contextmanager
def cloud(folder: Path) -> Iterator[tuple[Engine, Journal]]:
    engine = make_engine(f"sqlite:///{folder}/state.db")
    migrate(engine)
    yield engine, Journal(engine)
    engine.dispose()


@pytest.fixture
def held(tmp_path: Path) -> Iterator[tuple[Engine, Journal]]:
    with cloud(tmp_path) as both:
        yield both


def stored(engine: Engine) -> list[int]:
    """Return the x of every event in the journal, in order."""
    with reading(engine) as connection:
        rows = connection.execute(select(journal).order_by(journal.c.id)).all()
    found = []
    for row in rows:
        for event in decode(row.body, Batch).events[row.skip :]:
            assert isinstance(event, PositionFixed)
            found.append(int(event.x_m))
    return found


def reasons(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.execute(select(dead_letters.c.reason)).scalars())


def test_a_group_is_one_commit_and_announces_the_newest_mark(held: tuple[Engine, Journal]) -> None:
    engine, book = held
    result = book.commit([delivery(number) for number in range(1, 101)], 5)
    assert (result.stored, result.events, result.marks) == (100, 100, {("cart-1", "position"): Mark(1, 100)})
    assert stored(engine) == list(range(1, 101))


def test_what_was_sent_twice_is_stored_once_and_its_watermark_said_again(held: tuple[Engine, Journal]) -> None:
    engine, book = held
    book.commit([delivery(1, 5)], 5)
    result = book.commit([delivery(1, 5), delivery(4, 4, head=1)], 6)
    assert stored(engine) == [1, 2, 3, 4, 5, 6, 7]
    assert result.marks == {("cart-1", "position"): Mark(1, 7)}


def test_a_batch_that_came_before_its_turn_waits_and_is_not_lost(held: tuple[Engine, Journal]) -> None:
    engine, book = held
    early = book.commit([delivery(3, 2, head=1)], 5)
    assert (early.stored, len(early.early)) == (0, 1)
    book.commit([delivery(1, 2)], 6)
    book.commit([], 7, early.early)
    assert stored(engine) == [1, 2, 3, 4]


def test_what_cannot_be_read_is_kept_with_the_reason_and_stops_nothing(held: tuple[Engine, Journal]) -> None:
    engine, book = held
    future = encode(Batch(v=2, boot=1, first=1, head=1, events=[position(1)]))
    bad = [
        Delivery(TOPIC, b"\xff\xfe", b"\0\1"),
        Delivery(TOPIC, b'{"boot":1}', b"\0\2"),
        Delivery(TOPIC, future, b"\0\3"),
        Delivery(TOPIC, b'{"boot":1,"first":1,"head":1,"events":[{"type":"x\\u0000"}]}', b"\0\4"),
        Delivery(b"aisle/1/d/cart-1/x", b"{}", b"\0\5"),
        Delivery(TOPIC, b'{"boot":1,"first":1,"head":1,"events":[]}', b"\0\6"),
        Delivery(TOPIC, b"[" * 100_000, b"\0\7"),
    ]
    result = book.commit([bad[0], delivery(1, 3), *bad[1:]], 5)
    assert (result.dead, result.events) == (len(bad), 3)
    said = " | ".join(reasons(engine))
    for part in (
        "version 2: this side knows up to 1",
        "character NUL",
        "is not aisle/1/d/",
        "missing required",
    ):
        assert part in said
    assert stored(engine) == [1, 2, 3]


def test_a_device_that_keeps_sending_the_same_nonsense_fills_nothing(held: tuple[Engine, Journal]) -> None:
    engine, book = held
    for _ in range(50):
        book.commit([Delivery(TOPIC, b"nonsense", b"\0\1")], 5)
    assert len(reasons(engine)) == 1


def test_two_devices_with_one_identity_raise_an_alarm(held: tuple[Engine, Journal]) -> None:
    engine, book = held
    book.commit([delivery(1, 5, boot=9)], 5)
    book.commit([delivery(6, 5, boot=8)], 6)
    with reading(engine) as connection:
        kinds = connection.execute(select(security_events.c.kind)).scalars().all()
    assert list(kinds) == ["forked"]
    assert stored(engine) == [1, 2, 3, 4, 5]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_of_two_workers_stores_everything_once_and_in_order(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Two workers share one database; messages reach them doubled and in any order, and are sent again."""
    with cloud(tmp_path_factory.mktemp("two")) as (engine, first):
        second = Journal(engine)
        total = data.draw(st.integers(1, 12))
        sent = [delivery(number, head=1) for number in range(1, total + 1)]
        while True:
            with reading(engine) as connection:
                mark = connection.execute(select(marks.c.seq)).scalar() or 0
            if mark == total:
                break
            # The device sends from its head again; the network shuffles and doubles.
            order = data.draw(st.permutations(sent[mark:] + data.draw(st.lists(st.sampled_from(sent), max_size=4))))
            cut = data.draw(st.integers(0, len(order)))
            for worker, part in ((first, order[:cut]), (second, order[cut:])):
                early = worker.commit(part, 5).early
                if early:
                    worker.commit([], 5, early)
            first.commit([sent[mark]], 5)
        assert stored(engine) == list(range(1, total + 1))
        with reading(engine) as connection:
            assert all(standing["in_order"] for standing in standings(connection, "cart-1"))


# -- the reader's bytes


@given(st.binary(max_size=400))
def test_bytes_that_are_no_mqtt_raise_the_declared_error_only(data: bytes) -> None:
    found: list[Delivery] = []
    try:
        _, used = parse_packets(data, found)
    except (BusUnavailableError, IndexError):
        return
    assert 0 <= used <= len(data)


@given(st.lists(st.tuples(st.text("abc/", min_size=1, max_size=20), st.binary(max_size=300)), max_size=8), st.data())
def test_packets_are_found_however_the_stream_is_cut(messages: list[tuple[str, bytes]], data: st.DataObject) -> None:
    stream = b"".join(publish_packet(topic, payload) for topic, payload in messages)
    found: list[Delivery] = []
    rest = b""
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        rest += stream[:size]
        stream = stream[size:]
        _, used = parse_packets(rest, found)
        rest = rest[used:]
    assert [(each.topic.decode(), each.payload) for each in found] == messages
    assert rest == b""


# -- the worker on a real broker


async def test_what_a_device_said_is_on_disk_before_its_watermark_and_survives_the_broker(
    plain_broker: Broker, held: tuple[Engine, Journal]
) -> None:
    engine, book = held
    worker = Worker(plain_broker.address(), "cloud-ingest-1", book)
    heard: list[Watermark] = []
    up = anyio.Event()

    async def on_message(message: Message) -> None:
        heard.append(decode(message.payload, Watermark))
        with reading(engine) as connection:
            durable = connection.execute(select(func.max(marks.c.seq))).scalar()
        assert durable is not None
        assert durable >= heard[-1].seq

    async def on_link(is_up: bool) -> None:
        if is_up:
            up.set()

    async def until(seq: int) -> None:
        with anyio.fail_after(20):
            while not heard or heard[-1].seq < seq:
                await anyio.sleep(0.02)

    async with anyio.create_task_group() as group:
        await group.start(worker.run)
        device = MqttBus(plain_broker.address(), "cart-1", longest_backoff_s=0.3)
        group.start_soon(device.run, [topics.downward("cart-1")], on_message, on_link)
        await up.wait()
        await device.publish(Message(TOPIC.decode(), delivery(1, 10).payload))
        await until(10)
        up = anyio.Event()
        plain_broker.kill()
        await anyio.sleep(0.5)
        plain_broker.start()
        with anyio.fail_after(20):
            await up.wait()
        # The device has no watermark for these, so it sends from its head, whatever the broker acknowledged.
        started_s = time.monotonic()
        while not heard or heard[-1].seq < 20:
            await device.publish(Message(TOPIC.decode(), delivery(6, 15).payload))
            await anyio.sleep(0.3)
            assert time.monotonic() - started_s < 20
        group.cancel_scope.cancel()
    assert stored(engine) == list(range(1, 21))


async def test_a_database_that_is_away_for_a_while_loses_nothing_and_is_said_once(
    held: tuple[Engine, Journal], caplog: pytest.LogCaptureFixture
) -> None:
    engine, book = held
    fails = [2]

    def commit() -> int:
        if fails[0]:
            fails[0] -= 1
            raise OperationalError("INSERT", {}, Exception("database is locked"))
        return book.commit([delivery(1)], 5).stored

    with caplog.at_level("INFO"):
        assert await patiently("ingest", commit) == 1
    said = [record.levelname for record in caplog.records if record.name == "cloud_broker.state.patience"]
    assert said == ["WARNING", "INFO"]
    assert stored(engine) == [1]
