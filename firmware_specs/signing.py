"""Signed messages: DSSE envelopes (Dead Simple Signing Envelope 1.0) with Ed25519 (RFC 8032).

The signature covers the exact bytes that were sent, so a reader never has to encode anything again,
and a message keeps its signature through versions that add keys.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import Struct

from firmware_specs.wire import WireError, decode, encode

T = TypeVar("T", bound=Struct)


class SignatureError(ValueError):
    """A signed message that nobody trusted has signed, or whose bytes were changed."""


class Signature(Struct, frozen=True):
    """One signature of an envelope."""

    keyid: str
    sig: bytes


class Envelope(Struct, frozen=True, rename={"payload_type": "payloadType"}, omit_defaults=True):
    """A DSSE envelope; `payload` and `sig` are base64 in JSON."""

    payload_type: str
    payload: bytes
    signatures: list[Signature]
    attached: list[bytes] = []
    """Blobs that ride along to save a request; not signed, so whoever takes one goes by its hash."""


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """Return the 32 raw bytes of a public key."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def key_id(key: Ed25519PublicKey) -> str:
    """Return the first 16 hex digits of the SHA-256 of the raw public key."""
    return hashlib.sha256(public_bytes(key)).hexdigest()[:16]


def payload_type(of: type[Struct]) -> str:
    """Return the media type that names a signed message of class `of`."""
    return f"application/vnd.aisle.{of.__name__.lower()}+json"


def _pae(kind: str, payload: bytes) -> bytes:
    # DSSE 1.0 pre-authentication encoding.
    name = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(payload), payload)


def sign(message: Struct, key: Ed25519PrivateKey, attached: Sequence[bytes] = ()) -> bytes:
    """Return the message in a signed envelope, as JSON bytes, with the blobs that ride along."""
    payload = encode(message)
    kind = payload_type(type(message))
    signature = Signature(key_id(key.public_key()), key.sign(_pae(kind, payload)))
    return encode(Envelope(kind, payload, [signature], list(attached)))


def attached(data: bytes) -> tuple[bytes, ...]:
    """Return the blobs that ride along with a signed message. Raises WireError on malformed bytes."""
    return tuple(decode(data, Envelope).attached)


def verify(data: bytes, of: type[T], trusted: Ed25519PublicKey) -> T:
    """Return the message inside a signed envelope.

    Raises WireError on malformed bytes, SignatureError when `trusted` did not sign these bytes as this kind.
    """
    envelope = decode(data, Envelope)
    if envelope.payload_type != payload_type(of):
        raise SignatureError(f"signed as {envelope.payload_type[:80]!r}, expected {payload_type(of)!r}")
    wanted = key_id(trusted)
    for signature in envelope.signatures:
        if signature.keyid != wanted:
            continue
        try:
            trusted.verify(signature.sig, _pae(envelope.payload_type, envelope.payload))
        except InvalidSignature as exc:
            raise SignatureError(f"the signature of key {wanted} does not match the bytes") from exc
        return decode(envelope.payload, of)
    raise SignatureError(f"not signed by key {wanted}")


__all__ = [
    "Envelope",
    "SignatureError",
    "WireError",
    "attached",
    "key_id",
    "payload_type",
    "public_bytes",
    "sign",
    "verify",
]
