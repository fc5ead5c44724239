"""Many rows put into a store at once, as an import or a rollback brings them: one book, one group of changes."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from cloud_broker.clock import now_ms
from cloud_broker.prices.book import MATTER, publish_book, row_of
from cloud_broker.prices.changes import apply_due, in_parts, is_proved, supersede
from cloud_broker.prices.confirming import expect, settle_group
from cloud_broker.registry.desired import Publisher
from cloud_broker.state.engine import lock_store
from cloud_broker.state.tables import changes, labels, products
from firmware_specs import desired
from firmware_specs.rules.price_law import next_floor

_FIELDS = ("name", "category", "unit", "measure", "content_milli", "member_minor", "was_minor", "promotions")


@dataclass(frozen=True, slots=True)
class Put:
    """What came of it; `version` is the book's, or None where nothing changed."""

    new: int
    edited: int
    repriced: int
    gone: int
    group: str
    version: int | None


def search_text(row: desired.Row) -> str:
    """Return what the product is found by."""
    return " ".join([*row.name.values(), row.category, row.gtin]).lower()


def put_rows(
    connection: Connection,
    publisher: Publisher,
    store: str,
    rows: Sequence[desired.Row],
    *,
    gone: Collection[str] = (),
    by: str,
    reason: str,
) -> Put:
    """Make these rows the store's own, and take away those that are gone. Floors follow from the price law."""
    lock_store(connection, store)
    now = now_ms()
    apply_due(connection, store, now)
    standing = _standing(connection, store, [row.gtin for row in rows])
    labelled = set(connection.execute(select(labels.c.gtin).where(labels.c.store == store).distinct()).scalars())
    version, group = publisher.next_version(connection, store, MATTER), uuid.uuid4().hex
    inserts, updates, repriced = [], [], []
    for row in rows:
        old = standing.get(row.gtin)
        if old is None:
            inserts.append(_values(store, row, version) | {"floor_minor": row.price_minor, "book_version": version})
            continue
        values = _values(store, row, version)
        moved = row.price_minor != old.price_minor
        if not moved and not old.gone and all(values[field] == _plain(old, field) for field in _FIELDS):
            continue
        if moved:
            proved = row.gtin not in labelled or is_proved(connection, old)
            values |= {"floor_minor": next_floor(row_of(old), proved=proved), "book_version": version}
            repriced.append((old, values))
        else:
            values |= {"floor_minor": old.floor_minor, "book_version": old.book_version}
        updates.append(values)
    leaving = [gtin for some in in_parts(sorted(gone)) for gtin in _present(connection, store, some)]
    if not inserts and not updates and not leaving:
        return Put(0, 0, 0, 0, "", None)
    _write(connection, store, inserts, updates, leaving, version)
    ids = _note(connection, store, repriced, group=group, version=version, by=by, reason=reason, now=now)
    publish_book(connection, publisher, store, by=by, reason=reason)
    expect(connection, store, ids)
    settle_group(connection, group, now)
    edited = len(updates) - len(repriced)
    return Put(len(inserts), edited, len(repriced), len(leaving), group, version)


def _standing(connection: Connection, store: str, gtins: Sequence[str]) -> Mapping[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for some in in_parts(gtins):
        query = select(products).where(products.c.store == store, products.c.gtin.in_(some))
        found |= {row.gtin: row for row in connection.execute(query)}
    return found


def _present(connection: Connection, store: str, gtins: Sequence[str]) -> list[str]:
    query = select(products.c.gtin).where(
        products.c.store == store, products.c.gtin.in_(gtins), products.c.gone.is_(False)
    )
    return list(connection.execute(query).scalars())


def _values(store: str, row: desired.Row, version: int) -> dict[str, Any]:
    return {
        "store": store,
        "gtin": row.gtin,
        "name": dict(row.name),
        "search": search_text(row),
        "category": row.category,
        "unit": row.unit,
        "price_minor": row.price_minor,
        "member_minor": row.member_minor,
        "was_minor": row.was_minor,
        "content_milli": row.content_milli,
        "measure": row.measure,
        "promotions": list(row.promotions),
        "row_version": version,
        "gone": False,
    }


def _plain(product: Row[Any], field: str) -> Any:
    return list(product.promotions) if field == "promotions" else getattr(product, field)


def _write(
    connection: Connection,
    store: str,
    inserts: list[dict[str, Any]],
    updates: list[dict[str, Any]],
    leaving: list[str],
    version: int,
) -> None:
    if inserts:
        connection.execute(insert(products), inserts)
    if updates:
        of_row = (products.c.store == bindparam("of_store"), products.c.gtin == bindparam("of_gtin"))
        keyed = [
            {"of_store": store, "of_gtin": values["gtin"]}
            | {name: value for name, value in values.items() if name not in ("store", "gtin")}
            for values in updates
        ]
        connection.execute(update(products).where(*of_row), keyed)
    for some in in_parts(leaving):
        connection.execute(
            update(products)
            .where(products.c.store == store, products.c.gtin.in_(some))
            .values(gone=True, row_version=version)
        )


def _note(
    connection: Connection,
    store: str,
    repriced: list[tuple[Row[Any], dict[str, Any]]],
    *,
    group: str,
    version: int,
    by: str,
    reason: str,
    now: int,
) -> list[tuple[int, str]]:
    supersede(connection, store, [old.gtin for old, _ in repriced], now)
    if not repriced:
        return []
    connection.execute(
        insert(changes),
        [
            {
                "store": store,
                "gtin": old.gtin,
                "from_minor": old.price_minor,
                "to_minor": values["price_minor"],
                "floor_minor": values["floor_minor"],
                "book_version": version,
                "effective_ms": now,
                "made_ms": now,
                "by": by,
                "reason": reason,
                "group": group,
                "applied_ms": now,
            }
            for old, values in repriced
        ],
    )
    query = select(changes.c.id, changes.c.gtin).where(changes.c.store == store, changes.c.group == group)
    return [(row.id, row.gtin) for row in connection.execute(query)]
