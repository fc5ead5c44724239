"""How long rows are kept. What devices told of where people went dies within a day."""

from dataclasses import dataclass

from sqlalchemy import Column, Engine, Table, delete, select

from cloud_broker.clock import now_ms
from cloud_broker.state import tables

DAY_MS = 86_400_000
ROWS = 5_000
"""Rows deleted in one transaction, so that nobody waits long for the write lock."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of a table go when this column is older than this many days."""

    table: Table
    column: str
    days: float


RULES = (
    Kept(tables.dead_letters, "at_ms", 30),
    Kept(tables.security_events, "at_ms", 365),
    Kept(tables.commands, "made_ms", 90),
    Kept(tables.claims, "made_ms", 3650),
    Kept(tables.decisions, "at_ms", 30),
    Kept(tables.plays, "at_ms", 400),
    Kept(tables.basket_lines, "at_ms", 400),
    Kept(tables.basket_questions, "at_ms", 400),
    Kept(tables.audits, "at_ms", 400),
    Kept(tables.tasks, "closed_ms", 400),
)


def forget_old(engine: Engine, journal_days: float) -> int:
    """Delete what is older than its rule allows, the applied part of the journal included; return how many rows."""
    with engine.begin() as connection:
        position = connection.execute(select(tables.cursors.c.position)).scalar() or 0
    gone = _delete(engine, Kept(tables.journal, "received_ms", journal_days), tables.journal.c.id <= position)
    return gone + sum(_delete(engine, rule) for rule in RULES)


def _delete(engine: Engine, rule: Kept, *also: object) -> int:
    table = rule.table
    key: Column[object] = next(iter(table.primary_key.columns))
    before = now_ms() - int(rule.days * DAY_MS)
    gone = 0
    while True:
        old = select(key).where(table.c[rule.column] < before, *also).limit(ROWS)  # type: ignore[arg-type]
        with engine.begin() as connection:
            count = connection.execute(delete(table).where(key.in_(old))).rowcount
        gone += count
        if count < ROWS:
            return gone
