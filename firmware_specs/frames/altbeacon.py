"""AltBeacon advertisements (AltBeacon Protocol Specification 1.0)."""

import struct
from dataclasses import dataclass
from typing import Self

BEACON_CODE = 0xBEAC

_LAYOUT = struct.Struct(">H20sbB")


@dataclass(frozen=True, slots=True)
class AltBeacon:
    """What follows the company identifier, any manufacturer's, in an AltBeacon's manufacturer data, 24 bytes.

    `beacon_id` is 20 bytes, of which the first 16 name an organisation by the standard's advice;
    `power_1m_dbm` is the received strength at one metre. Raises ValueError on values that no frame holds.
    """

    beacon_id: bytes
    power_1m_dbm: int
    reserved: int = 0

    def __post_init__(self) -> None:
        if len(self.beacon_id) != 20:
            raise ValueError(f"AltBeacon identifier of {len(self.beacon_id)} bytes: 20 are needed")
        if not -127 <= self.power_1m_dbm <= 0:
            raise ValueError(f"AltBeacon power {self.power_1m_dbm} dBm: -127 to 0 are allowed")
        if not 0 <= self.reserved <= 0xFF:
            raise ValueError(f"AltBeacon reserved value {self.reserved}: 0 to 255 are allowed")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the frame in manufacturer data without its company identifier.

        Raises ValueError on wrong length, wrong beacon code or a power out of range.
        """
        if len(data) != _LAYOUT.size:
            raise ValueError(f"AltBeacon of {len(data)} bytes: {_LAYOUT.size} are needed")
        code, beacon_id, power, reserved = _LAYOUT.unpack(data)
        if code != BEACON_CODE:
            raise ValueError(f"AltBeacon code {code:04x}: {BEACON_CODE:04x} is needed")
        return cls(beacon_id, power, reserved)

    def __bytes__(self) -> bytes:
        return _LAYOUT.pack(BEACON_CODE, self.beacon_id, self.power_1m_dbm, self.reserved)
