"""Products and their prices: searched, tried, changed now or for later, taken back; their history."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Query
from sqlalchemy import func, select

from cloud_broker.accounts import Account
from cloud_broker.api.auth import Manager, Staff, need_store
from cloud_broker.api.bodies.prices import Change, Effect, Group, NewPrice, NewPrices, ProductHistory, Products, Undone
from cloud_broker.api.context import Cloud, Context
from cloud_broker.api.errors import ApiError
from cloud_broker.clock import now_ms
from cloud_broker.live import Notice
from cloud_broker.prices.batch import Rule, chosen, wishes_of
from cloud_broker.prices.changes import Made, PriceRefusedError, Wish, change_prices, undo_planned
from cloud_broker.prices.effect import effect_of
from cloud_broker.prices.reference import reference_of
from cloud_broker.prices.views import find_change, state_of, view
from cloud_broker.registry.devices import UnknownError, find_store
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import changes, labels

router = APIRouter(tags=["prices"])

MOST_TOLD = 50
"""Of a group, so many changes are told to open pages one by one."""


@router.get("/api/stores/{store}/products", response_model=Products)
def search(
    store: str,
    cloud: Cloud,
    person: Staff,
    q: str = Query(default="", max_length=100),
    offset: int = Query(default=0, ge=0),
    limit: int = Query(default=50, ge=1, le=200),
) -> dict[str, Any]:
    """Find products by name in either language, by category or GTIN; every word must occur."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        book = cloud.library.current(connection, store, now_ms())
        total, page = book.search(q.lower().split(), offset, limit)
        gtins = [row.gtin for row in page]
        hanging = dict(
            connection.execute(
                select(labels.c.gtin, func.count())
                .where(labels.c.store == store, labels.c.gtin.in_(gtins))
                .group_by(labels.c.gtin)
            )
            .tuples()
            .all()
        )
    items = [
        {
            "gtin": row.gtin,
            "name": row.name,
            "price_minor": row.price_minor,
            "member_minor": row.member_minor,
            "was_minor": row.was_minor,
            "unit_price_minor": row.unit_price_minor,
            "measure": row.measure,
            "category": row.category,
            "unit": row.unit,
            "labels": hanging.get(row.gtin, 0),
        }
        for row in page
    ]
    return {"total": total, "items": items}


@router.get("/api/stores/{store}/categories", response_model=list[str])
def categories(store: str, cloud: Cloud, person: Staff) -> list[str]:
    """Return the categories of the store's products."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        return list(cloud.library.current(connection, store, now_ms()).categories())


@router.get("/api/stores/{store}/products/{gtin}/history", response_model=ProductHistory)
def of_product(store: str, gtin: str, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Return a product's prices, newest first, with who and why, and the lawful reference price."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        reference = reference_of(connection, store, gtin, find_store(connection, store).currency, now_ms())
        if reference is None:
            raise UnknownError(f"no product {gtin} in store {store}")
        rows = connection.execute(
            select(changes)
            .where(changes.c.store == store, changes.c.gtin == gtin)
            .order_by(changes.c.effective_ms.desc(), changes.c.id.desc())
            .limit(200)
        ).all()
    return {
        "lowest_7d_minor": reference.lowest_7d_minor,
        "lowest_30d_minor": reference.lowest_30d_minor,
        "lawful_was_minor": reference.lawful_minor,
        "lawful_days": reference.days,
        "prices": [
            {
                "id": row.id,
                "from_minor": row.from_minor,
                "to_minor": row.to_minor,
                "effective_ms": row.effective_ms,
                "by": row.by,
                "reason": row.reason,
                "state": state_of(row),
                "group": row.group,
            }
            for row in rows
        ],
    }


@router.post("/api/stores/{store}/prices", status_code=201, response_model=Change)
def publish(store: str, body: NewPrice, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Publish a price, now or for later: the book goes to every cart, till and label in the order of the price law."""
    need_store(person, store)
    wish = Wish(body.gtin, body.price_minor, body.member_minor, body.was_minor)
    return _publish(cloud, store, [wish], person, body)[1]


@router.post("/api/stores/{store}/prices/try", response_model=Effect)
def try_price(store: str, body: NewPrice, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Return what a price would do, and change nothing."""
    need_store(person, store)
    return _effect(cloud, store, [Wish(body.gtin, body.price_minor)])


@router.post("/api/stores/{store}/prices/batch", status_code=201, response_model=Group)
def publish_many(store: str, body: NewPrices, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Publish one rule for a category, or for the products named, as one book."""
    need_store(person, store)
    made, first = _publish(cloud, store, _wishes(cloud, store, body), person, body)
    return {"group": made.group, "changes": len(made.changes), "book_version": first["book_version"]}


@router.post("/api/stores/{store}/prices/batch/try", response_model=Effect)
def try_many(store: str, body: NewPrices, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Return what a rule would do, and change nothing."""
    need_store(person, store)
    return _effect(cloud, store, _wishes(cloud, store, body))


@router.get("/api/stores/{store}/changes", response_model=list[Change])
def history(
    store: str,
    cloud: Cloud,
    person: Staff,
    limit: int = Query(default=50, ge=1, le=500),
    planned: bool = Query(default=False, description="only what is planned and was not taken back"),
    group: str = Query(default="", max_length=63, description="only what was changed together"),
) -> list[dict[str, Any]]:
    """Return price changes, newest first, with who confirmed."""
    need_store(person, store)
    where = [changes.c.store == store]
    where += [changes.c.applied_ms.is_(None), changes.c.undone_ms.is_(None)] if planned else []
    where += [changes.c.group == group] if group else []
    with reading(cloud.engine) as connection:
        rows = connection.execute(select(changes).where(*where).order_by(changes.c.id.desc()).limit(limit)).all()
        return [view(connection, row) for row in rows]


@router.get("/api/changes/{change}", response_model=Change)
def one(change: int, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Return a price change."""
    with reading(cloud.engine) as connection:
        row = find_change(connection, change)
        need_store(person, row.store)
        return view(connection, row)


@router.post("/api/changes/{change}/undo", status_code=201, response_model=Change)
def undo(change: int, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Take a planned change back, with what was planned together; publish the price before one that counts already."""
    with reading(cloud.engine) as connection:
        row = find_change(connection, change)
        need_store(person, row.store)
    if state_of(row) == "planned":
        undo_group(row.store, row.group, cloud, person)
        with reading(cloud.engine) as connection:
            return view(connection, find_change(connection, change))
    body = NewPrice(gtin=row.gtin, price_minor=row.from_minor, reason=f"undo of change {change}", confirm_large=True)
    return _publish(cloud, row.store, [Wish(row.gtin, row.from_minor)], person, body)[1]


@router.post("/api/stores/{store}/groups/{group}/undo", response_model=Undone)
def undo_group(store: str, group: str, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Take back what was planned together, until the moment it takes effect."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        undone = undo_planned(connection, cloud.publisher, store, group, person.name)
        rows = connection.execute(
            select(changes).where(changes.c.store == store, changes.c.group == group).limit(MOST_TOLD)
        ).all()
        told = [view(connection, row) for row in rows]
    cloud.send()
    for change in told:
        cloud.tell(Notice("change", store, change))
    return {"group": group, "undone": undone}


def _wishes(cloud: Context, store: str, body: NewPrices) -> list[Wish]:
    with reading(cloud.engine) as connection:
        book = cloud.library.current(connection, store, now_ms())
    try:
        rule = Rule(body.percent_bp, body.ending_minor)
        return wishes_of(chosen(book, category=body.category, gtins=body.gtins), rule)
    except PriceRefusedError as exc:
        raise ApiError(422, exc.code, str(exc), exc.field) from exc


def _effect(cloud: Context, store: str, wishes: Sequence[Wish]) -> dict[str, Any]:
    now = now_ms()
    with reading(cloud.engine) as connection:
        book = cloud.library.current(connection, store, now)
        currency = find_store(connection, store).currency
        return effect_of(connection, store, book, wishes, currency, now)


def _publish(
    cloud: Context, store: str, wishes: Sequence[Wish], person: Account, body: NewPrice | NewPrices
) -> tuple[Made, dict[str, Any]]:
    with cloud.engine.begin() as connection:
        try:
            made = change_prices(
                connection,
                cloud.publisher,
                store=store,
                wishes=wishes,
                by=person.name,
                reason=body.reason,
                confirm_large=body.confirm_large,
                effective_ms=body.effective_ms,
                until_ms=body.until_ms,
            )
        except PriceRefusedError as exc:
            raise ApiError(422, exc.code, str(exc), exc.field) from exc
        told = [view(connection, find_change(connection, change)) for change in made.changes[:MOST_TOLD]]
    cloud.send()
    for change in told:
        cloud.tell(Notice("change", store, change))
    return made, told[0]
