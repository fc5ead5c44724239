"""The embedded store of readings: one SQLite file, append only, with cursors for what follows it."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock

from cloud_broker.readings.port import Reading, ReadingsError


class EmbeddedReadings:
    """See `Readings`; safe to call from several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        self._connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, device TEXT NOT NULL, name TEXT NOT NULL,"
            " UNIQUE (device, name));"
            "CREATE TABLE IF NOT EXISTS points (id INTEGER PRIMARY KEY AUTOINCREMENT, series INTEGER NOT NULL,"
            " at_ms INTEGER NOT NULL, value REAL NOT NULL);"
            "CREATE INDEX IF NOT EXISTS points_by_series ON points (series, at_ms);"
            "CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, position INTEGER NOT NULL);"
        )
        self._series: dict[tuple[str, str], int] = {
            (device, name): number
            for number, device, name in self._connection.execute("SELECT id, device, name FROM series")
        }

    def append(self, readings: Sequence[Reading]) -> None:
        """See `Readings`."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                rows = [(self._number(each.device, each.series), each.at_ms, each.value) for each in readings]
                self._connection.executemany("INSERT INTO points (series, at_ms, value) VALUES (?, ?, ?)", rows)
                self._connection.execute("COMMIT")
            except sqlite3.Error as exc:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._series = {
                    (device, name): number
                    for number, device, name in self._connection.execute("SELECT id, device, name FROM series")
                }
                raise ReadingsError(f"readings were not stored: {exc}") from exc

    def _number(self, device: str, name: str) -> int:
        number = self._series.get((device, name))
        if number is None:
            cursor = self._connection.execute("INSERT INTO series (device, name) VALUES (?, ?)", (device, name))
            number = int(cursor.lastrowid or 0)
            self._series[device, name] = number
        return number

    def read(self, device: str, series: str, from_ms: int, to_ms: int) -> list[tuple[int, float]]:
        """See `Readings`."""
        number = self._series.get((device, series))
        if number is None:
            return []
        query = "SELECT at_ms, value FROM points WHERE series = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms"
        with self._lock, closing(self._connection.execute(query, (number, from_ms, to_ms))) as cursor:
            return [(int(at_ms), float(value)) for at_ms, value in cursor]

    def after(self, position: int, limit: int) -> tuple[list[Reading], int]:
        """Return up to `limit` readings after a position, and the position behind them."""
        query = (
            "SELECT points.id, device, name, at_ms, value FROM points JOIN series ON series.id = points.series"
            " WHERE points.id > ? ORDER BY points.id LIMIT ?"
        )
        with self._lock, closing(self._connection.execute(query, (position, limit))) as cursor:
            rows = cursor.fetchall()
        return [Reading(*row[1:]) for row in rows], rows[-1][0] if rows else position

    def position(self, name: str) -> int:
        """Return how far a follower has come."""
        with self._lock:
            row = self._connection.execute("SELECT position FROM cursors WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def move(self, name: str, position: int) -> None:
        """Remember how far a follower has come."""
        with self._lock:
            self._connection.execute(
                "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position",
                (name, position),
            )

    def forget_before(self, at_ms: int, series: Sequence[str] = ()) -> int:
        """Delete older readings, of these series or of all; return how many. Followers lose what they have not read."""
        chosen = "SELECT id FROM series WHERE ? = 0 OR name IN (SELECT value FROM json_each(?))"
        with self._lock:
            # Series by series, so that the index finds what is old.
            numbers = [row[0] for row in self._connection.execute(chosen, (len(series), json.dumps(list(series))))]
            gone = 0
            for number in numbers:
                done = self._connection.execute("DELETE FROM points WHERE series = ? AND at_ms < ?", (number, at_ms))
                gone += done.rowcount
            return gone

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
