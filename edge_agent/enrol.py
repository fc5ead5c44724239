"""Enrolment: redeems a claim for an identity; the folder holds all of it afterwards, or nothing."""

import base64
import json
import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from edge_agent.settings import SettingsError, parse_settings
from firmware_specs.kinds import kinds
from firmware_specs.signing import public_bytes

CONFIG = "agent.toml"


class EnrolError(Exception):
    """The device could not be enrolled; the text says why and what to do."""


class _Answer(msgspec.Struct, frozen=True):
    """What the cloud answers to `POST /enrol`."""

    device: str
    kind: str
    store: str
    certificate_pem: str
    ca_pem: str
    broker: str
    signing_key_b64: str
    cloud_url: str


def enrol(
    cloud: str,
    claim: str,
    folder: Path,
    *,
    virtual_world: str | None = None,
    http_port: int = 0,
    client: httpx.Client | None = None,
) -> Path:
    """Redeem a claim at the cloud and return the path of the new agent.toml.

    Raises EnrolError; the folder is then as it was before.
    """
    if (folder / CONFIG).exists():
        raise EnrolError(f"{folder / CONFIG} exists: this folder holds a device already, name another with --folder")
    key = ec.generate_private_key(ec.SECP256R1())
    release = Ed25519PrivateKey.generate()
    is_new = not folder.exists()
    stage = folder / f".enrol-{secrets.token_hex(4)}"
    try:
        # Before the claim is spent: a folder that cannot be written must not cost it.
        stage.mkdir(parents=True, mode=0o700)
        _write(stage / "device.key", _private_pem(key), mode=0o600)
        _write(stage / "release.key", _private_pem(release), mode=0o600)
        answer = _redeem(cloud, claim, key, release, client)
        if answer.kind != "gateway":
            (stage / "release.key").unlink()
        _write(stage / "device.pem", answer.certificate_pem.encode())
        _write(stage / "ca.pem", answer.ca_pem.encode())
        _write(stage / "signing.pub", answer.signing_key_b64.encode() + b"\n")
        _write(stage / CONFIG, _toml(answer, cloud, virtual_world, http_port).encode())
        _check(stage)
        # The TOML comes last: where it is, everything is.
        for file in sorted(stage.iterdir(), key=lambda file: file.name == CONFIG):
            os.replace(file, folder / file.name)
        stage.rmdir()
    except OSError as exc:
        raise EnrolError(f"{folder} cannot be written: {exc}") from exc
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if is_new and folder.exists() and not any(folder.iterdir()):
            folder.rmdir()
    return folder / CONFIG


def _redeem(
    cloud: str, claim: str, key: ec.EllipticCurvePrivateKey, release: Ed25519PrivateKey, client: httpx.Client | None
) -> _Answer:
    serial = f"{socket.gethostname()[:60]}-{secrets.token_hex(4)}"
    request = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "new-device")])
    )
    body = {
        "claim": claim.strip(),
        "csr_pem": request.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode(),
        "serial": serial,
        # Only the claim knows the kind; a device that is no gateway throws this key away.
        "release_key_b64": base64.b64encode(public_bytes(release.public_key())).decode(),
    }
    url = f"{cloud.rstrip('/')}/enrol"
    asking = client or httpx.Client(timeout=20)
    try:
        response = asking.post(url, json=body)
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        raise EnrolError(f"the cloud at {cloud} does not answer: {exc}") from exc
    finally:
        if client is None:
            asking.close()
    if response.status_code != 200:
        raise EnrolError(_refusal(response))
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise EnrolError(f"{url} answered something else than an enrolment: {exc}") from exc
    if answer.kind not in kinds():
        raise EnrolError(f"the claim is for a {answer.kind!r}, which this version does not know: update it first")
    return answer


def _refusal(response: httpx.Response) -> str:
    try:
        message = str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        message = response.text[:200]
    return f"the cloud refused ({response.status_code}): {message}"


def _check(stage: Path) -> None:
    try:
        parse_settings((stage / CONFIG).read_text("utf-8"), stage)
    except SettingsError as exc:
        raise EnrolError(f"the cloud's answer makes no usable {CONFIG}: {exc}") from exc


def _private_pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, data: bytes, mode: int = 0o644) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _toml(answer: _Answer, cloud: str, virtual_world: str | None, http_port: int) -> str:
    tables: dict[str, Mapping[str, Any]] = {
        "device": {"id": answer.device, "kind": answer.kind, "store": answer.store, "folder": "state"},
        "cloud": {"broker": answer.broker, "url": (answer.cloud_url or cloud).rstrip("/")},
        "http": {"host": "127.0.0.1", "port": http_port},
    }
    if virtual_world is not None:
        # Its neighbours are on this machine; a real device shares once somebody names its address in the store.
        tables["share"] = {"host": "127.0.0.1"}
        tables["virtual"] = {"world": virtual_world}
    kind_ = kinds()[answer.kind]
    # A real device has what its kind may have only where somebody says so.
    for name in (*kind_.drivers, *(kind_.may_have if virtual_world is not None else ())):
        kind = "virtual" if virtual_world is not None else REAL_DRIVERS.get(name)
        if kind is not None:
            tables[f"drivers.{name}"] = {"type": kind}
            if (name, kind) == ("scale", "virtual"):
                # As a scale that is verified for trade, so that goods are sold by what it weighs.
                tables["drivers.scale"] = {"type": kind, "division_g": 5.0}
    lines = [f"# {answer.device}, enrolled into store {answer.store}; its keys lie beside this file."]
    for table, values in tables.items():
        lines += ["", f"[{table}]"]
        # A JSON string or number is a TOML one too.
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


REAL_DRIVERS = {"beacons": "ble", "camera": "v4l2", "speaker": "alsa"}
"""What a device without a virtual world has; label radios come with their own settings."""
