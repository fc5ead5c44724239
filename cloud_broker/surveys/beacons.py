"""How well a store's beacons are heard, over all devices that hear them."""

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select

from cloud_broker.state.tables import beacon_reports
from firmware_specs.desired import Site
from firmware_specs.events import BeaconsHeard

FRESH_MS = 10 * 60_000
"""A device that has not spoken for longer says nothing of a beacon's health now."""
LOW_MV = 2_400
"""A lithium cell of 3 V is nearly empty below this."""


def keep_reports(connection: Connection, store: str, device: str, heard: BeaconsHeard) -> None:
    """Keep a device's latest word on each beacon."""
    table = beacon_reports
    names = [seen.beacon for seen in heard.beacons]
    connection.execute(delete(table).where(table.c.store == store, table.c.device == device, table.c.beacon.in_(names)))
    # A beacon named twice in one report would break the key: the last word counts.
    rows = {seen.beacon: msgspec.to_builtins(seen) for seen in heard.beacons}
    if rows:
        connection.execute(
            insert(table), [{"store": store, "device": device, "at_ms": heard.at_ms, **row} for row in rows.values()]
        )


def views(connection: Connection, store: str, site: Site, now_ms: int) -> list[dict[str, Any]]:
    """Return each beacon of a site with what the store's devices say of it.

    `state` is `ill` where most of those that say anything lately call it dead, moved or of another gain, `low` on an
    empty battery, `well`, or `unheard` where nobody has said anything lately.
    """
    said: dict[str, list[Any]] = {}
    table = beacon_reports
    query = select(table).where(table.c.store == store, table.c.at_ms >= now_ms - FRESH_MS)
    for row in connection.execute(query):
        said.setdefault(row.beacon, []).append(row)
    return [_view(beacon.id, beacon.x_m, beacon.y_m, said.get(beacon.id, []), now_ms) for beacon in site.beacons]


def _view(beacon: str, x_m: float, y_m: float, rows: list[Any], now_ms: int) -> dict[str, Any]:
    ills = [row.ill for row in rows if row.ill]
    expected = sum(row.expected or 0 for row in rows)
    received = sum(row.received for row in rows if row.expected)
    batteries = [row.battery_mv for row in rows if row.battery_mv is not None]
    strengths = [row.rssi_dbm for row in rows if row.rssi_dbm is not None]
    battery_mv = min(batteries, default=None)
    if not rows:
        state = "unheard"
    elif 2 * len(ills) > len(rows):
        state = "ill"
    else:
        state = "low" if battery_mv is not None and battery_mv < LOW_MV else "well"
    return {
        "id": beacon,
        "x_m": x_m,
        "y_m": y_m,
        "state": state,
        "ill": max(sorted(set(ills)), key=ills.count) if state == "ill" else "",
        "devices": len(rows),
        "rate": min(1.0, received / expected) if expected else None,
        "rssi_dbm": round(max(strengths), 1) if strengths else None,
        "heard_s": min((round((now_ms - row.at_ms) / 1000 + row.age_s) for row in rows), default=None),
        "battery_mv": battery_mv,
    }
