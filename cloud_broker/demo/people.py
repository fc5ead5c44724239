"""People at the demo's pages: one client for each role, over the same API and event stream that the pages use."""

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import anyio
import httpx

PATIENCE_S = 45.0
"""For one answer: two slow cores draw radio maps while all devices of the demo run beside them."""


class StepFailedError(Exception):
    """A step of the journey did not happen; the text says what was waited for."""


@dataclass
class Visitor:
    """A person who is signed in and, if asked, follows the live stream."""

    base_url: str
    name: str
    password: str
    http: httpx.AsyncClient = field(init=False)

    async def __aenter__(self) -> Self:
        self.http = httpx.AsyncClient(base_url=self.base_url, headers={"x-aisle": "1"}, timeout=PATIENCE_S)
        await self.http.__aenter__()
        await self.post("/api/session", {"name": self.name, "password": self.password})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.__aexit__(kind, exc, trace)

    async def get(self, path: str, **query: Any) -> Any:
        """Return the answer to a GET."""
        return _answer(await self.http.get(path, params=query))

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """Return the answer to a POST."""
        return _answer(await self.http.post(path, json=body))

    async def put(self, path: str, body: dict[str, Any]) -> Any:
        """Return the answer to a PUT."""
        return _answer(await self.http.put(path, json=body))

    async def patch(self, path: str, body: dict[str, Any]) -> Any:
        """Return the answer to a PATCH."""
        return _answer(await self.http.patch(path, json=body))

    async def delete(self, path: str) -> Any:
        """Return the answer to a DELETE."""
        return _answer(await self.http.delete(path))

    async def upload(self, path: str, name: str, data: bytes, title: str) -> Any:
        """Return the answer to an upload."""
        files = {"file": (name, data, "audio/wav")}
        return _answer(await self.http.post(path, files=files, data={"title": title}))


def _answer(response: httpx.Response) -> Any:
    if response.is_error:
        raise StepFailedError(f"{response.request.method} {response.request.url.path}: {response.text[:300]}")
    return response.json() if response.content else None


@dataclass
class Watcher:
    """Everything that the live stream said, and who waits for what it will say."""

    seen: deque[tuple[str, dict[str, Any]]] = field(default_factory=lambda: deque(maxlen=20_000))
    _news: anyio.Event = field(default_factory=anyio.Event)

    async def follow(self, visitor: Visitor, path: str, *, task_status: anyio.abc.TaskStatus[None]) -> None:
        """Follow a stream until cancelled; it reconnects as a browser's EventSource does."""
        started = False
        while True:
            try:
                async with visitor.http.stream("GET", path, timeout=httpx.Timeout(15, read=30)) as response:
                    name = ""
                    async for text in response.aiter_lines():
                        if not started:
                            started = True
                            task_status.started()
                        if text.startswith("event: "):
                            name = text[7:]
                        elif text.startswith("data: "):
                            self._note(name, json.loads(text[6:]))
            except httpx.HTTPError:
                await anyio.sleep(0.5)

    def _note(self, name: str, data: dict[str, Any]) -> None:
        self.seen.append((name, data))
        self._news.set()
        self._news = anyio.Event()

    async def until(
        self, what: str, name: str, matches: Callable[[dict[str, Any]], bool], *, within_s: float, since: int = 0
    ) -> dict[str, Any]:
        """Return the first notice that matches, among those after position `since` or to come.

        Raises StepFailedError, naming `what`, when none comes in time.
        """
        with anyio.move_on_after(within_s):
            place = since
            while True:
                news = self._news
                for kind, data in list(self.seen)[place:]:
                    place += 1
                    if kind == name and matches(data):
                        return data
                await news.wait()
        raise StepFailedError(f"{what}: not seen within {within_s:.0f} s")

    @property
    def now(self) -> int:
        """The position behind everything seen so far."""
        return len(self.seen)


async def poll(
    what: str, ask: Callable[[], Any], matches: Callable[[Any], bool], *, within_s: float, every_s: float = 0.2
) -> Any:
    """Return the first answer that matches. Raises StepFailedError, naming `what`, when none does in time."""
    answer: Any = None
    with anyio.move_on_after(within_s):
        while True:
            answer = await ask()
            if matches(answer):
                return answer
            await anyio.sleep(every_s)
    raise StepFailedError(f"{what}: not so within {within_s:.0f} s; last answer {str(answer)[:300]}")
