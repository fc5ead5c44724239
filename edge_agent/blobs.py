"""Content-addressed blobs: the own cache, then the store's gateway, then the cloud; every hash is checked.

A download that broke off goes on where it stopped (RFC 9110, 14.2), from whichever source. A name appears in
the cache only when its bytes are whole, verified and on disk.
"""

import hashlib
import logging
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import anyio.to_thread
import httpx

from edge_agent.app import BlobUnavailableError
from edge_agent.durable import sync_folder
from edge_agent.swarm import Swarm, SwarmError
from firmware_specs.rules.chunk_tree import CHUNK_BYTES

logger = logging.getLogger(__name__)

MAX_BYTES = 2**31
CACHE_BYTES = 2**30
"""The cache forgets what was not used for longest beyond this, never what the device holds."""
PIECE_BYTES = 64 * 1024
_NAME = re.compile(r"[0-9a-f]{64}")


class _WrongBytesError(Exception):
    """A source gave bytes that are not the blob."""


class BlobCache:
    """Blobs in a folder.

    Args:
        folder: made if absent.
        client: for downloads.
        sources: returns the base URLs to ask, nearest first.
        held: returns the hashes that must not be forgotten.
        on_trouble: hears once when the disk refuses, None when it is back.
    """

    def __init__(
        self,
        folder: Path,
        client: httpx.AsyncClient,
        sources: Callable[[], Sequence[str]],
        *,
        swarm: Swarm | None = None,
        held: Callable[[], frozenset[str]] = frozenset,
        on_trouble: Callable[[str | None], None] = lambda _: None,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self._folder = folder
        self._client = client
        self._sources = sources
        self._swarm = swarm
        self._held = held
        self._on_trouble = on_trouble
        self._cache_bytes = cache_bytes
        self._locks: dict[str, anyio.Lock] = {}
        self._disk = anyio.CapacityLimiter(1)

    def path(self, sha256: str) -> Path | None:
        """Return the file of a blob in the cache; None when it is not there, or no hash."""
        if not _NAME.fullmatch(sha256):
            return None
        path = self._folder / sha256
        return path if path.is_file() else None

    async def cached(self, sha256: str) -> bytes | None:
        """Return a blob from the cache alone, verified; a damaged one is removed."""
        return await anyio.to_thread.run_sync(self._read, sha256, limiter=self._disk)

    def here(self, sha256: str) -> bytes | None:
        """Return a blob from the cache at once, verified; for small ones, the event loop waits."""
        return self._read(sha256)

    async def keep(self, data: bytes) -> None:
        """Put bytes that came some other way into the cache, under their hash. Raises BlobUnavailableError."""
        path = self._folder / hashlib.sha256(data).hexdigest()
        if path.is_file():
            return
        try:
            # Not synced: a power cut costs the blob, its hash tells, and it is fetched again.
            await anyio.to_thread.run_sync(_put, path, data, limiter=self._disk)
        except OSError as exc:
            self._on_trouble(f"blobs cannot be kept: {exc}")
            raise BlobUnavailableError(f"blob {path.name[:12]} cannot be kept: {exc}") from exc

    async def fetch(self, sha256: str, size: int | None = None, chunks: Sequence[str] = ()) -> bytes:
        """Return a blob, verified. Raises BlobUnavailableError when nobody reachable has it."""
        await self.ensure(sha256, size, chunks)
        data = await self.cached(sha256)
        if data is None or (size is not None and len(data) != size):
            raise BlobUnavailableError(f"blob {sha256[:12]} has {len(data or b'')} bytes, expected {size}")
        return data

    async def ensure(self, sha256: str, size: int | None = None, chunks: Sequence[str] = ()) -> Path:
        """Return the cached file of a blob, fetched if need be. Raises BlobUnavailableError.

        `chunks`: the hash of each, where neighbours may be asked for them.
        """
        if not _NAME.fullmatch(sha256):
            raise BlobUnavailableError(f"{sha256[:80]!r} is no SHA-256 in lower-case hex")
        lock = self._locks.setdefault(sha256, anyio.Lock())
        try:
            async with lock:
                found = self.path(sha256)
                if found is not None:
                    return found
                if self._swarm is not None and size is not None and len(chunks) == -(-size // CHUNK_BYTES):
                    return await self._gather(self._swarm, sha256, size, chunks)
                return await self._download(sha256, size)
        finally:
            if not lock.locked() and not lock.statistics().tasks_waiting:
                self._locks.pop(sha256, None)

    async def _gather(self, swarm: Swarm, sha256: str, size: int, chunks: Sequence[str]) -> Path:
        part, path = self._folder / f"{sha256}.part", self._folder / sha256
        try:
            async with swarm.download(sha256, size, chunks, part):
                # Every chunk was checked; the whole is when it is read.
                await anyio.to_thread.run_sync(_keep, part, path, limiter=self._disk)
        except SwarmError as exc:
            raise BlobUnavailableError(str(exc)) from exc
        except OSError as exc:
            self._on_trouble(f"blobs cannot be kept: {exc}")
            raise BlobUnavailableError(f"blob {sha256[:12]} cannot be kept: {exc}") from exc
        self._on_trouble(None)
        await anyio.to_thread.run_sync(self._forget_old, limiter=self._disk)
        return path

    async def _download(self, sha256: str, size: int | None) -> Path:
        reasons = []
        for source in self._sources():
            url = f"{source.rstrip('/')}/blobs/{sha256}"
            try:
                await self._pull(url, sha256, size)
            except (httpx.HTTPError, httpx.InvalidURL, _WrongBytesError) as exc:
                reasons.append(f"{source}: {exc or type(exc).__name__}")
                continue
            except OSError as exc:
                self._on_trouble(f"blobs cannot be kept: {exc}")
                raise BlobUnavailableError(f"blob {sha256[:12]} cannot be kept: {exc}") from exc
            self._on_trouble(None)
            await anyio.to_thread.run_sync(self._forget_old, limiter=self._disk)
            return self._folder / sha256
        raise BlobUnavailableError(f"blob {sha256[:12]}: " + ("; ".join(reasons) or "no source is known"))

    async def _pull(self, url: str, sha256: str, size: int | None) -> None:
        limit = MAX_BYTES if size is None else size
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f"{sha256}.part"
        have = part.stat().st_size if part.exists() else 0
        if have > limit:
            part.unlink()
            have = 0
        if not (size is not None and have == size):
            # The hash is over the plain bytes, and a range of compressed ones would mean something else.
            headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
            async with self._client.stream("GET", url, headers=headers) as response:
                if have and response.status_code == 416:
                    # The part is as long as the whole or longer: the hash decides below.
                    pass
                else:
                    response.raise_for_status()
                    resumed = response.status_code == 206 and response.headers.get("content-range", "").startswith(
                        f"bytes {have}-"
                    )
                    if response.status_code == 206 and not resumed:
                        raise _WrongBytesError("answered with another range than asked")
                    await self._save(response, part, have if resumed else 0, limit)
        if not await anyio.to_thread.run_sync(_keep_if, part, self._folder / sha256, sha256, limiter=self._disk):
            raise _WrongBytesError("sent bytes with another hash")

    async def _save(self, response: httpx.Response, part: Path, have: int, limit: int) -> None:
        async with await anyio.open_file(part, "r+b" if have else "wb") as file:
            await file.seek(have)
            async for chunk in response.aiter_bytes(PIECE_BYTES):
                have += len(chunk)
                if have > limit:
                    await file.truncate(0)
                    raise _WrongBytesError(f"sent more than {limit} bytes")
                await file.write(chunk)

    def _read(self, sha256: str) -> bytes | None:
        path = self.path(sha256)
        if path is None:
            return None
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            logger.warning("blob %s in the cache is damaged, it is removed", sha256[:12])
            path.unlink(missing_ok=True)
            return None
        os.utime(path)
        return data

    def _forget_old(self) -> None:
        held = self._held()
        files = sorted(
            ((path.stat().st_mtime_ns, path.stat().st_size, path) for path in self._folder.iterdir()), reverse=True
        )
        total = 0
        for _, size, path in files:
            total += size
            if total > self._cache_bytes and path.name not in held and path.suffix != ".part":
                path.unlink(missing_ok=True)
                total -= size


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".half")
    half.write_bytes(data)
    os.replace(half, path)


def _keep(part: Path, path: Path) -> None:
    """Make a part whose bytes were checked the blob, durably."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, path)
    sync_folder(path.parent)


def _keep_if(part: Path, path: Path, sha256: str) -> bool:
    """Make a downloaded part the blob, durably; remove it and return False when its hash is another."""
    digest = hashlib.sha256()
    with part.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
        if digest.hexdigest() != sha256:
            part.unlink()
            return False
    _keep(part, path)
    return True
