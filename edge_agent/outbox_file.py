"""The outbox's SQLite file: segments of events in order of arrival, trimmed from the left.

Flash wears by pages, so a row is a whole group of events, the only index is the row's own number, and
pages are small: a lone event costs two of them instead of two of 4 kB (`./aisle bench outbox`). Notes are small
values that change together with events.
All calls block and come from one thread at a time.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.database import StorageError, open_database

_SCHEMA = """
CREATE TABLE boot (only INTEGER PRIMARY KEY CHECK (only = 1), number INTEGER NOT NULL);
CREATE TABLE streams (
    name TEXT PRIMARY KEY, last INTEGER NOT NULL, head INTEGER NOT NULL, dropped INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE segments (
    id INTEGER PRIMARY KEY, stream TEXT NOT NULL, boot INTEGER NOT NULL,
    first INTEGER NOT NULL, count INTEGER NOT NULL, events BLOB NOT NULL
);
"""
_NOTES = "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"
PAGE_BYTES = 1024
CHECKPOINT_PAGES = 4096


@dataclass(frozen=True, slots=True)
class StreamRow:
    """What is kept of a stream beside its events: the last sequence given, the oldest held, how many were dropped."""

    last: int = 0
    head: int = 1
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """Consecutive events of one stream and one boot; `size` is their length in bytes."""

    id: int
    stream: str
    boot: int
    first: int
    count: int
    size: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file held when it was opened; `boot` is None in a new file."""

    boot: int | None = None
    streams: Mapping[str, StreamRow] = field(default_factory=dict)
    segments: Sequence[SegmentRow] = ()
    notes: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One transaction. `restamps` gives a new boot to all that a stream held before this change's inserts;

    `probe` makes it write in any case, to learn whether the disk is back.
    """

    boot: int
    inserts: Sequence[tuple[SegmentRow, bytes]] = ()
    deletes: Sequence[int] = ()
    streams: Mapping[str, StreamRow] = field(default_factory=dict)
    restamps: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, bytes] = field(default_factory=dict)
    probe: bool = False


class OutboxFile:
    """One SQLite file in WAL mode, synchronous=FULL: what `write` returned from survives a power cut."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether `open` has succeeded."""
        return self._connection is not None

    def open(self) -> Kept:
        """Return what is kept; raises StorageError when the disk refuses."""
        self._connection = db = open_database(
            self._path, _SCHEMA, page_bytes=PAGE_BYTES, checkpoint_pages=CHECKPOINT_PAGES
        )
        try:
            # Files of earlier versions have none.
            db.execute(_NOTES)
            notes = dict(db.execute("SELECT name, value FROM notes").fetchall())
            boot = db.execute("SELECT number FROM boot").fetchone()
            streams = {
                name: StreamRow(last, head, dropped)
                for name, last, head, dropped in db.execute("SELECT name, last, head, dropped FROM streams")
            }
            segments = tuple(
                SegmentRow(*row)
                for row in db.execute("SELECT id, stream, boot, first, count, length(events) FROM segments ORDER BY id")
            )
        except sqlite3.DatabaseError as exc:
            self.close()
            raise StorageError(str(exc)) from exc
        return Kept(boot[0] if boot else None, streams, segments, notes)

    def write(self, change: Change) -> None:
        """Make a change durable, all or nothing; raises StorageError when the disk refuses."""
        db = self._db()
        try:
            db.execute("BEGIN IMMEDIATE")
            try:
                if change.deletes:
                    low, high = min(change.deletes), max(change.deletes)
                    if high - low + 1 == len(change.deletes):
                        db.execute("DELETE FROM segments WHERE id BETWEEN ? AND ?", (low, high))
                    else:
                        db.executemany("DELETE FROM segments WHERE id = ?", [(gone,) for gone in change.deletes])
                for stream, boot in change.restamps.items():
                    db.execute("UPDATE segments SET boot = ? WHERE stream = ?", (boot, stream))
                db.executemany(
                    "INSERT INTO segments (id, stream, boot, first, count, events) VALUES (?, ?, ?, ?, ?, ?)",
                    [(row.id, row.stream, row.boot, row.first, row.count, data) for row, data in change.inserts],
                )
                db.executemany(
                    "INSERT OR REPLACE INTO streams (name, last, head, dropped) VALUES (?, ?, ?, ?)",
                    [(name, row.last, row.head, row.dropped) for name, row in change.streams.items()],
                )
                db.executemany("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", list(change.notes.items()))
                db.execute(
                    "INSERT INTO boot VALUES (1, ?1) ON CONFLICT (only) DO UPDATE SET number = ?1"
                    " WHERE number != ?1 OR ?2",
                    (change.boot, change.probe),
                )
                db.execute("COMMIT")
            except sqlite3.Error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as exc:
            raise StorageError(str(exc)) from exc

    def read(self, ids: Sequence[int]) -> dict[int, bytes]:
        """Return the events of these segments by id, those that are there; raises StorageError."""
        marks = ",".join("?" * len(ids))
        try:
            rows = self._db().execute(f"SELECT id, events FROM segments WHERE id IN ({marks})", tuple(ids))  # noqa: S608 - only question marks
            return dict(rows.fetchall())
        except sqlite3.DatabaseError as exc:
            raise StorageError(str(exc)) from exc

    def close(self) -> None:
        """Close the file, if it is open."""
        if self._connection is not None:
            try:
                self._connection.close()
            finally:
                self._connection = None

    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StorageError("the outbox's file is not open")
        return self._connection


def bytes_written() -> int:
    """Return how many bytes this process has caused to be sent to the disk (proc(5), write_bytes)."""
    for line in Path("/proc/self/io").read_text("ascii").splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise OSError("/proc/self/io has no write_bytes")
