"""Tasks: opened once for each thing that is wrong, and closed by the proof that it is right again."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.tables import tasks

_HOUR_MS: Final = 3_600_000

DUE_MS: Final = {"label": 4 * _HOUR_MS, "place": 2 * _HOUR_MS, "stock": 4 * _HOUR_MS, "date": 24 * _HOUR_MS}
"""How long after it was opened a task of each kind is due.

Until a label's is done the till charges the lowest price that it may show.
"""

SOONER_MS: Final = {"out-of-stock": _HOUR_MS}
"""What is due sooner than the rest of its kind, by its cause."""

OWNERS: Final = {"label": "tech", "place": "associate", "stock": "associate", "date": "associate"}
"""Whose a task of each kind is, by role. One that is overdue is the manager's too, after as long again HQ's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something that must be done; `facts` is what pages make a sentence of."""

    kind: str
    about: str
    cause: str
    detail: str
    bay: str = ""
    gtin: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proof:
    """By what a task was closed: who it was, where it was a person, and which photo or for what reason."""

    kind: Literal["label", "photo", "look", "dropped", "gone"]
    by: str = ""
    note: str = ""

    @property
    def values(self) -> dict[str, str]:
        """The proof as the table has it."""
        return {"proof": self.kind, "proof_by": self.by, "proof_note": self.note}


def open_task(
    connection: Connection, store: str, wanted: Wanted, at_ms: int, *, due_ms: int | None = None
) -> tuple[Row[Any], bool]:
    """Open a task, or say of the open one what is wrong by now; return it, and whether anything changed.

    Args:
        at_ms: from when on it is to be done; may lie ahead.
        due_ms: by when, where it is not what is usual for its kind.
    """
    known = connection.execute(select(tasks).where(*_open(store, wanted.kind, wanted.about))).first()
    values = {"cause": wanted.cause, "detail": wanted.detail, "facts": wanted.facts}
    if known is not None:
        is_news = any(getattr(known, name) != value for name, value in values.items())
        if is_news:
            connection.execute(update(tasks).where(tasks.c.id == known.id).values(**values))
        return find_task(connection, known.id), is_news
    usual_ms = SOONER_MS.get(wanted.cause, DUE_MS[wanted.kind])
    made = connection.execute(
        insert(tasks).values(
            store=store,
            kind=wanted.kind,
            about=wanted.about,
            bay=wanted.bay,
            gtin=wanted.gtin,
            opened_ms=at_ms,
            due_ms=at_ms + usual_ms if due_ms is None else due_ms,
            **values,
        )
    )
    assert made.inserted_primary_key is not None
    return find_task(connection, made.inserted_primary_key[0]), True


def close_task(connection: Connection, store: str, kind: str, about: str, at_ms: int, proof: Proof) -> Row[Any] | None:
    """Close the open task about a thing; return it, or None when there is none."""
    known = connection.execute(select(tasks.c.id).where(*_open(store, kind, about))).scalar()
    if known is None:
        return None
    connection.execute(update(tasks).where(tasks.c.id == known).values(closed_ms=at_ms, **proof.values))
    return find_task(connection, known)


def take_task(connection: Connection, store: str, task: int, name: str) -> Row[Any]:
    """Write down who sees to a task; an empty name gives it back. Raises UnknownError for one that is not open."""
    where = (tasks.c.store == store, tasks.c.id == task, tasks.c.closed_ms.is_(None))
    if not connection.execute(update(tasks).where(*where).values(taken_by=name)).rowcount:
        raise UnknownError(f"no open task {task} in store {store!r}: it may have been seen to already")
    return find_task(connection, task)


def drop_task(connection: Connection, store: str, task: int, at_ms: int, by: str, reason: str) -> Row[Any]:
    """Close a task without a proof; who did and why is kept. Raises UnknownError for one that is not open."""
    where = (tasks.c.store == store, tasks.c.id == task, tasks.c.closed_ms.is_(None))
    proof = Proof("dropped", by, reason)
    if not connection.execute(update(tasks).where(*where).values(closed_ms=at_ms, **proof.values)).rowcount:
        raise UnknownError(f"no open task {task} in store {store!r}: it may have been seen to already")
    return find_task(connection, task)


def open_tasks(connection: Connection, store: str, at_ms: int) -> list[Row[Any]]:
    """Return what is to be done, the most urgent first."""
    where = (tasks.c.store == store, tasks.c.closed_ms.is_(None), tasks.c.opened_ms <= at_ms)
    return list(connection.execute(select(tasks).where(*where).order_by(tasks.c.due_ms, tasks.c.id)))


def open_at(connection: Connection, store: str, bay: str, kinds: tuple[str, ...]) -> list[Row[Any]]:
    """Return the open tasks of these kinds at a bay, also those that lie ahead."""
    where = (tasks.c.store == store, tasks.c.bay == bay, tasks.c.kind.in_(kinds), tasks.c.closed_ms.is_(None))
    return list(connection.execute(select(tasks).where(*where).order_by(tasks.c.id)))


def done_tasks(connection: Connection, store: str, limit: int) -> list[Row[Any]]:
    """Return what was done, the latest first."""
    where = (tasks.c.store == store, tasks.c.closed_ms.is_not(None))
    return list(connection.execute(select(tasks).where(*where).order_by(tasks.c.closed_ms.desc()).limit(limit)))


def overdue_tasks(connection: Connection, at_ms: int) -> list[Row[Any]]:
    """Return every store's tasks that are overdue, the longest first."""
    where = (tasks.c.closed_ms.is_(None), tasks.c.due_ms < at_ms)
    return list(connection.execute(select(tasks).where(*where).order_by(tasks.c.due_ms)))


def find_task(connection: Connection, task: int) -> Row[Any]:
    """Return a task."""
    return connection.execute(select(tasks).where(tasks.c.id == task)).one()


def escalated_to(opened_ms: int, due_ms: int, at_ms: int) -> str:
    """Return whose an open task is beside its owner: the manager's when overdue, HQ's after as long again."""
    if at_ms <= due_ms:
        return ""
    return "manager" if at_ms <= 2 * due_ms - opened_ms else "hq"


def view(row: Row[Any], at_ms: int) -> dict[str, Any]:
    """Return a task as the API shows it."""
    names = ("id", "store", "kind", "about", "bay", "gtin", "cause", "detail", "facts")
    times = ("opened_ms", "due_ms", "taken_by", "closed_ms")
    proof = {"kind": row.proof, "by": row.proof_by, "note": row.proof_note}
    return {
        **{name: getattr(row, name) for name in (*names, *times)},
        "proof": None if row.closed_ms is None else proof,
        "owner": OWNERS[row.kind],
        "escalated_to": escalated_to(row.opened_ms, row.due_ms, row.closed_ms or at_ms),
    }


def _open(store: str, kind: str, about: str) -> tuple[ColumnElement[bool], ...]:
    return (tasks.c.store == store, tasks.c.kind == kind, tasks.c.about == about, tasks.c.closed_ms.is_(None))
