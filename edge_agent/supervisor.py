"""Keeps drivers running: started again with jittered back-off, said once gone and once back.

The one place in the agent with a broad `except`: a driver's bug costs that driver a restart, nothing else.
"""

import logging
import random
import time
from collections.abc import Callable

import anyio

from device_drivers.api import DeviceUnreachableError, Driver, Signal

logger = logging.getLogger(__name__)

STEADY_S = 4.0
"""A driver that ran for so long, or sensed something, is there. Some sense nothing until they are told to act."""
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0


class Supervisor:
    """One device's drivers and the state of each: starting, ready, away, failed, ended.

    Args:
        on_signal: takes a driver's name and what it sensed.
        on_fault: hears of `driver-<name>`, with its detail, and with None when it is over.
        on_change: called when a state changes.
    """

    def __init__(
        self,
        on_signal: Callable[[str, Signal], None],
        *,
        on_fault: Callable[[str, str | None], None],
        on_change: Callable[[], None] = lambda: None,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._on_signal = on_signal
        self._on_fault = on_fault
        self._on_change = on_change
        self._first_wait_s = first_wait_s
        self.states: dict[str, str] = {}

    async def run(self, name: str, driver: Driver) -> None:
        """Run a driver until cancelled, or until it has nothing more to say."""
        wait_s = self._first_wait_s
        self._set(name, "starting")
        while True:
            began_s = time.monotonic()
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(self._call_steady, name, name=f"steady {name}")
                    await driver.run(lambda signal: self._emit(name, signal))
                    group.cancel_scope.cancel()
            except* DeviceUnreachableError as gone:
                self._lost(name, "away", str(_first(gone)))
            except* Exception as failed:
                if self.states[name] != "failed":
                    logger.exception("driver %s failed", name)
                self._lost(name, "failed", f"{type(_first(failed)).__name__}: {_first(failed)}")
            else:
                self._set(name, "ended")
                return
            if time.monotonic() - began_s > STEADY_S:
                wait_s = self._first_wait_s
            await anyio.sleep(wait_s * random.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    def _emit(self, name: str, signal: Signal) -> None:
        if self.states[name] != "ready":
            self._back(name)
        self._on_signal(name, signal)

    async def _call_steady(self, name: str) -> None:
        await anyio.sleep(STEADY_S)
        if self.states[name] != "ready":
            self._back(name)

    def _back(self, name: str) -> None:
        self._set(name, "ready")
        self._on_fault(f"driver-{name}", None)

    def _lost(self, name: str, state: str, detail: str) -> None:
        self._set(name, state)
        self._on_fault(f"driver-{name}", detail)

    def _set(self, name: str, state: str) -> None:
        if self.states.get(name) != state:
            self.states[name] = state
            self._on_change()


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error in a group, however deep it lies."""
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
