"""What travels in the subevents of Periodic Advertising with Responses, and how long it takes on the air.

An access point's packet is the group's number and command TLVs; a label answers with response TLVs in the slot
whose number is the place of its TLV among all of the packet, broadcast ones counted (ESL Profile 1.0, 5.3.1.4).
Times are those of Core 5.4, volume 6 part B, 2.1 and 4.4.2.5.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Self

from firmware_specs.frames.ead import MOST_PAYLOAD, OVERHEAD

T_IFS_US: Final = 150
MOST_GROUPS: Final = 128
MOST_IN_GROUP: Final = 255

_EXTENDED_HEADER: Final = 2
_SHORTEST_MS: Final = 7.5
_STEP_MS: Final = 1.25


class Phy(Enum):
    """The uncoded PHYs: bytes of preamble, and microseconds for a byte."""

    LE_1M = (1, 8)
    LE_2M = (2, 4)

    def packet_us(self, pdu_bytes: int) -> int:
        """Return the airtime of a packet: preamble, access address, header, payload, CRC."""
        preamble, byte_us = self.value
        return (preamble + 4 + 2 + pdu_bytes + 3) * byte_us

    def payload_us(self, payload_bytes: int) -> int:
        """Return the airtime of an encrypted ESL payload, or of an empty packet for 0."""
        return self.packet_us(_EXTENDED_HEADER + (payload_bytes + OVERHEAD if payload_bytes else 0))


@dataclass(frozen=True, slots=True)
class Timing:
    """How a subevent is divided.

    Args:
        phy: of packets and responses.
        delay_ms: from the packet to the first response slot; a label reads, obeys and answers within it.
        spacing_ms: from slot to slot.
        slots: response slots of a subevent.
        groups: subevents of an interval, one for each group of labels.

    Raises ValueError for what the controller would refuse (HCI LE Set Periodic Advertising Parameters v2).
    """

    phy: Phy = Phy.LE_1M
    delay_ms: float = 10.0
    spacing_ms: float = 0.5
    slots: int = 5
    groups: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.groups <= MOST_GROUPS:
            raise ValueError(f"{self.groups} groups, expected 1 to {MOST_GROUPS}")
        if not 1.25 <= self.delay_ms <= 317.5 or self.delay_ms % _STEP_MS:
            raise ValueError(f"a response delay of {self.delay_ms} ms, expected a multiple of 1.25 up to 317.5")
        shortest = (self.phy.payload_us(3) + T_IFS_US) / 1000
        if not shortest <= self.spacing_ms <= 31.875 or self.spacing_ms % 0.125:
            raise ValueError(f"slots {self.spacing_ms} ms apart, expected a multiple of 0.125 from {shortest:.3f} on")
        if not 1 <= self.slots <= MOST_IN_GROUP:
            raise ValueError(f"{self.slots} response slots, expected 1 to {MOST_IN_GROUP}")

    @property
    def subevent_ms(self) -> float:
        """How long a subevent takes."""
        need = max(_SHORTEST_MS, self.delay_ms + self.slots * self.spacing_ms)
        return math.ceil(need / _STEP_MS) * _STEP_MS

    @property
    def interval_ms(self) -> float:
        """How often each group is spoken to."""
        return self.groups * self.subevent_ms

    def per_packet(self, command_bytes: int, beside: int = 0) -> int:
        """Return how many commands of a size a packet carries and its slots can answer, beside a broadcast one."""
        return min(self.slots - bool(beside), (MOST_PAYLOAD - 1 - beside) // command_bytes)

    def shortest_s(self, labels: int, command_bytes: int, beside: int = 0) -> float:
        """Return the least time in which so many labels can be told one command each, without loss, in seconds."""
        packets = math.ceil(math.ceil(labels / self.groups) / self.per_packet(command_bytes, beside))
        return packets * self.interval_ms / 1000


@dataclass(frozen=True, slots=True)
class Packet:
    """What an access point says to one group in one subevent."""

    group: int
    commands: tuple[bytes, ...]

    def __bytes__(self) -> bytes:
        return bytes((self.group,)) + b"".join(self.commands)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on bytes that are no packet."""
        if not data or data[0] >= MOST_GROUPS:
            raise ValueError(f"{data[:20].hex()!r} names no group")
        return cls(data[0], split(data[1:]))

    def slot_of(self, esl_id: int) -> int | None:
        """Return the response slot of a label: the place of the last TLV for it; None when there is none."""
        places = [place for place, command in enumerate(self.commands) if command[1] == esl_id]
        return places[-1] if places else None


def split(data: bytes) -> tuple[bytes, ...]:
    """Return the TLVs of a payload. Raises ValueError where one is cut off."""
    found, at = [], 0
    while at < len(data):
        end = at + (data[at] >> 4) + 2
        if end > len(data):
            raise ValueError(f"a TLV of {end - at} bytes is cut off after {len(data) - at}")
        found.append(data[at:end])
        at = end
    return tuple(found)


def fits(commands: Sequence[bytes]) -> bool:
    """Return whether commands fit into one packet."""
    return 1 + sum(len(command) for command in commands) <= MOST_PAYLOAD
