"""Presence: births and wills, ordered by (boot, session), so that a will that comes late changes nothing."""

from sqlalchemy import Engine, select, update

from cloud_broker.clock import now_ms
from cloud_broker.live import Notice
from cloud_broker.registry.devices import view
from cloud_broker.state.tables import devices
from firmware_specs.presence import Presence, is_newer


def note_presence(engine: Engine, device: str, said: Presence) -> list[Notice]:
    """Take a presence message into the registry; return what pages should know."""
    with engine.begin() as connection:
        row = connection.execute(select(devices).where(devices.c.id == device)).first()
        if row is None or not is_newer((row.boot, row.session), said):
            return []
        now = now_ms()
        connection.execute(
            update(devices)
            .where(devices.c.id == device)
            .values(
                online=said.online,
                boot=said.boot,
                session=said.session,
                agent_version=said.agent_version,
                # While it is away its neighbours find that out by themselves; it comes back to the same place, often.
                share_url=said.share_url if said.online else row.share_url,
                since_ms=now if said.online != row.online else row.since_ms,
                last_seen_ms=now if said.online else row.last_seen_ms,
            )
        )
        row = connection.execute(select(devices).where(devices.c.id == device)).one()
        return [Notice("device", row.store, view(row))]
