"""Devices of a store: what the registry knows, how a device looks to a page, and the roster for its gateway."""

from typing import Any

from sqlalchemy import Connection, Row, select

from cloud_broker.registry.desired import Publisher
from cloud_broker.state.tables import devices, stores
from firmware_specs.desired import Configuration, Member, Peer, Peers, Roster
from firmware_specs.kinds import kinds


class UnknownError(LookupError):
    """Something that a request names does not exist; the text says what."""


def find_device(connection: Connection, device: str) -> Row[Any]:
    """Return a device's row. Raises UnknownError."""
    row = connection.execute(select(devices).where(devices.c.id == device)).first()
    if row is None:
        raise UnknownError(f"no device {device!r}")
    return row


def find_store(connection: Connection, store: str) -> Row[Any]:
    """Return a store's row. Raises UnknownError."""
    row = connection.execute(select(stores).where(stores.c.id == store)).first()
    if row is None:
        raise UnknownError(f"no store {store!r}")
    return row


def score(row: Row[Any]) -> int:
    """Return a device's health from 0 to 100: presence, faults, backlog, drivers and clock."""
    if not row.online:
        return 0
    health = row.health or {}
    points = 100 - 20 * len(row.faults)
    points -= 20 if health.get("outbox_depth", 0) > 1000 else 0
    points -= 10 if health.get("dropped", 0) > 0 else 0
    points -= 20 if abs(health.get("clock_offset_s", 0.0)) > 5 else 0
    points -= 20 * sum(1 for state in health.get("drivers", {}).values() if state != "ready")
    return max(1, points)


def view(row: Row[Any]) -> dict[str, Any]:
    """Return a device as the API shows it."""
    kind = kinds().get(row.kind)
    return {
        "id": row.id,
        "kind": row.kind,
        "kind_name": kind.name if kind else {"en": row.kind, "zh": row.kind},
        "name": row.name,
        "store": row.store,
        "online": row.online,
        "since_ms": row.since_ms,
        "last_seen_ms": row.last_seen_ms,
        "in_service": row.in_service,
        "volume_db": row.volume_db,
        "health": row.health,
        "faults": [{"fault": name, **fault} for name, fault in sorted(row.faults.items())],
        "book_version": row.book_version,
        "agent_version": row.agent_version,
        "score": score(row),
        "enrolled_ms": row.enrolled_ms,
        "events": row.events,
    }


def of_store(connection: Connection, store: str) -> list[Row[Any]]:
    """Return a store's devices, by id."""
    return list(connection.execute(select(devices).where(devices.c.store == store).order_by(devices.c.id)))


def publish_roster(connection: Connection, publisher: Publisher, store: str) -> None:
    """Tell the store's gateway whom it has."""
    members = [Member(id=row.id, kind=row.kind, in_service=row.in_service) for row in of_store(connection, store)]
    publisher.publish(
        connection, store, "roster", lambda version: Roster(store=store, version=version, members=members)
    )


def peers_of_stores(connection: Connection) -> dict[str, list[Peer]]:
    """Return the devices that share blobs, by store."""
    found: dict[str, list[Peer]] = {}
    query = select(devices.c.store, devices.c.id, devices.c.share_url).where(devices.c.share_url != "")
    for row in connection.execute(query.order_by(devices.c.store, devices.c.id)):
        found.setdefault(row.store, []).append(Peer(device=row.id, url=row.share_url))
    return found


def publish_peers(connection: Connection, publisher: Publisher, store: str, peers: list[Peer]) -> None:
    """Tell a store's devices who of them shares blobs."""
    publisher.publish(connection, store, "peers", lambda version: Peers(store=store, version=version, peers=peers))


def want_configuration(connection: Connection, publisher: Publisher, device: str, cloud_url: str) -> None:
    """Tell a device where its store's own services are, and how loud to be."""
    row = find_device(connection, device)
    place = find_store(connection, row.store)
    publisher.want(
        connection,
        device,
        "config",
        lambda version: Configuration(
            device=device,
            version=version,
            store=row.store,
            gateway_url=place.gateway_url,
            local_broker=place.local_broker,
            cloud_url=cloud_url,
            volume_db=row.volume_db,
            name=row.name,
            in_service=row.in_service,
        ),
    )
