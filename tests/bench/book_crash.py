"""Books under kill −9 and power cuts: a device is ended at a random moment while it applies books, a thousand times.

After each death what is on the disk is opened as after a restart: it must be a whole book that was published,
signed, and no older than the last one that the device had confirmed.
"""

import hashlib
import json
import logging
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import anyio

from edge_agent.app import Held
from edge_agent.roles.books.shelf import BookShelf
from firmware_specs.desired import Manifest
from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook import snapshot
from firmware_specs.pricebook.delta import Delta
from firmware_specs.pricebook.edition import Blob, Edition, Planned, Step
from firmware_specs.pricebook.merge import merge
from firmware_specs.pricebook.table import Table, table_bytes
from firmware_specs.wire import encode
from tests.bench.catalogue import catalogue, repriced
from tests.bench.frame import Goal, Row, say
from tests.fakes.power import Recorder

PRODUCTS: Final = 3_000
BOOKS: Final = 12
KILLS: Final = 1_000
CUTS: Final = 1_000
LONGEST_S: Final = 0.12
STORE: Final = "bench"


@dataclass
class Shop:
    """Editions of one store, and what each book says: a hash over all its prices."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    editions: list[Held] = field(default_factory=list)
    truth: dict[int, str] = field(default_factory=dict)

    def keep(self, data: bytes) -> Blob:
        """Put a blob where devices fetch it."""
        sha256 = hashlib.sha256(data).hexdigest()
        self.blobs[sha256] = data
        return Blob(sha256=sha256, size=len(data))


def shop() -> Shop:
    """Return a store with some days of books; every third is a new table, reached by a step."""
    made = Shop()
    columns = catalogue(PRODUCTS)
    table = Table(table_bytes(columns))
    sha256 = hashlib.sha256(table_bytes(columns)).hexdigest()
    wire, steps = made.keep(snapshot.pack(columns)), []
    for version in range(1, BOOKS + 1):
        day = repriced(columns, 0.02, seed=version)
        after = Table(table_bytes(day.columns))
        delta = Delta.of(tuple(after.row(at) for at in day.changed.tolist()))
        if version % 3 == 0:
            merged = merge(table, delta)
            data = table_bytes(merged)
            now = hashlib.sha256(data).hexdigest()
            steps = [Step(from_table=sha256, to_table=now, delta=made.keep(deltas.pack(table, sha256, delta)))]
            table, sha256, columns, wire = Table(data), now, merged, made.keep(snapshot.pack(merged))
            delta = Delta.of()
        _add(made, version, table, sha256, wire, steps, delta)
    return made


def _add(made: Shop, version: int, table: Table, sha256: str, wire: Blob, steps: list[Step], delta: Delta) -> None:
    blob = made.keep(deltas.pack(table, sha256, delta))
    edition = Edition(
        store=STORE,
        version=version,
        currency="CNY",
        table=sha256,
        snapshot=wire,
        steps=steps,
        books=[Planned(version=version, effective_ms=0, delta=blob)],
    )
    data = encode(edition)
    made.editions.append(
        Held(
            Manifest(
                matter="pricebook",
                store=STORE,
                version=version,
                sha256=hashlib.sha256(data).hexdigest(),
                size=len(data),
                media_type="application/json",
                effective_ms=0,
                made_ms=0,
            ),
            data,
        )
    )
    changed = Table(table_bytes(delta.columns))
    made.truth[version] = _digest(
        (gtin, (changed.get(gtin) or row).price_minor, (changed.get(gtin) or row).floor_minor)
        for gtin, row in table.items()
    )


def _digest(prices: object) -> str:
    digest = hashlib.sha256()
    for each in prices:  # type: ignore[attr-defined]  # any iterable of tuples
        digest.update(repr(each).encode())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Place:
    """A device's place on the disk, with every blob in its cache."""

    folder: Path
    made: Shop

    def now_ms(self) -> int:
        """Return a time at which every book counts."""
        return 1

    def blob(self, sha256: str) -> bytes | None:
        """See `Surroundings.blob`."""
        return self.made.blobs.get(sha256)

    async def fetch(self, sha256: str, size: int, chunks: Sequence[str] = ()) -> bytes:
        """See `Surroundings.fetch`."""
        return self.made.blobs[sha256]


async def _work(place: Place, confirmed: Path | None) -> None:
    shelf = BookShelf(place)
    shelf.switch()
    done = 0 if shelf.in_force is None else shelf.in_force.version
    for held in place.made.editions[done:]:
        await shelf.prepare(held)
        shelf.take(held)
        shelf.switch()
        if confirmed is not None and shelf.in_force is not None:
            # In place: a byte is there or not, while a file that is written anew is empty for a moment.
            with confirmed.open("r+b", buffering=0) as file:
                file.write(bytes([shelf.in_force.version]))
        shelf.forget_before()


def _found(place: Place) -> tuple[int, bool]:
    """Return the version that a restart finds in force, and whether it is the very book that was published."""
    shelf = BookShelf(place)
    shelf.switch()
    book = shelf.in_force
    if book is None:
        return 0, True
    prices = ((gtin, row.price_minor, row.floor_minor) for gtin, row in book.rows.items())
    return book.version, _digest(prices) == place.made.truth.get(book.version)


@dataclass(slots=True)
class Deaths:
    """How many there were, and what they left."""

    count: int = 0
    while_working: int = 0
    broken: int = 0
    forgotten: int = 0


def kills(made: Shop, folder: Path, count: int) -> Deaths:
    """Kill a device at random moments; it goes on from what is there, and begins anew when it has all books."""
    found = Deaths()
    drawn = random.Random(1)
    home, confirmed, turn = folder / "0", folder / "confirmed", 0
    confirmed.write_bytes(b"\0")
    while found.count < count:
        child = os.fork()
        if child == 0:
            # A copy of this process with everything loaded: only the work is killed, not the start.
            status = 1
            try:
                anyio.run(_work, Place(home, made), confirmed)
                status = 0
            finally:
                # Not the parent's way out: its clean-up is not ours.
                os._exit(status)
        time.sleep(drawn.uniform(0, LONGEST_S))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        found.count += 1
        if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status) != 0:
            raise RuntimeError("the device failed by itself")
        found.while_working += os.WIFSIGNALED(status)
        version, is_whole = _found(Place(home, made))
        found.broken += not is_whole
        found.forgotten += version < confirmed.read_bytes()[0]
        if version == BOOKS:
            turn += 1
            home = folder / str(turn)
            confirmed.write_bytes(b"\0")
    return found


def cuts(made: Shop, folder: Path, count: int) -> Deaths:
    """Cut the power after random operations, what was not synced being there or not."""
    found = Deaths()
    drawn = random.Random(2)
    home = folder / "device"
    confirmed: list[tuple[int, int]] = []
    with Recorder(home / "books") as recorder:
        shelf = BookShelf(Place(home, made))
        for held in made.editions:
            anyio.run(shelf.prepare, held)
            shelf.take(held)
            shelf.switch()
            assert shelf.in_force is not None
            confirmed.append((len(recorder.operations), shelf.in_force.version))
            shelf.forget_before()
    for _ in range(count):
        cut = drawn.randrange(len(recorder.operations) + 1)
        with tempfile.TemporaryDirectory(dir=folder) as left:
            recorder.after(cut, drawn, Path(left) / "books")
            version, is_whole = _found(Place(Path(left), made))
        found.count += 1
        found.while_working += cut < len(recorder.operations)
        found.broken += not is_whole
        found.forgotten += version < max((said for at, said in confirmed if at <= cut), default=0)
    return found


async def measure(kill_count: int = KILLS, cut_count: int = CUTS) -> list[Row]:
    """Kill and cut in a process of its own, and count what was left."""
    say(f"{kill_count:,} kills and {cut_count:,} power cuts while books of {PRODUCTS:,} products are applied")
    command = [sys.executable, "-m", "tests.bench.book_crash", str(kill_count), str(cut_count)]
    done = await anyio.run_process(command, stderr=None)
    none = Goal("ours", 0, more_is_better=False)
    rows = []
    for name, said in json.loads(done.stdout).items():
        what = f"{said['count']:,} × {name}, {said['while_working']:,} of them amid the work"
        rows.append(Row(f"{what}: torn, unsigned or mixed books", "books", said["broken"], goal=none))
        rows.append(Row(f"{what}: confirmed books lost", "books", said["forgotten"], goal=none))
    return rows


def main() -> None:
    """Do it: forking needs a process without an event loop."""
    # Torn files are this run's daily bread; they are counted, not told one by one.
    logging.getLogger("edge_agent.roles.books").setLevel(logging.ERROR)
    kill_count, cut_count = map(int, sys.argv[1:])
    made = shop()
    with tempfile.TemporaryDirectory() as kept:
        (killed := Path(kept) / "kill").mkdir()
        (cut := Path(kept) / "cut").mkdir()
        found = {"kill -9": kills(made, killed, kill_count), "power cut": cuts(made, cut, cut_count)}
    print(json.dumps({name: asdict(deaths) for name, deaths in found.items()}))


if __name__ == "__main__":
    main()
