"""Labels by connection alone, for a machine whose Bluetooth has no Periodic Advertising with Responses.

Each is found, connected and told; the connection is kept a moment, for a campaign has more to say. A label so served
follows no train, and its battery pays for advertising: this is for small shops, and for trying a label out.
"""

import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from device_drivers.api import (
    ConfigureLabel,
    Deed,
    DeviceRefusedError,
    DeviceUnreachableError,
    LabelAnswered,
    LoadImage,
    Signal,
    TellLabel,
)
from device_drivers.labels.gatt.client import EslClient
from device_drivers.labels.gatt.link import Link
from device_drivers.labels.register import Register, RegisterFullError
from firmware_specs.frames.esl import absolute_time_ms

SESSIONS: Final = 3
"""Connections at a time: what small controllers hold, beside scanning."""

LINGER_S: Final = 2.0
"""A connection is kept so long after its last use."""

Connect = Callable[[str], AbstractAsyncContextManager[Link]]

_ADDRESS = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")


@dataclass(slots=True)
class _Session:
    # One connection, kept open by its own task until nobody has used it for a while.
    ready: anyio.Event = field(default_factory=anyio.Event)
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    client: EslClient | None = None
    failure: DeviceRefusedError | DeviceUnreachableError | None = None
    users: int = 0
    used: anyio.Event = field(default_factory=anyio.Event)
    broken: bool = False


class GattLabels:
    """The driver.

    Args:
        radio: gives, while it is on, what opens an encrypted link to an address.
        register: of the labels: their places and keys.
        now_ms: UTC milliseconds, from which labels get their time.
        linger_s: how long an unused connection is kept.
    """

    def __init__(
        self,
        radio: Callable[[], AbstractAsyncContextManager[Connect]],
        register: Register,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        linger_s: float = LINGER_S,
    ) -> None:
        self._radio = radio
        self._connect: Connect | None = None
        self._register = register
        self._now_ms = now_ms
        self._linger_s = linger_s
        self._sessions: dict[str, _Session] = {}
        self._tasks: TaskGroup | None = None
        self._emit: Callable[[Signal], None] = lambda signal: None
        self._slots = anyio.CapacityLimiter(SESSIONS)
        self._disk = anyio.CapacityLimiter(1)

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Hold connections until cancelled. Raises DeviceUnreachableError when there is no Bluetooth."""
        self._emit = emit
        async with self._radio() as connect, anyio.create_task_group() as tasks:
            self._connect, self._tasks = connect, tasks
            try:
                await anyio.sleep_forever()
            finally:
                self._connect = self._tasks = None

    async def do(self, deed: Deed) -> None:
        """Tell a command, load an image, or configure anew.

        Raises DeviceRefusedError for what the label or this driver refuses, DeviceUnreachableError for a label that
        does not connect, or whose connection is lost: then nobody knows whether it was heard.
        """
        if not isinstance(deed, TellLabel | LoadImage | ConfigureLabel):
            raise DeviceRefusedError(f"a label radio has no deed {type(deed).__name__}")
        if self._tasks is None or self._connect is None:
            raise DeviceUnreachableError("the label radio is off")
        address = deed.address.upper()
        if not _ADDRESS.fullmatch(address):
            raise DeviceRefusedError(f"{address[:40]!r} is no Bluetooth address such as F0:00:00:00:00:01")
        async with self._client(self._connect, self._tasks, address) as client:
            match deed:
                case TellLabel(_, command) if len(command) < 2:
                    raise DeviceRefusedError(f"{command.hex()!r} is no command of the ESL Service")
                case TellLabel(_, command):
                    self._emit(LabelAnswered(address, await client.tell(command)))
                case LoadImage(_, slot, image):
                    await client.load(slot, image)
                case ConfigureLabel():
                    await self._configure(address, client)

    @asynccontextmanager
    async def _client(self, connect: Connect, tasks: TaskGroup, address: str) -> AsyncIterator[EslClient]:
        session = self._sessions.get(address)
        if session is None:
            session = self._sessions[address] = _Session()
            tasks.start_soon(self._hold, connect, address, session, name=f"connection to label {address}")
        session.users += 1
        try:
            await session.ready.wait()
            if session.failure is not None:
                raise type(session.failure)(str(session.failure))
            assert session.client is not None
            async with session.lock:
                try:
                    yield session.client
                except DeviceUnreachableError:
                    session.broken = True
                    self._forget(address, session)
                    raise
        finally:
            session.users -= 1
            session.used.set()

    async def _hold(self, connect: Connect, address: str, session: _Session) -> None:
        try:
            async with self._slots, connect(address) as link:
                client = EslClient(link, address)
                await self._configure(address, client)
                session.client = client
                session.ready.set()
                await self._until_unused(session)
        except (DeviceRefusedError, DeviceUnreachableError) as exc:
            session.failure = exc
        finally:
            self._forget(address, session)
            session.ready.set()

    def _forget(self, address: str, session: _Session) -> None:
        # Whoever comes next connects anew.
        if self._sessions.get(address) is session:
            del self._sessions[address]

    async def _until_unused(self, session: _Session) -> None:
        while not session.broken:
            session.used = anyio.Event()
            with anyio.move_on_after(self._linger_s) as waited:
                await session.used.wait()
            if waited.cancelled_caught and not session.users:
                return

    async def _configure(self, address: str, client: EslClient) -> None:
        try:
            association = await anyio.to_thread.run_sync(self._register.associate, address, limiter=self._disk)
        except RegisterFullError as exc:
            raise DeviceRefusedError(f"label {address}: {exc}") from exc
        await client.configure(association, absolute_time_ms(self._now_ms()))
        await anyio.to_thread.run_sync(self._register.note_knows, address, limiter=self._disk)
