"""Promotions of a store: checked against its book, kept as the contract's own struct, published whole; their ledger."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from cloud_broker.clock import now_ms
from cloud_broker.prices.book import MATTER, publish_book
from cloud_broker.prices.changes import apply_due, in_parts
from cloud_broker.prices.current import Library
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.engine import lock_store
from cloud_broker.state.tables import products, promotion_uses, promotions
from firmware_specs.desired import Row
from firmware_specs.events import PromotionUse
from firmware_specs.pricebook.book import Pricebook
from firmware_specs.rules import promotions as rules
from firmware_specs.rules.promotions import Promotion, PromotionBook, PromotionError, product_sets

MOST_LIVE = 5_000


def put_promotion(connection: Connection, library: Library, store: str, promotion: Promotion, *, by: str) -> None:
    """Keep a promotion and publish all of them. Raises PromotionError; then nothing was changed."""
    lock_store(connection, store)
    now = now_ms()
    apply_due(connection, store, now)
    others = [each for each in promotions_of(connection, store) if each.id != promotion.id]
    before = next((each for each in promotions_of(connection, store) if each.id == promotion.id), None)
    if len(others) >= MOST_LIVE:
        raise PromotionError(promotion.id, "id", f"the store has {MOST_LIVE} promotions: end some first")
    if promotion.is_budgeted:
        raise PromotionError(promotion.id, "is_budgeted", "budgets are not leased to devices yet: leave it out")
    book = library.current(connection, store, now)
    # What stands already was checked when it came; a product that has gone meanwhile must not block the rest.
    rules.check([promotion], named_rows(book, promotion))
    rules.check([*others, promotion])
    connection.execute(delete(promotions).where(promotions.c.store == store, promotions.c.id == promotion.id))
    connection.execute(
        insert(promotions).values(store=store, id=promotion.id, body=msgspec.to_builtins(promotion), by=by, made_ms=now)
    )
    _refer(connection, library, store, before, promotion, by=by)
    publish_promotions(connection, library, store)


def drop_promotion(connection: Connection, library: Library, store: str, promotion: str, *, by: str) -> None:
    """Take a promotion away and publish the rest. Raises UnknownError."""
    lock_store(connection, store)
    apply_due(connection, store, now_ms())
    before = next((each for each in promotions_of(connection, store) if each.id == promotion), None)
    if before is None:
        raise UnknownError(f"no promotion {promotion!r} in store {store!r}")
    connection.execute(delete(promotions).where(promotions.c.store == store, promotions.c.id == promotion))
    _refer(connection, library, store, before, None, by=by)
    publish_promotions(connection, library, store)


def promotions_of(connection: Connection, store: str) -> list[Promotion]:
    """Return a store's promotions, by id."""
    query = select(promotions.c.body).where(promotions.c.store == store).order_by(promotions.c.id)
    return [msgspec.convert(body, Promotion) for body in connection.execute(query).scalars()]


def publish_promotions(connection: Connection, library: Library, store: str) -> None:
    """Make the store's promotions the next version of `promotions`."""
    found = promotions_of(connection, store)
    library.publisher.publish(
        connection,
        store,
        "promotions",
        lambda version: PromotionBook(store=store, version=version, promotions=found),
    )


def promotion_views(connection: Connection, store: str, at_ms: int) -> list[dict[str, Any]]:
    """Return the promotions as the API shows them: planned, live or ended, and what baskets took from each."""
    ledger = {
        row.promotion: row
        for row in connection.execute(
            select(
                promotion_uses.c.promotion,
                func.count().label("baskets"),
                func.sum(promotion_uses.c.amount_minor).label("amount_minor"),
            )
            .where(promotion_uses.c.store == store)
            .group_by(promotion_uses.c.promotion)
        )
    }
    query = select(promotions).where(promotions.c.store == store).order_by(promotions.c.made_ms.desc(), promotions.c.id)
    found = []
    for row in connection.execute(query):
        promotion = msgspec.convert(row.body, Promotion)
        used = ledger.get(promotion.id)
        found.append(
            {
                "promotion": row.body,
                "state": _state(promotion, at_ms),
                "by": row.by,
                "made_ms": row.made_ms,
                "uses": 0 if used is None else used.baskets,
                "saving_minor": 0 if used is None else int(used.amount_minor),
            }
        )
    return found


def book_use(connection: Connection, store: str, use: PromotionUse, at_ms: int) -> None:
    """Note what a basket took from a promotion; an op that is known already changes nothing."""
    known = connection.execute(
        select(promotion_uses.c.op).where(promotion_uses.c.store == store, promotion_uses.c.op == use.op)
    ).first()
    if known is None:
        connection.execute(
            insert(promotion_uses).values(
                store=store,
                op=use.op,
                promotion=use.promotion,
                applications=use.applications,
                amount_minor=use.amount_minor,
                coupon=use.coupon,
                at_ms=at_ms,
            )
        )


def named_rows(book: Pricebook, promotion: Promotion) -> Iterator[Row]:
    """Yield the rows that a promotion names, by GTIN or category; of everything the cheapest, which decides."""
    for _, named in product_sets(promotion):
        for gtin in named.gtins:
            if gtin in book:
                yield book[gtin]
        for category in named.categories:
            yield from book.of_category(category)
        cheapest = book.cheapest() if named.everything else None
        if cheapest is not None:
            yield cheapest


def _state(promotion: Promotion, at_ms: int) -> str:
    if at_ms < promotion.starts_ms:
        return "planned"
    return "live" if at_ms < promotion.ends_ms else "ended"


def _refer(
    connection: Connection, library: Library, store: str, before: Promotion | None, now: Promotion | None, *, by: str
) -> None:
    """Let the book's rows name the promotions that list them, so that a label or a scan can tell of one."""
    was, listed = _listed(before), _listed(now)
    promotion = next(each.id for each in (before, now) if each is not None)
    touched = sorted(was ^ listed)
    if not touched:
        return
    version = library.publisher.next_version(connection, store, MATTER)
    for some in in_parts(touched):
        rows = connection.execute(
            select(products.c.gtin, products.c.promotions).where(products.c.store == store, products.c.gtin.in_(some))
        ).all()
        for row in rows:
            named = sorted({*row.promotions, promotion} if row.gtin in listed else {*row.promotions} - {promotion})
            connection.execute(
                update(products)
                .where(products.c.store == store, products.c.gtin == row.gtin)
                .values(promotions=named, row_version=version)
            )
    publish_book(connection, library.publisher, store, by=by, reason=f"products of promotion {promotion}")


def _listed(promotion: Promotion | None) -> set[str]:
    return set() if promotion is None else {gtin for _, named in product_sets(promotion) for gtin in named.gtins}


def saved(baskets: Sequence[rules.Basket], promotion: Promotion, others: Sequence[Promotion]) -> tuple[int, int, int]:
    """Return what baskets cost without and with one more promotion, and how many it touches."""
    without, with_it = rules.index(others), rules.index([*others, promotion])
    before = after = touched = 0
    for basket in baskets:
        one, other = rules.price(without, basket).total_minor, rules.price(with_it, basket).total_minor
        before, after, touched = before + one, after + other, touched + (one != other)
    return before, after, touched
