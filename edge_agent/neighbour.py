"""One question to a neighbour, asked in a thread: from the socket through one small buffer into the file.

A big blob goes through every device of a store as often as there are neighbours to serve. Measured on loopback, a
megabyte costs a quarter of the processor time this way that it costs through the client of all other requests.
"""

import contextlib
import hashlib
import http.client
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

PIECE_BYTES: Final = 256 * 1024
"""Received, hashed and written while it is in the processor's cache."""

CONNECT_S: Final = 1.5
ANSWER_S: Final = 4.0
"""Without a byte for so long after the time that it may wait a neighbour is given up."""

_OK, _ABSENT, _LATER = 200, 404, 503
_DROPPED: Final = "nobody waits for it any more"


class AbsentError(Exception):
    """Who was asked does not have the blob."""


class UnreachableError(Exception):
    """Who was asked cannot be reached, or does not speak HTTP."""


class WrongChunkError(Exception):
    """Bytes with another hash, or another number of them."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that are wanted: how many, their hash, and where they belong in which file."""

    size: int
    sha256: str
    part: Path
    at: int


async def ask(url: str, chunk: Chunk, wait_s: int, limiter: anyio.CapacityLimiter) -> bool:
    """Write a neighbour's chunk to its place; False when it says later.

    Args:
        url: of the chunk; plain HTTP, since its hash is known.
        chunk: what is wanted; unless this returns True its place in the file may hold anything.
        wait_s: so long it may keep the question open while the chunk is on its way to it (RFC 7240, 4.3).
        limiter: of the threads that may be asking.

    Raises AbsentError, UnreachableError, WrongChunkError; OSError when the file refuses.
    """
    question = _Question(url, chunk, wait_s)
    try:
        return await anyio.to_thread.run_sync(question.ask, limiter=limiter, abandon_on_cancel=True)
    finally:
        # Left early, the thread would wait on for its answer.
        question.drop()


class _Question:
    def __init__(self, url: str, chunk: Chunk, wait_s: int) -> None:
        self._url = url
        self._chunk = chunk
        self._wait_s = wait_s
        self._socket: socket.socket | None = None
        self._is_dropped = False
        self._writing = threading.Lock()

    def ask(self) -> bool:
        try:
            with self._answer() as response:
                if response.status == _LATER:
                    return False
                if response.status == _ABSENT:
                    raise AbsentError("it is not there")
                if response.status != _OK:
                    raise UnreachableError(f"answered {response.status}")
                if response.length != self._chunk.size:
                    raise WrongChunkError(f"{response.length} bytes where {self._chunk.size} are due")
                self._take(response)
        except (http.client.HTTPException, ValueError) as exc:
            raise UnreachableError(str(exc) or type(exc).__name__) from exc
        return True

    def drop(self) -> None:
        with self._writing:
            # From here on the place in the file may be somebody else's.
            self._is_dropped = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _answer(self) -> Iterator[http.client.HTTPResponse]:
        place = urlsplit(self._url)
        if place.scheme != "http" or place.hostname is None:
            raise UnreachableError(f"{self._url!r} is no address of a neighbour")
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=CONNECT_S)
        with contextlib.closing(connection):
            try:
                connection.connect()
                self._socket = connection.sock
                if self._is_dropped:
                    raise UnreachableError(_DROPPED)
                self._socket.settimeout(self._wait_s + ANSWER_S)
                connection.request("GET", place.path, headers={"Connection": "close", "Prefer": f"wait={self._wait_s}"})
                response = connection.getresponse()
            except OSError as exc:
                raise UnreachableError(str(exc) or type(exc).__name__) from exc
            with response:
                yield response

    def _take(self, response: http.client.HTTPResponse) -> None:
        digest, rest = hashlib.sha256(), self._chunk.size
        buffer = memoryview(bytearray(min(PIECE_BYTES, rest)))
        with self._chunk.part.open("r+b", buffering=0) as file:
            file.seek(self._chunk.at)
            while rest:
                try:
                    count = response.readinto(buffer[:rest])
                except OSError as exc:
                    raise UnreachableError(str(exc) or type(exc).__name__) from exc
                if not count:
                    raise UnreachableError(f"broke off {rest} bytes before the end")
                digest.update(buffer[:count])
                with self._writing:
                    if self._is_dropped:
                        raise UnreachableError(_DROPPED)
                    file.write(buffer[:count])
                rest -= count
        if digest.hexdigest() != self._chunk.sha256:
            raise WrongChunkError("another hash")
