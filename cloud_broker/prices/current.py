"""A store's books as the cloud reads them: the same tables and deltas that devices hold, mapped, not copied."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.tables import books, price_tables
from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook.book import Pricebook

MOST_KEPT = 16


@dataclass(frozen=True, slots=True)
class Library:
    """Opens books; a few stay open."""

    publisher: Publisher
    _kept: dict[tuple[str, str], Pricebook] = field(default_factory=dict)

    def current(self, connection: Connection, store: str, at_ms: int) -> Pricebook:
        """Return the book that counts at an instant. Raises UnknownError for a store without one."""
        row = connection.execute(
            select(books)
            .where(books.c.store == store, books.c.effective_ms <= at_ms)
            .order_by(books.c.version.desc())
            .limit(1)
        ).first()
        if row is None:
            raise UnknownError(f"store {store} has no price book")
        return self._open(connection, row)

    def version(self, connection: Connection, store: str, version: int) -> Pricebook:
        """Return a book by its version. Raises UnknownError."""
        row = connection.execute(select(books).where(books.c.store == store, books.c.version == version)).first()
        if row is None:
            raise UnknownError(f"store {store} has no price book {version}")
        return self._open(connection, row)

    def _open(self, connection: Connection, row: Row[Any]) -> Pricebook:
        key = (row.table_sha256, row.delta_sha256)
        if key not in self._kept:
            snapshot = connection.execute(
                select(price_tables.c.snapshot_sha256).where(price_tables.c.sha256 == row.table_sha256).limit(1)
            ).scalar_one()
            table = self.publisher.tables.get(row.table_sha256, snapshot)
            delta = deltas.unpack(table, row.table_sha256, self.publisher.blobs.get(row.delta_sha256))
            while len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[key] = Pricebook(table, delta)
        return self._kept[key]
