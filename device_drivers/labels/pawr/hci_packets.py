"""HCI packets of Periodic Advertising with Responses, for controllers that have it (Core 5.4, volume 4 part E, 7).

Linux's own Bluetooth gives a program no way to these, so a host speaks them to the controller itself. Each packet is a
value whose bytes are what goes over the transport, the packet's type first.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from firmware_specs.frames.pawr import Timing

COMMAND: Final = 0x01
EVENT: Final = 0x04
COMMAND_COMPLETE: Final = 0x0E
COMMAND_STATUS: Final = 0x0F
LE_META: Final = 0x3E

RESET: Final = 0x0C03
SET_EVENT_MASK: Final = 0x0C01
LE_SET_EVENT_MASK: Final = 0x2001
LE_SET_ADVERTISING_SET_RANDOM_ADDRESS: Final = 0x2035
LE_SET_EXTENDED_ADVERTISING_PARAMETERS: Final = 0x2036
LE_SET_EXTENDED_ADVERTISING_ENABLE: Final = 0x2039
LE_SET_PERIODIC_ADVERTISING_ENABLE: Final = 0x2040
LE_PERIODIC_ADVERTISING_SET_INFO_TRANSFER: Final = 0x205B

NO_RESPONSE: Final = 0xFF
"""The status of a slot in which nothing was received."""

MOST_PARAMETERS: Final = 255
_UNIT_MS: Final = 1.25
_SPACING_UNIT_MS: Final = 0.125


def command(opcode: int, parameters: bytes = b"") -> bytes:
    """Return a command. Raises ValueError when its parameters are too long for one."""
    if len(parameters) > MOST_PARAMETERS:
        raise ValueError(f"{len(parameters)} bytes of parameters, at most {MOST_PARAMETERS} make one command")
    return struct.pack("<BHB", COMMAND, opcode, len(parameters)) + parameters


@dataclass(frozen=True, slots=True)
class SetParametersV2:
    """LE Set Periodic Advertising Parameters v2: how the train runs. Times are in their units of the standard."""

    OPCODE: ClassVar[int] = 0x2086
    handle: int
    interval: int
    subevents: int
    subevent_interval: int
    response_delay: int
    response_spacing: int
    response_slots: int
    properties: int = 0

    def __bytes__(self) -> bytes:
        return command(
            self.OPCODE,
            struct.pack(
                "<BHHHBBBBB",
                self.handle,
                self.interval,
                self.interval,
                self.properties,
                self.subevents,
                self.subevent_interval,
                self.response_delay,
                self.response_spacing,
                self.response_slots,
            ),
        )

    @classmethod
    def of(cls, timing: Timing, handle: int = 0) -> Self:
        """Return the parameters of a train."""
        return cls(
            handle,
            round(timing.interval_ms / _UNIT_MS),
            timing.groups,
            round(timing.subevent_ms / _UNIT_MS),
            round(timing.delay_ms / _UNIT_MS),
            round(timing.spacing_ms / _SPACING_UNIT_MS),
            timing.slots,
        )


@dataclass(frozen=True, slots=True)
class Subevent:
    """What is said in one subevent, and in how many slots answers may come."""

    number: int
    first_slot: int
    slots: int
    data: bytes

    def __bytes__(self) -> bytes:
        return bytes((self.number, self.first_slot, self.slots, len(self.data))) + self.data


@dataclass(frozen=True, slots=True)
class SetSubeventData:
    """LE Set Periodic Advertising Subevent Data."""

    OPCODE: ClassVar[int] = 0x2082
    handle: int
    subevents: tuple[Subevent, ...]

    def __bytes__(self) -> bytes:
        return command(self.OPCODE, bytes((self.handle, len(self.subevents))) + b"".join(map(bytes, self.subevents)))

    @classmethod
    def split(cls, handle: int, subevents: tuple[Subevent, ...]) -> tuple[Self, ...]:
        """Return as many commands as these subevents need: three full packets fill one."""
        found: list[Self] = []
        some: list[Subevent] = []
        room = MOST_PARAMETERS - 2
        for each in subevents:
            if len(bytes(each)) > room:
                found.append(cls(handle, tuple(some)))
                some, room = [], MOST_PARAMETERS - 2
            some.append(each)
            room -= len(bytes(each))
        return (*found, cls(handle, tuple(some))) if some else tuple(found)


@dataclass(frozen=True, slots=True)
class SetResponseData:
    """LE Set Periodic Advertising Response Data: what a label's controller answers."""

    OPCODE: ClassVar[int] = 0x2083
    sync_handle: int
    request_event: int
    request_subevent: int
    response_subevent: int
    slot: int
    data: bytes

    def __bytes__(self) -> bytes:
        head = struct.pack(
            "<HHBBBB",
            self.sync_handle,
            self.request_event,
            self.request_subevent,
            self.response_subevent,
            self.slot,
            len(self.data),
        )
        return command(self.OPCODE, head + self.data)


@dataclass(frozen=True, slots=True)
class SetSyncSubevents:
    """LE Set Periodic Sync Subevent: which subevents a label's controller listens to."""

    OPCODE: ClassVar[int] = 0x2084
    sync_handle: int
    subevents: tuple[int, ...]
    properties: int = 0

    def __bytes__(self) -> bytes:
        head = struct.pack("<HHB", self.sync_handle, self.properties, len(self.subevents))
        return command(self.OPCODE, head + bytes(self.subevents))


@dataclass(frozen=True, slots=True)
class CreateConnectionV2:
    """LE Extended Create Connection v2: connect to a label within its own subevent, on the 1M PHY."""

    OPCODE: ClassVar[int] = 0x2085
    handle: int
    subevent: int
    peer_address: bytes
    peer_is_random: bool = True
    own_is_random: bool = True
    scan: int = 0x0010
    interval: int = 0x0006
    latency: int = 0
    timeout: int = 0x00C8

    def __bytes__(self) -> bytes:
        head = struct.pack("<BBBBB", self.handle, self.subevent, 0, self.own_is_random, self.peer_is_random)
        phy = struct.pack(
            "<HHHHHHHH", self.scan, self.scan, self.interval, self.interval, self.latency, self.timeout, 0, 0
        )
        return command(self.OPCODE, head + self.peer_address + b"\x01" + phy)


@dataclass(frozen=True, slots=True)
class DataRequest:
    """LE Periodic Advertising Subevent Data Request: the controller wants to know what to say next."""

    SUBEVENT: ClassVar[int] = 0x27
    handle: int
    first: int
    count: int

    def __bytes__(self) -> bytes:
        return _meta(bytes((self.SUBEVENT, self.handle, self.first, self.count)))

    @classmethod
    def from_bytes(cls, parameters: bytes) -> Self:
        """`parameters` are the event's, its code first. Raises ValueError on another code or length."""
        if len(parameters) != 4 or parameters[0] != cls.SUBEVENT:
            raise ValueError(f"{parameters[:8].hex()!r} is no request for subevent data")
        return cls(*parameters[1:])


@dataclass(frozen=True, slots=True)
class Heard:
    """What came in one response slot; `data` is None where nothing was received."""

    slot: int
    data: bytes | None
    rssi_dbm: int = 127
    tx_power_dbm: int = 127


@dataclass(frozen=True, slots=True)
class ResponseReport:
    """LE Periodic Advertising Response Report."""

    SUBEVENT: ClassVar[int] = 0x28
    handle: int
    subevent: int
    was_sent: bool
    responses: tuple[Heard, ...]

    def __bytes__(self) -> bytes:
        head = bytes((self.SUBEVENT, self.handle, self.subevent, not self.was_sent, len(self.responses)))
        return _meta(head + b"".join(map(_response, self.responses)))

    @classmethod
    def from_bytes(cls, parameters: bytes) -> Self:
        """`parameters` are the event's, its code first. Raises ValueError on another code or a wrong length.

        Of a response that was received in part only its slot counts, as of one that was not.
        """
        if len(parameters) < 5 or parameters[0] != cls.SUBEVENT:
            raise ValueError(f"{parameters[:8].hex()!r} is no report of responses")
        _, handle, subevent, status, count = parameters[:5]
        responses, at = [], 5
        for _ in range(count):
            if len(parameters) < at + 6:
                raise ValueError(f"a report of {count} responses ends within one")
            power, rssi, _cte, slot, state, length = struct.unpack_from("<bbBBBB", parameters, at)
            data = parameters[at + 6 : at + 6 + length]
            if len(data) != length:
                raise ValueError(f"a report of {count} responses ends within one")
            responses.append(Heard(slot, data if state == 0 else None, rssi, power))
            at += 6 + length
        if at != len(parameters):
            raise ValueError(f"a report of {count} responses goes on after them")
        return cls(handle, subevent, status == 0, tuple(responses))


def _response(heard: Heard) -> bytes:
    data, state = (b"", NO_RESPONSE) if heard.data is None else (heard.data, 0)
    return struct.pack("<bbBBBB", heard.tx_power_dbm, heard.rssi_dbm, 0xFF, heard.slot, state, len(data)) + data


def _meta(parameters: bytes) -> bytes:
    return bytes((EVENT, LE_META, len(parameters))) + parameters
