"""A price book as a test writes it, row by row, and the edition and blobs that it travels as.

held("pricebook", Book(store="demo", version=1, currency="CNY", effective_ms=0, rows=[milk]))
"""

import hashlib

from msgspec import Struct

from cloud_broker.registry.desired import Publisher
from edge_agent.roles.books.opened import Opened, opened
from firmware_specs.desired import Row
from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook import snapshot
from firmware_specs.pricebook.book import NOTHING, Pricebook
from firmware_specs.pricebook.columns import columns_of
from firmware_specs.pricebook.edition import Blob, Edition, Planned
from firmware_specs.pricebook.table import Table, table_bytes

BLOBS: dict[str, bytes] = {}
"""Every blob that a test's books travel as, by its hash: what fakes find in their caches."""


class Book(Struct, frozen=True, kw_only=True):
    """A whole book; each is a table of its own with nothing changed."""

    store: str
    version: int
    currency: str
    effective_ms: int
    rows: list[Row]


def kept(data: bytes) -> Blob:
    """Put bytes where fakes find them."""
    sha256 = hashlib.sha256(data).hexdigest()
    BLOBS[sha256] = data
    return Blob(sha256=sha256, size=len(data))


def edition_of(book: Book) -> Edition:
    """Return the edition that names a book alone."""
    columns = columns_of(book.rows)
    data = table_bytes(columns)
    sha256 = hashlib.sha256(data).hexdigest()
    delta = kept(deltas.pack(Table(data), sha256, NOTHING))
    return Edition(
        store=book.store,
        version=book.version,
        currency=book.currency,
        table=sha256,
        snapshot=kept(snapshot.pack(columns)),
        steps=[],
        books=[Planned(version=book.version, effective_ms=book.effective_ms, delta=delta)],
    )


def open_book(book: Book) -> Opened:
    """Return a book ready to be asked."""
    return opened(book.version, book.currency, book.effective_ms, "0" * 64, Pricebook.of(book.rows))


def published(publisher: Publisher, edition: Edition, version: int | None = None) -> Book:
    """Return a book of an edition as the cloud has published it; the last one when no version is given."""
    planned = next(each for each in edition.books if each.version == (version or edition.version))
    table = publisher.tables.get(edition.table, edition.snapshot.sha256)
    delta = deltas.unpack(table, edition.table, publisher.blobs.get(planned.delta.sha256))
    rows = list(Pricebook(table, delta).rows())
    return Book(
        store=edition.store,
        version=planned.version,
        currency=edition.currency,
        effective_ms=planned.effective_ms,
        rows=rows,
    )
