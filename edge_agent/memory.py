"""What a device knows over power cuts beside its outbox: held matters, desired documents, values, done commands.

All of it is small and lies in memory too, so that reading never waits. A command's id is on disk before
the command is carried out: after a power cut it is known as begun and is never done twice.
"""

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus

from edge_agent.database import StorageError, open_database
from firmware_specs.desired import Manifest
from firmware_specs.wire import WireError, decode, encode

_SCHEMA = """
CREATE TABLE kept (
    space TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (space, name)
) WITHOUT ROWID;
"""
_Key = tuple[str, str]

FORGET_COMMANDS_MS = 7 * 24 * 3600 * 1000
"""A command's id is kept so long after its expiry, in case the clock steps back."""
RETRY_S = 1.0


class Memory:
    """A small store of named bytes in spaces; `on_trouble` hears once when the disk refuses, None when it is back."""

    def __init__(self, path: Path, on_trouble: Callable[[str | None], None]) -> None:
        self._path = path
        self._on_trouble = on_trouble
        self._db: sqlite3.Connection | None = None
        self._kept: dict[_Key, bytes] = {}
        self._dirty: dict[_Key, bytes | None] = {}
        self._wake = anyio.Event()
        self._writing = anyio.Lock()
        self._thread = anyio.CapacityLimiter(1)
        self._trouble: str | None = None

    # ---- values

    def remember(self, name: str, value: bytes) -> None:
        """Keep a small value; it is on disk within moments."""
        self._put("value", name, value)

    def recall(self, name: str) -> bytes | None:
        """Return a value kept by `remember`."""
        return self._kept.get(("value", name))

    # ---- matters

    def manifests(self) -> Mapping[str, Manifest]:
        """Return the manifest of each held matter; those that cannot be read are left out."""
        found = {}
        for (space, name), value in self._kept.items():
            if space == "matter":
                try:
                    found[name] = decode(value, Manifest)
                except WireError:
                    continue
        return found

    async def hold(self, manifest: Manifest) -> None:
        """Hold a matter from now on; raises StorageError when that cannot be kept."""
        self._put("matter", manifest.matter, encode(manifest))
        await self._commit_or_raise()

    async def let_go(self, matter: str, before: Manifest | None) -> None:
        """Hold again what was held before a matter that turned out to be unusable."""
        self._put("matter", matter, None if before is None else encode(before))
        await self.commit()

    def refused_version(self, matter: str) -> int:
        """Return the highest version of a matter that was refused; -1 when none was."""
        value = self._kept.get(("refused", matter))
        return -1 if value is None else int(value)

    def refuse(self, matter: str, version: int) -> None:
        """Remember that a version cannot be used, so that it is told once and not tried again."""
        self._put("refused", matter, b"%d" % version)

    # ---- desired documents

    def desired(self, shadow: str) -> bytes | None:
        """Return the signed bytes of a desired document."""
        return self._kept.get(("desired", shadow))

    def desire(self, shadow: str, envelope: bytes) -> None:
        """Keep the signed bytes of a desired document; they are on disk after the next `commit`."""
        self._put("desired", shadow, envelope)

    # ---- commands

    async def begin(self, command: str, expires_ms: int, now_ms: int) -> bool:
        """Return whether a command is new, having noted that it is begun; raises StorageError when the disk refuses."""
        if ("command", command) in self._kept:
            return False
        for (space, name), value in tuple(self._kept.items()):
            if space == "command" and int(value.split()[1]) + FORGET_COMMANDS_MS < now_ms:
                self._put(space, name, None)
        self._put("command", command, b"begun %d" % expires_ms)
        try:
            await self._commit_or_raise()
        except StorageError:
            self._put("command", command, None)
            raise
        return True

    async def finish(self, command: str, expires_ms: int) -> None:
        """Note that a command has ended and was reported."""
        self._put("command", command, b"done %d" % expires_ms)
        await self.commit()

    def begun(self) -> Mapping[str, int]:
        """Return the commands that were begun and not finished, with their expiry: a power cut came between."""
        return {
            name: int(value.split()[1])
            for (space, name), value in self._kept.items()
            if space == "command" and value.startswith(b"begun")
        }

    # ---- the disk

    async def open(self) -> None:
        """Read what is kept. Never fails: without a disk it works in memory, and says so."""
        try:
            await anyio.to_thread.run_sync(self._load, limiter=self._thread)
        except StorageError as exc:
            self._set_trouble(str(exc))

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Write values behind until cancelled, then what is left, and close."""
        task_status.started()
        try:
            while True:
                if self._trouble is not None:
                    await anyio.sleep(RETRY_S)
                elif not self._dirty:
                    await self._wake.wait()
                await self.commit()
        finally:
            with anyio.CancelScope(shield=True):
                await self.commit()
                await anyio.to_thread.run_sync(self._close, limiter=self._thread)

    async def commit(self) -> None:
        """Write what waits; a disk that refuses is noted, never raised."""
        async with self._writing:
            self._wake = anyio.Event()
            if not self._dirty:
                return
            change, self._dirty = self._dirty, {}
            try:
                await anyio.to_thread.run_sync(self._write, change, limiter=self._thread)
            except StorageError as exc:
                self._dirty = {**change, **self._dirty}
                self._set_trouble(str(exc))
            else:
                self._set_trouble(None)

    async def _commit_or_raise(self) -> None:
        await self.commit()
        if self._trouble is not None:
            raise StorageError(self._trouble)

    def _put(self, space: str, name: str, value: bytes | None) -> None:
        if self._kept.get((space, name)) == value:
            return
        if value is None:
            self._kept.pop((space, name), None)
        else:
            self._kept[space, name] = value
        self._dirty[space, name] = value
        self._wake.set()

    def _load(self) -> None:
        self._db = open_database(self._path, _SCHEMA)
        try:
            rows = self._db.execute("SELECT space, name, value FROM kept").fetchall()
        except sqlite3.DatabaseError as exc:
            self._close()
            raise StorageError(str(exc)) from exc
        for space, name, value in rows:
            if (space, name) not in self._dirty:
                self._kept[space, name] = value

    def _write(self, change: Mapping[_Key, bytes | None]) -> None:
        if self._db is None:
            self._load()
        assert self._db is not None
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                for (space, name), value in change.items():
                    if value is None:
                        self._db.execute("DELETE FROM kept WHERE space = ? AND name = ?", (space, name))
                    else:
                        self._db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (space, name, value))
                self._db.execute("COMMIT")
            except sqlite3.Error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.DatabaseError as exc:
            raise StorageError(str(exc)) from exc

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _set_trouble(self, trouble: str | None) -> None:
        changed = (trouble is None) != (self._trouble is None)
        self._trouble = trouble
        if changed:
            self._on_trouble(trouble)
