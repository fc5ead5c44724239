"""The price books that a device holds: the one in force, kept until the next becomes effective, and those to come."""

import hashlib
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import anyio
import anyio.to_thread
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from edge_agent.app import BlobUnavailableError, Held, MatterRefusedError
from edge_agent.durable import read_durable, write_durably
from edge_agent.roles.books.opened import Opened, following, opened
from edge_agent.roles.books.tables import Tables
from edge_agent.roles.matter import matter_of
from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook.book import Pricebook
from firmware_specs.pricebook.columns import BookError
from firmware_specs.pricebook.edition import Edition, Planned
from firmware_specs.pricebook.table import Table

logger = logging.getLogger(__name__)

_IN_FORCE: Final = "in-force"
_SUFFIX: Final = ".book"

SMALL_BYTES: Final = 4096
"""A delta up to here is read where it arrives; a longer one in a thread, while the device goes on."""


class _Kept(Struct, frozen=True):
    # A held book as its file has it: all that it is, but for the table.
    version: int
    currency: str
    effective_ms: int
    table: str
    sha256: str
    delta: bytes
    was_due: bool = False
    """Whether it came into force as it was written: one write instead of two."""


class Place(Protocol):
    """What a shelf needs of its device; every `Surroundings` is one."""

    @property
    def folder(self) -> Path:
        """Where the books stand, below `books`."""

    def now_ms(self) -> int:
        """See `Surroundings.now_ms`."""

    def blob(self, sha256: str) -> bytes | None:
        """See `Surroundings.blob`."""

    async def fetch(self, sha256: str, size: int, chunks: Sequence[str] = ()) -> bytes:
        """See `Surroundings.fetch`."""


class BookShelf:
    """The books of one device, on its disk: a book in force stays so over restarts and clock steps.

    The agent keeps only the newest edition, so the book still in force is kept here; and the one before it in
    `before`, until the device has told of the difference and calls `forget_before`.
    """

    def __init__(self, surroundings: Place) -> None:
        self._surroundings = surroundings
        self._folder = surroundings.folder / "books"
        self._tables = Tables(self._folder)
        self._working = anyio.CapacityLimiter(1)
        self._held: dict[int, Opened] = {}
        self._table_of: dict[int, str] = {}
        # Taken, but the disk refused: not held, so not confirmed either, until it can be written.
        self._unwritten: dict[int, tuple[Opened, _Kept]] = {}
        # Those that came into force as they were written.
        self._were_due: set[int] = set()
        self._ready: dict[str, Pricebook] = {}
        self._said_full = False
        self.in_force: Opened | None = None
        self.before: Opened | None = None
        self._load()

    @property
    def newest(self) -> Opened | None:
        """The book with the highest version that is held."""
        return max(self._held.values(), key=lambda each: each.version, default=None)

    @property
    def planned(self) -> tuple[Opened, ...]:
        """The books that will come into force, the next one first."""
        version = -1 if self.in_force is None else self.in_force.version
        found: list[Opened] = []
        for book in sorted(self._held.values(), key=lambda each: (each.effective_ms, each.version)):
            if book.version > version:
                version = book.version
                found.append(book)
        return tuple(found)

    async def prepare(self, held: Held) -> None:
        """Bring in what an edition needs: its table, by steps where that is enough, and its deltas.

        Raises BlobUnavailableError while that cannot be had or kept, MatterRefusedError for what makes no book.
        """
        edition = _edition_of(held)
        table = await self._brought(edition)
        ready = {}
        for planned in edition.books:
            delta = await self._surroundings.fetch(planned.delta.sha256, planned.delta.size)
            if planned.version in self._held:
                continue
            read = partial(_read, table, edition.table, planned, delta)
            # A few prices are read sooner than a thread is woken.
            is_small = len(delta) <= SMALL_BYTES
            ready[planned.delta.sha256] = (
                read() if is_small else await anyio.to_thread.run_sync(read, limiter=self._working)
            )
        self._ready = ready

    def take(self, held: Held) -> bool:
        """Hold an edition's books from now on; return whether any is new and on disk. Raises MatterRefusedError.

        A book that the edition no longer names, and that is not in force, was undone before its time.
        """
        edition = _edition_of(held)
        if self.in_force is not None and edition.version < self.in_force.version:
            return False
        before = set(self._held)
        named = {planned.version for planned in edition.books}
        for planned in edition.books:
            if planned.version in self._held or (self.in_force and planned.version < self.in_force.version):
                continue
            self._unwritten[planned.version] = self._opened(edition, planned)
        self._unwritten = {version: each for version, each in self._unwritten.items() if version in named}
        self._write()
        if named <= set(self._held):
            # Only now: while the disk refuses the new ones, the old ones stay.
            self._drop({version for version in self._held if version not in named} - self._in_use())
        return bool(set(self._held) - before)

    def switch(self) -> bool:
        """Put the newest effective book in force; return whether that changed anything.

        The highest effective version counts: a book that was overtaken before its time never comes into force.
        """
        self._write()
        now_ms = self._surroundings.now_ms()
        due = [each for each in self._held.values() if each.version in self._were_due or each.effective_ms <= now_ms]
        found = max(due, key=lambda each: each.version, default=None)
        if found is None or (self.in_force is not None and found.version <= self.in_force.version):
            return False
        if found.version not in self._were_due:
            # From here on a clock that steps back cannot bring the old prices back.
            try:
                write_durably(self._folder / _IN_FORCE, str(found.version).encode())
            except OSError as exc:
                self._say_full(exc)
                return False
        if self.in_force is not None:
            self.before = self.in_force
            found = following(self.in_force, found)
        self._put(found)
        return True

    def forget_before(self) -> None:
        """Drop what was kept of the books before the one in force."""
        if self.before is None or self.in_force is None:
            return
        self.before = None
        for path in self._folder.glob(f"*{_SUFFIX}"):
            if int(path.stem) < self.in_force.version:
                path.unlink()
        self._table_of = {version: table for version, table in self._table_of.items() if version in self._held}
        self._tables.forget_others({*self._table_of.values(), *(kept.table for _, kept in self._unwritten.values())})

    # ---- what an edition needs

    async def _brought(self, edition: Edition) -> Table:
        try:
            table = self._tables.at_hand(edition.table)
            if table is None:
                table = await anyio.to_thread.run_sync(self._tables.get, edition.table, limiter=self._working)
            if table is None:
                table = await self._stepped(edition)
            if table is not None:
                return table
            wire = edition.snapshot
            snapshot = await self._surroundings.fetch(wire.sha256, wire.size, wire.chunks)
            return await anyio.to_thread.run_sync(self._tables.install, edition.table, snapshot, limiter=self._working)
        except BookError as exc:
            raise MatterRefusedError(f"book {edition.version}: {exc}") from exc
        except OSError as exc:
            raise BlobUnavailableError(f"the disk takes no price book: {exc}") from exc

    async def _stepped(self, edition: Edition) -> Table | None:
        here = self._tables.here
        firsts = [at for at, step in enumerate(edition.steps) if step.from_table in here]
        if not firsts:
            return None
        table = None
        for step in edition.steps[firsts[-1] :]:
            delta = await self._surroundings.fetch(step.delta.sha256, step.delta.size, step.delta.chunks)
            try:
                table = await anyio.to_thread.run_sync(
                    self._tables.step, step.from_table, step.to_table, delta, limiter=self._working
                )
            except BookError as exc:
                logger.warning("step to table %s does not fit, the snapshot is taken: %s", step.to_table[:12], exc)
                return None
        return self._tables.get(edition.table) if table is not None else None

    def _opened(self, edition: Edition, planned: Planned) -> tuple[Opened, _Kept]:
        delta = self._surroundings.blob(planned.delta.sha256)
        if delta is None:
            raise MatterRefusedError(f"book {planned.version}: its delta is not here")
        rows = self._ready.pop(planned.delta.sha256, None)
        if rows is None:
            rows = _read(self._table(edition), edition.table, planned, delta)
        kept = _Kept(
            planned.version, edition.currency, planned.effective_ms, edition.table, planned.delta.sha256, delta
        )
        return opened(kept.version, kept.currency, kept.effective_ms, kept.sha256, rows), kept

    def _table(self, edition: Edition) -> Table:
        # Usually brought by `prepare`; after a damage at start it may have to be made again from the cache.
        try:
            table = self._tables.get(edition.table)
            snapshot = None if table is not None else self._surroundings.blob(edition.snapshot.sha256)
            if table is None and snapshot is not None:
                table = self._tables.install(edition.table, snapshot)
        except (BookError, OSError) as exc:
            raise MatterRefusedError(f"book {edition.version}: {exc}") from exc
        if table is None:
            raise MatterRefusedError(f"book {edition.version}: its table is not here")
        return table

    # ---- what is on disk

    def _write(self) -> None:
        for version, (book, kept) in tuple(self._unwritten.items()):
            is_due = book.effective_ms <= self._surroundings.now_ms()
            try:
                write_durably(self._path(version), msgspec.msgpack.encode(replace(kept, was_due=is_due)))
            except OSError as exc:
                self._say_full(exc)
                return
            self._held[version] = book
            if is_due:
                self._were_due.add(version)
            self._table_of[version] = kept.table
            del self._unwritten[version]
            self._said_full = False

    def _say_full(self, exc: OSError) -> None:
        if not self._said_full:
            logger.warning("the disk takes no price book, the one in force stays: %s", exc)
        self._said_full = True

    def _put(self, found: Opened) -> None:
        self.in_force = found
        self._held = {version: each for version, each in self._held.items() if version > found.version}
        self._held[found.version] = found
        self._were_due &= set(self._held)

    def _drop(self, versions: set[int]) -> None:
        for version in versions:
            del self._held[version]
            self._path(version).unlink(missing_ok=True)

    def _in_use(self) -> set[int]:
        return {book.version for book in (self.in_force, self.before) if book is not None}

    def _path(self, version: int) -> Path:
        return self._folder / f"{version}{_SUFFIX}"

    def _load(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.glob("*.half"):
            path.unlink()
        for path in self._folder.glob(f"*{_SUFFIX}"):
            book = self._loaded(path)
            if book is None:
                path.unlink()
            else:
                self._held[book.version] = book
        remembered = read_durable(self._folder / _IN_FORCE)
        switched = {*self._were_due, *(() if remembered is None else (int(remembered),))} & set(self._held)
        if not switched:
            return
        in_force = self._held[max(switched)]
        older = [each for each in self._held.values() if each.version < in_force.version]
        self.before = max(older, key=lambda each: each.version, default=None)
        self._put(in_force)

    def _loaded(self, path: Path) -> Opened | None:
        try:
            kept = msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
            if hashlib.sha256(kept.delta).hexdigest() != kept.sha256 or str(kept.version) != path.stem:
                raise BookError("its bytes are not those that were written")
            table = self._tables.get(kept.table)
            if table is None:
                raise BookError(f"its table {kept.table[:12]} is not here")
            rows = Pricebook(table, deltas.unpack(table, kept.table, kept.delta))
        except (msgspec.DecodeError, BookError) as exc:
            logger.warning("book %s on disk is damaged, the cloud will send it again: %s", path.name, exc)
            return None
        self._table_of[kept.version] = kept.table
        if kept.was_due:
            self._were_due.add(kept.version)
        return opened(kept.version, kept.currency, kept.effective_ms, kept.sha256, rows)


def _edition_of(held: Held) -> Edition:
    edition = matter_of(held, Edition)
    versions = [planned.version for planned in edition.books]
    if not versions or versions != sorted(set(versions)) or versions[-1] != edition.version:
        raise MatterRefusedError(f"edition {edition.version} names the books {versions}: expected it as the last one")
    if edition.books[-1].effective_ms != held.manifest.effective_ms:
        raise MatterRefusedError(f"book {edition.version} and its manifest name different effective times")
    return edition


def _read(table: Table, sha256: str, planned: Planned, delta: bytes) -> Pricebook:
    try:
        return Pricebook(table, deltas.unpack(table, sha256, delta))
    except BookError as exc:
        raise MatterRefusedError(f"book {planned.version}: {exc}") from exc
