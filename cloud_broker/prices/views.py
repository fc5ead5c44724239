"""Price changes as the API shows them: what, who and why, and who has confirmed."""

from typing import Any

from sqlalchemy import Connection, Row, select

from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.tables import change_devices, change_labels, changes, devices, products


def find_change(connection: Connection, change: int) -> Row[Any]:
    """Return a change's row. Raises UnknownError."""
    row = connection.execute(select(changes).where(changes.c.id == change)).first()
    if row is None:
        raise UnknownError(f"no price change {change}")
    return row


def state_of(row: Row[Any]) -> str:
    """Return planned, undone, published, confirmed or superseded."""
    if row.undone_ms:
        return "undone"
    if row.applied_ms is None:
        return "planned"
    return "confirmed" if row.confirmed_ms else "superseded" if row.superseded_ms else "published"


def view(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    """Return a change as the API shows it, with who confirmed and when."""
    name = connection.execute(
        select(products.c.name).where(products.c.store == row.store, products.c.gtin == row.gtin)
    ).scalar()
    who = connection.execute(
        select(change_devices, devices.c.name)
        .join(devices, devices.c.id == change_devices.c.device)
        .where(change_devices.c.change == row.id)
        .order_by(change_devices.c.kind, change_devices.c.device)
    )
    hanging = connection.execute(
        select(change_labels).where(change_labels.c.change == row.id).order_by(change_labels.c.label)
    )
    return {
        "id": row.id,
        "store": row.store,
        "gtin": row.gtin,
        "name": name or {},
        "from_minor": row.from_minor,
        "to_minor": row.to_minor,
        "direction": "up" if row.to_minor > row.from_minor else "down",
        "book_version": row.book_version,
        "effective_ms": row.effective_ms,
        "made_ms": row.made_ms,
        "by": row.by,
        "reason": row.reason,
        "group": row.group,
        "state": state_of(row),
        "devices": [
            {
                "device": each.device,
                "name": each.name,
                "kind": each.kind,
                "held_ms": each.held_ms,
                "charged_ms": each.charged_ms,
            }
            for each in who
        ],
        "labels": [
            {
                "label": each.label,
                "prepared_ms": each.prepared_ms,
                "armed_ms": each.armed_ms,
                "shown_ms": each.shown_ms,
            }
            for each in hanging
        ],
        "released_ms": row.released_ms,
        "confirmed_ms": row.confirmed_ms,
    }
