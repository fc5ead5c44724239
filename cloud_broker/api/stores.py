"""A store: its map, and everything a page needs to start."""

from typing import Any

import msgspec
from fastapi import APIRouter
from sqlalchemy import Connection, select

from cloud_broker.api.auth import Anyone, Floor, need_store
from cloud_broker.api.bodies.stores import Snapshot, Store
from cloud_broker.api.context import Cloud
from cloud_broker.clock import now_ms
from cloud_broker.labels.plan import joined
from cloud_broker.labels.plan import view as label_view
from cloud_broker.prices.views import view as change_view
from cloud_broker.registry.devices import UnknownError, find_store, of_store
from cloud_broker.registry.devices import view as device_view
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import changes, heads, stores
from firmware_specs.desired import Site
from firmware_specs.wire import decode

router = APIRouter(tags=["stores"])

RECENT_MS = 30_000


@router.get("/api/stores", response_model=list[Store])
def all_stores(cloud: Cloud, person: Anyone) -> list[dict[str, Any]]:
    """Return the stores that the person works with."""
    with reading(cloud.engine) as connection:
        return [
            {"id": row.id, "name": row.name}
            for row in connection.execute(select(stores).order_by(stores.c.id))
            if person.may_see(row.id)
        ]


@router.get("/api/stores/{store}/site")
def site(store: str, cloud: Cloud, person: Anyone) -> dict[str, Any]:
    """Return the store's geometry in metres."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        found: dict[str, Any] = msgspec.to_builtins(_site(connection, cloud, store))
    return found


def _site(connection: Connection, cloud: Cloud, store: str) -> Site:
    find_store(connection, store)
    sha256 = connection.execute(select(heads.c.sha256).where(heads.c.store == store, heads.c.matter == "site")).scalar()
    if sha256 is None:
        raise UnknownError(f"store {store!r} has no map yet")
    return decode(cloud.publisher.blobs.get(sha256), Site)


@router.get("/api/stores/{store}/snapshot", response_model=Snapshot)
def snapshot(store: str, cloud: Cloud, person: Floor) -> dict[str, Any]:
    """Return what a page shows first; the live stream tells what changes after."""
    need_store(person, store)
    now = now_ms()
    with reading(cloud.engine) as connection:
        level = _site(connection, cloud, store).level
        devices = of_store(connection, store)
        recent = connection.execute(
            select(changes).where(changes.c.store == store).order_by(changes.c.id.desc()).limit(20)
        ).all()
        body = {
            "devices": [device_view(row) for row in devices],
            "labels": [label_view(row) for row in joined(connection, store)],
            "changes": [change_view(connection, row) for row in recent],
            "now_ms": now,
        }
    positions = []
    for row in devices:
        latest = {
            series: cloud.readings.read(row.id, series, now - RECENT_MS, now + RECENT_MS)
            for series in ("x_m", "y_m", "sigma_m")
        }
        if all(latest.values()):
            positions.append(
                {
                    "device": row.id,
                    "level": level,
                    "at_ms": latest["x_m"][-1][0],
                    **{series: points[-1][1] for series, points in latest.items()},
                }
            )
    return {**body, "positions": positions}
