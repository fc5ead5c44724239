"""The fleet in numbers, security events and dead letters."""

from typing import Any

from fastapi import APIRouter, Query
from sqlalchemy import func, select

from cloud_broker.api.auth import Hq, Staff
from cloud_broker.api.bodies.fleet import DeadLetter, Fleet, SecurityEvent
from cloud_broker.api.context import Cloud
from cloud_broker.clock import now_ms
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import dead_letters, devices, journal, security_events

router = APIRouter(tags=["fleet"])

RATE_MS = 10_000


@router.get("/api/fleet", response_model=Fleet)
def fleet(cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Return the fleet in numbers."""
    since = now_ms() - RATE_MS
    with reading(cloud.engine) as connection:
        rows = [
            row
            for row in connection.execute(select(devices.c.kind, devices.c.online, devices.c.store))
            if person.may_see(row.store)
        ]
        # The journal is in order of arrival: its end is enough for the rate.
        newest = select(journal.c.events, journal.c.received_ms).order_by(journal.c.id.desc()).limit(20_000).subquery()
        events = connection.execute(
            select(func.coalesce(func.sum(newest.c.events), 0)).where(newest.c.received_ms >= since)
        ).scalar_one()
        dead = connection.execute(select(func.count()).select_from(dead_letters)).scalar_one()
        alarms = connection.execute(select(func.count()).select_from(security_events)).scalar_one()
    by_kind: dict[str, dict[str, int]] = {}
    for row in rows:
        counts = by_kind.setdefault(row.kind, {"total": 0, "online": 0})
        counts["total"] += 1
        counts["online"] += int(row.online)
    return {
        "devices": len(rows),
        "online": sum(1 for row in rows if row.online),
        "events_per_s": int(events) * 1000 / RATE_MS,
        "journal_lag": cloud.projector.lag(),
        "dead_letters": dead,
        "security_events": alarms,
        "by_kind": by_kind,
    }


@router.get("/api/security", response_model=list[SecurityEvent])
def security(cloud: Cloud, _: Hq, limit: int = Query(default=100, ge=1, le=1000)) -> list[dict[str, Any]]:
    """Return security events, newest first."""
    with reading(cloud.engine) as connection:
        query = select(security_events).order_by(security_events.c.id.desc()).limit(limit)
        return [dict(row._mapping) for row in connection.execute(query)]


@router.get("/api/deadletters", response_model=list[DeadLetter])
def dead(cloud: Cloud, _: Hq, limit: int = Query(default=100, ge=1, le=1000)) -> list[dict[str, Any]]:
    """Return messages that could not be read, newest first, each with the reason."""
    with reading(cloud.engine) as connection:
        query = select(dead_letters).order_by(dead_letters.c.id.desc()).limit(limit)
        return [
            {
                "id": row.id,
                "at_ms": row.at_ms,
                "device": row.device,
                "topic": row.topic,
                "reason": row.reason,
                "bytes_hex": row.body[:200].hex(),
            }
            for row in connection.execute(query)
        ]
