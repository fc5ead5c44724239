"""Labels behind one access point, as a driver: what they are told goes out in its train, images over connections."""

import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

import anyio
import anyio.lowlevel
import anyio.to_thread

from device_drivers.api import (
    ConfigureLabel,
    Deed,
    DeviceRefusedError,
    DeviceUnreachableError,
    LabelAnswered,
    LabelSilent,
    LoadImage,
    Signal,
    TellLabel,
)
from device_drivers.labels.association import Association
from device_drivers.labels.pawr.access_point import AccessPoint, Place
from device_drivers.labels.register import Register, RegisterFullError
from firmware_specs.frames.esl import absolute_time_ms
from firmware_specs.frames.pawr import Timing

MOST_TRIES: Final = 20
"""A label that has not answered so often is told no more; whoever asked may ask again."""

SESSIONS: Final = 4
"""Connections at the same time; the train goes on meanwhile."""

_ADDRESS = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")


class Connection(Protocol):
    """An encrypted connection to one label. Each method raises DeviceRefusedError or DeviceUnreachableError."""

    async def configure(self, association: Association, absolute_ms: int) -> None:
        """Write address, keys and time."""

    async def load(self, slot: int, image: bytes) -> None:
        """Write an image into a slot; returns when the label has it, checked."""


class Radio(Protocol):
    """The controller that carries a train."""

    async def run(self) -> None:
        """Be on the air until cancelled. Raises DeviceUnreachableError."""

    async def carry(self, group: int, sealed: bytes) -> Sequence[bytes | None]:
        """Say a packet in a group's next subevent; return what came in each response slot."""

    def connect(self, address: str) -> AbstractAsyncContextManager[Connection]:
        """Open a connection. Raises DeviceUnreachableError when the label is not there."""


class PawrLabels:
    """The driver.

    Args:
        radio: carries packets and opens connections.
        register: of the labels; its groups are the train's.
        timing: of the train.
        now_ms: UTC milliseconds, from which labels get their time.
    """

    def __init__(
        self,
        radio: Radio,
        register: Register,
        timing: Timing,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._radio = radio
        self._register = register
        self._now_ms = now_ms
        self.access_point = AccessPoint(register.sync_key, timing, register.next_count, most_tries=MOST_TRIES)
        self._addresses: dict[Place, str] = {}
        self._lost: set[str] = set()
        """Labels that were silent: they may have forgotten us, so they are configured before they are told more."""

        self._interval = 0
        self._woken = anyio.Event()
        self._sessions = anyio.CapacityLimiter(SESSIONS)
        self._disk = anyio.CapacityLimiter(1)
        self.is_on = False
        """Whether the radio is on the air."""

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Carry the train until cancelled. Raises DeviceUnreachableError when the radio is lost."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._radio.run, name="label radio")
            self.is_on = True
            try:
                while True:
                    await self._train(emit)
            finally:
                self.is_on = False

    async def do(self, deed: Deed) -> None:
        """Tell a command, load an image, or configure anew.

        Raises DeviceRefusedError for what the label or this driver refuses, DeviceUnreachableError for a label
        that does not connect. A command to a label out of reach is said, and never answered.
        """
        if not isinstance(deed, TellLabel | LoadImage | ConfigureLabel):
            raise DeviceRefusedError(f"a label radio has no deed {type(deed).__name__}")
        if not self.is_on:
            raise DeviceUnreachableError("the label radio is off")
        address = deed.address.upper()
        if not _ADDRESS.fullmatch(address):
            raise DeviceRefusedError(f"{address[:40]!r} is no Bluetooth address such as F0:00:00:00:00:01")
        if isinstance(deed, TellLabel):
            if address in self._lost or not self._register.knows(address):
                async with self._connected(address):
                    pass
            self._tell(await self._place(address), deed.command)
            return
        async with self._connected(address) as connection:
            if isinstance(deed, LoadImage):
                await connection.load(deed.slot, deed.image)

    async def _train(self, emit: Callable[[Signal], None]) -> None:
        if not self.access_point.busy:
            self._woken = anyio.Event()
            await self._woken.wait()
        for group in self.access_point.busy:
            sealed = self.access_point.packet(group, self._interval)
            if sealed is None:
                continue
            slots = await self._radio.carry(group, sealed)
            for place, answer in self.access_point.hear(group, slots, self._interval):
                emit(LabelAnswered(self._addresses[place], answer))
        self._interval += 1
        for place in self.access_point.given_up():
            address = self._addresses[place]
            self._lost.add(address)
            emit(LabelSilent(address))
        await anyio.lowlevel.checkpoint()

    def _tell(self, place: Place, command: bytes) -> None:
        if len(command) < 2:
            raise DeviceRefusedError(f"{command.hex()!r} is no command of the ESL Service")
        self.access_point.forget(place)
        try:
            self.access_point.tell(place, command[:1] + bytes((place.esl_id,)) + command[2:])
        except ValueError as exc:
            raise DeviceRefusedError(str(exc)) from exc
        self._woken.set()

    @asynccontextmanager
    async def _connected(self, address: str) -> AsyncIterator[Connection]:
        association = await self._association(address)
        async with self._sessions, self._radio.connect(address) as connection:
            await connection.configure(association, absolute_time_ms(self._now_ms()))
            await anyio.to_thread.run_sync(self._register.note_knows, address, limiter=self._disk)
            self._lost.discard(address)
            yield connection

    async def _place(self, address: str) -> Place:
        association = await self._association(address)
        place = Place(association.group, association.esl_id, association.response_key)
        self._addresses[place] = address
        return place

    async def _association(self, address: str) -> Association:
        try:
            return await anyio.to_thread.run_sync(self._register.associate, address, limiter=self._disk)
        except RegisterFullError as exc:
            raise DeviceRefusedError(f"label {address}: {exc}") from exc
