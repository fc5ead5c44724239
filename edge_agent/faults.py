"""What the device depends on and has lost: said once when it goes and once when it is back, over restarts too."""

import logging
from collections.abc import Callable
from typing import Protocol

import msgspec

from firmware_specs.events import Event, FaultCleared, FaultRaised

logger = logging.getLogger(__name__)

_REMEMBERED = "agent/faults"
MAX_DETAIL = 1000


class Remembering(Protocol):
    """Where the open faults are kept."""

    def remember(self, name: str, value: bytes) -> None:
        """Keep a value."""

    def recall(self, name: str) -> bytes | None:
        """Return a value kept."""


class Faults:
    """The faults that are open now. `say` puts an event into the outbox."""

    def __init__(self, say: Callable[[Event], object], now_ms: Callable[[], int], memory: Remembering) -> None:
        self._say = say
        self._now_ms = now_ms
        self._memory = memory
        self._open: dict[str, str] = {}
        self._noted: set[str] = set()

    @property
    def open(self) -> dict[str, str]:
        """Return the open faults of the agent itself, with their details."""
        return dict(self._open)

    def begin(self) -> None:
        """Clear what was open when the agent last ended: what still holds will be said again."""
        remembered = self._memory.recall(_REMEMBERED)
        for fault in msgspec.json.decode(remembered, type=list[str]) if remembered else []:
            if fault not in self._open:
                self._say(FaultCleared(at_ms=self._now_ms(), fault=fault))
        self._noted = set(self._open)
        self._remember()

    def set(self, fault: str, detail: str | None) -> None:
        """Open a fault with a detail, or close it with None; a second time says nothing."""
        if detail is not None and fault not in self._open:
            self._open[fault] = detail[:MAX_DETAIL]
            logger.warning("%s: %s", fault, detail)
            event: Event = FaultRaised(at_ms=self._now_ms(), fault=fault, detail=detail[:MAX_DETAIL])
        elif detail is None and fault in self._open:
            del self._open[fault]
            logger.info("%s is over", fault)
            event = FaultCleared(at_ms=self._now_ms(), fault=fault)
        else:
            return
        self.note(event)
        self._say(event)

    def note(self, event: Event) -> None:
        """Learn of a fault that somebody else says."""
        before = set(self._noted)
        if isinstance(event, FaultRaised):
            self._noted.add(event.fault)
        elif isinstance(event, FaultCleared):
            self._noted.discard(event.fault)
        if self._noted != before:
            self._remember()

    def _remember(self) -> None:
        self._memory.remember(_REMEMBERED, msgspec.json.encode(sorted(self._noted)))
