"""iBeacon advertisements (Apple, Proximity Beacon Specification R1, 2015)."""

import struct
from dataclasses import dataclass
from typing import Self
from uuid import UUID

COMPANY_ID = 0x004C
"""Apple's company identifier, under which an iBeacon's manufacturer data stands."""

_LAYOUT = struct.Struct(">BB16sHHb")
_TYPE = 0x02
_REMAINING = 0x15


@dataclass(frozen=True, slots=True)
class IBeacon:
    """What follows the company identifier in an iBeacon's manufacturer data, 23 bytes.

    `power_1m_dbm` is the received strength at one metre. Raises ValueError on values that no frame holds.
    """

    uuid: UUID
    major: int
    minor: int
    power_1m_dbm: int

    def __post_init__(self) -> None:
        for name, value in (("major", self.major), ("minor", self.minor)):
            if not 0 <= value <= 0xFFFF:
                raise ValueError(f"iBeacon {name} {value}: 0 to 65535 are allowed")
        if not -128 <= self.power_1m_dbm <= 127:
            raise ValueError(f"iBeacon power {self.power_1m_dbm} dBm: -128 to 127 are allowed")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the frame in manufacturer data without its company identifier.

        Raises ValueError on wrong length or prefix.
        """
        if len(data) != _LAYOUT.size:
            raise ValueError(f"iBeacon of {len(data)} bytes: {_LAYOUT.size} are needed")
        kind, remaining, uuid, major, minor, power = _LAYOUT.unpack(data)
        if (kind, remaining) != (_TYPE, _REMAINING):
            raise ValueError(f"iBeacon starts with {data[:2].hex()}: {_TYPE:02x}{_REMAINING:02x} is needed")
        return cls(UUID(bytes=uuid), major, minor, power)

    def __bytes__(self) -> bytes:
        return _LAYOUT.pack(_TYPE, _REMAINING, self.uuid.bytes, self.major, self.minor, self.power_1m_dbm)
