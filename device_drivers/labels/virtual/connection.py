"""A connection to a virtual label in this process: the very bytes of both sides, and no radio between them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from device_drivers.api import DeviceRefusedError
from device_drivers.labels.association import Association
from device_drivers.labels.gatt.server import EslServer, RefusedAttributeError, Said
from device_drivers.labels.tag import Tag
from device_drivers.labels.virtual.label import VirtualLabel
from firmware_specs.frames.esl import DisplayInfo

MTU: Final = 1_024
"""The longest SDU that a virtual label takes."""

Change = Callable[[Callable[[], None]], Awaitable[None]]
"""Carries a change out, so that what it changed is in the label's flash on return."""


@dataclass(frozen=True, slots=True)
class OwnLabel:
    """See `Own`: a virtual label, as the server of its connections knows it."""

    label: VirtualLabel
    now_s: Callable[[], float]

    @property
    def tag(self) -> Tag:
        """The firmware."""
        return self.label.tag

    @property
    def display(self) -> DisplayInfo:
        """What its hardware is."""
        panel = self.label.model.panel
        return DisplayInfo(panel.width_px, panel.height_px, panel.palette.value)

    @property
    def images(self) -> int:
        """How many images it stores."""
        return self.label.model.slots

    @property
    def association(self) -> Association | None:
        """See `Own.association`."""
        return self.label.association

    def associate(self, association: Association, absolute_ms: int) -> None:
        """See `Own.associate`."""
        self.label.configure(association, absolute_ms, self.now_s())

    def forget(self) -> None:
        """See `Own.forget`."""
        self.label.reset()

    def clock(self) -> tuple[float, int]:
        """See `Own.clock`."""
        now_s = self.now_s()
        return now_s, self.label.absolute_ms(now_s)


class MemoryLink:
    """See `Link`."""

    def __init__(self, server: EslServer, change: Change, name: str) -> None:
        self._server = server
        self._change = change
        self._name = name
        self._heeded: dict[int, Callable[[bytes], None]] = {}

    async def read(self, uuid: int) -> bytes:
        """See `Link.read`."""
        try:
            return self._server.read(uuid)
        except RefusedAttributeError as exc:
            raise DeviceRefusedError(f"label {self._name} refused to be read: {exc}") from exc

    async def write(self, uuid: int, data: bytes) -> None:
        """See `Link.write`."""
        said: list[Said] = []
        try:
            await self._change(lambda: said.append(self._server.write(uuid, data)))
        except RefusedAttributeError as exc:
            raise DeviceRefusedError(f"label {self._name} refused what was written: {exc}") from exc
        for answer in said:
            for about, value in answer:
                if about in self._heeded:
                    self._heeded[about](value)

    async def heed(self, uuid: int, heard: Callable[[bytes], None]) -> None:
        """See `Link.heed`."""
        self._heeded[uuid] = heard

    @asynccontextmanager
    async def channel(self, psm: int) -> AsyncIterator["_MemoryChannel"]:
        """See `Link.channel`."""
        self._server.open_channel()
        try:
            yield _MemoryChannel(self._server, self._change)
        finally:
            self._server.close_channel()


@dataclass(frozen=True, slots=True)
class _MemoryChannel:
    server: EslServer
    change: Change
    mtu: int = MTU

    async def send(self, sdu: bytes) -> None:
        await self.change(lambda: self.server.receive(sdu))
