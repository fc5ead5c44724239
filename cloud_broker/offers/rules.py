"""Offers of a store, kept as the contract's own struct and published whole."""

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select

from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.tables import decisions, offers
from firmware_specs.desired import Offer, Offers


def put_offer(connection: Connection, publisher: Publisher, store: str, offer: Offer) -> None:
    """Keep an offer and publish all of them."""
    connection.execute(delete(offers).where(offers.c.store == store, offers.c.id == offer.id))
    connection.execute(insert(offers).values(store=store, id=offer.id, body=msgspec.to_builtins(offer)))
    publish_offers(connection, publisher, store)


def drop_offer(connection: Connection, publisher: Publisher, store: str, offer: str) -> None:
    """Take an offer away and publish the rest. Raises UnknownError."""
    gone = connection.execute(delete(offers).where(offers.c.store == store, offers.c.id == offer))
    if gone.rowcount == 0:
        raise UnknownError(f"no offer {offer!r} in store {store!r}")
    publish_offers(connection, publisher, store)


def offers_of(connection: Connection, store: str) -> list[Offer]:
    """Return a store's offers, by id."""
    query = select(offers.c.body).where(offers.c.store == store).order_by(offers.c.id)
    return [msgspec.convert(body, Offer) for body in connection.execute(query).scalars()]


def publish_offers(connection: Connection, publisher: Publisher, store: str) -> None:
    """Make the store's offers the next version of `offers`."""
    all_offers = offers_of(connection, store)
    publisher.publish(
        connection, store, "offers", lambda version: Offers(store=store, version=version, offers=all_offers)
    )


def decision_views(connection: Connection, store: str, limit: int) -> list[dict[str, Any]]:
    """Return the newest decisions."""
    query = select(decisions).where(decisions.c.store == store).order_by(decisions.c.id.desc()).limit(limit)
    names = ("device", "trip", "offer", "zone", "outcome", "reason", "probability", "at_ms")
    return [{name: getattr(row, name) for name in names} for row in connection.execute(query)]
