"""What goods weigh, learnt from all carts of a store: a median, so that one swapped pack teaches nothing."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select

from cloud_broker.registry.desired import Publisher
from cloud_broker.state.tables import weighings
from firmware_specs.events import ItemWeighed
from firmware_specs.rules.weight import LEAST_SPREAD_G, ProductWeight, Weights

ENOUGH: Final = 5
"""Weighings in as many trips: fewer may be one shopper's mistake."""

KEPT: Final = 31
"""The last ones of each product: a new recipe or wrapping is learnt within as many."""

NEWS: Final = 0.02
"""A weight is told anew when it changed by this share."""

_TO_SIGMA: Final = 1.4826
"""A normal distribution's standard deviation by its median absolute deviation."""


def keep_weighing(connection: Connection, store: str, weighed: ItemWeighed) -> None:
    """Keep a weighing, and no more than the last `KEPT` of its product."""
    connection.execute(
        insert(weighings).values(
            store=store, gtin=weighed.gtin, trip=weighed.trip, weight_g=weighed.weight_g, at_ms=weighed.at_ms
        )
    )
    of_product = (weighings.c.store == store, weighings.c.gtin == weighed.gtin)
    newest = select(weighings.c.id).where(*of_product).order_by(weighings.c.id.desc()).limit(KEPT)
    connection.execute(delete(weighings).where(*of_product, weighings.c.id.not_in(newest.scalar_subquery())))


def newest_weighing(connection: Connection) -> dict[str, int]:
    """Return the last weighing of every store, by which news are told from none."""
    query = select(weighings.c.store, func.max(weighings.c.id)).group_by(weighings.c.store)
    return {store: last for store, last in connection.execute(query)}


def learnt(connection: Connection, store: str) -> list[ProductWeight]:
    """Return what the products of a store weigh, as far as enough trips say."""
    query = select(weighings.c.gtin, weighings.c.trip, weighings.c.weight_g).where(weighings.c.store == store)
    by_product: dict[str, dict[str, list[float]]] = {}
    for row in connection.execute(query.order_by(weighings.c.gtin, weighings.c.id)):
        by_product.setdefault(row.gtin, {}).setdefault(row.trip, []).append(row.weight_g)
    found = []
    for gtin, trips in by_product.items():
        if len(trips) < ENOUGH:
            continue
        # Each trip has one voice: who buys ten of a thing may have learnt to cheat with it.
        middle, spread = _middle([median(weights) for weights in trips.values()])
        found.append(ProductWeight(gtin=gtin, weight_g=round(middle, 1), spread_g=round(spread, 1)))
    return found


def is_news(now: Sequence[ProductWeight], told: Sequence[ProductWeight]) -> bool:
    """Return whether devices should hear of these weights in place of those that they have been told."""
    before = {one.gtin: one.weight_g for one in told}
    return set(before) != {one.gtin for one in now} or any(
        abs(one.weight_g - before[one.gtin]) > NEWS * before[one.gtin] for one in now
    )


def publish_weights(connection: Connection, publisher: Publisher, store: str, products: list[ProductWeight]) -> None:
    """Tell a store's carts what goods weigh."""
    publisher.publish(
        connection, store, "weights", lambda version: Weights(store=store, version=version, products=products)
    )


def _middle(weights: Sequence[float]) -> tuple[float, float]:
    middle = median(weights)
    return middle, max(LEAST_SPREAD_G, _TO_SIGMA * median(abs(weight - middle) for weight in weights))
