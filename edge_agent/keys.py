"""The keys of a device, from the files that enrolment wrote."""

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge_agent.settings import Settings, SettingsError


def signing_key(settings: Settings) -> Ed25519PublicKey:
    """Return the cloud's public key; raises SettingsError when it cannot be read."""
    path = settings.keys.signing_key
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(path.read_text("ascii").strip(), validate=True))
    except (OSError, ValueError, binascii.Error) as exc:
        raise SettingsError(
            f"keys.signing_key: expected {path} with base64 of 32 bytes, as `edge-agent enrol` writes it: {exc}"
        ) from exc


def release_key(settings: Settings) -> Ed25519PrivateKey | None:
    """Return a gateway's own key, None for other kinds; raises SettingsError when it cannot be read."""
    if settings.device.kind != "gateway":
        return None
    path = settings.keys.release_key
    try:
        key = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("it is a key of another kind")
    except (OSError, ValueError, TypeError) as exc:
        raise SettingsError(
            f"keys.release_key: expected {path} with an Ed25519 key in PEM, as `edge-agent enrol` writes it: {exc}"
        ) from exc
    return key


def check_tls(settings: Settings) -> None:
    """Raise SettingsError when the device's certificate or key is not there."""
    for name in ("ca", "cert", "key"):
        path = getattr(settings.keys, name)
        if settings.cloud.tls and not path.is_file():
            raise SettingsError(f"keys.{name}: expected a PEM file at {path}, as `edge-agent enrol` writes it")
