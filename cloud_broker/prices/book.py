"""The books of a store, made from its products: the one that counts now, and one for each instant of a plan.

Every book is a delta from the store's table; when deltas grow past `MOST_DELTA`, the newest book becomes the
next table, which devices make themselves from the step between.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from cloud_broker.clock import now_ms
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import find_store
from cloud_broker.state.tables import books, changes, price_tables, products
from firmware_specs import desired
from firmware_specs.desired import Manifest
from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook import snapshot
from firmware_specs.pricebook.columns import Columns, columns_of
from firmware_specs.pricebook.delta import Delta
from firmware_specs.pricebook.edition import Blob, Edition, Planned, Step
from firmware_specs.pricebook.merge import merge
from firmware_specs.pricebook.table import table_bytes
from firmware_specs.rules.chunk_tree import chunk_hashes
from firmware_specs.rules.price_law import next_floor
from firmware_specs.wire import encode

MATTER = "pricebook"
MOST_DELTA = 48 * 1024
"""A delta up to this size rides along with the head of its edition."""

MOST_STEPS = 7
"""A device that is no more tables behind needs no snapshot."""


def row_of(product: Row[Any]) -> desired.Row:
    """Return a product as a row of a book."""
    return desired.Row(
        gtin=product.gtin,
        name=product.name,
        price_minor=product.price_minor,
        floor_minor=product.floor_minor,
        unit=product.unit,
        category=product.category,
        member_minor=product.member_minor,
        was_minor=product.was_minor,
        content_milli=product.content_milli,
        measure=product.measure,
        promotions=tuple(product.promotions),
    )


def publish_book(connection: Connection, publisher: Publisher, store: str, *, by: str, reason: str) -> Manifest:
    """Make the store's products its book from now on, and the plans that stand the books after it.

    Every product that changed carries the version of this book in `row_version`. The caller holds the store's lock.
    """
    version = publisher.next_version(connection, store, MATTER)
    table = _table(connection, publisher, store, version)
    base = publisher.tables.get(table.sha256, table.snapshot_sha256)
    changed = _changed(connection, store, table.version)
    gone = frozenset(row.gtin for row in changed if row.gone and row.gtin in base)
    rows = {row.gtin: row_of(row) for row in changed if not row.gone}
    made = now_ms()
    found: list[Planned] = []
    blobs: list[bytes] = []
    whose: list[tuple[str, str]] = []
    for instant in _instants(connection, store, rows, version, _Instant(made, {}, by, reason)):
        delta = deltas.pack(base, table.sha256, Delta.of(tuple({**rows, **instant.overrides}.values()), gone))
        blob = Blob(sha256=publisher.blobs.put(delta), size=len(delta))
        found.append(Planned(version=version + len(found), effective_ms=instant.effective_ms, delta=blob))
        whose.append((instant.by, instant.reason))
        blobs.append(delta)
    for planned, (who, why) in zip(found, whose, strict=True):
        connection.execute(
            insert(books).values(
                store=store,
                version=planned.version,
                effective_ms=planned.effective_ms,
                made_ms=made,
                by=who,
                reason=why,
                table_sha256=table.sha256,
                delta_sha256=planned.delta.sha256,
            )
        )
    edition = Edition(
        store=store,
        version=found[-1].version,
        currency=find_store(connection, store).currency,
        table=table.sha256,
        snapshot=Blob(sha256=table.snapshot_sha256, size=table.snapshot_size, chunks=table.snapshot_chunks),
        steps=_steps(connection, store),
        books=found,
    )
    return publisher.publish(
        connection,
        store,
        MATTER,
        lambda _: edition,
        version=edition.version,
        effective_ms=found[-1].effective_ms,
        attached=(encode(edition), *blobs),
    )


def publish_missing(connection: Connection, publisher: Publisher) -> list[str]:
    """Publish the book of every store that has none of this form yet; return those stores."""
    having = select(price_tables.c.store)
    query = select(products.c.store).where(products.c.store.not_in(having)).distinct()
    stores = list(connection.execute(query).scalars())
    for store in stores:
        publish_book(connection, publisher, store, by="aisle", reason="the first book of this form")
    return stores


def _changed(connection: Connection, store: str, since_version: int) -> Sequence[Row[Any]]:
    query = select(products).where(products.c.store == store, products.c.row_version > since_version)
    return connection.execute(query).all()


@dataclass(frozen=True, slots=True)
class _Instant:
    # From when on, which rows are others than now, and whose doing that is.
    effective_ms: int
    overrides: Mapping[str, desired.Row]
    by: str
    reason: str


def _instants(
    connection: Connection, store: str, rows: Mapping[str, desired.Row], version: int, now: _Instant
) -> Iterable[_Instant]:
    """Yield the instant of each book: now, then those of plans; notes in each planned change its book."""
    yield now
    planned = connection.execute(
        select(changes)
        .where(changes.c.store == store, changes.c.applied_ms.is_(None), changes.c.undone_ms.is_(None))
        .order_by(changes.c.effective_ms, changes.c.id)
    ).all()
    overrides: dict[str, desired.Row] = {}
    for effective_ms, each in groupby(planned, key=lambda change: change.effective_ms):
        version, due = version + 1, list(each)
        for change in due:
            before = overrides.get(change.gtin) or rows.get(change.gtin) or _row(connection, store, change.gtin)
            if before is None:
                # The product is gone meanwhile; so is what was planned for it.
                continue
            # Until then labels may show any price before it, so nothing is proved yet.
            floor = next_floor(before, proved=False)
            overrides[change.gtin] = msgspec.structs.replace(
                before,
                price_minor=change.to_minor,
                floor_minor=floor,
                member_minor=before.member_minor if change.member_minor is None else change.member_minor,
                was_minor=before.was_minor if change.was_minor is None else change.was_minor,
            )
            connection.execute(
                update(changes)
                .where(changes.c.id == change.id)
                .values(from_minor=before.price_minor, floor_minor=floor, book_version=version)
            )
        yield _Instant(effective_ms, dict(overrides), due[-1].by, due[-1].reason)


def _row(connection: Connection, store: str, gtin: str) -> desired.Row | None:
    found = connection.execute(
        select(products).where(products.c.store == store, products.c.gtin == gtin, products.c.gone.is_(False))
    ).first()
    return None if found is None else row_of(found)


def _table(connection: Connection, publisher: Publisher, store: str, version: int) -> Row[Any]:
    """Return the table that the next book is a delta from: the newest, or one made now."""
    newest = _newest(connection, store)
    if newest is None:
        every = select(products).where(products.c.store == store, products.c.gone.is_(False))
        _keep(connection, publisher, store, version, columns_of(row_of(row) for row in connection.execute(every)))
    else:
        changed = _changed(connection, store, newest.version)
        table = publisher.tables.get(newest.sha256, newest.snapshot_sha256)
        gone = frozenset(row.gtin for row in changed if row.gone and row.gtin in table)
        delta = Delta.of(tuple(row_of(row) for row in changed if not row.gone), gone)
        step = deltas.pack(table, newest.sha256, delta)
        if len(step) <= MOST_DELTA:
            return newest
        _keep(connection, publisher, store, version, merge(table, delta), newest.sha256, step)
    made = _newest(connection, store)
    assert made is not None
    return made


def _keep(
    connection: Connection,
    publisher: Publisher,
    store: str,
    version: int,
    columns: Columns,
    from_sha256: str = "",
    step: bytes = b"",
) -> None:
    data = table_bytes(columns)
    sha256 = hashlib.sha256(data).hexdigest()
    publisher.tables.put(sha256, data)
    wire = snapshot.pack(columns)
    connection.execute(
        insert(price_tables).values(
            store=store,
            version=version,
            sha256=sha256,
            snapshot_sha256=publisher.blobs.put(wire),
            snapshot_size=len(wire),
            snapshot_chunks=chunk_hashes(wire),
            from_sha256=from_sha256,
            step_sha256=publisher.blobs.put(step) if step else "",
            step_size=len(step),
        )
    )


def _newest(connection: Connection, store: str) -> Row[Any] | None:
    query = select(price_tables).where(price_tables.c.store == store).order_by(price_tables.c.version.desc()).limit(1)
    return connection.execute(query).first()


def _steps(connection: Connection, store: str) -> list[Step]:
    query = (
        select(price_tables)
        .where(price_tables.c.store == store, price_tables.c.from_sha256 != "")
        .order_by(price_tables.c.version.desc())
        .limit(MOST_STEPS)
    )
    return [
        Step(
            from_table=row.from_sha256,
            to_table=row.sha256,
            delta=Blob(sha256=row.step_sha256, size=row.step_size),
        )
        for row in reversed(connection.execute(query).all())
    ]
