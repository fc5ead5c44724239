"""An event loop whose time runs as the machine's while there is work, and jumps while everybody only waits.

So an hour of waiting costs nothing, and work costs what it costs. What would go to a thread is done at once.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar
from unittest.mock import patch

T = TypeVar("T")


class _Skipping(selectors.DefaultSelector):
    """Skips every wait that would only pass time."""

    skipped_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout is None:
            return ready or super().select(timeout)
        self.skipped_s += max(0.0, timeout)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return time.monotonic() + self._skipping.skipped_s


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine function on such a loop and return its result."""

    async def at_once(function: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
        await asyncio.sleep(0)
        return function(*arguments)

    with patch("anyio.to_thread.run_sync", at_once), asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main())
