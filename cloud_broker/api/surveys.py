"""How well carts know where they are in a store, what was surveyed there, and how its beacons are."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, select

from cloud_broker.api.auth import Staff, Tech, need_store
from cloud_broker.api.bodies.surveys import BeaconHealth, SurveyWalked
from cloud_broker.api.context import Cloud
from cloud_broker.api.errors import ApiError
from cloud_broker.clock import now_ms
from cloud_broker.registry.devices import UnknownError, find_store
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import heads
from cloud_broker.surveys import beacons, legs
from cloud_broker.surveys.floors import floors_of
from firmware_specs.desired import Site
from firmware_specs.wire import decode

router = APIRouter(tags=["positioning"])


@router.get("/api/stores/{store}/promise")
def promise(store: str, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Return how well carts will know where they are, level by level and zone by zone, and what would help."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        find_store(connection, store)
        floors = floors_of(connection, cloud.publisher.blobs, store)
    if floors is None:
        raise ApiError(409, "no-map", f"store {store!r} has no map with an extent: nothing can be promised of it")
    return floors.promise()


@router.get("/api/stores/{store}/surveys", response_model=list[SurveyWalked])
def surveys(store: str, cloud: Cloud, person: Staff) -> list[dict[str, Any]]:
    """Return the surveys walked in a store, newest first."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        return legs.views(connection, store)


@router.post("/api/stores/{store}/surveys/{survey}/use", status_code=204)
def use(store: str, survey: str, cloud: Cloud, person: Tech) -> None:
    """Make a survey what the store's devices go by."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        find_store(connection, store)
        legs.use(connection, cloud.publisher, store, survey, person.name)
    cloud.send()


@router.delete("/api/stores/{store}/surveys/{survey}", status_code=204)
def forget(store: str, survey: str, cloud: Cloud, person: Tech) -> None:
    """Forget a survey; what devices go by stays as it is."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        legs.forget(connection, store, survey)


@router.get("/api/stores/{store}/beacons", response_model=list[BeaconHealth])
def beacon_health(store: str, cloud: Cloud, person: Staff) -> list[dict[str, Any]]:
    """Return each beacon with what all devices say of it."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        site = _site(connection, cloud, store)
        return beacons.views(connection, store, site, now_ms())


def _site(connection: Connection, cloud: Cloud, store: str) -> Site:
    query = select(heads.c.sha256).where(heads.c.store == store, heads.c.matter == "site")
    sha256 = connection.execute(query).scalar()
    if sha256 is None:
        raise UnknownError(f"store {store!r} has no map")
    return decode(cloud.publisher.blobs.get(sha256), Site, limit=None)
