"""Events that must not be lost: what a full outbox refuses is said later, in order."""

from collections import deque

from edge_agent.app import Surroundings
from edge_agent.outbox import OutboxFullError
from firmware_specs.events import Event, FaultCleared, FaultRaised


class Saying:
    """A role's way to its outbox, for events that cannot be refused since what they tell has happened."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._unsaid: deque[Event] = deque()
        self._points: deque[int] = deque()
        """Of what was said and is not known to be on disk."""

        self._given = 0
        self._durable = 0
        self._faults: set[str] = set()

    @property
    def waits(self) -> bool:
        """Whether something could not be said yet: new work that must be recorded is refused meanwhile."""
        return bool(self._unsaid)

    def say(self, event: Event) -> int:
        """Say an event now, or when the outbox has room; return its ticket for `is_durable`."""
        self._given += 1
        self._unsaid.append(event)
        self.flush()
        return self._given

    def is_durable(self, ticket: int) -> bool:
        """Return whether the event of this ticket, and all before it, are on disk."""
        while self._points and self._surroundings.is_durable(self._points[0]):
            self._points.popleft()
            self._durable += 1
        return ticket <= self._durable

    def flush(self) -> None:
        """Say what waits."""
        while self._unsaid:
            try:
                point = self._surroundings.say(self._unsaid[0])
            except OutboxFullError:
                break
            self._points.append(point)
            self._unsaid.popleft()
        # Those who never ask must not gather points for ever.
        self.is_durable(0)

    def fault(self, fault: str, detail: str | None) -> None:
        """Say once that something left, and with None once that it is back."""
        if (detail is not None) == (fault in self._faults):
            return
        now_ms = self._surroundings.now_ms()
        if detail is not None:
            self._faults.add(fault)
            self.say(FaultRaised(at_ms=now_ms, fault=fault, detail=detail[:2000]))
        else:
            self._faults.remove(fault)
            self.say(FaultCleared(at_ms=now_ms, fault=fault))
