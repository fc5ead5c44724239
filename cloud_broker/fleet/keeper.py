"""The keeper of the cloud's broker: runs Mosquitto with our rights and certificates, and tells what it refused.

A device that speaks for another is refused by the broker itself, and only the broker's log says so. The
keeper reads that log and reports each refusal to the cloud, which keeps it as a security event.
"""

import logging
import os
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskStatus

from cloud_broker.bus.acl import cloud_acl
from cloud_broker.bus.mosquitto import BrokerFailedError, Mosquitto
from cloud_broker.bus.mqtt import Address, MqttBus, Tls
from cloud_broker.bus.port import Bus, BusUnavailableError, Message
from cloud_broker.fleet.security import SecurityNotice, from_log
from cloud_broker.registry.authority import Keys
from cloud_broker.settings import Settings
from firmware_specs import topics
from firmware_specs.wire import encode

logger = logging.getLogger(__name__)

CLIENT = "cloud-keeper"
INGEST_WORKERS = 32
"""Workers that the broker lets in, by their numbers from 1."""

CLOUD_CLIENTS = ("cloud-api", CLIENT, "cloud-watch", *(f"cloud-ingest-{n}" for n in range(1, INGEST_WORKERS + 1)))

MOST_UNTOLD = 1000
RESTART_S = 1.0
RETRY_S = 0.5


@dataclass
class Keeper:
    """One broker, and what it refused.

    Args:
        mosquitto: the broker.
        bus: a link to it that may speak for the cloud.
    """

    mosquitto: Mosquitto
    bus: Bus
    pid: int = field(default=0, init=False)
    """The broker's process, once it was started."""

    dropped: int = field(default=0, init=False)
    """Refusals that were not told, since more came than the cloud could hear."""

    _untold: deque[SecurityNotice] = field(default_factory=deque, init=False)
    _news: anyio.Event = field(default_factory=anyio.Event, init=False)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Keep the broker running and report until cancelled; ready once it accepts connections.

        Raises BrokerFailedError when it cannot be started at first; later it is started again for ever.
        """
        failure: BrokerFailedError | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self.report, name="broker's keeper")
            failure = await self._stay(task_status)
            group.cancel_scope.cancel()
        assert failure is not None
        # Behind the group, so that it comes as itself.
        raise failure

    async def _stay(self, task_status: TaskStatus[None]) -> BrokerFailedError:
        """Start the broker again whenever it ends; return why it could not be started at first."""
        was_up = is_away = False

        def up() -> None:
            nonlocal was_up, is_away
            if is_away:
                logger.info("the broker is back on port %d", self.mosquitto.port)
            elif not was_up:
                task_status.started()
            was_up, is_away = True, False

        while True:
            failure = await self._once(up)
            if not was_up:
                return failure
            if not is_away:
                logger.warning("%s; starting it again", failure)
            is_away = True
            await anyio.sleep(RESTART_S)

    async def _once(self, on_up: Callable[[], None]) -> BrokerFailedError:
        """Run the broker until it fails; return why."""
        failures: list[BrokerFailedError] = []
        try:
            async with anyio.create_task_group() as group:
                await group.start(self.hold, name="broker")
                on_up()
        except* BrokerFailedError as failed:
            failures += [each for each in failed.exceptions if isinstance(each, BrokerFailedError)]
        return failures[0]

    async def hold(self, *, task_status: TaskStatus[int] = anyio.TASK_STATUS_IGNORED) -> None:
        """Run the broker once, until cancelled. Raises BrokerFailedError as `Mosquitto.run` does."""
        await self.mosquitto.run(self._on_denied, on_start=self._on_start, task_status=task_status)

    def kill(self) -> None:
        """End the broker at once, as a crash would: SIGKILL, nothing saved."""
        os.kill(self.pid, signal.SIGKILL)

    async def report(self) -> None:
        """Tell the cloud what was refused, in order, until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.bus.run, (), _ignore, name="keeper's link")
            while True:
                news = self._news
                while self._untold:
                    try:
                        await self.bus.publish(Message(topics.SECURITY, encode(self._untold[0])))
                    except BusUnavailableError:
                        # The bus itself says that it is away; what was refused waits until it is back.
                        await anyio.sleep(RETRY_S)
                        continue
                    self._untold.popleft()
                await news.wait()

    def _on_start(self, pid: int) -> None:
        self.pid = pid

    def _on_denied(self, line: str) -> None:
        notice = from_log(line)
        if notice is None:
            return
        # A flood of refusals must neither fill the memory nor stop the broker's log from being read.
        if len(self._untold) >= MOST_UNTOLD:
            if self.dropped == 0:
                logger.warning("more was refused than the cloud can hear: the rest is counted only")
            self.dropped += 1
            return
        self._untold.append(notice)
        self._news.set()
        self._news = anyio.Event()


async def _ignore(_: Message) -> None:
    return


def make_keeper(settings: Settings, keys: Keys, *, listen: str = "") -> Keeper:
    """Return the keeper of the broker that the settings name; its certificates are made where they are missing.

    Args:
        listen: the address to listen on, where that is not the host that clients are told.

    Raises ValueError when `broker.address` is not host:port.
    """
    address = Address.parse(settings.broker.address, settings.tls(CLIENT))
    folder = (settings.folder / "broker").absolute()
    if settings.broker.plain:
        mosquitto = Mosquitto(folder, address.port, None, host=listen or address.host)
    else:
        keys.ensure_process(CLIENT)
        keys.ensure_process("broker", server=True, hosts=(address.host,))
        own = keys.folder.absolute()
        tls = Tls(own / "ca.crt", own / "broker.crt", own / "broker.key")
        mosquitto = Mosquitto(folder, address.port, tls, cloud_acl(CLOUD_CLIENTS), host=listen or address.host)
    return Keeper(mosquitto, MqttBus(address, CLIENT, longest_backoff_s=1.0))
