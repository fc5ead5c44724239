"""The outbox loses nothing that it was told to keep, whatever dies, and says what it dropped."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.database import StorageError
from edge_agent.outbox import Outbox, OutboxFullError
from edge_agent.outbox_file import Change, Kept, OutboxFile, bytes_written
from firmware_specs.batch import Batch, Mark, Verdict, Watermark, accept
from firmware_specs.events import AnyEvent, Event, HealthReported, LineAdded, PositionFixed, Reported
from firmware_specs.kinds import StreamPolicy
from firmware_specs.wire import decode

POLICIES = {
    "position": StreamPolicy(when_full="drop-oldest"),
    "basket": StreamPolicy(when_full="refuse-work"),
    "health": StreamPolicy(when_full="drop-oldest"),
}
NOW_S = 1_700_000_000.0


def line(at_ms: int) -> LineAdded:
    return LineAdded(at_ms=at_ms, trip="trip-1", gtin="04006381333931", quantity=1, price_minor=500, book_version=1)


def position(at_ms: int) -> PositionFixed:
    return PositionFixed(at_ms=at_ms, x_m=1.0, y_m=2.0, level="ground", sigma_m=0.5)


class Cloud:
    """The other side: the contract's own rule, and what it stored."""

    def __init__(self) -> None:
        self.marks: dict[str, Mark] = {}
        self.stored: dict[str, list[int]] = {}
        self.lost = 0
        self.forked = 0

    def take(self, stream: str, payload: bytes) -> Watermark:
        batch = decode(payload, Batch)
        mark = self.marks.get(stream, Mark())
        verdict = accept(mark, boot=batch.boot, first=batch.first, count=len(batch.events), head=batch.head)
        if verdict.verdict is Verdict.FRESH:
            self.stored.setdefault(stream, []).extend(event.at_ms for event in batch.events[verdict.skip :])
            self.lost += verdict.lost
        self.forked += verdict.verdict is Verdict.FORKED
        self.marks[stream] = verdict.mark
        return Watermark(stream=stream, boot=verdict.mark.boot, seq=verdict.mark.seq)


def outbox(path: Path, max_rows: int = 100_000) -> Outbox:
    return Outbox(OutboxFile(path), POLICIES, now_s=lambda: NOW_S, max_rows=max_rows)


@asynccontextmanager
async def opened(path: Path, max_rows: int = 100_000) -> AsyncIterator[Outbox]:
    box = outbox(path, max_rows)
    await box.open()
    try:
        yield box
    finally:
        box._file.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


STEP = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(["basket", "position"]), st.integers(1, 12)),
    st.tuples(st.just("commit")),
    st.tuples(st.just("send"), st.sampled_from(["basket", "position"]), st.booleans(), st.booleans()),
    st.tuples(st.just("late")),
    st.tuples(st.just("crash")),
    st.tuples(st.just("stop")),
    st.tuples(st.just("full"), st.booleans()),
)


class Disk(OutboxFile):
    """A disk that refuses while told to."""

    is_full = False

    def write(self, change: Change) -> None:
        if self.is_full:
            raise StorageError("database or disk is full")
        super().write(change)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=40))
def test_whatever_is_said_sent_acknowledged_or_crashed_nothing_kept_is_lost_and_order_holds(
    steps: list[tuple[object, ...]],
) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            path, cloud, clock = Path(folder) / "outbox.db", Cloud(), 0
            kept: dict[str, list[int]] = {"basket": [], "position": []}
            fresh: dict[str, list[int]] = {"basket": [], "position": []}
            late: list[Watermark] = []
            disk = Disk(path)
            box = Outbox(disk, POLICIES, now_s=lambda: NOW_S)
            await box.open()
            boots = [box.boot]
            for step in steps:
                match step:
                    case ("say", str(stream), int(count)):
                        for _ in range(count):
                            clock += 1
                            event: Event = line(clock) if stream == "basket" else position(clock)
                            try:
                                box.append(event)
                            except OutboxFullError:
                                assert box.trouble is not None
                                continue
                            fresh[stream].append(clock)
                    case ("commit",):
                        await box.flush()
                        if box.trouble is None:
                            for stream, said in fresh.items():
                                kept[stream] += said
                                said.clear()
                    case ("send", str(stream), bool(arrives), bool(answered)):
                        packed = await box.batch(stream, max_events=7)
                        if packed is not None and arrives:
                            mark = cloud.take(stream, packed.payload)
                            late.append(mark)
                            if answered:
                                box.acknowledge(mark)
                    case ("late",) if late:
                        # A watermark said again, much later, out of order.
                        box.acknowledge(late[clock % len(late)])
                    case ("full", bool(is_full)):
                        disk.is_full = is_full
                    case ("crash",) | ("stop",) if not disk.is_full and box.trouble is None:
                        if step == ("stop",):
                            await box.flush()
                            for stream, said in fresh.items():
                                kept[stream] += said
                        for said in fresh.values():
                            said.clear()
                        disk.close()
                        disk = Disk(path)
                        box = Outbox(disk, POLICIES, now_s=lambda: NOW_S)
                        await box.open()
                        boots.append(box.boot)
            disk.is_full = False
            await box.flush()
            for stream, said in fresh.items():
                kept[stream] += said
            for stream in kept:
                while (packed := await box.batch(stream)) is not None:
                    box.acknowledge(cloud.take(stream, packed.payload))
                assert cloud.stored.get(stream, []) == kept[stream]
            assert (cloud.lost, cloud.forked, box.depth, box.dropped) == (0, 0, 0, 0)
            assert boots == sorted(set(boots))
            disk.close()

    anyio.run(play)


async def test_identities_come_at_once_and_grow_by_one_over_all_boots(path: Path) -> None:
    async with opened(path) as box:
        first = [box.append(line(n)) for n in range(3)]
        await box.flush()
    async with opened(path) as box:
        second = box.append(line(4))
    assert [one.seq for one in first] == [1, 2, 3]
    assert (first[0].boot, second.boot, second.seq) == (int(NOW_S), int(NOW_S) + 1, 4)


async def test_a_stopped_agent_has_everything_on_disk_and_its_sequence_goes_on_when_all_was_acknowledged(
    path: Path,
) -> None:
    box = outbox(path)
    await box.open()
    async with anyio.create_task_group() as group:
        await group.start(box.run)
        box.append(line(1))
        with anyio.fail_after(2):
            await box.wait_sendable("basket")
        box.acknowledge(Watermark(stream="basket", boot=box.boot, seq=1))
        box.append(line(2))
        group.cancel_scope.cancel()
    async with opened(path) as again:
        assert again.head("basket") == 2
        assert again.append(line(3)).seq == 3


async def test_nothing_is_sent_before_it_is_on_disk(path: Path) -> None:
    async with opened(path) as box:
        box.append(line(1))
        assert await box.batch("basket") is None
        await box.flush()
        packed = await box.batch("basket")
        assert packed is not None
        batch = decode(packed.payload, Batch)
        assert (batch.boot, batch.first, batch.head, batch.events) == (box.boot, 1, 1, [line(1)])


async def test_a_stream_that_drops_loses_its_oldest_and_counts_over_restarts(path: Path) -> None:
    async with opened(path, max_rows=10) as box:
        for n in range(1, 26):
            box.append(position(n))
            if n % 4 == 0:
                await box.flush()
        await box.flush()
        assert (box.dropped, box.depth, box.head("position")) == (15, 10, 16)
    async with opened(path, max_rows=10) as box:
        packed = await box.batch("position")
        assert packed is not None
        batch = decode(packed.payload, Batch)
        assert ([event.at_ms for event in batch.events], batch.dropped, batch.head) == (list(range(16, 26)), 15, 16)
        cloud = Cloud()
        cloud.take("position", packed.payload)
        assert cloud.lost == 15


async def test_a_full_outbox_refuses_new_work_and_takes_it_again_once_there_is_room(path: Path) -> None:
    async with opened(path, max_rows=10) as box:
        for n in range(10):
            box.append(line(n))
        with pytest.raises(OutboxFullError, match="10 events wait"):
            box.append(line(10))
        assert box.append(position(1)).seq == 1, "a position never refuses, it is dropped and counted"
        assert (box.dropped, box.depth) == (1, 10)
        await box.flush()
        box.acknowledge(Watermark(stream="basket", boot=box.boot, seq=1))
        assert box.append(line(10)).seq == 11


async def test_positions_make_room_before_a_basket_is_refused(path: Path) -> None:
    async with opened(path, max_rows=10) as box:
        for n in range(10):
            box.append(position(n))
        box.append(line(1))
        assert (box.dropped, box.waiting("position"), box.waiting("basket")) == (1, 9, 1)


async def test_a_watermark_from_a_boot_above_ours_stamps_what_is_held_anew(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cloud = Cloud()
    cloud.marks["basket"] = Mark(boot=int(NOW_S) + 500, seq=40)
    async with opened(path) as box:
        for n in range(3):
            box.append(line(n))
        await box.flush()
        for _ in range(3):
            packed = await box.batch("basket")
            if packed is not None:
                box.acknowledge(cloud.take("basket", packed.payload))
                await box.flush()
        assert cloud.stored["basket"] == [0, 1, 2]
        assert (box.boot, box.depth) == (int(NOW_S) + 501, 0)
        assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1
    async with opened(path) as box:
        assert box.boot == int(NOW_S) + 502


async def test_a_full_disk_is_said_once_and_positions_go_on_while_baskets_are_refused(path: Path) -> None:
    said: list[str | None] = []
    disk = Disk(path)
    box = Outbox(disk, POLICIES, on_trouble=said.append, now_s=lambda: NOW_S, max_rows=100)
    await box.open()
    box.append(line(1))
    disk.is_full = True
    await box.flush()
    await box.flush()
    with pytest.raises(OutboxFullError, match="disk is full"):
        box.append(line(2))
    for n in range(150):
        box.append(position(n))
    packed = await box.batch("position", max_events=10)
    assert packed is not None, "with no disk it is sent from memory"
    box.acknowledge(Watermark(stream="position", boot=box.boot, seq=packed.last))
    assert (box.depth, box.head("position")) == (100 - 10, packed.last + 1)
    disk.is_full = False
    await box.flush()
    await box.flush()
    assert said == ["database or disk is full", None]
    assert box.append(line(2)).seq == 2
    await box.flush()
    disk.close()
    async with opened(path) as again:
        assert (again.head("basket"), again.waiting("basket"), again.waiting("position")) == (1, 2, 89)


async def test_a_disk_that_is_full_at_the_start_delays_only(path: Path) -> None:
    async with opened(path) as box:
        box.append(position(1))
        await box.flush()

    class Shut(Disk):
        def open(self) -> Kept:
            if self.is_full:
                raise StorageError("unable to open database file")
            return super().open()

    disk = Shut(path)
    disk.is_full = True
    said: list[str | None] = []
    box = Outbox(disk, POLICIES, on_trouble=said.append, now_s=lambda: NOW_S, max_rows=4)
    await box.open()
    for n in range(2, 9):
        box.append(position(n))
    await box.flush()
    assert await box.batch("position") is None, "numbers that are not settled go to nobody"
    disk.is_full = False
    await box.flush()
    cloud = Cloud()
    while (packed := await box.batch("position")) is not None:
        box.acknowledge(cloud.take("position", packed.payload))
    assert cloud.stored["position"] == [1, 5, 6, 7, 8]
    assert (cloud.lost, box.dropped, said) == (0, 3, ["unable to open database file", None])
    disk.close()


async def test_it_tells_when_what_was_said_is_on_disk(path: Path) -> None:
    disk = Disk(path)
    box = Outbox(disk, POLICIES, now_s=lambda: NOW_S)
    await box.open()
    box.append(line(1))
    first = box.point
    disk.is_full = True
    await box.flush()
    assert not box.is_durable(first)
    box.append(position(1))
    second = box.point
    disk.is_full = False
    await box.flush()
    assert box.is_durable(first)
    assert box.is_durable(second)
    box.append(line(2))
    assert box.is_durable(second)
    assert not box.is_durable(box.point)
    disk.close()


async def test_a_note_is_kept_with_what_was_said_before_it_or_not_at_all(path: Path) -> None:
    disk = Disk(path)
    box = Outbox(disk, POLICIES, now_s=lambda: NOW_S)
    await box.open()
    box.append(line(1))
    box.note("trip", b"one")
    await box.flush()
    disk.is_full = True
    box.append(line(2))
    box.note("trip", b"two")
    await box.flush()
    assert box.noted("trip") == b"two"
    disk.close()
    async with opened(path) as box:
        assert (box.noted("trip"), box.depth) == (b"one", 1)
        box.append(line(2))
        box.note("trip", b"two")
        await box.flush()
    async with opened(path) as box:
        assert (box.noted("trip"), box.depth) == (b"two", 2)
        box.note("trip", b"")
        await box.flush()
    async with opened(path) as box:
        assert box.noted("trip") == b""


async def test_a_file_of_an_earlier_version_takes_notes(path: Path) -> None:
    async with opened(path) as box:
        box.append(line(1))
        await box.flush()
        box._file._db().execute("DROP TABLE notes")
    async with opened(path) as box:
        box.note("trip", b"one")
        await box.flush()
        assert (box.noted("trip"), box.depth) == (b"one", 1)


async def test_a_damaged_file_is_set_aside_and_the_boot_rises(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)
    async with opened(path) as box:
        assert (box.trouble, box.append(line(1)).seq) == (None, 1)
        await box.flush()
    assert path.with_name("outbox.db.damaged").exists()


async def test_what_the_contract_does_not_allow_never_enters(path: Path) -> None:
    async with opened(path) as box:
        with pytest.raises(ValueError, match="LineAdded"):
            box.append(line(-1))
        with pytest.raises(ValueError, match="no stream 'state'"):
            box.append(Reported(at_ms=1, matter="site", version=1, applied=True))
        assert box.depth == 0


async def test_batches_keep_to_their_limits(path: Path) -> None:
    async with opened(path) as box:
        for n in range(1200):
            box.append(position(n))
        await box.flush()
        packed = await box.batch("position")
        assert packed is not None
        assert packed.last == 500
        packed = await box.batch("position", max_bytes=2000)
        assert packed is not None
        assert len(packed.payload) < 2300
        assert packed.last > 1


async def test_a_grouped_outbox_writes_at_most_four_bytes_for_one(tmp_path: Path) -> None:
    # Not under /tmp's memory disk, if it is one: there nothing is written at all.
    async with opened(tmp_path / "outbox.db") as box:
        before, payload = bytes_written(), 0
        cloud = Cloud()
        for group in range(60):
            for n in range(100):
                event = HealthReported(
                    at_ms=group * 100 + n,
                    uptime_s=1.5,
                    outbox_depth=3,
                    dropped=0,
                    clock_offset_s=0.01,
                    disk_free_bytes=10**9,
                    rss_bytes=10**8,
                    drivers={},
                )
                payload += len(msgspec.json.encode(event))
                box.append(event)
            await box.flush()
            packed = await box.batch("health")
            assert packed is not None
            box.acknowledge(cloud.take("health", packed.payload))
        written = bytes_written() - before
        assert cloud.stored["health"] == list(range(6000))
        assert written <= 4 * payload, f"{written / payload:.1f} bytes written for one"


def test_every_event_of_the_contract_survives_the_outbox_encoding() -> None:
    event = position(5)
    assert msgspec.json.decode(msgspec.json.encode(event), type=AnyEvent) == event
