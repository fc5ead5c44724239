"""Chunks of big blobs from neighbours: each device serves what it has, also while it is still fetching the rest.

The tree of each chunk says whom to ask (`firmware_specs.rules.chunk_tree`); its root asks above, the store's
gateway first, then the cloud. Every chunk is checked against its hash before it counts or is passed on, and
who served another is asked no more for this blob.
"""

import contextlib
import hashlib
import logging
import random
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import httpx

from edge_agent.neighbour import AbsentError, Chunk, UnreachableError, WrongChunkError, ask
from firmware_specs.rules.chunk_tree import CHUNK_BYTES, line_up, ring_of

logger = logging.getLogger(__name__)

AT_ONCE: Final = 3
WAIT_S: Final = 6
"""So long a neighbour keeps a question open for a chunk that is on its way to it: asking anew would cost more."""

LOOK_S: Final = 0.1
PATIENCE_S: Final = 10.0
"""So long a chunk is asked from the same neighbour before the one above it is asked."""

GRACE_S: Final = 1.0
"""So long after its own start a device takes for late those who do not know the blob yet."""

DEAD_S: Final = 20.0
"""A neighbour that cannot be reached is left alone for so long."""

TIMEOUT: Final = httpx.Timeout(10, connect=1.5)
MOST_OTHERS: Final = 16
_LATER, _ABSENT = 503, 404


class _Answer(Enum):
    """To the question for a chunk."""

    HERE = "it is in the file now"
    LATER = "it is on its way to who was asked"
    NOT_HERE = "who was asked will not have it"


class SwarmError(Exception):
    """A chunk that could be had from nobody; the text says from whom it was asked."""


@dataclass
class _Fetching:
    """One blob on its way."""

    part: Path
    size: int
    chunks: Sequence[str]
    have: set[int] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)
    came: defaultdict[int, anyio.Event] = field(default_factory=lambda: defaultdict(anyio.Event))
    """By chunk, for the neighbours that wait for it."""
    began_s: float = field(default_factory=anyio.current_time)

    def chunk(self, number: int) -> Chunk:
        """Return one of its chunks, as it is asked for."""
        at = number * CHUNK_BYTES
        return Chunk(min(CHUNK_BYTES, self.size - at), self.chunks[number], self.part, at)

    def put(self, chunk: int) -> None:
        """Note a chunk that is in the file, verified."""
        self.have.add(chunk)
        self.came[chunk].set()


class Swarm:
    """Fetches and serves chunks.

    Args:
        me: this device.
        client: for what comes from above.
        peers: returns the addresses of the store's devices, by device.
        above: returns the base URLs of the gateway and the cloud, nearest first.
        on_wrong: hears who served wrong bytes, and of what.
    """

    def __init__(
        self,
        me: str,
        client: httpx.AsyncClient,
        peers: Callable[[], Mapping[str, str]],
        above: Callable[[], Sequence[str]],
        *,
        on_wrong: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._me = me
        self._client = client
        self._peers = peers
        self._above = above
        self._on_wrong = on_wrong
        self._fetching: dict[str, _Fetching] = {}
        self._dead: dict[str, float] = {}
        self._asking = anyio.CapacityLimiter(AT_ONCE)
        self.from_above = 0
        """Chunks that came from the gateway or the cloud, since the start."""

    @asynccontextmanager
    async def download(self, sha256: str, size: int, chunks: Sequence[str], part: Path) -> AsyncIterator[None]:
        """Fill `part` with the blob's bytes, going on with what is right in it. Raises SwarmError, OSError.

        In the block all of it is there, and is served from `part` until the block ends.
        """
        fetching = _Fetching(part, size, chunks)
        await anyio.to_thread.run_sync(_look, fetching)
        self._fetching[sha256] = fetching
        try:
            ring = ring_of({*self._peers(), self._me})
            me = ring.index(self._me)
            places = {
                chunk: line_up(ring, me, sha256, chunk) for chunk in range(len(chunks)) if chunk not in fetching.have
            }
            # Where this device stands high others wait for it.
            waiting = deque(sorted(places, key=lambda chunk: (places[chunk][0], chunk)))
            failures: list[SwarmError] = []
            async with anyio.create_task_group() as group:
                for _ in range(min(AT_ONCE, len(waiting))):
                    group.start_soon(self._work, sha256, fetching, waiting, places, failures)
            if failures:
                raise failures[0]
            yield
        finally:
            del self._fetching[sha256]

    async def serve(
        self, sha256: str, chunk: int, whole_of: Callable[[], Path | None], wait_s: float = WAIT_S
    ) -> bytes | None:
        """Return a chunk for a neighbour; waits for one that is on its way here; None when it is not here.

        Args:
            sha256: of the blob.
            chunk: its number.
            whole_of: returns the blob's file, once it is whole.
            wait_s: so long at most.
        """
        until = anyio.current_time() + min(wait_s, WAIT_S if sha256 in self._fetching else GRACE_S)
        while True:
            fetching, whole = self._fetching.get(sha256), whole_of()
            if whole is not None:
                return await anyio.to_thread.run_sync(_read, whole, chunk)
            if fetching is not None and chunk >= len(fetching.chunks):
                return None
            if fetching is not None and chunk in fetching.have:
                with contextlib.suppress(FileNotFoundError):
                    return await anyio.to_thread.run_sync(_read, fetching.part, chunk)
                # It is whole by now and has got its name: the neighbour asks again.
                return None
            rest_s = until - anyio.current_time()
            if rest_s <= 0:
                return None
            if fetching is None:
                # It may have been told of the blob a moment later than its neighbour.
                await anyio.sleep(min(LOOK_S, rest_s))
            else:
                with anyio.move_on_after(rest_s):
                    await fetching.came[chunk].wait()

    def is_fetching(self, sha256: str) -> bool:
        """Whether a blob is on its way here."""
        return sha256 in self._fetching

    async def _work(
        self,
        sha256: str,
        fetching: _Fetching,
        waiting: "deque[int]",
        places: Mapping[int, tuple[int, list[str]]],
        failures: list[SwarmError],
    ) -> None:
        since: dict[int, float] = {}
        while waiting and not failures:
            chunk = waiting.popleft()
            began = since.setdefault(chunk, anyio.current_time())
            # After a while the neighbour next above is asked instead; while one of them is fetching it, nobody above
            # the store is, or a busy store would fetch everything many times.
            above = places[chunk][1]
            steps = min(int((anyio.current_time() - began) / PATIENCE_S), max(0, len(above) - 1))
            try:
                is_here = await self._bring(sha256, chunk, fetching, above[steps:])
            except SwarmError as exc:
                failures.append(exc)
                return
            if is_here:
                fetching.put(chunk)
            else:
                waiting.append(chunk)
                await anyio.sleep(random.uniform(0.01, 0.05))

    async def _bring(self, sha256: str, chunk: int, fetching: _Fetching, ancestors: Sequence[str]) -> bool:
        """Bring a chunk into the file; False when who has it says later."""
        for device in ancestors:
            answer = await self._ask_peer(device, sha256, chunk, fetching, WAIT_S)
            if answer is not _Answer.NOT_HERE:
                return answer is _Answer.HERE
        if ancestors and anyio.current_time() < fetching.began_s + GRACE_S:
            # They may have been told of the blob a moment later.
            return False
        reasons = []
        for url in self._urls_above(sha256, chunk):
            try:
                is_here = await self._ask_above(url, fetching.chunk(chunk))
            except (AbsentError, httpx.HTTPError, httpx.InvalidURL, WrongChunkError) as exc:
                reasons.append(f"{url.partition('/blobs/')[0]}: {exc or type(exc).__name__}")
                continue
            self.from_above += is_here
            return is_here
        # With nobody above, whoever got it earlier may still be there; the others wait for this device.
        others = [device for device in self._peers() if device not in ancestors and device != self._me]
        for device in random.sample(others, min(MOST_OTHERS, len(others))):
            if await self._ask_peer(device, sha256, chunk, fetching, 0) is _Answer.HERE:
                return True
        raise SwarmError(f"chunk {chunk} of blob {sha256[:12]}: " + ("; ".join(reasons) or "no source is known"))

    async def _ask_peer(self, device: str, sha256: str, chunk: int, fetching: _Fetching, wait_s: int) -> _Answer:
        url = self._peers().get(device)
        if url is None or device in fetching.banned or self._dead.get(device, 0) > anyio.current_time():
            return _Answer.NOT_HERE
        try:
            wanted = fetching.chunk(chunk)
            is_here = await ask(f"{url}/blobs/{sha256}/chunks/{chunk}", wanted, wait_s, self._asking)
        except AbsentError:
            return _Answer.NOT_HERE
        except UnreachableError:
            self._dead[device] = anyio.current_time() + DEAD_S
            return _Answer.NOT_HERE
        except WrongChunkError as exc:
            if device not in fetching.banned:
                fetching.banned.add(device)
                self._on_wrong(f"{device} served wrong bytes of blob {sha256[:12]}, chunk {chunk}: {exc}")
            return _Answer.NOT_HERE
        return _Answer.HERE if is_here else _Answer.LATER

    def _urls_above(self, sha256: str, chunk: int) -> list[str]:
        found = []
        sources = [source.rstrip("/") for source in self._above()]
        for place, source in enumerate(sources):
            # A gateway that is fetching it has chunks before it has the whole; the cloud, the last, has the whole.
            if place + 1 < len(sources):
                found.append(f"{source}/blobs/{sha256}/chunks/{chunk}")
            found.append(f"{source}/blobs/{sha256}")
        return found

    async def _ask_above(self, url: str, chunk: Chunk) -> bool:
        headers = {"Accept-Encoding": "identity"}
        if "/chunks/" not in url:
            headers["Range"] = f"bytes={chunk.at}-{chunk.at + chunk.size - 1}"
        async with self._client.stream("GET", url, headers=headers, timeout=TIMEOUT) as response:
            if response.status_code == _LATER:
                return False
            if response.status_code == _ABSENT:
                raise AbsentError("it is not there")
            response.raise_for_status()
            data = bytearray()
            async for piece in response.aiter_bytes(CHUNK_BYTES):
                data += piece
                if len(data) > chunk.size:
                    raise WrongChunkError(f"more than {chunk.size} bytes")
        if hashlib.sha256(data).hexdigest() != chunk.sha256:
            raise WrongChunkError("another hash")
        await anyio.to_thread.run_sync(_write, chunk, data)
        return True


def _look(fetching: _Fetching) -> None:
    """Make the file as long as the blob, and note which chunks in it are right already."""
    fetching.part.parent.mkdir(parents=True, exist_ok=True)
    with fetching.part.open("r+b" if fetching.part.exists() else "w+b") as file:
        for chunk, name in enumerate(fetching.chunks):
            if hashlib.sha256(file.read(CHUNK_BYTES)).hexdigest() == name:
                fetching.have.add(chunk)
        file.truncate(fetching.size)


def _read(path: Path, chunk: int) -> bytes:
    with path.open("rb") as file:
        file.seek(chunk * CHUNK_BYTES)
        return file.read(CHUNK_BYTES)


def _write(chunk: Chunk, data: bytearray) -> None:
    with chunk.part.open("r+b") as file:
        file.seek(chunk.at)
        file.write(data)
