"""The price that a reduction may be measured against: the lowest that was asked in the days before.

In China the lowest price of the seven days before a promotion, in the same premises (State Administration for
Market Regulation, Interim Provisions on Regulating Promotional Behaviour, 2020, article 20); in the European
Union the lowest of the thirty days before (Directive 98/6/EC, article 6a). What was asked stands in for what was
paid: it can only be lower.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select

from cloud_broker.state.tables import changes, products

DAY_MS: Final = 86_400_000
WEEK_DAYS: Final = 7
MONTH_DAYS: Final = 30
LAWFUL_DAYS: Final = {"CNY": WEEK_DAYS}
"""By currency; elsewhere the longer period counts, which allows less."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The lowest prices of the last days, and the one that the law of the store's currency goes by."""

    lowest_7d_minor: int
    lowest_30d_minor: int
    lawful_minor: int
    days: int


def reference_of(connection: Connection, store: str, gtin: str, currency: str, now_ms: int) -> Reference | None:
    """Return a product's reference prices before a reduction made now; None for an unknown product."""
    standing = connection.execute(
        select(products.c.price_minor).where(products.c.store == store, products.c.gtin == gtin)
    ).scalar()
    if standing is None:
        return None
    week, month = (
        _lowest(connection, store, gtin, standing, now_ms - days * DAY_MS) for days in (WEEK_DAYS, MONTH_DAYS)
    )
    days = LAWFUL_DAYS.get(currency, MONTH_DAYS)
    return Reference(week, month, week if days == WEEK_DAYS else month, days)


def _lowest(connection: Connection, store: str, gtin: str, standing: int, since_ms: int) -> int:
    # A price counts from when it was applied until the next one was; the one that stood when the days began, too.
    found = connection.execute(
        select(changes.c.from_minor, changes.c.to_minor)
        .where(changes.c.store == store, changes.c.gtin == gtin, changes.c.applied_ms > since_ms)
        .order_by(changes.c.applied_ms)
    ).all()
    prices: list[int] = [standing, *(price for row in found for price in (row.from_minor, row.to_minor))]
    return min(prices)
