"""What carts asked their shoppers, and how each question ended."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from cloud_broker.state import tables
from cloud_broker.state.tables import basket_questions
from firmware_specs.events import BasketAnswered, BasketQuestioned


def keep_question(connection: Connection, store: str, device: str, asked: BasketQuestioned) -> dict[str, Any] | None:
    """Keep a question; return it as pages see it, None where it is known."""
    if _find(connection, store, asked.question) is not None:
        return None
    connection.execute(
        insert(basket_questions).values(
            id=asked.question,
            store=store,
            device=device,
            trip=asked.trip,
            verdict=asked.verdict,
            gtin=asked.gtin,
            odds=asked.odds,
            change_g=asked.change_g,
            at_ms=asked.at_ms,
        )
    )
    return _view(connection, store, asked.question)


def keep_answer(connection: Connection, store: str, answered: BasketAnswered) -> dict[str, Any] | None:
    """Write down how a question ended; return it as pages see it, None where nobody asked it."""
    where = (basket_questions.c.store == store, basket_questions.c.id == answered.question)
    values = {"answer": answered.answer, "answered_ms": answered.at_ms}
    if not connection.execute(update(basket_questions).where(*where).values(**values)).rowcount:
        return None
    return _view(connection, store, answered.question)


def views(connection: Connection, store: str, limit: int) -> list[dict[str, Any]]:
    """Return a store's questions as the API shows them, the newest first."""
    query = select(basket_questions.c.id).where(basket_questions.c.store == store)
    newest = connection.execute(query.order_by(basket_questions.c.at_ms.desc()).limit(limit)).scalars().all()
    return [_view(connection, store, question) for question in newest]


def _find(connection: Connection, store: str, question: str) -> Row[Any] | None:
    where = (basket_questions.c.store == store, basket_questions.c.id == question)
    return connection.execute(select(basket_questions).where(*where)).first()


def _view(connection: Connection, store: str, question: str) -> dict[str, Any]:
    row = _find(connection, store, question)
    assert row is not None
    where = (tables.products.c.store == store, tables.products.c.gtin == row.gtin)
    name = connection.execute(select(tables.products.c.name).where(*where)).scalar() if row.gtin else None
    names = ("id", "device", "trip", "verdict", "gtin", "odds", "change_g", "at_ms", "answer", "answered_ms")
    return {**{each: getattr(row, each) for each in names}, "name": name or {}}
