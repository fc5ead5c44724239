"""What each label may be showing and has stored, on disk before the label is told: a restart forgets no picture.

Many labels change at once, so all that wait for the disk go in one commit.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import msgspec

from edge_agent.database import StorageError, open_database
from edge_agent.roles.gateway.law import Face, Picture

_SCHEMA: Final = "CREATE TABLE face (label TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"


class _Picture(msgspec.Struct, frozen=True, array_like=True):
    gtin: str
    price_minor: int
    book_version: int
    content: str
    image_sha256: str


class _Kept(msgspec.Struct, frozen=True):
    may_show: list[_Picture]
    is_proved: bool
    stored: list[tuple[int, str]]
    switches_ms: int = 0
    address: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of one label.

    Args:
        face: what it may be showing.
        stored: the SHA-256 of the image in each slot, the oldest first.
        switches_ms: UTC milliseconds at which it was told to switch; 0 for one that was not.
        address: of the hardware of which all this is known.
    """

    face: Face = field(default_factory=Face)
    stored: Mapping[int, str] = field(default_factory=dict)
    switches_ms: int = 0
    address: str = ""


class Faces:
    """The labels of one gateway."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._dirty: dict[str, bytes | None] = {}
        self._committing = anyio.Lock()
        self._thread = anyio.CapacityLimiter(1)

    def recall(self) -> dict[str, Kept]:
        """Return every label that this gateway ever told anything. Blocks; raises StorageError."""
        try:
            found = self._open().execute("SELECT label, value FROM face").fetchall()
        except sqlite3.Error as exc:
            raise StorageError(str(exc)) from exc
        return {label: _decoded(value) for label, value in found}

    async def keep(self, known: Mapping[str, Kept]) -> None:
        """Write what is known of labels; it is on disk on return. Raises StorageError."""
        self._dirty.update((label, _encoded(kept)) for label, kept in known.items())
        await self._commit(set(known))

    async def forget(self, labels: Iterable[str]) -> None:
        """Drop labels that were taken down. Raises StorageError."""
        gone = set(labels)
        self._dirty.update(dict.fromkeys(gone))
        await self._commit(gone)

    def close(self) -> None:
        """Let go of the file; it opens again when it is needed."""
        if self._db is not None:
            self._db.close()
            self._db = None

    async def _commit(self, labels: set[str]) -> None:
        async with self._committing:
            # Whoever was here before took everything along that waited.
            if labels.isdisjoint(self._dirty):
                return
            dirty, self._dirty = self._dirty, {}
            try:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(self._write, dirty, limiter=self._thread)
            except StorageError:
                self._dirty = dirty | self._dirty
                raise

    def _write(self, dirty: Mapping[str, bytes | None]) -> None:
        db = self._open()
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT OR REPLACE INTO face VALUES (?, ?)",
                [(label, value) for label, value in dirty.items() if value is not None],
            )
            db.executemany(
                "DELETE FROM face WHERE label = ?", [(label,) for label, value in dirty.items() if not value]
            )
            db.execute("COMMIT")
        except sqlite3.Error as exc:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise StorageError(str(exc)) from exc

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            self._db = open_database(self._path, _SCHEMA)
        return self._db


def _encoded(kept: Kept) -> bytes:
    pictures = [
        _Picture(each.gtin, each.price_minor, each.book_version, each.content, each.image_sha256)
        for each in kept.face.may_show
    ]
    return msgspec.json.encode(
        _Kept(pictures, kept.face.is_proved, list(kept.stored.items()), kept.switches_ms, kept.address)
    )


def _decoded(value: bytes) -> Kept:
    kept = msgspec.json.decode(value, type=_Kept)
    pictures = (
        Picture(each.gtin, each.price_minor, each.book_version, each.content, each.image_sha256)
        for each in kept.may_show
    )
    return Kept(Face(tuple(pictures), kept.is_proved), dict(kept.stored), kept.switches_ms, kept.address)
