"""Tables of prices as files: each under its SHA-256, whole or not there, mapped into memory, never copied."""

import hashlib
import logging
import mmap
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from edge_agent.durable import write_durably
from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook.columns import BookError
from firmware_specs.pricebook.merge import merge
from firmware_specs.pricebook.snapshot import unpack_table
from firmware_specs.pricebook.table import Table, lay_out

logger = logging.getLogger(__name__)

_SUFFIX = ".table"


class Tables:
    """The tables in a folder. May be called from one worker thread and the event loop: what it opened stays open."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Table] = {}

    def get(self, sha256: str) -> Table | None:
        """Return a table that is here, verified when it is opened; a damaged one is removed. Raises OSError."""
        if sha256 not in self._open:
            path = self._folder / f"{sha256}{_SUFFIX}"
            if not path.is_file():
                return None
            try:
                self._open[sha256] = _mapped(path, sha256)
            except BookError as exc:
                logger.warning("table %s on disk is damaged, it is made anew: %s", sha256[:12], exc)
                path.unlink(missing_ok=True)
                return None
        return self._open[sha256]

    def at_hand(self, sha256: str) -> Table | None:
        """Return a table that is open already; unlike `get` it never waits for the disk."""
        return self._open.get(sha256)

    @property
    def here(self) -> frozenset[str]:
        """The hashes of the tables in the folder."""
        return frozenset(path.stem for path in self._folder.glob(f"*{_SUFFIX}"))

    def install(self, sha256: str, snapshot: bytes) -> Table:
        """Return the table of that hash, made from its snapshot. Raises BookError when it is another, OSError."""
        return self._keep(sha256, unpack_table(snapshot))

    def step(self, from_sha256: str, sha256: str, delta: bytes) -> Table:
        """Return the table of that hash, made from the one before. Raises BookError, OSError."""
        table = self.get(from_sha256)
        if table is None:
            raise BookError(f"table {from_sha256[:12]} is not here")
        return self._keep(sha256, lay_out(merge(table, deltas.unpack(table, from_sha256, delta))))

    def forget_others(self, wanted: Collection[str]) -> None:
        """Remove every table but these; one that is still mapped goes when it is no longer asked."""
        self._open = {sha256: table for sha256, table in self._open.items() if sha256 in wanted}
        for path in self._folder.glob(f"*{_SUFFIX}"):
            if path.stem not in wanted:
                path.unlink(missing_ok=True)

    def _keep(self, sha256: str, pieces: Iterable[bytes]) -> Table:
        path = self._folder / f"{sha256}{_SUFFIX}"
        write_durably(path, _digested(pieces, sha256))
        self._open[sha256] = _mapped(path)
        return self._open[sha256]


def _digested(pieces: Iterable[bytes], sha256: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
        yield piece
    if digest.hexdigest() != sha256:
        raise BookError(f"it makes table {digest.hexdigest()[:12]}, expected {sha256[:12]}")


def _mapped(path: Path, sha256: str = "") -> Table:
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if sha256 and (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise BookError(f"its SHA-256 is {found[:12]}")
    return Table(data)
