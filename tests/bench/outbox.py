"""What the outbox costs a device: events a second onto the disk, and how much flash an event wears."""

import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel

from edge_agent.outbox import Outbox
from edge_agent.outbox_file import OutboxFile, bytes_written
from firmware_specs.batch import Watermark
from firmware_specs.events import PositionFixed
from firmware_specs.kinds import StreamPolicy
from firmware_specs.wire import encode
from tests.bench.frame import Goal, MissingPartError, Report, Row, middle, say
from tests.bench.load import CACHE

NAME = "outbox"
ABOUT = "events a second onto the disk, and bytes written to flash for each byte of payload"

ROUNDS = 3
STREAM = "position"
RATE_EVENTS = 50_000
NAIVE_EVENTS = 1000
NAIVE_TRIM = 100
"""The naive way deletes what was acknowledged a hundred rows at a time, which flatters it."""
WEAR = {1: 600, 20: 6000, 200: 40_000}
"""Events a commit, and how many events are measured so."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One run: events a second, and bytes written per byte of payload."""

    per_second: float
    wear: float


def event(number: int) -> PositionFixed:
    """Return the event that a cart says most often; about 110 bytes."""
    return PositionFixed(
        at_ms=1_760_000_000_000 + number * 200,
        x_m=round(number % 4000 / 100, 2),
        y_m=7.25,
        level="ground",
        sigma_m=0.42,
        beacons_heard=9,
    )


def outbox(folder: Path) -> tuple[Outbox, OutboxFile]:
    """Return a new outbox with the settings that devices have."""
    file = OutboxFile(folder / "outbox.db")
    return Outbox(file, {STREAM: StreamPolicy(when_full="drop-oldest")}), file


async def rate(folder: Path) -> float:
    """Return how many events a second reach the disk when a device says as much as it can."""
    box, _ = outbox(folder)
    await box.open()
    async with anyio.create_task_group() as group:
        await group.start(box.run)
        began_s = time.monotonic()
        for number in range(RATE_EVENTS):
            box.append(event(number))
            if number % 100 == 99:
                await anyio.lowlevel.checkpoint()
        await box.flush()
        seconds = time.monotonic() - began_s
        group.cancel_scope.cancel()
    _check_all_on_disk(folder / "outbox.db")
    return RATE_EVENTS / seconds


def _check_all_on_disk(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (kept,) = connection.execute("SELECT sum(count) FROM segments").fetchone()
    if kept != RATE_EVENTS:
        raise RuntimeError(f"{kept} of {RATE_EVENTS} events are on disk")


async def wear(folder: Path, a_commit: int) -> float:
    """Return bytes written per byte of payload, `a_commit` events a commit, each group acknowledged after it."""
    box, file = outbox(folder)
    await box.open()
    payload, before = 0, bytes_written()
    for start in range(0, WEAR[a_commit], a_commit):
        for number in range(start, start + a_commit):
            said = event(number)
            payload += len(encode(said))
            last = box.append(said)
        await box.flush()
        box.acknowledge(Watermark(stream=STREAM, boot=last.boot, seq=last.seq))
    await box.flush()
    file.close()
    return (bytes_written() - before) / payload


def naive(folder: Path) -> Cost:
    """Do it as one does at first: a row and a commit for each event, in a WAL that is synced."""
    payload = 0
    with closing(sqlite3.connect(folder / "naive.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE outbox (seq INTEGER PRIMARY KEY, event BLOB NOT NULL)")
        before, began_s = bytes_written(), time.monotonic()
        for number in range(NAIVE_EVENTS):
            said = encode(event(number))
            payload += len(said)
            connection.execute("INSERT INTO outbox (event) VALUES (?)", (said,))
            if number % NAIVE_TRIM == NAIVE_TRIM - 1:
                connection.execute("DELETE FROM outbox WHERE seq <= ?", (number + 1,))
        seconds = time.monotonic() - began_s
    return Cost(NAIVE_EVENTS / seconds, (bytes_written() - before) / payload)


async def run() -> Report:
    """Measure ours and the naive way, alternating."""
    rates: list[float] = []
    wears: dict[int, list[float]] = {a_commit: [] for a_commit in WEAR}
    naives: list[Cost] = []
    # Not in /tmp, which may be memory.
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="outbox-", dir=CACHE) as scratch:
        folders = iter(Path(scratch, str(number)) for number in range(100))

        def fresh() -> Path:
            folder = next(folders)
            folder.mkdir()
            return folder

        _check_disk_counts(fresh)
        for number in range(ROUNDS):
            rates.append(await rate(fresh()))
            for a_commit, found in wears.items():
                found.append(await wear(fresh(), a_commit))
            naives.append(naive(fresh()))
            written = ", ".join(f"{found[-1]:.1f} at {a_commit}" for a_commit, found in wears.items())
            say(
                f"round {number + 1}: {rates[-1]:,.0f} events/s; bytes per byte: {written}; naive {naives[-1].wear:.1f}"
            )
    naive_rate = middle([each.per_second for each in naives])
    naive_wear = middle([each.wear for each in naives])
    peer = "a row and a commit for each event"
    rows = [Row("onto the disk", "events/s", middle(rates), peer, naive_rate)]
    for a_commit, found in wears.items():
        batched = a_commit == max(WEAR)
        goal = Goal("ours", 4, more_is_better=False) if batched else None
        limit = "a device that says one event and waits pays a commit for it" if a_commit == 1 else ""
        rows.append(Row(f"{a_commit} events a commit", "B/B", middle(found), peer, naive_wear, goal, limit))
    notes = (
        f"median of {ROUNDS} rounds, alternating; every commit is synced, everything acknowledged and deleted",
        "written is what the kernel charges to this process in whole pages; the file system's own journal is not in it",
    )
    return Report(tuple(rows), notes)


def _check_disk_counts(fresh: Callable[[], Path]) -> None:
    before = bytes_written()
    naive(fresh())
    if bytes_written() == before:
        raise MissingPartError("a disk below the working folder: this file system's writes are not counted")
