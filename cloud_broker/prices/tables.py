"""The tables that the cloud's books are deltas from: files made from their snapshots, mapped while they are in use."""

import hashlib
import mmap
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from cloud_broker.blobs.store import BlobStore
from firmware_specs.pricebook.snapshot import unpack_table
from firmware_specs.pricebook.table import Table

MOST_OPEN = 8


@dataclass(frozen=True, slots=True)
class TableCache:
    """Tables by their SHA-256, in a folder that may be emptied at any time: the snapshots are among the blobs."""

    folder: Path
    blobs: BlobStore
    _open: dict[str, Table] = field(default_factory=dict)

    def get(self, sha256: str, snapshot_sha256: str) -> Table:
        """Return a table. Raises BlobMissingError when its snapshot is gone, BookError when it makes another table."""
        if sha256 not in self._open:
            path = self.folder / f"{sha256}.table"
            if not path.is_file():
                self.put(sha256, b"".join(unpack_table(self.blobs.get(snapshot_sha256))))
            with path.open("rb") as file:
                table = Table(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            while len(self._open) >= MOST_OPEN:
                self._open.pop(next(iter(self._open)), None)
            self._open[sha256] = table
        return self._open[sha256]

    def put(self, sha256: str, data: bytes) -> None:
        """Keep a table's bytes. Raises ValueError when they have another hash."""
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ValueError(f"these bytes are not table {sha256[:12]}")
        self.folder.mkdir(parents=True, exist_ok=True)
        # Several processes may make the same one at once; each writes aside.
        half = self.folder / f"{sha256}.{uuid.uuid4().hex}"
        half.write_bytes(data)
        half.replace(self.folder / f"{sha256}.table")
