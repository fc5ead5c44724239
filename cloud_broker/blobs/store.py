"""Blobs by their SHA-256, on any file system that fsspec knows. The only file that imports fsspec."""

import hashlib
import os
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

_SHA256 = re.compile(r"[0-9a-f]{64}")


class BlobMissingError(LookupError):
    """No blob has this hash."""


@dataclass(frozen=True, slots=True)
class BlobStore:
    """Blobs below a root such as `/var/lib/aisle/blobs` or `s3://bucket/blobs`."""

    root: str
    _files: Any = field(init=False, repr=False)
    _is_local: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        files, _ = fsspec.core.url_to_fs(self.root)
        files.makedirs(self.root, exist_ok=True)
        object.__setattr__(self, "_files", files)
        object.__setattr__(self, "_is_local", isinstance(files, LocalFileSystem))

    def put(self, data: bytes) -> str:
        """Keep `data` and return its hash; the same bytes are kept once."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        if not self._files.exists(path) or self._files.size(path) != len(data):
            self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            # A reader never sees half a blob: write aside, then move.
            partial = f"{path}.{uuid.uuid4().hex}"
            with self._files.open(partial, "wb") as file:
                file.write(data)
                if self._is_local:
                    file.flush()
                    os.fsync(file.fileno())
            self._files.mv(partial, path)
            if self._is_local:
                # The name must be on disk before a head that points to it is.
                folder = os.open(path.rsplit("/", 1)[0], os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return the blob. Raises BlobMissingError."""
        if not _SHA256.fullmatch(sha256):
            raise BlobMissingError(f"{sha256[:80]!r} is no SHA-256 in lower-case hex")
        try:
            with self._files.open(self._path(sha256), "rb") as file:
                data: bytes = file.read()
        except FileNotFoundError as exc:
            raise BlobMissingError(f"no blob {sha256}") from exc
        return data

    def local_path(self, sha256: str) -> Path | None:
        """Return the blob's file where blobs are local files, to be sent without reading it."""
        path = Path(self._path(sha256))
        return path if _SHA256.fullmatch(sha256) and path.is_file() else None

    def _path(self, sha256: str) -> str:
        return f"{self.root}/{sha256[:2]}/{sha256}"
