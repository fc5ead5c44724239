"""A virtual controller with Periodic Advertising with Responses: HCI bytes on one side, a virtual shop on the other.

It asks for subevent data and reports responses as a real one does, and refuses what it does not know.
"""

from collections.abc import Callable
from typing import Final

import anyio

from device_drivers.labels.pawr import hci_packets as hci
from device_drivers.labels.virtual.radio import VirtualRadio

KNOWN: Final = frozenset(
    {
        hci.RESET,
        hci.SET_EVENT_MASK,
        hci.LE_SET_EVENT_MASK,
        hci.LE_SET_EXTENDED_ADVERTISING_PARAMETERS,
        hci.LE_SET_ADVERTISING_SET_RANDOM_ADDRESS,
        hci.LE_SET_EXTENDED_ADVERTISING_ENABLE,
        hci.LE_SET_PERIODIC_ADVERTISING_ENABLE,
        hci.LE_PERIODIC_ADVERTISING_SET_INFO_TRANSFER,
        hci.SetParametersV2.OPCODE,
        hci.SetSubeventData.OPCODE,
    }
)
UNKNOWN_COMMAND: Final = 0x01
RSSI_DBM: Final = -58


class VirtualController:
    """One controller. `hear` gets every packet that it sends to its host."""

    def __init__(self, radio: VirtualRadio, hear: Callable[[bytes], object], known: frozenset[int] = KNOWN) -> None:
        self._radio = radio
        self._hear = hear
        self._known = known
        self._subevents = 0
        self._interval_s = 0.0
        self._enabled = anyio.Event()
        self._data: dict[int, hci.Subevent] = {}
        self.received: list[bytes] = []
        """The commands of the host, for those who want to see them."""

    async def send(self, packet: bytes) -> None:
        """Take a command of the host, and answer it."""
        self.received.append(packet)
        opcode = int.from_bytes(packet[1:3], "little")
        parameters = packet[4:]
        status = 0 if opcode in self._known else UNKNOWN_COMMAND
        if not status:
            self._obey(opcode, parameters)
        answer = bytes((1,)) + packet[1:3] + bytes((status,)) + parameters[:1]
        self._hear(bytes((hci.EVENT, hci.COMMAND_COMPLETE, len(answer))) + answer)

    async def run(self) -> None:
        """Run the train, once it is enabled, until cancelled."""
        await self._enabled.wait()
        while True:
            self._data.clear()
            self._hear(bytes(hci.DataRequest(0, 0, self._subevents)))
            # Controllers ask ahead; a host that is late misses its turn.
            await anyio.sleep(self._interval_s / 2)
            async with anyio.create_task_group() as spoken:
                for said in [each for each in self._data.values() if each.slots]:
                    spoken.start_soon(self._say, said)
            await anyio.sleep(self._interval_s / 2)

    def _obey(self, opcode: int, parameters: bytes) -> None:
        match opcode:
            case hci.SetParametersV2.OPCODE:
                self._interval_s = int.from_bytes(parameters[1:3], "little") * 1.25 / 1000
                self._subevents = parameters[7]
            case hci.LE_SET_PERIODIC_ADVERTISING_ENABLE:
                self._enabled.set()
            case hci.SetSubeventData.OPCODE:
                at = 2
                for _ in range(parameters[1]):
                    number, first, slots, length = parameters[at : at + 4]
                    self._data[number] = hci.Subevent(number, first, slots, parameters[at + 4 : at + 4 + length])
                    at += 4 + length

    async def _say(self, said: hci.Subevent) -> None:
        slots = await self._radio.carry(said.number, said.data)
        padded = [*slots, *[None] * said.slots][: said.slots]
        responses = tuple(hci.Heard(slot, data, RSSI_DBM, 0) for slot, data in enumerate(padded))
        # As many as fit one event at a time.
        for at in range(0, len(responses), 3):
            self._hear(bytes(hci.ResponseReport(0, said.number, was_sent=True, responses=responses[at : at + 3])))
