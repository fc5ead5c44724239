"""What a label is given when it is associated with an access point (ESL Profile 1.0, 5.3.1.2)."""

from dataclasses import dataclass
from typing import Self

from firmware_specs.frames.ead import KeyMaterial
from firmware_specs.frames.esl import BROADCAST
from firmware_specs.frames.pawr import MOST_GROUPS


@dataclass(frozen=True, slots=True)
class Association:
    """Address and keys, as the first three characteristics of the ESL Service carry them."""

    group: int
    esl_id: int
    sync_key: KeyMaterial
    response_key: KeyMaterial

    def __bytes__(self) -> bytes:
        address = (self.group << 8 | self.esl_id).to_bytes(2, "little")
        return address + bytes(self.sync_key) + bytes(self.response_key)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on another length or an address that no label has."""
        address = int.from_bytes(data[:2], "little")
        if len(data) != 50 or address >> 8 >= MOST_GROUPS or address & 0xFF == BROADCAST:
            raise ValueError(f"{data[:4].hex()!r} begins no association")
        keys = KeyMaterial.from_bytes(data[2:26]), KeyMaterial.from_bytes(data[26:])
        return cls(address >> 8, address & 0xFF, *keys)
