"""What photos and looks at dates do to a store's tasks: they open them, and the next one closes them."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select

from cloud_broker.shelves.bays import find_bay, names_of
from cloud_broker.shelves.found import KINDS, wanted
from cloud_broker.state.tables import audits
from cloud_broker.tasks.tasks import Proof, Wanted, close_task, open_at, open_task
from firmware_specs.events import DateChecked, ShelfAudited

NEAR_DAYS: Final = 3
"""So many days before the last one a product is to be sold off or taken away."""

EXPIRED_DUE_MS: Final = 3_600_000


def keep_audit(connection: Connection, store: str, device: str, audit: ShelfAudited) -> list[Row[Any]]:
    """Keep an audit, open and close its bay's tasks; return those that changed."""
    where = (audits.c.store == store, audits.c.bay == audit.bay)
    newest_ms = connection.execute(select(func.max(audits.c.at_ms)).where(*where)).scalar()
    if connection.execute(select(audits.c.id).where(audits.c.id == audit.audit)).first() is not None:
        return []
    connection.execute(
        insert(audits).values(
            id=audit.audit,
            store=store,
            bay=audit.bay,
            device=device,
            by=audit.by,
            at_ms=audit.at_ms,
            facings=audit.facings,
            right=audit.right,
            gaps=sum(len(product.gaps) for product in audit.products),
            wrong=sum(len(product.wrong) for product in audit.products),
        )
    )
    bay = find_bay(connection, store, audit.bay)
    if bay is None or (newest_ms is not None and newest_ms > audit.at_ms):
        # Of a bay that is no more, or older than what tasks go by.
        return []
    asked = {(one.kind, one.about): one for one in wanted(audit, bay, names_of(connection, store, bay))}
    changed = []
    for one in asked.values():
        task, is_news = open_task(connection, store, one, audit.at_ms)
        if is_news:
            changed.append(task)
    for known in open_at(connection, store, audit.bay, KINDS):
        if (known.kind, known.about) not in asked:
            proof = Proof("photo", audit.by, audit.audit)
            closed = close_task(connection, store, known.kind, known.about, audit.at_ms, proof)
            assert closed is not None
            changed.append(closed)
    return changed


def close_bay(connection: Connection, store: str, bay: str, at_ms: int) -> list[Row[Any]]:
    """Close every task of a bay that is no more; return them."""
    found = [
        close_task(connection, store, known.kind, known.about, at_ms, Proof("gone"))
        for known in open_at(connection, store, bay, (*KINDS, "date"))
    ]
    return [task for task in found if task is not None]


def keep_date(connection: Connection, store: str, checked: DateChecked) -> list[Row[Any]]:
    """Close what an earlier look asked for, and have the product seen to before its last day; return what changed."""
    about = f"{checked.bay}:{checked.gtin}"
    closed = close_task(connection, store, "date", about, checked.at_ms, Proof("look", checked.by))
    changed = [] if closed is None else [closed]
    bay = find_bay(connection, store, checked.bay)
    if bay is None or checked.expires_on is None:
        return changed
    # Days are the store's own; a day that ends by UTC is at most fourteen hours early.
    ends = datetime.combine(checked.expires_on, time(0, 0), UTC) + timedelta(days=1)
    ends_ms = int(ends.timestamp() * 1000)
    near_ms = max(checked.at_ms, ends_ms - NEAR_DAYS * 86_400_000)
    day = checked.expires_on.isoformat()
    cause = "expired" if ends_ms <= checked.at_ms else "near-expiry"
    task, _ = open_task(
        connection,
        store,
        Wanted(
            "date",
            about,
            cause,
            f"the last day of its oldest pack is {day}",
            checked.bay,
            checked.gtin,
            {"bay_name": bay.name, "name": names_of(connection, store, bay).get(checked.gtin, {}), "expires_on": day},
        ),
        near_ms,
        due_ms=max(ends_ms, checked.at_ms + EXPIRED_DUE_MS),
    )
    return [*changed, task]
