"""Live notices to pages: what changed, by store, fanned out to every open event stream.

A slow page never holds anybody up: its oldest notices are dropped, and it is told to read a fresh snapshot.
"""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import anyio

KEPT = 500


@dataclass(frozen=True, slots=True)
class Notice:
    """One change, for the pages of `store`; an empty store is for all."""

    type: str
    store: str
    data: dict[str, Any]
    roles: frozenset[str] | None = None
    """Whom it is for; None for all who may listen."""


@dataclass(eq=False)
class _Listener:
    stores: frozenset[str] | None
    role: str
    waiting: deque[Notice] = field(default_factory=deque)
    wake: anyio.Event = field(default_factory=anyio.Event)


class LiveHub:
    """Hands notices to listeners; used from the event loop only."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()

    def publish(self, notices: list[Notice]) -> None:
        """Hand notices to every listener that may see them."""
        for listener in self._listeners:
            for notice in notices:
                if listener.stores is not None and notice.store and notice.store not in listener.stores:
                    continue
                if notice.roles is not None and listener.role not in notice.roles:
                    continue
                if len(listener.waiting) >= KEPT:
                    listener.waiting.clear()
                    listener.waiting.append(Notice("reload", "", {}))
                listener.waiting.append(notice)
            listener.wake.set()

    async def listen(self, stores: frozenset[str] | None, role: str, ping_s: float = 10.0) -> AsyncIterator[Notice]:
        """Yield notices for these stores (None: all) and this role until closed, and a ping when it is quiet."""
        listener = _Listener(stores, role)
        self._listeners.add(listener)
        try:
            yield Notice("ping", "", {})
            while True:
                while listener.waiting:
                    yield listener.waiting.popleft()
                listener.wake = anyio.Event()
                timed_out = True
                with anyio.move_on_after(ping_s):
                    await listener.wake.wait()
                    timed_out = False
                if timed_out:
                    yield Notice("ping", "", {})
        finally:
            self._listeners.discard(listener)
