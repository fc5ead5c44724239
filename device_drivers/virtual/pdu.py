"""Legacy advertising PDUs as they go through the air (Bluetooth Core 6.0, Vol 6, Part B, 2.3)."""

from dataclasses import dataclass
from typing import Self

ADV_IND = 0b0000
ADV_NONCONN_IND = 0b0010
ADV_SCAN_IND = 0b0110
_KINDS = (ADV_IND, ADV_NONCONN_IND, ADV_SCAN_IND)
_TX_ADD = 0x40
_MOST_DATA_BYTES = 31


@dataclass(frozen=True, slots=True)
class AdvertisingPdu:
    """An undirected legacy advertisement.

    `address` has 6 bytes, least significant first; `data` holds at most 31 bytes of AD structures.
    Raises ValueError on values that no PDU holds.
    """

    kind: int
    is_random: bool
    address: bytes
    data: bytes

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"advertising PDU of type {self.kind}: one of {_KINDS} is needed")
        if len(self.address) != 6:
            raise ValueError(f"advertiser address of {len(self.address)} bytes: 6 are needed")
        if len(self.data) > _MOST_DATA_BYTES:
            raise ValueError(f"advertising data of {len(self.data)} bytes: at most {_MOST_DATA_BYTES} are allowed")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the PDU, header included, access address and CRC left out; raises ValueError on anything else."""
        if len(data) < 8 or data[1] != len(data) - 2:
            raise ValueError(f"advertising PDU of {len(data)} bytes does not have the length that it states")
        return cls(data[0] & 0x0F, bool(data[0] & _TX_ADD), data[2:8], data[8:])

    def __bytes__(self) -> bytes:
        header = self.kind | (_TX_ADD if self.is_random else 0)
        return bytes([header, len(self.address) + len(self.data)]) + self.address + self.data
