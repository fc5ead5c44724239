"""What a price book of a million products costs on one device: bytes, install, memory, look-ups, changes.

Each way is measured in a process of its own, so that memory and start-up are those of a device; `python -m
tests.bench.book WAY FOLDER` is that process, and prints one JSON line.
"""

import hashlib
import json
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio
import msgspec
import zstandard

from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook import snapshot
from firmware_specs.pricebook.book import Pricebook
from firmware_specs.pricebook.columns import Columns
from firmware_specs.pricebook.delta import Delta
from firmware_specs.pricebook.table import Table, table_bytes
from tests.bench.catalogue import catalogue, repriced
from tests.bench.frame import Goal, Row, say

PRODUCTS: Final = 1_000_000
LOOKUPS: Final = 50_000
PEER_LEVEL: Final = 3
"""Zstandard level of the naive ways, as people use it."""


async def measure(folder: Path, products: int = PRODUCTS) -> list[Row]:
    """Measure everything; `folder` holds the files meanwhile."""
    say(f"making a catalogue of {products:,} products in three forms")
    columns = catalogue(products)
    table = Table(table_bytes(columns))
    sha256 = _prepare(folder, columns, table)
    wire = (folder / "book.wire").stat().st_size
    lines = (folder / "book.jsonl.zst").stat().st_size
    say("installing and asking each, in processes of their own")
    ours = await _device("ours", folder, sha256)
    naive = await _device("jsonl", folder)
    sqlite = await _device("sqlite", folder)
    size = f"{products:,} products"
    lower = {"more_is_better": False}
    return [
        Row(f"{size}: on the wire", "MB", wire / 1e6, "JSON lines + zstd", lines / 1e6, Goal("ours", 20, **lower)),
        Row(
            f"{size}: cold install until sellable, names included",
            "s",
            ours["install_s"],
            "JSON lines into a dict",
            naive["install_s"],
            Goal("ours", 1, **lower),
            "the file is on the device already; reading, unpacking, checking, writing and syncing count",
        ),
        Row(
            f"{size}: private memory after {LOOKUPS:,} look-ups",
            "MB",
            ours["private_mb"],
            "JSON lines into a dict",
            naive["private_mb"],
            Goal("ours", 5, **lower),
        ),
        *(
            Row(
                f"look-up with names, {name.partition('_')[0]}",
                "µs",
                ours[name],
                peer,
                theirs[name],
                Goal("ours", bound, **lower),
                "random products, one in ten unknown",
            )
            for name, bound in (("p50_us", 3), ("p99_us", 10))
            for peer, theirs in (("SQLite", sqlite), ("dict", naive))
        ),
        *_changes(columns, table, sha256),
    ]


def _prepare(folder: Path, columns: Columns, table: Table) -> str:
    (folder / "book.wire").write_bytes(snapshot.pack(columns))
    compressor = zstandard.ZstdCompressor(level=PEER_LEVEL)
    rows = [table.row(at) for at in range(len(table))]
    with (folder / "book.jsonl.zst").open("wb") as file, compressor.stream_writer(file) as stream:
        for row in rows:
            stream.write(msgspec.json.encode(row) + b"\n")
    with closing(sqlite3.connect(folder / "book.sqlite")) as connection:
        connection.execute(
            "CREATE TABLE book (gtin INTEGER PRIMARY KEY, zh TEXT, en TEXT, price INTEGER, floor INTEGER, "
            "member INTEGER, content INTEGER, category TEXT, unit TEXT, measure TEXT, promotions TEXT)"
        )
        connection.executemany(
            "INSERT INTO book VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    int(row.gtin),
                    row.name["zh"],
                    row.name["en"],
                    row.price_minor,
                    row.floor_minor,
                    row.member_minor,
                    row.content_milli,
                    row.category,
                    row.unit,
                    row.measure,
                    "\n".join(row.promotions),
                )
                for row in rows
            ),
        )
        connection.commit()
    return hashlib.sha256(table_bytes(columns)).hexdigest()


async def _device(way: str, folder: Path, *more: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.book", way, str(folder), *more]
    done = await anyio.run_process(command, stderr=None)
    said: dict[str, float] = json.loads(done.stdout)
    return said


def _changes(columns: Columns, table: Table, sha256: str) -> list[Row]:
    lower = {"more_is_better": False}
    found = []
    for what, share, bound in (("100 prices", 100 / len(table), None), ("1 % of the prices", 0.01, 22_000)):
        day = repriced(columns, share)
        after = Table(table_bytes(day.columns))
        rows = [after.row(at) for at in day.changed.tolist()]
        data = deltas.pack(table, sha256, Delta.of(rows))
        naive = zstandard.ZstdCompressor(level=19).compress(
            b"\n".join(msgspec.json.encode({"gtin": row.gtin, "price_minor": row.price_minor}) for row in rows)
        )
        apply_ms = min(_ms(partial(_applied, table, sha256, data)) for _ in range(5))
        whole_ms = _ms(partial(table_bytes, day.columns))
        assert dict(_applied(table, sha256, data).patch) == {row.gtin: row for row in rows}
        goal = None if bound is None else Goal("ours", bound, **lower)
        found.append(
            Row(f"{what} changed: delta", "bytes", len(data), "changed rows, JSON + zstd-19", len(naive), goal)
        )
        if bound is not None:
            found.append(
                Row(f"{what} changed: apply", "ms", apply_ms, "a new table", whole_ms, Goal("ours", 50, **lower))
            )
    return found


def _applied(table: Table, sha256: str, data: bytes) -> Pricebook:
    return Pricebook(table, deltas.unpack(table, sha256, data))


def _ms(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return (time.perf_counter() - began_s) * 1000


# ---- one device, one way


def _ours(folder: Path, sha256: str) -> tuple[float, Callable[[str], object], list[str]]:
    from edge_agent.roles.books.tables import Tables

    began_s = time.perf_counter()
    tables = Tables(folder / "device")
    table = tables.install(sha256, (folder / "book.wire").read_bytes())
    book = Pricebook(table)
    assert book.get(next(iter(table))) is not None
    installed_s = time.perf_counter() - began_s
    gtins = [f"{gtin:014d}" for gtin in table.columns.gtin[:: max(1, len(table) // LOOKUPS)].tolist()]
    return installed_s, book.get, gtins


def _jsonl(folder: Path) -> tuple[float, Callable[[str], object], list[str]]:
    began_s = time.perf_counter()
    data = zstandard.ZstdDecompressor().decompressobj().decompress((folder / "book.jsonl.zst").read_bytes())
    book = {row["gtin"]: row for row in map(msgspec.json.decode, data.splitlines())}
    del data
    installed_s = time.perf_counter() - began_s
    return installed_s, book.get, list(book)[:: max(1, len(book) // LOOKUPS)]


def _sqlite(folder: Path) -> tuple[float, Callable[[str], object], list[str]]:
    began_s = time.perf_counter()
    connection = sqlite3.connect(f"file:{folder / 'book.sqlite'}?mode=ro&immutable=1", uri=True)
    connection.execute(f"PRAGMA mmap_size={2**30}")
    installed_s = time.perf_counter() - began_s
    (count,) = connection.execute("SELECT count(*) FROM book").fetchone()
    step = max(1, count // LOOKUPS)
    gtins = [f"{gtin:014d}" for (gtin,) in connection.execute("SELECT gtin FROM book ORDER BY gtin")][::step]

    def get(gtin: str) -> object:
        return connection.execute("SELECT * FROM book WHERE gtin = ?", (int(gtin),)).fetchone()

    return installed_s, get, gtins


def private_mb() -> float:
    """Return what this process has in memory as a copy of its own (Linux, smaps_rollup), in MB.

    Pages of a mapped file count as the file's: any process may share them, and the system may drop them.
    """
    text = Path("/proc/self/smaps_rollup").read_text("ascii")
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Private_Dirty")) / 1024


def _asked(get: Callable[[str], object], gtins: Sequence[str]) -> dict[str, float]:
    drawn = random.Random(1)
    asked = [drawn.choice(gtins) if drawn.random() < 0.9 else f"{drawn.randrange(10**13):014d}" for _ in range(LOOKUPS)]
    for gtin in asked:
        get(gtin)
    clock = time.perf_counter_ns
    taken = []
    for gtin in asked:
        began = clock()
        get(gtin)
        taken.append(clock() - began)
    taken.sort()
    return {"p50_us": taken[len(taken) // 2] / 1000, "p99_us": taken[len(taken) * 99 // 100] / 1000}


def main() -> None:
    """Be one device."""
    way, folder, *more = sys.argv[1:]
    ways: dict[str, Callable[..., tuple[float, Callable[[str], object], list[str]]]] = {
        "ours": _ours,
        "jsonl": _jsonl,
        "sqlite": _sqlite,
    }
    # What any process of ours has in memory before it holds a book: interpreter and libraries.
    from edge_agent.roles.books import tables as _  # noqa: F401

    before_mb = private_mb()
    installed_s, get, gtins = ways[way](Path(folder), *more)
    latency = _asked(get, gtins)
    # What was asked for is the bench's, not the book's.
    del gtins
    _trim()
    said: dict[str, Any] = {"install_s": installed_s, "private_mb": max(0.0, private_mb() - before_mb), **latency}
    print(json.dumps(said))


def _trim() -> None:
    # What was freed goes back to the system, as it does on a device that lives for weeks; also for the peers.
    import ctypes
    import gc

    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)


if __name__ == "__main__":
    main()
