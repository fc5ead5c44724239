"""A controller with Periodic Advertising with Responses, spoken to over HCI: the radio of a shop full of labels.

The controller asks ahead what to say in its next subevents, and reports for every response slot what came in it, or
that nothing did. Connections to labels are another host's business (`connect`); when one ends, the label is told of the
train by Periodic Advertising Sync Transfer.
"""

import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

import anyio

from device_drivers.api import DeviceUnreachableError
from device_drivers.labels.gatt.client import EslClient
from device_drivers.labels.pawr import hci_packets as hci
from firmware_specs.frames.pawr import Phy, Timing

ANSWER_S: Final = 2.0
"""A controller answers a command within so long (Core 5.4, volume 4 part E, 4.4 names one second)."""

PATIENCE: Final = 3.0
"""Intervals after which a packet counts as not answered by anybody, should the controller report nothing."""

UNKNOWN_COMMAND: Final = 0x01
HANDLE: Final = 0
_EVENT_MASK: Final = bytes.fromhex("ffffffffffffff3f")
_LE_EVENT_MASK: Final = bytes.fromhex("ffffffffff030000")
_PRIMARY_INTERVAL: Final = (160).to_bytes(3, "little")
"""100 ms: what is advertised beside the train only says that it is there."""


class Hci(Protocol):
    """A transport to a controller."""

    async def send(self, packet: bytes) -> None:
        """Send one packet. Raises DeviceUnreachableError when the controller is gone."""


@dataclass(slots=True)
class _Waiting:
    # A packet on its way, and what has come in its slots so far.
    sealed: bytes
    done: anyio.Event = field(default_factory=anyio.Event)
    was_sent: bool = False
    slots: dict[int, bytes | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Connected:
    """An open connection: its client, and its handle on the controller."""

    client: EslClient
    handle: int


class HciRadio:
    """See `Radio`.

    Args:
        transport: to the controller; every packet that it sends must come to `hear`.
        timing: of the train.
        address: our static random address, six bytes, the least significant first.
        connect: opens a connection to a label.
        resets: whether the controller is ours alone, and begins anew.
    """

    def __init__(
        self,
        transport: Hci,
        timing: Timing,
        address: bytes,
        connect: Callable[[str], AbstractAsyncContextManager[Connected]],
        *,
        resets: bool = True,
    ) -> None:
        self._transport = transport
        self._timing = timing
        self._address = address
        self._connect = connect
        self._resets = resets
        self._command = anyio.Lock()
        self._answer: tuple[int, anyio.Event, list[bytes]] | None = None
        self._waiting: dict[int, _Waiting] = {}
        self._asked: list[hci.DataRequest] = []
        self._woken = anyio.Event()
        self.strange = 0
        """Events that could not be read."""

    def hear(self, packet: bytes) -> bool:
        """Take a packet of the controller; return whether it was for us."""
        if len(packet) < 3 or packet[0] != hci.EVENT or len(packet) != 3 + packet[2]:
            return False
        code, parameters = packet[1], packet[3:]
        if code == hci.COMMAND_COMPLETE and len(parameters) >= 4:
            return self._answered(int.from_bytes(parameters[1:3], "little"), parameters[3:])
        if code == hci.COMMAND_STATUS and len(parameters) == 4:
            return self._answered(int.from_bytes(parameters[2:4], "little"), parameters[:1])
        if code != hci.LE_META or not parameters:
            return False
        try:
            match parameters[0]:
                case hci.DataRequest.SUBEVENT:
                    self._asked.append(hci.DataRequest.from_bytes(parameters))
                    self._woken.set()
                case hci.ResponseReport.SUBEVENT:
                    self._report(hci.ResponseReport.from_bytes(parameters))
                case _:
                    return False
        except ValueError:
            self.strange += 1
        return True

    async def run(self) -> None:
        """Be on the air until cancelled. Raises DeviceUnreachableError when the controller cannot do this."""
        for opcode, parameters in self._opening():
            await self._do(hci.command(opcode, parameters))
        await self._do(bytes(hci.SetParametersV2.of(self._timing, HANDLE)))
        await self._do(hci.command(hci.LE_SET_PERIODIC_ADVERTISING_ENABLE, bytes((1, HANDLE))))
        await self._do(hci.command(hci.LE_SET_EXTENDED_ADVERTISING_ENABLE, bytes((1, 1, HANDLE, 0, 0, 0))))
        while True:
            while self._asked:
                request = self._asked.pop(0)
                subevents = tuple(self._said(number) for number in self._numbers(request))
                for each in hci.SetSubeventData.split(request.handle, subevents):
                    await self._do(bytes(each))
            self._woken = anyio.Event()
            await self._woken.wait()

    async def carry(self, group: int, sealed: bytes) -> Sequence[bytes | None]:
        """See `Radio.carry`."""
        while group in self._waiting:
            await self._waiting[group].done.wait()
        waiting = self._waiting[group] = _Waiting(sealed)
        try:
            with anyio.move_on_after(PATIENCE * self._timing.interval_ms / 1000):
                await waiting.done.wait()
        finally:
            del self._waiting[group]
            waiting.done.set()
        return [waiting.slots.get(slot) for slot in range(self._timing.slots)]

    @asynccontextmanager
    async def connect(self, address: str) -> AsyncIterator[EslClient]:
        """See `Radio.connect`; at its end the label is given the train."""
        async with self._connect(address) as connected:
            yield connected.client
            await connected.client.complete()
            transfer = struct.pack("<HHB", connected.handle, 0, HANDLE)
            await self._do(hci.command(hci.LE_PERIODIC_ADVERTISING_SET_INFO_TRANSFER, transfer))

    def _opening(self) -> tuple[tuple[int, bytes], ...]:
        phy = 1 if self._timing.phy is Phy.LE_1M else 2
        advertised = struct.pack(
            "<BH3s3sBBB6sBbBBBBB",
            *(HANDLE, 0, _PRIMARY_INTERVAL, _PRIMARY_INTERVAL, 0b111, 1, 0, bytes(6), 0, 127, 1, 0, phy, 0, 0),
        )
        return (
            *(((hci.RESET, b""),) if self._resets else ()),
            (hci.SET_EVENT_MASK, _EVENT_MASK),
            (hci.LE_SET_EVENT_MASK, _LE_EVENT_MASK),
            (hci.LE_SET_EXTENDED_ADVERTISING_PARAMETERS, advertised),
            (hci.LE_SET_ADVERTISING_SET_RANDOM_ADDRESS, bytes((HANDLE,)) + self._address),
        )

    async def _do(self, packet: bytes) -> None:
        opcode = int.from_bytes(packet[1:3], "little")
        async with self._command:
            answered, found = anyio.Event(), list[bytes]()
            self._answer = (opcode, answered, found)
            await self._transport.send(packet)
            with anyio.move_on_after(ANSWER_S):
                await answered.wait()
            self._answer = None
        if not found:
            raise DeviceUnreachableError(f"the controller does not answer command 0x{opcode:04x}")
        status = found[0][0]
        if status == UNKNOWN_COMMAND:
            raise DeviceUnreachableError(
                f"the controller knows no command 0x{opcode:04x}: it has no Periodic Advertising with Responses"
            )
        if status:
            raise DeviceUnreachableError(f"the controller refused command 0x{opcode:04x} with error 0x{status:02x}")

    def _answered(self, opcode: int, parameters: bytes) -> bool:
        if self._answer is None or self._answer[0] != opcode or not parameters:
            return False
        self._answer[2].append(parameters)
        self._answer[1].set()
        return True

    def _numbers(self, request: hci.DataRequest) -> list[int]:
        return [(request.first + place) % self._timing.groups for place in range(request.count)]

    def _said(self, number: int) -> hci.Subevent:
        waiting = self._waiting.get(number)
        if waiting is None or waiting.was_sent:
            return hci.Subevent(number, 0, 0, b"")
        waiting.was_sent = True
        return hci.Subevent(number, 0, self._timing.slots, waiting.sealed)

    def _report(self, report: hci.ResponseReport) -> None:
        waiting = self._waiting.get(report.subevent)
        if waiting is None or not waiting.was_sent:
            return
        if not report.was_sent:
            # The controller had no time for it: it is said in the next interval.
            waiting.was_sent = False
            return
        waiting.slots.update((heard.slot, heard.data) for heard in report.responses)
        if len(waiting.slots) >= self._timing.slots:
            waiting.done.set()
