"""Price changes: made by a person, now or for later, carried by a book, confirmed by all that they concern."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from cloud_broker.clock import now_ms
from cloud_broker.prices.book import MATTER, publish_book, row_of
from cloud_broker.prices.confirming import expect, settle, settle_group
from cloud_broker.prices.reference import reference_of
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError, find_store
from cloud_broker.state.engine import lock_store
from cloud_broker.state.tables import changes, labels, products
from firmware_specs.rules.price_law import next_floor

SUSPICIOUS_FACTOR: Final = 10
"""A price this many times higher or lower than before is asked about once more."""

MOST_MINOR: Final = 10**9
MOST_AHEAD_MS: Final = 366 * 86_400_000
AT_ONCE: Final = 500
"""So many products are asked for in one query."""


class PriceRefusedError(ValueError):
    """A price that nobody should publish; `code` names the rule, `field` the value, `gtin` the product."""

    def __init__(self, code: str, message: str, *, gtin: str = "", field: str = "price_minor") -> None:
        super().__init__(message)
        self.code = code
        self.gtin = gtin
        self.field = field


@dataclass(frozen=True, slots=True)
class Wish:
    """A new price of one product. None leaves a member price or a struck-out price as it is, 0 ends it."""

    gtin: str
    price_minor: int
    member_minor: int | None = None
    was_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What was changed together: the group's id, and a change's id for each product, in order."""

    group: str
    changes: tuple[int, ...]


def change_prices(
    connection: Connection,
    publisher: Publisher,
    *,
    store: str,
    wishes: Sequence[Wish],
    by: str,
    reason: str,
    confirm_large: bool,
    effective_ms: int | None = None,
    until_ms: int | None = None,
) -> Made:
    """Publish new prices, now or for later, as one book.

    Args:
        confirm_large: whether a jump of `SUSPICIOUS_FACTOR` is meant.
        effective_ms: the earliest instant; now when not given.
        until_ms: when the prices before come back.

    Raises UnknownError for a product that the store does not have, PriceRefusedError for a price that nobody
    should publish; then nothing was changed and every old price stays everywhere.
    """
    lock_store(connection, store)
    now = now_ms()
    apply_due(connection, store, now)
    starts_ms = _start(now, effective_ms, until_ms)
    currency = find_store(connection, store).currency
    standing = _standing(connection, store, [wish.gtin for wish in wishes])
    for wish in wishes:
        _check(connection, store, currency, wish, standing, now, confirm_large=confirm_large)
    group = uuid.uuid4().hex
    version = publisher.next_version(connection, store, MATTER)
    is_planned = starts_ms > now
    common = {"store": store, "made_ms": now, "by": by, "reason": reason, "group": group}
    rows = [
        {
            **common,
            "gtin": wish.gtin,
            "from_minor": standing[wish.gtin].price_minor,
            "to_minor": wish.price_minor,
            "member_minor": wish.member_minor,
            "was_minor": wish.was_minor,
            # A planned one gets its floor with the book that carries it.
            "floor_minor": 0 if is_planned else _floor(connection, standing[wish.gtin]),
            "book_version": version,
            "effective_ms": starts_ms,
            "applied_ms": None if is_planned else now,
        }
        for wish in wishes
    ]
    if not is_planned:
        supersede(connection, store, [wish.gtin for wish in wishes], now)
        for row in rows:
            _put(connection, row)
    ids = [connection.execute(insert(changes).values(**row).returning(changes.c.id)).scalar_one() for row in rows]
    if until_ms is not None:
        ids += [
            connection.execute(
                insert(changes)
                .values(
                    **row
                    | {
                        "from_minor": row["to_minor"],
                        "to_minor": row["from_minor"],
                        "member_minor": standing[row["gtin"]].member_minor,
                        "was_minor": standing[row["gtin"]].was_minor,
                        "floor_minor": 0,
                        "effective_ms": until_ms,
                        "applied_ms": None,
                    }
                )
                .returning(changes.c.id)
            ).scalar_one()
            for row in rows
        ]
    gtins = [wish.gtin for wish in wishes] * (2 if until_ms is not None else 1)
    publish_book(connection, publisher, store, by=by, reason=reason)
    expect(connection, store, list(zip(ids, gtins, strict=True))[: len(wishes)])
    expect(connection, store, list(zip(ids, gtins, strict=True))[len(wishes) :])
    settle_group(connection, group, now)
    return Made(group, tuple(ids))


def undo_planned(connection: Connection, publisher: Publisher, store: str, group: str, by: str) -> int:
    """Take back what of a group is still planned, and return how many changes that were.

    Raises UnknownError when nothing of it is: it has taken effect, or was taken back before.
    """
    lock_store(connection, store)
    now = now_ms()
    apply_due(connection, store, now)
    undone = connection.execute(
        update(changes)
        .where(
            changes.c.store == store,
            changes.c.group == group,
            changes.c.applied_ms.is_(None),
            changes.c.undone_ms.is_(None),
        )
        .values(undone_ms=now)
    ).rowcount
    if not undone:
        raise UnknownError(f"nothing of {group} is planned any more: it has taken effect or was taken back")
    publish_book(connection, publisher, store, by=by, reason=f"undo of {undone} planned prices")
    return undone


def apply_due(connection: Connection, store: str, at_ms: int) -> list[int]:
    """Make the planned prices whose time has come the store's own; return their changes.

    Devices hold the books that carry them already and switch by themselves: nothing is published here.
    """
    due = connection.execute(
        select(changes)
        .where(
            changes.c.store == store,
            changes.c.applied_ms.is_(None),
            changes.c.undone_ms.is_(None),
            changes.c.effective_ms <= at_ms,
        )
        .order_by(changes.c.effective_ms, changes.c.id)
    ).all()
    for change in due:
        supersede(connection, store, [change.gtin], at_ms)
        _put(connection, change._asdict())
        connection.execute(update(changes).where(changes.c.id == change.id).values(applied_ms=change.effective_ms))
    for change in due:
        # Devices switch by themselves: some may have confirmed before this was noted.
        settle(connection, change.id, at_ms)
    return [change.id for change in due]


def stores_with_due(connection: Connection, at_ms: int) -> list[str]:
    """Return the stores that have planned prices whose time has come."""
    query = select(changes.c.store).where(
        changes.c.applied_ms.is_(None), changes.c.undone_ms.is_(None), changes.c.effective_ms <= at_ms
    )
    return list(connection.execute(query.distinct()).scalars())


def _start(now: int, effective_ms: int | None, until_ms: int | None) -> int:
    starts_ms = now if effective_ms is None else max(now, effective_ms)
    if starts_ms > now + MOST_AHEAD_MS:
        raise PriceRefusedError("too-far", "effective_ms is more than a year ahead", field="effective_ms")
    if until_ms is not None and not starts_ms < until_ms <= now + MOST_AHEAD_MS:
        raise PriceRefusedError("empty", "until_ms must be after the start and within a year", field="until_ms")
    return starts_ms


def _standing(connection: Connection, store: str, gtins: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for some in in_parts(gtins):
        query = select(products).where(products.c.store == store, products.c.gtin.in_(some), products.c.gone.is_(False))
        found |= {row.gtin: row for row in connection.execute(query)}
    for gtin in gtins:
        if gtin not in found:
            raise UnknownError(f"no product {gtin} in store {store}")
    if len(found) != len(gtins):
        twice = next(gtin for gtin in gtins if gtins.count(gtin) > 1)
        raise PriceRefusedError("twice", f"product {twice} is named twice", gtin=twice, field="gtin")
    return found


def _check(
    connection: Connection,
    store: str,
    currency: str,
    wish: Wish,
    standing: dict[str, Row[Any]],
    now: int,
    *,
    confirm_large: bool,
) -> None:
    product = standing[wish.gtin]
    price, before = wish.price_minor, product.price_minor
    if not 0 < price <= MOST_MINOR:
        raise PriceRefusedError(
            "invalid", f"{wish.gtin}: price_minor {price}: must be from 1 to {MOST_MINOR}", gtin=wish.gtin
        )
    if wish.member_minor is not None and not 0 <= wish.member_minor < price:
        message = f"{wish.gtin}: member_minor {wish.member_minor}: must be below the price {price}, or 0 to end it"
        raise PriceRefusedError("invalid", message, gtin=wish.gtin, field="member_minor")
    if wish.was_minor:
        reference = reference_of(connection, store, wish.gtin, currency, now)
        assert reference is not None
        if not price < wish.was_minor <= reference.lawful_minor:
            message = (
                f"{wish.gtin}: was_minor {wish.was_minor}: must be above the new price and at most "
                f"{reference.lawful_minor}, the lowest price of the last {reference.days} days"
            )
            raise PriceRefusedError("unlawful-was", message, gtin=wish.gtin, field="was_minor")
    same_extras = wish.member_minor in (None, product.member_minor) and wish.was_minor in (None, product.was_minor)
    if price == before and same_extras:
        raise PriceRefusedError("same", f"{wish.gtin} costs {price} already", gtin=wish.gtin)
    low, high = sorted((price, before))
    if high >= low * SUSPICIOUS_FACTOR and not confirm_large:
        raise PriceRefusedError(
            "suspicious",
            f"{wish.gtin}: {before} → {price} is {high / low:.0f} times: set confirm_large if you mean it",
            gtin=wish.gtin,
        )


def _floor(connection: Connection, product: Row[Any]) -> int:
    return next_floor(row_of(product), proved=is_proved(connection, product))


def is_proved(connection: Connection, product: Row[Any]) -> bool:
    """Return whether every label of a product proved its price, as far as the cloud has it on disk."""
    rows = connection.execute(
        select(labels.c.state, labels.c.price_minor, labels.c.book_version).where(
            labels.c.store == product.store, labels.c.gtin == product.gtin
        )
    ).all()
    # A proof from an earlier book is of an earlier price that happened to be the same; since then the label
    # may have shown another.
    return all(
        row.state == "shown"
        and row.price_minor == product.price_minor
        and (row.book_version or 0) >= product.book_version
        for row in rows
    )


def _put(connection: Connection, change: dict[str, Any]) -> None:
    values = {
        "price_minor": change["to_minor"],
        "floor_minor": change["floor_minor"],
        "book_version": change["book_version"],
        "row_version": change["book_version"],
    }
    for name in ("member_minor", "was_minor"):
        if change[name] is not None:
            values[name] = change[name]
    connection.execute(
        update(products).where(products.c.store == change["store"], products.c.gtin == change["gtin"]).values(**values)
    )


def supersede(connection: Connection, store: str, gtins: Sequence[str], at_ms: int) -> None:
    """Close the changes of these products that a newer one overtakes."""
    for some in in_parts(gtins):
        connection.execute(
            update(changes)
            .where(
                changes.c.store == store,
                changes.c.gtin.in_(some),
                changes.c.applied_ms.is_not(None),
                changes.c.confirmed_ms.is_(None),
                changes.c.superseded_ms.is_(None),
            )
            .values(superseded_ms=at_ms)
        )


def in_parts(gtins: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield parts that fit into one query."""
    for start in range(0, len(gtins), AT_ONCE):
        yield gtins[start : start + AT_ONCE]
