"""Imports that are running, and the last ones that ended: how far they are, and what they rejected."""

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from cloud_broker.prices.imports import Rejected

MOST_KEPT = 50


@dataclass
class Running:
    """One import: rows looked at of all, then what came of it."""

    store: str
    done: int = 0
    of: int = 0
    state: str = "reading"
    """`reading`, `checking`, `publishing`, `done` or `failed`."""
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True, slots=True)
class Imports:
    """By the id that its sender gave it. Forgotten with the process: an import is whole or not there."""

    _known: OrderedDict[str, Running] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, job: str, store: str) -> Running | None:
        """Note a new import; None when one of that id is known already."""
        with self._lock:
            if job in self._known:
                return None
            while len(self._known) >= MOST_KEPT:
                self._known.popitem(last=False)
            self._known[job] = Running(store)
            return self._known[job]

    def find(self, job: str) -> Running | None:
        """Return an import; None when it is not known (any more)."""
        return self._known.get(job)
