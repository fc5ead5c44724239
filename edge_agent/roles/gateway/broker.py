"""The store's own Mosquitto, at the address that the configuration gives to everybody; started again when it dies."""

import logging
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from cloud_broker.bus.acl import local_acl
from cloud_broker.bus.mosquitto import BrokerFailedError, Mosquitto
from cloud_broker.bus.mqtt import Address
from edge_agent.app import Surroundings

logger = logging.getLogger(__name__)

RESTART_S: Final = 1.0
LOOK_S: Final = 0.5

_PID: Final = "pid"


class LocalBroker:
    """Runs the broker of one store.

    Args:
        on_fault: told why the broker is down, and None when it is up.
    """

    def __init__(self, surroundings: Surroundings, on_fault: Callable[[str | None], None]) -> None:
        self._surroundings = surroundings
        self._folder = surroundings.folder / "broker"
        self._on_fault = on_fault
        self._is_down = False
        self.pid: int | None = None
        """The broker's process; None while it does not run."""

    async def run(self) -> None:
        """Keep the broker of the configured address running until cancelled."""
        while True:
            address = self._surroundings.configuration.local_broker
            if not address:
                await anyio.sleep(LOOK_S)
                continue
            async with anyio.create_task_group() as group:
                group.start_soon(self._serve, address, name="store broker")
                await self._until_moved(address)
                group.cancel_scope.cancel()

    async def _until_moved(self, address: str) -> None:
        while True:
            await anyio.sleep(LOOK_S)
            if self._surroundings.configuration.local_broker != address:
                return

    async def _serve(self, text: str) -> None:
        while True:
            try:
                address = Address.parse(text)
            except ValueError as exc:
                self._down(str(exc))
                await anyio.sleep_forever()
            _end_orphan(self._folder)
            broker = Mosquitto(
                self._folder,
                address.port,
                self._surroundings.tls,
                local_acl(self._surroundings.device),
                host=address.host,
            )
            try:
                async with anyio.create_task_group() as group:
                    self.pid = await group.start(
                        partial(broker.run, self._on_denied, on_start=self._on_start), name="mosquitto"
                    )
                    self._up()
            except* BrokerFailedError as failed:
                self._down("; ".join(str(each) for each in _leaves(failed)))
            finally:
                self.pid = None
            await anyio.sleep(RESTART_S)

    def _on_start(self, pid: int) -> None:
        (self._folder / _PID).write_text(str(pid))

    def _on_denied(self, line: str) -> None:
        logger.warning("the store's broker refused: %s", line[:300])

    def _down(self, reason: str) -> None:
        if not self._is_down:
            logger.warning("the store's broker is down: %s", reason)
        self._is_down = True
        self._on_fault(reason)

    def _up(self) -> None:
        if self._is_down:
            logger.info("the store's broker is up again")
        self._is_down = False
        self._on_fault(None)


def _leaves(group: BaseExceptionGroup[BrokerFailedError]) -> list[BaseException]:
    found: list[BaseException] = []
    for each in group.exceptions:
        found += _leaves(each) if isinstance(each, BaseExceptionGroup) else [each]
    return found


def _end_orphan(folder: Path) -> None:
    # An agent that was killed leaves its broker behind, which holds the port. Only a process that runs our own
    # configuration file is ended: the number may belong to somebody else by now.
    try:
        pid = int((folder / _PID).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return
    if str(folder / "mosquitto.conf").encode() in command.split(b"\0"):
        logger.info("ending the broker that an earlier run left behind, process %d", pid)
        os.kill(pid, signal.SIGTERM)
