"""Guessing is made slow: too many failures within a minute are refused before anything is looked up."""

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from cloud_broker.api.errors import ApiError

WINDOW_S = 60.0
NAMES = 10_000


class Throttle:
    """Counts failures by name, and refuses when there were `most` within a minute. One per process."""

    def __init__(self, most: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now_s = now_s
        self._failed_s: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = Lock()

    def check(self, name: str) -> None:
        """Raise ApiError 429 while there were too many failures."""
        with self._lock:
            recent = self._recent(name)
            if len(recent) >= self._most:
                wait_s = WINDOW_S - (self._now_s() - recent[0])
                raise ApiError(429, "slow-down", f"too many failed tries; try again in {wait_s:.0f} s")

    def failed(self, name: str) -> None:
        """Count a failure."""
        with self._lock:
            self._failed_s[name] = [*self._recent(name), self._now_s()]
            self._failed_s.move_to_end(name)
            while len(self._failed_s) > NAMES:
                self._failed_s.popitem(last=False)

    def _recent(self, name: str) -> list[float]:
        since_s = self._now_s() - WINDOW_S
        return [at_s for at_s in self._failed_s.get(name, []) if at_s > since_s]


SIGN_INS = Throttle(10)
"""By account name."""

ENROLMENTS = Throttle(30)
"""By the address that asks; a store's devices may share one."""
