"""Encrypted Advertising Data, as the ESL Profile uses it on periodic advertising (Core Supplement part A, 1.23).

    AD structure: length · 0x31 · randomizer (5 bytes) · AES-CCM of the inner AD structure · MIC (4 bytes)
    inner AD structure: length · 0x34 (Electronic Shelf Label) · payload of 1 to 48 bytes

The nonce is randomizer and IV, the additional data the one byte 0xEA. A pair of key and randomizer must never
seal two payloads: a counter whose next value is on disk before it is used is the way to that.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

AD_ENCRYPTED: Final = 0x31
AD_ESL: Final = 0x34
MOST_PAYLOAD: Final = 48
RANDOMIZER_BYTES: Final = 5
MIC_BYTES: Final = 4
OVERHEAD: Final = 2 + RANDOMIZER_BYTES + 2 + MIC_BYTES
"""Bytes that a payload grows by."""

_ADDITIONAL: Final = b"\xea"
_DIRECTION: Final = 1 << 39


class SealError(ValueError):
    """Bytes that are no sealed payload, or that another key or hand sealed."""


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """A session key of 16 bytes and an IV of 8, as the AP Sync Key and Response Key characteristics carry them."""

    session_key: bytes
    iv: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises ValueError on other than 24 bytes. The characteristic has the key's least significant byte first."""
        if len(data) != 24:
            raise ValueError(f"key material of {len(data)} bytes, expected 24")
        return cls(data[15::-1], data[16:])

    def __bytes__(self) -> bytes:
        return self.session_key[::-1] + self.iv


def randomizer(count: int, *, is_response: bool) -> bytes:
    """Return the randomizer of a counter's value; labels and access point never draw the same.

    Raises ValueError when the counter is used up: then the key must be changed.
    """
    if not 0 <= count < _DIRECTION:
        raise ValueError(f"randomizer {count}: all 2^39 of this key are used, change the key")
    return (count | (_DIRECTION if is_response else 0)).to_bytes(RANDOMIZER_BYTES, "little")


def seal(key: KeyMaterial, payload: bytes, drawn: bytes) -> bytes:
    """Return a payload sealed as an AD structure. Raises ValueError for one that does not fit."""
    if not 1 <= len(payload) <= MOST_PAYLOAD:
        raise ValueError(f"an ESL payload of {len(payload)} bytes, expected 1 to {MOST_PAYLOAD}")
    inner = bytes((len(payload) + 1, AD_ESL)) + payload
    sealed = drawn + _cipher(key.session_key).encrypt(drawn + key.iv, inner, _ADDITIONAL)
    return bytes((len(sealed) + 1, AD_ENCRYPTED)) + sealed


def unseal(key: KeyMaterial, data: bytes) -> bytes:
    """Return the payload in an AD structure. Raises SealError."""
    if not OVERHEAD < len(data) <= OVERHEAD + MOST_PAYLOAD or data[0] != len(data) - 1 or data[1] != AD_ENCRYPTED:
        raise SealError(f"{data[:20].hex()!r} is no encrypted ESL payload")
    drawn, sealed = data[2 : 2 + RANDOMIZER_BYTES], data[2 + RANDOMIZER_BYTES :]
    try:
        inner = _cipher(key.session_key).decrypt(drawn + key.iv, sealed, _ADDITIONAL)
    except InvalidTag as exc:
        raise SealError("the payload was not sealed with this key") from exc
    if inner[0] != len(inner) - 1 or inner[1] != AD_ESL:
        raise SealError(f"what was sealed is no ESL payload: {inner[:20].hex()!r}")
    return inner[2:]


@lru_cache(maxsize=16_384)
def _cipher(session_key: bytes) -> AESCCM:
    return AESCCM(session_key, tag_length=MIC_BYTES)
