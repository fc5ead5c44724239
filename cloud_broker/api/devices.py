"""Devices: the registry, their health, what they are told."""

from typing import Any

from fastapi import APIRouter, Query
from sqlalchemy import select, update

from cloud_broker.api.auth import Staff, need_store
from cloud_broker.api.bodies.devices import (
    BasketLine,
    CommandView,
    Device,
    DeviceChange,
    DeviceDetail,
    KindView,
    NewCommand,
    Series,
    StreamView,
)
from cloud_broker.api.context import Cloud
from cloud_broker.api.errors import ApiError
from cloud_broker.clock import now_ms
from cloud_broker.ingest.standing import standings
from cloud_broker.live import Notice
from cloud_broker.prices.confirming import excuse
from cloud_broker.prices.views import find_change
from cloud_broker.prices.views import view as change_view
from cloud_broker.registry import orders
from cloud_broker.registry.devices import find_device, publish_roster, view, want_configuration
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import basket_lines, devices, reported
from firmware_specs.kinds import kinds

router = APIRouter(tags=["devices"])


@router.get("/api/kinds", response_model=list[KindView])
def all_kinds(_: Staff) -> list[dict[str, Any]]:
    """Return the device kinds."""
    return [{"id": kind.id, "name": kind.name, "commands": list(kind.commands)} for kind in kinds().values()]


@router.get("/api/devices", response_model=list[Device])
def all_devices(cloud: Cloud, person: Staff, store: str = "") -> list[dict[str, Any]]:
    """Return devices, of one store or of all that the person works with."""
    with reading(cloud.engine) as connection:
        rows = connection.execute(select(devices).order_by(devices.c.id)).all()
    return [view(row) for row in rows if person.may_see(row.store) and store in ("", row.store)]


@router.get("/api/devices/{device}", response_model=DeviceDetail)
def one(device: str, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Return a device with what it reported and was told."""
    with reading(cloud.engine) as connection:
        row = find_device(connection, device)
        need_store(person, row.store)
        said = connection.execute(select(reported).where(reported.c.device == device).order_by(reported.c.matter))
        matters = {
            each.matter: {
                "version": each.version,
                "applied": each.applied,
                "detail": each.detail,
                "at_ms": each.at_ms,
            }
            for each in said
        }
        return {**view(row), "reported": matters, "commands": orders.of_device(connection, device)}


@router.patch("/api/devices/{device}", response_model=Device)
def change(device: str, body: DeviceChange, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Rename a device, set its volume, take it out of service or back."""
    with cloud.engine.begin() as connection:
        row = find_device(connection, device)
        need_store(person, row.store)
        values = body.model_dump(exclude_none=True)
        if values:
            connection.execute(update(devices).where(devices.c.id == device).values(**values))
            want_configuration(connection, cloud.publisher, device, cloud.settings.public_url)
        excused: list[int] = []
        if body.in_service is not None and body.in_service != row.in_service:
            publish_roster(connection, cloud.publisher, row.store)
            if not body.in_service:
                excused = excuse(connection, device, now_ms())
        changed_prices = [change_view(connection, find_change(connection, number)) for number in excused]
        changed = view(find_device(connection, device))
    cloud.send()
    cloud.tell(Notice("device", changed["store"], changed))
    for each in changed_prices:
        cloud.tell(Notice("change", changed["store"], each))
    return changed


@router.post("/api/devices/{device}/commands", status_code=201, response_model=CommandView)
def command(device: str, body: NewCommand, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Order a device to do something once."""
    with cloud.engine.begin() as connection:
        need_store(person, find_device(connection, device).store)
        try:
            row = orders.order(connection, device=device, name=body.name, arguments=body.arguments, by=person.name)
        except orders.CommandRefusedError as exc:
            raise ApiError(422, "command", str(exc), "name") from exc
    cloud.send()
    return orders.view(row, now_ms())


@router.get("/api/devices/{device}/readings", response_model=Series)
def readings(
    device: str,
    cloud: Cloud,
    person: Staff,
    series: str = Query(examples=["rss_bytes"], max_length=63),
    from_ms: int = Query(default=0, ge=0),
    to_ms: int = Query(default=0, ge=0),
) -> dict[str, Any]:
    """Return a device's readings of one series; the last hour when no time is given."""
    with reading(cloud.engine) as connection:
        need_store(person, find_device(connection, device).store)
    end = to_ms or now_ms() + 1
    points = cloud.readings.read(device, series, from_ms or end - 3_600_000, end)
    return {"series": series, "t_ms": [at for at, _ in points], "v": [value for _, value in points]}


@router.get("/api/devices/{device}/streams", response_model=list[StreamView])
def streams(device: str, cloud: Cloud, person: Staff) -> list[dict[str, Any]]:
    """Return how far each stream of a device is durable, and whether its journal is whole and in order."""
    with reading(cloud.engine) as connection:
        row = find_device(connection, device)
        need_store(person, row.store)
        policies = kinds()[row.kind].streams
        return [
            {**each, "never_drops": each["stream"] in policies and policies[each["stream"]].when_full == "refuse-work"}
            for each in standings(connection, device)
        ]


@router.get("/api/devices/{device}/basket", response_model=list[BasketLine])
def basket(
    device: str, cloud: Cloud, person: Staff, limit: int = Query(default=200, ge=1, le=1000)
) -> list[dict[str, Any]]:
    """Return what a cart or till told of its baskets, the newest, in the order it happened."""
    with reading(cloud.engine) as connection:
        need_store(person, find_device(connection, device).store)
        query = (
            select(basket_lines).where(basket_lines.c.device == device).order_by(basket_lines.c.id.desc()).limit(limit)
        )
        return [dict(row._mapping) for row in reversed(connection.execute(query).all())]
