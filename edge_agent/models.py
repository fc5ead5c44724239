"""`edge-agent models`: which models are here, whose they are, whether they are what their manifests say, and signed.

A signature is a file `NAME.sig` beside the manifest: its message in a DSSE envelope. Models that come with the package
are pinned by it and carry none; a folder of others is verified against the public key of who vouches for them.
"""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TextIO

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from firmware_specs.models import ModelError, check_signature
from firmware_specs.signing import key_id, sign
from vision.runtime import Found, found_in


def run(deed: str, folder: Path, out: TextIO, *, as_json: bool, key: Path | None = None) -> int:
    """List, verify or sign the models of a folder; return 1 when one of them cannot be used, 2 for no folder or key.

    Args:
        key: a PEM file: to verify, the public key that every model has to be signed by; to sign, the private one.
    """
    try:
        work = _work(deed, key)
        found = found_in(folder)
    except ModelError as exc:
        print(f"edge-agent: {exc}", file=sys.stderr)
        return 2
    if not found:
        print(f"edge-agent: no manifest in {folder}: a model is NAME.onnx with NAME.json beside it", file=sys.stderr)
        return 2
    sound = True
    for one in found:
        line = work(one)
        sound &= "error" not in line
        print(json.dumps(line, ensure_ascii=False) if as_json else _told(line), file=out)
    return 0 if sound else 1


def _listed(one: Found) -> dict[str, Any]:
    if one.manifest is None:
        return {"file": str(one.path), "error": one.error}
    about = msgspec.to_builtins(one.manifest)
    del about["labels"]
    return {"file": str(one.path), **about, "classes": len(one.manifest.labels)}


def _work(deed: str, key: Path | None) -> Callable[[Found], dict[str, Any]]:
    if deed == "list":
        return _listed
    if deed == "sign":
        if key is None:
            raise ModelError("--key: name the PEM file of an Ed25519 private key to sign with")
        private = _loaded(key, lambda data: load_pem_private_key(data, None))
        if not isinstance(private, Ed25519PrivateKey):
            raise ModelError(f"{key} is no Ed25519 private key")
        return partial(_signed, private)
    public = None if key is None else _loaded(key, load_pem_public_key)
    if public is not None and not isinstance(public, Ed25519PublicKey):
        raise ModelError(f"{key} is no Ed25519 public key")
    return partial(_verified, public)


def _loaded(path: Path, load: Callable[[bytes], object]) -> object:
    try:
        return load(path.read_bytes())
    except OSError as exc:
        raise ModelError(f"{path} cannot be read: {exc.strerror}") from exc
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise ModelError(f"{path} is no key in PEM: {exc}") from exc


def _verified(key: Ed25519PublicKey | None, one: Found) -> dict[str, Any]:
    try:
        manifest = one.open().manifest
        if key is not None:
            check_signature(manifest, _signature(one), key)
    except ModelError as exc:
        return {"file": str(one.path), "error": str(exc)}
    told = {"file": str(one.path), "name": manifest.name, "version": manifest.version, "sha256": manifest.sha256}
    return told if key is None else told | {"signed_by": key_id(key)}


def _signed(key: Ed25519PrivateKey, one: Found) -> dict[str, Any]:
    try:
        manifest = one.open().manifest
        path = one.path.with_suffix(".sig")
        path.write_bytes(sign(manifest, key))
    except ModelError as exc:
        return {"file": str(one.path), "error": str(exc)}
    except OSError as exc:
        return {"file": str(one.path), "error": f"{path} cannot be written: {exc.strerror}"}
    signed_by = key_id(key.public_key())
    return {"file": str(path), "name": manifest.name, "version": manifest.version, "signed_by": signed_by}


def _signature(one: Found) -> bytes:
    path = one.path.with_suffix(".sig")
    try:
        return path.read_bytes()
    except OSError as exc:
        raise ModelError(f"{path} cannot be read, so nobody vouches for this model: {exc.strerror}") from exc


def _told(line: dict[str, Any]) -> str:
    if "error" in line:
        return f"{line['file']}: {line['error']}"
    told = f"{line['name']} {line['version']}"
    if "task" not in line:
        by = f", signed by {line['signed_by']}" if "signed_by" in line else ""
        return f"{told}: hash, input and outputs are as its manifest says{by}"
    figures = "".join(f"\n  {one['what']}: {one['value']} ({one['sample']})" for one in line["measured"])
    about = f"{line['task']}, {line['classes']} classes, {line['precision']}, {line['size'] / 1e6:.1f} MB"
    return f"{told}: {about}\n  weights {line['source']}; {line['licence']}\n  pictures {line['data']}{figures}"
