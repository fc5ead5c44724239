"""Tasks: opened once for each thing that is wrong, and closed when it is right again."""

from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.tables import tasks

DUE_MS: Final = 4 * 3_600_000
"""A label is looked after within so long: until then the till charges the lowest price that it may show."""


def open_task(
    connection: Connection, store: str, kind: str, about: str, *, cause: str, detail: str, at_ms: int
) -> Row[Any]:
    """Open a task, or say of the open one what is wrong by now; return it."""
    where = (tasks.c.store == store, tasks.c.kind == kind, tasks.c.about == about, tasks.c.closed_ms.is_(None))
    known = connection.execute(select(tasks.c.id).where(*where)).scalar()
    if known is not None:
        connection.execute(update(tasks).where(tasks.c.id == known).values(cause=cause, detail=detail))
        return find_task(connection, known)
    made = connection.execute(
        insert(tasks).values(
            store=store, kind=kind, about=about, cause=cause, detail=detail, opened_ms=at_ms, due_ms=at_ms + DUE_MS
        )
    )
    assert made.inserted_primary_key is not None
    return find_task(connection, made.inserted_primary_key[0])


def close_task(connection: Connection, store: str, kind: str, about: str, at_ms: int) -> Row[Any] | None:
    """Close the open task about a thing; return it, or None when there is none."""
    where = (tasks.c.store == store, tasks.c.kind == kind, tasks.c.about == about, tasks.c.closed_ms.is_(None))
    known = connection.execute(select(tasks.c.id).where(*where)).scalar()
    if known is None:
        return None
    connection.execute(update(tasks).where(tasks.c.id == known).values(closed_ms=at_ms))
    return find_task(connection, known)


def take_task(connection: Connection, store: str, task: int, name: str) -> Row[Any]:
    """Write down who sees to a task; an empty name gives it back. Raises UnknownError for one that is not open."""
    where = (tasks.c.store == store, tasks.c.id == task, tasks.c.closed_ms.is_(None))
    if not connection.execute(update(tasks).where(*where).values(taken_by=name)).rowcount:
        raise UnknownError(f"no open task {task} in store {store!r}: it may have been seen to already")
    return find_task(connection, task)


def open_tasks(connection: Connection, store: str) -> list[Row[Any]]:
    """Return what is to be done, the most urgent first."""
    query = select(tasks).where(tasks.c.store == store, tasks.c.closed_ms.is_(None))
    return list(connection.execute(query.order_by(tasks.c.due_ms, tasks.c.id)))


def find_task(connection: Connection, task: int) -> Row[Any]:
    """Return a task."""
    return connection.execute(select(tasks).where(tasks.c.id == task)).one()


def view(row: Row[Any]) -> dict[str, Any]:
    """Return a task as the API shows it."""
    return {
        "id": row.id,
        "kind": row.kind,
        "about": row.about,
        "cause": row.cause,
        "detail": row.detail,
        "opened_ms": row.opened_ms,
        "due_ms": row.due_ms,
        "taken_by": row.taken_by,
        "closed_ms": row.closed_ms,
    }
