"""Who must confirm a price change, and who has: devices that hold and charge it, labels that show it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, delete, exists, insert, select, update

from cloud_broker.registry.devices import of_store
from cloud_broker.state.tables import change_devices, change_labels, changes, labels
from firmware_specs.rules.price_law import LEASED, TILLS

MOST_FOLLOWED = 50
"""Of a larger group each product is not followed at each device: who holds its book says as much."""


def is_open(store: str) -> ColumnElement[bool]:
    """Return which changes of a store wait for somebody."""
    return (
        (changes.c.store == store)
        & changes.c.confirmed_ms.is_(None)
        & changes.c.superseded_ms.is_(None)
        & changes.c.undone_ms.is_(None)
    )


def open_changes(connection: Connection, store: str, *where: Any) -> list[Row[Any]]:
    """Return the changes of a store that wait for somebody."""
    return list(connection.execute(select(changes).where(is_open(store), *where)))


def expect(connection: Connection, store: str, made: Sequence[tuple[int, str]]) -> None:
    """Note who must confirm changes, given as (change, GTIN): the store's devices, and the labels of each product."""
    if len(made) <= MOST_FOLLOWED:
        concerned = [
            (row.id, row.kind)
            for row in of_store(connection, store)
            if row.in_service and (row.kind in TILLS | LEASED or row.kind == "gateway")
        ]
        waiting = [
            {"change": change, "device": device, "kind": kind} for change, _ in made for device, kind in concerned
        ]
        if waiting:
            connection.execute(insert(change_devices), waiting)
    change_of = {gtin: change for change, gtin in made}
    hanging = [
        {"change": change_of[row.gtin], "label": row.id}
        for row in connection.execute(select(labels.c.id, labels.c.gtin).where(labels.c.store == store))
        if row.gtin in change_of
    ]
    if hanging:
        connection.execute(insert(change_labels), hanging)


def confirm_devices(connection: Connection, store: str, device: str, which: Any, **confirmed: int) -> list[int]:
    """Note what a device has said of open changes, as `held_ms` or `charged_ms`; return those that waited for it."""
    return _confirm(connection, store, change_devices, change_devices.c.device == device, which, confirmed)


def confirm_labels(connection: Connection, store: str, label: str, which: Any, **confirmed: int) -> list[int]:
    """Note what a label said of open changes, as `prepared_ms`, `armed_ms` or `shown_ms`; return those it concerned."""
    return _confirm(connection, store, change_labels, change_labels.c.label == label, which, confirmed)


def _confirm(
    connection: Connection,
    store: str,
    waiting: Table,
    who: ColumnElement[bool],
    which: Any,
    confirmed: Mapping[str, int],
) -> list[int]:
    ((name, at_ms),) = confirmed.items()
    mine = (who, waiting.c[name].is_(None))
    found = (
        connection.execute(
            select(changes.c.id)
            .join(waiting, waiting.c.change == changes.c.id)
            .where(is_open(store), which, *mine)
            .order_by(changes.c.id)
        )
        .scalars()
        .all()
    )
    for change in found:
        connection.execute(update(waiting).where(waiting.c.change == change, *mine).values({name: at_ms}))
    return list(found)


def charged_already(
    connection: Connection, store: str, device: str, book_version: int, before: int | None
) -> list[int]:
    """Return the decreases that a device charged all along, whose book before was `before`, and has nothing to say of.

    It was away over two changes, and the price came back. An increase is charged after its floor, and that it says.
    """
    waiting = (
        select(changes)
        .join(change_devices, change_devices.c.change == changes.c.id)
        .where(
            is_open(store),
            changes.c.applied_ms.is_not(None),
            changes.c.book_version <= book_version,
            changes.c.to_minor <= changes.c.floor_minor,
            change_devices.c.device == device,
            change_devices.c.charged_ms.is_(None),
        )
    )
    return [
        change.id
        for change in connection.execute(waiting).all()
        if price_at(connection, change, before) == change.to_minor
    ]


def price_at(connection: Connection, change: Row[Any], book_version: int | None) -> int | None:
    """Return what the product of a change cost in an earlier book; None where no book was held."""
    if book_version is None or book_version >= change.book_version:
        return None
    of_product = (changes.c.store == change.store, changes.c.gtin == change.gtin, changes.c.applied_ms.is_not(None))
    last = (
        select(changes.c.to_minor)
        .where(*of_product, changes.c.book_version <= book_version)
        .order_by(changes.c.book_version.desc())
        .limit(1)
    )
    first = select(changes.c.from_minor).where(*of_product).order_by(changes.c.book_version).limit(1)
    price: int | None = connection.execute(last).scalar()
    return connection.execute(first).scalar() if price is None else price


def settle(connection: Connection, change: int, at_ms: int) -> None:
    """Close a change when every device and label it concerns has confirmed it."""
    devices_waiting = exists().where(
        change_devices.c.change == change,
        change_devices.c.held_ms.is_(None)
        | (change_devices.c.kind.in_(TILLS | LEASED) & change_devices.c.charged_ms.is_(None)),
    )
    labels_waiting = exists().where(change_labels.c.change == change, change_labels.c.shown_ms.is_(None))
    unreleased = (changes.c.to_minor > changes.c.floor_minor) & changes.c.released_ms.is_(None)
    connection.execute(
        update(changes)
        .where(
            changes.c.id == change,
            changes.c.applied_ms.is_not(None),
            ~devices_waiting,
            ~labels_waiting,
            ~unreleased,
        )
        .values(confirmed_ms=at_ms)
    )


def settle_group(connection: Connection, group: str, at_ms: int) -> None:
    """Close those changes of a group that wait for no device and no label."""
    devices_waiting = exists().where(change_devices.c.change == changes.c.id)
    labels_waiting = exists().where(change_labels.c.change == changes.c.id)
    connection.execute(
        update(changes)
        .where(
            changes.c.group == group,
            changes.c.applied_ms.is_not(None),
            changes.c.confirmed_ms.is_(None),
            changes.c.to_minor <= changes.c.floor_minor,
            ~devices_waiting,
            ~labels_waiting,
        )
        .values(confirmed_ms=at_ms)
    )


def excuse(connection: Connection, device: str, at_ms: int) -> list[int]:
    """Wait no longer for a device that was taken out of service; return the changes that it held up."""
    waiting = (
        connection.execute(
            select(change_devices.c.change)
            .join(changes, changes.c.id == change_devices.c.change)
            .where(
                change_devices.c.device == device,
                changes.c.confirmed_ms.is_(None),
                changes.c.superseded_ms.is_(None),
                changes.c.undone_ms.is_(None),
            )
        )
        .scalars()
        .all()
    )
    for change in waiting:
        connection.execute(
            delete(change_devices).where(change_devices.c.change == change, change_devices.c.device == device)
        )
        settle(connection, change, at_ms)
    return list(waiting)
