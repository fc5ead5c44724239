"""A price book as a folder: a signed head and the blobs it points to, made from a list without any server.

    head.json        the signed manifest, as it would be published
    cloud.pub        the key that signed it: base64 of its 32 bytes, as devices keep it
    blobs/{sha256}   the edition, the table's snapshot, steps, deltas

`edge-agent pricebook apply` takes such a folder; so does the next `build`, as the book before.
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from cloud_broker.prices.book import MOST_DELTA
from cloud_broker.registry.authority import Signer
from firmware_specs.desired import Manifest, Row
from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook import snapshot
from firmware_specs.pricebook.book import NOTHING, Pricebook
from firmware_specs.pricebook.columns import BookError, columns_of
from firmware_specs.pricebook.delta import Delta
from firmware_specs.pricebook.edition import Blob, Edition, Planned, Step
from firmware_specs.pricebook.table import Table, table_bytes
from firmware_specs.rules.chunk_tree import chunk_hashes
from firmware_specs.rules.price_law import next_floor
from firmware_specs.signing import public_bytes, verify
from firmware_specs.wire import decode, encode


class FolderError(ValueError):
    """A folder that holds no price book; the text names what is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A price book that was read from a folder, its signature and hashes checked."""

    path: Path
    manifest: Manifest
    edition: Edition
    book: Pricebook


def read_folder(path: Path) -> Folder:
    """Return the newest book in a folder. Raises FolderError."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode((path / "cloud.pub").read_text("ascii"), validate=True))
        manifest = verify((path / "head.json").read_bytes(), Manifest, key)
        edition = decode(_blob(path, manifest.sha256), Edition, limit=None)
        table = Table(b"".join(snapshot.unpack_table(_blob(path, edition.snapshot.sha256))))
        delta = deltas.unpack(table, edition.table, _blob(path, edition.books[-1].delta.sha256))
    except (OSError, ValueError, IndexError) as exc:
        raise FolderError(f"{path}: {exc}") from exc
    return Folder(path, manifest, edition, Pricebook(table, delta))


def write_folder(
    path: Path,
    rows: Sequence[Row],
    signer: Signer,
    *,
    store: str,
    currency: str,
    effective_ms: int,
    made_ms: int,
    before: Folder | None = None,
) -> Folder:
    """Make a folder of these rows, as the book after `before`, and return it. Raises BookError.

    A price that differs from the one before carries its floor, as the price law asks; the table before is
    kept where a delta says enough.
    """
    version = 1 if before is None else before.manifest.version + 1
    floored = rows if before is None else [_floored(row, before.book) for row in rows]
    (path / "blobs").mkdir(parents=True, exist_ok=True)
    edition = _edition(path, floored, before, store=store, currency=currency, version=version, at_ms=effective_ms)
    blob = _keep(path, encode(edition))
    manifest = Manifest(
        matter="pricebook",
        store=store,
        version=version,
        sha256=blob.sha256,
        size=blob.size,
        media_type="application/json",
        effective_ms=effective_ms,
        made_ms=made_ms,
    )
    (path / "cloud.pub").write_text(b64encode(public_bytes(signer.public_key)).decode(), "ascii")
    (path / "head.json").write_bytes(signer.sign(manifest))
    return read_folder(path)


def differences(before: Pricebook, now: Pricebook) -> Iterator[tuple[Row | None, Row | None]]:
    """Yield each product that is not the same in two books, by GTIN, as it was and as it is."""
    for gtin in sorted({*before.differing(now), *now.differing(before)}):
        yield before.get(gtin), now.get(gtin)


def _edition(
    path: Path, rows: Sequence[Row], before: Folder | None, *, store: str, currency: str, version: int, at_ms: int
) -> Edition:
    if before is not None:
        old = before.book.table
        delta = deltas.pack(old, before.edition.table, _delta(old, rows))
        if len(delta) <= MOST_DELTA:
            wire = _blob(before.path, before.edition.snapshot.sha256)
            return Edition(
                store=store,
                version=version,
                currency=currency,
                table=before.edition.table,
                snapshot=_keep(path, wire),
                steps=[],
                books=[Planned(version=version, effective_ms=at_ms, delta=_keep(path, delta))],
            )
    columns = columns_of(rows)
    data = table_bytes(columns)
    sha256 = hashlib.sha256(data).hexdigest()
    steps = []
    if before is not None:
        steps = [Step(from_table=before.edition.table, to_table=sha256, delta=_keep(path, delta))]
    return Edition(
        store=store,
        version=version,
        currency=currency,
        table=sha256,
        snapshot=_keep(path, snapshot.pack(columns)),
        steps=steps,
        books=[
            Planned(version=version, effective_ms=at_ms, delta=_keep(path, deltas.pack(Table(data), sha256, NOTHING)))
        ],
    )


def _delta(table: Table, rows: Sequence[Row]) -> Delta:
    changed = tuple(row for row in rows if table.get(row.gtin) != row)
    return Delta.of(changed, frozenset(set(table) - {row.gtin for row in rows}))


def _floored(row: Row, before: Pricebook) -> Row:
    old = before.get(row.gtin)
    if old is None:
        return row
    floor = old.floor_minor if old.price_minor == row.price_minor else next_floor(old, proved=False)
    return replace(row, floor_minor=floor)


def _keep(path: Path, data: bytes) -> Blob:
    sha256 = hashlib.sha256(data).hexdigest()
    (path / "blobs" / sha256).write_bytes(data)
    return Blob(sha256=sha256, size=len(data), chunks=chunk_hashes(data))


def _blob(path: Path, sha256: str) -> bytes:
    data = (path / "blobs" / sha256).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise BookError(f"blob {sha256[:12]} has other bytes than its name says")
    return data
