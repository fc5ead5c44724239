"""Offers and the decisions on them."""

from typing import Any

import msgspec
from fastapi import APIRouter, Query

from cloud_broker.api.auth import Manager, Staff, need_store
from cloud_broker.api.bodies.offers import Decision, NewOffer, ZoneWorth
from cloud_broker.api.context import Cloud
from cloud_broker.api.errors import ApiError
from cloud_broker.offers import rules
from cloud_broker.offers.zones import ZoneUnfitError, refuse_unfit
from cloud_broker.registry.devices import find_store
from cloud_broker.state.engine import reading
from cloud_broker.surveys.floors import Floors, floors_of
from firmware_specs.desired import Offer
from positioning.events import Worth

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
    # Judging a zone takes a second: nobody else's writing waits for it.
    with reading(cloud.engine) as connection:
        find_store(connection, store)
        floors = floors_of(connection, cloud.publisher.blobs, store)
    if floors is not None:
        try:
            refuse_unfit(floors, body.zone, body.probability)
        except ZoneUnfitError as exc:
            raise ApiError(422, "zone-unfit", str(exc), "zone") from exc
    with cloud.engine.begin() as connection:
        rules.put_offer(connection, cloud.publisher, store, Offer(**body.model_dump()))
    cloud.send()
    return body.model_dump()


@router.get("/api/stores/{store}/zones", response_model=list[ZoneWorth])
def zones(
    store: str, cloud: Cloud, person: Staff, at_least: float = Query(default=0.6, ge=0, le=1)
) -> list[dict[str, Any]]:
    """Return what offers of each zone will be worth at this store's accuracy."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        find_store(connection, store)
        floors = floors_of(connection, cloud.publisher.blobs, store)
    if floors is None:
        return []
    return [_view(floors, worth, at_least) for worth in floors.worth(floors.model.site.zones, at_least)]


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


def _view(floors: Floors, worth: Worth, at_least: float) -> dict[str, Any]:
    larger = None if worth.is_enough else floors.larger(worth.zone, at_least)
    return {
        "zone": worth.zone.id,
        "at_least": at_least,
        "recall": round(worth.recall, 3),
        "precision": round(worth.precision, 3),
        "is_enough": worth.is_enough,
        "enough_m": None if larger is None else [round(side_m, 1) for side_m in larger.size_m],
    }
