"""Offers and the decisions on them."""

from typing import Any

import msgspec
from fastapi import APIRouter, Query

from cloud_broker.api.auth import Manager, Staff, need_store
from cloud_broker.api.context import Cloud
from cloud_broker.api.errors import ApiError
from cloud_broker.api.models import Decision, NewOffer
from cloud_broker.offers import rules
from cloud_broker.registry.devices import find_store
from cloud_broker.state.engine import reading
from firmware_specs.desired import Offer

router = APIRouter(tags=["offers"])


@router.get("/api/stores/{store}/offers", response_model=list[NewOffer])
def all_offers(store: str, cloud: Cloud, person: Staff) -> list[dict[str, Any]]:
    """Return the store's offers."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        return [msgspec.to_builtins(offer) for offer in rules.offers_of(connection, store)]


@router.put("/api/stores/{store}/offers/{offer}", response_model=NewOffer)
def put(store: str, offer: str, body: NewOffer, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Make or change an offer; carts hold the new rules as soon as they hear of them."""
    need_store(person, store)
    if body.id != offer:
        raise ApiError(422, "id", f"the path says {offer!r}, the body {body.id!r}", "id")
    with cloud.engine.begin() as connection:
        find_store(connection, store)
        rules.put_offer(connection, cloud.publisher, store, Offer(**body.model_dump()))
    cloud.send()
    return body.model_dump()


@router.delete("/api/stores/{store}/offers/{offer}", status_code=204)
def drop(store: str, offer: str, cloud: Cloud, person: Manager) -> None:
    """Take an offer away."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        rules.drop_offer(connection, cloud.publisher, store, offer)
    cloud.send()


@router.get("/api/stores/{store}/decisions", response_model=list[Decision])
def decisions(
    store: str, cloud: Cloud, person: Staff, limit: int = Query(default=100, ge=1, le=1000)
) -> list[dict[str, Any]]:
    """Return what carts decided, newest first."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        return rules.decision_views(connection, store, limit)
