"""What a store taught, by the directions that its gateway told, and its way to the store's devices."""

from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from cloud_broker.registry.desired import Publisher
from cloud_broker.state.tables import products, taught_items
from firmware_specs.events import ItemForgotten, ItemTaught
from firmware_specs.items import TaughtItem, TaughtItems

Stamp = tuple[int, int]
"""How many items of a store, and when the last was taught: changes whenever they do."""


def keep_item(connection: Connection, store: str, taught: ItemTaught) -> None:
    """Keep what was taught of a product, in place of what was before."""
    _forget(connection, store, taught.gtin)
    connection.execute(
        insert(taught_items).values(
            store=store,
            gtin=taught.gtin,
            model_sha256=taught.model_sha256,
            direction=taught.direction,
            spread=taught.spread,
            pictures=taught.pictures,
            by=taught.by,
            at_ms=taught.at_ms,
        )
    )


def drop_item(connection: Connection, store: str, forgotten: ItemForgotten) -> None:
    """Forget what was taught of a product."""
    _forget(connection, store, forgotten.gtin)


def stamps(connection: Connection) -> dict[str, Stamp]:
    """Return a stamp for each store that has taught anything."""
    table = taught_items
    query = select(table.c.store, func.count(), func.max(table.c.at_ms)).group_by(table.c.store)
    return {store: (count, last_ms) for store, count, last_ms in connection.execute(query)}


def publish_items(connection: Connection, publisher: Publisher, store: str) -> None:
    """Tell a store's devices what it has taught."""
    rows = connection.execute(select(taught_items).where(taught_items.c.store == store).order_by(taught_items.c.gtin))
    items = [
        TaughtItem(gtin=row.gtin, model_sha256=row.model_sha256, direction=row.direction, spread=row.spread)
        for row in rows
    ]
    publisher.publish(
        connection, store, "items", lambda version: TaughtItems(store=store, version=version, items=items)
    )


def views(connection: Connection, store: str) -> list[dict[str, Any]]:
    """Return what a store taught, as the API shows it."""
    query = (
        select(taught_items.c.gtin, taught_items.c.pictures, taught_items.c.by, taught_items.c.at_ms, products.c.name)
        .outerjoin(products, (products.c.store == taught_items.c.store) & (products.c.gtin == taught_items.c.gtin))
        .where(taught_items.c.store == store)
        .order_by(taught_items.c.at_ms.desc())
    )
    return [{**row._mapping, "name": row.name or {}} for row in connection.execute(query)]


def _forget(connection: Connection, store: str, gtin: str) -> None:
    connection.execute(delete(taught_items).where(taught_items.c.store == store, taught_items.c.gtin == gtin))
