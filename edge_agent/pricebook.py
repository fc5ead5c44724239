"""`edge-agent pricebook …`: a signed book from a folder onto this machine's disk, and prices out of it.

The same shelf that a cart or till keeps: what `apply` leaves behind is what they would find after a restart.
"""

import hashlib
import json
import logging
import sys
import time
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge_agent.app import BlobUnavailableError, Held, MatterRefusedError
from edge_agent.durable import read_durable, write_durably
from edge_agent.roles.books.opened import Opened
from edge_agent.roles.books.shelf import BookShelf
from firmware_specs.desired import Manifest
from firmware_specs.gtin import GtinError, normal
from firmware_specs.rules.price_law import charge
from firmware_specs.signing import SignatureError, verify
from firmware_specs.wire import WireError

_KEY = "cloud.pub"


class PricebookError(Exception):
    """What was asked cannot be done; the text names the thing and the remedy."""


@dataclass(frozen=True, slots=True)
class _Folder:
    """What a shelf needs of its device: where it stands, the time, and the blobs of a book's folder."""

    folder: Path
    source: Path

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def blob(self, sha256: str) -> bytes | None:
        path = self.source / "blobs" / sha256
        data = path.read_bytes() if path.is_file() else None
        if data is not None and hashlib.sha256(data).hexdigest() != sha256:
            raise PricebookError(f"{path}: its bytes have another hash than its name says; fetch it again")
        return data

    async def fetch(self, sha256: str, size: int, chunks: Sequence[str] = ()) -> bytes:
        data = self.blob(sha256)
        if data is None:
            raise BlobUnavailableError(f"{self.source / 'blobs' / sha256} is not there")
        return data


def run(deed: str, into: Path, source: Path | None, gtins: Sequence[str]) -> int:
    """Run `apply` or `lookup`; return the exit status: 1 where a product is unknown, 2 where nothing could be done."""
    logging.getLogger("edge_agent").setLevel(logging.WARNING)
    try:
        if deed == "apply":
            assert source is not None
            _print(anyio.run(_apply, into, source))
            return 0
        return _lookup(into, gtins)
    except (PricebookError, MatterRefusedError, BlobUnavailableError, SignatureError, WireError, OSError) as exc:
        print(f"edge-agent: {exc}", file=sys.stderr)
        return 2


async def _apply(into: Path, source: Path) -> dict[str, Any]:
    began = time.perf_counter()
    envelope, key = (source / "head.json").read_bytes(), _key(into, source)
    manifest = verify(envelope, Manifest, key)
    place = _Folder(into, source)
    blob = place.blob(manifest.sha256)
    if blob is None:
        raise PricebookError(f"{source}: the edition {manifest.sha256[:12]} that its head names is not there")
    held = Held(manifest, blob)
    shelf = BookShelf(place)
    shelf.switch()
    if shelf.newest is not None and shelf.newest.version > manifest.version:
        raise PricebookError(f"book {manifest.version} is older than book {shelf.newest.version}, which stays")
    await shelf.prepare(held)
    shelf.take(held)
    shelf.switch()
    shelf.forget_before()
    if shelf.newest is None or shelf.newest.version != manifest.version:
        raise PricebookError(f"book {manifest.version} could not be written: is the disk below {into} full?")
    in_force = shelf.in_force
    return {
        "version": manifest.version,
        "in_force": None if in_force is None else in_force.version,
        "rows": len(shelf.newest.rows),
        "took_ms": round((time.perf_counter() - began) * 1000, 1),
    }


def _key(into: Path, source: Path) -> Ed25519PublicKey:
    """Return the cloud's key: the one that was learnt with the first book, and no other later."""
    known, found = read_durable(into / _KEY), (source / _KEY).read_bytes()
    if known is not None and known != found:
        raise PricebookError(f"{source} is signed by another key than the one learnt with the first book: not taken")
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(found, validate=True))
    except ValueError as exc:
        raise PricebookError(f"{source / _KEY}: expected base64 of 32 bytes: {exc}") from exc
    if known is None:
        write_durably(into / _KEY, found)
    return key


def _lookup(into: Path, gtins: Sequence[str]) -> int:
    if not (into / "books").is_dir():
        raise PricebookError(f"{into} holds no price book: apply one first")
    shelf = BookShelf(_Folder(into, into))
    shelf.switch()
    if shelf.in_force is None:
        raise PricebookError(f"{into} holds no price book that counts yet: apply one first")
    known = True
    for gtin in gtins:
        found = _found(shelf.in_force, gtin)
        known = known and "error" not in found
        _print(found)
    return 0 if known else 1


def _found(book: Opened, gtin: str) -> dict[str, Any]:
    try:
        row = book.rows.get(normal(gtin))
    except GtinError as exc:
        return {"asked": gtin, "error": str(exc)}
    if row is None:
        return {"asked": gtin, "error": f"not in book {book.version}"}
    charged = charge(row, None, 0, book_version=book.version)
    said: dict[str, Any] = msgspec.to_builtins(row)
    return {
        "asked": gtin,
        **said,
        "unit_price_minor": row.unit_price_minor,
        "currency": book.currency,
        "charge_minor": charged.price_minor,
        "reason": charged.reason,
        "book_version": book.version,
    }


def _print(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)
