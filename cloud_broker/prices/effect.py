"""What new prices would do, before anybody publishes them: the lawful reference, and real baskets of this store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, case, func, select

from cloud_broker.prices.changes import Wish
from cloud_broker.prices.reference import reference_of
from cloud_broker.state.tables import basket_lines
from firmware_specs.pricebook.book import Pricebook

BASKETS: Final = 200
MOST_REFERENCES: Final = 200


@dataclass(frozen=True, slots=True)
class Baskets:
    """The last baskets of the store, priced as they are now and as they would be. Totals are of all of them."""

    count: int
    touched: int
    before_minor: int
    after_minor: int


def effect_of(
    connection: Connection, store: str, book: Pricebook, wishes: Sequence[Wish], currency: str, now_ms: int
) -> dict[str, Any]:
    """Return what new prices would do; `products` tells of the first `MOST_REFERENCES` in detail."""
    wished = {wish.gtin: wish.price_minor for wish in wishes}
    detailed = []
    for wish in wishes[:MOST_REFERENCES]:
        row = book.get(wish.gtin)
        reference = reference_of(connection, store, wish.gtin, currency, now_ms)
        if row is None or reference is None:
            continue
        detailed.append(
            {
                "gtin": wish.gtin,
                "name": row.name,
                "before_minor": row.price_minor,
                "after_minor": wish.price_minor,
                "lowest_7d_minor": reference.lowest_7d_minor,
                "lowest_30d_minor": reference.lowest_30d_minor,
                "lawful_was_minor": reference.lawful_minor,
                "lawful_days": reference.days,
            }
        )
    baskets = _baskets(connection, store, book, wished)
    return {
        "products": len(wishes),
        "raised": sum(_moves(book, wish) > 0 for wish in wishes),
        "lowered": sum(_moves(book, wish) < 0 for wish in wishes),
        "details": detailed,
        "baskets": {
            "count": baskets.count,
            "touched": baskets.touched,
            "before_minor": baskets.before_minor,
            "after_minor": baskets.after_minor,
        },
    }


def _moves(book: Pricebook, wish: Wish) -> int:
    row = book.get(wish.gtin)
    return 0 if row is None else wish.price_minor - row.price_minor


class Sold(NamedTuple):
    """What a basket had; of what was weighed or counted `pack_minor` is what one pack cost, of all else it is 0."""

    gtin: str
    pack_minor: int


def recent_baskets(connection: Connection, store: str) -> dict[str, dict[Sold, int]]:
    """Return how many of what was in each of the store's last baskets, by trip."""
    lines = basket_lines
    pack_minor = case((lines.c.gtin.startswith("9"), lines.c.price_minor), else_=0)
    trips = (
        select(lines.c.trip)
        .where(lines.c.store == store, lines.c.kind == "closed")
        .order_by(lines.c.id.desc())
        .limit(BASKETS)
    )
    counted = (
        select(
            lines.c.trip,
            lines.c.gtin,
            lines.c.kind,
            pack_minor.label("pack_minor"),
            func.sum(lines.c.quantity).label("quantity"),
        )
        .where(lines.c.store == store, lines.c.trip.in_(trips), lines.c.gtin.is_not(None))
        .group_by(lines.c.trip, lines.c.gtin, lines.c.kind, pack_minor)
    )
    baskets: dict[str, dict[Sold, int]] = {}
    for row in connection.execute(counted):
        basket = baskets.setdefault(row.trip, {})
        sign = 1 if row.kind == "line-added" else -1
        sold = Sold(row.gtin, int(row.pack_minor))
        basket[sold] = basket.get(sold, 0) + sign * int(row.quantity)
    return {trip: {sold: count for sold, count in basket.items() if count > 0} for trip, basket in baskets.items()}


def _baskets(connection: Connection, store: str, book: Pricebook, wished: Mapping[str, int]) -> Baskets:
    baskets = recent_baskets(connection, store)
    before = after = touched = 0
    for basket in baskets.values():
        touched += any(sold.gtin in wished for sold in basket)
        for sold, quantity in basket.items():
            product = book.get(sold.gtin)
            if product is not None:
                was, now = product.price_minor, wished.get(sold.gtin, product.price_minor)
                if sold.pack_minor:
                    # A pack's price goes with the price of its measure.
                    was, now = sold.pack_minor, (2 * sold.pack_minor * now + was) // (2 * was)
                before += quantity * was
                after += quantity * now
    return Baskets(len(baskets), touched, before, after)
