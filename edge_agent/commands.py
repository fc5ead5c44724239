"""Commands: each is carried out once, before it expires, and closed by an event with its id.

The answer must outlive a power cut and a broker's death, so it is an event like any other: `CommandDone` on the
stream `state`, matched by the command's id. No MQTT response topic or correlation data is read.
"""

import logging
from collections.abc import Awaitable, Callable, Collection

import anyio
from anyio.abc import TaskStatus

from edge_agent.app import CommandFailedError
from edge_agent.database import StorageError
from edge_agent.memory import Memory
from firmware_specs.desired import Command

logger = logging.getLogger(__name__)

LONGEST_S = 60.0
MAX_WAITING = 100

Close = Callable[[str, bool, str], Awaitable[None]]
"""Says that a command ended, well or not, and how; waits while the outbox has no room."""


class Commands:
    """One device's commands, carried out one after the other.

    Args:
        known: the names that the kind knows.
        carry_out: does a command and returns the detail for its record; raises CommandFailedError.
        close: see `Close`.
        now_ms: UTC milliseconds.
        on_finished: called when a command was carried out, reported and noted.
    """

    def __init__(
        self,
        known: Collection[str],
        memory: Memory,
        *,
        carry_out: Callable[[Command], Awaitable[str]],
        close: Close,
        now_ms: Callable[[], int],
        on_finished: Callable[[Command], None] = lambda _: None,
    ) -> None:
        self._known = known
        self._memory = memory
        self._carry_out = carry_out
        self._close = close
        self._now_ms = now_ms
        self._on_finished = on_finished
        self._send, self._receive = anyio.create_memory_object_stream[Command](MAX_WAITING)

    def order(self, command: Command) -> None:
        """Take a verified command."""
        try:
            self._send.send_nowait(command)
        except anyio.WouldBlock:
            # Not noted as begun, so that the cloud's next sending may still find room.
            logger.warning("command %s is left: %d others wait", command.id, MAX_WAITING)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Close what a power cut left open, then carry out until cancelled."""
        task_status.started()
        for command, expires_ms in self._memory.begun().items():
            await self._close(command, False, "the device restarted while it was carried out")
            await self._memory.finish(command, expires_ms)
        with self._send, self._receive:
            async for ordered in self._receive:
                try:
                    is_new = await self._memory.begin(ordered.id, ordered.expires_ms, self._now_ms())
                except StorageError as exc:
                    logger.warning("command %s is left, the disk refuses: %s", ordered.id, exc)
                    continue
                if is_new:
                    succeeded, detail = await self._try(ordered)
                    await self._close(ordered.id, succeeded, detail)
                    await self._memory.finish(ordered.id, ordered.expires_ms)
                    if succeeded:
                        self._on_finished(ordered)

    async def _try(self, command: Command) -> tuple[bool, str]:
        late_ms = self._now_ms() - command.expires_ms
        if late_ms >= 0:
            return False, f"it came {late_ms / 1000:.1f} s after its expiry"
        if command.name not in self._known:
            return False, f"this device does not know {command.name!r}: {', '.join(self._known) or 'no commands'}"
        try:
            with anyio.fail_after(LONGEST_S):
                return True, await self._carry_out(command)
        except CommandFailedError as exc:
            return False, str(exc)
        except TimeoutError:
            return False, f"it was not done within {LONGEST_S:.0f} s"
