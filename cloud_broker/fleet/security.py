"""Security events: who tried what, as the broker refused it or the cloud noticed it."""

import re
from typing import Any

from msgspec import Struct
from sqlalchemy import Engine, insert, select

from cloud_broker.clock import now_ms
from cloud_broker.live import Notice
from cloud_broker.state.tables import devices, security_events
from firmware_specs.events import Text

_DENIED = re.compile(r"Denied PUBLISH from ([^ ]+) \(.*?'([^']*)'")


class SecurityNotice(Struct, frozen=True, kw_only=True):
    """What the broker's keeper tells the cloud, on `aisle/1/svc/security`."""

    device: Text
    kind: Text
    detail: Text


def from_log(line: str) -> SecurityNotice | None:
    """Return the event behind a line of Mosquitto's log, if it is a refused publish."""
    match = _DENIED.match(line)
    if match is None:
        return None
    who, topic = match[1], match[2]
    return SecurityNotice(device=who, kind="topic-refused", detail=f"{who} tried to publish on {topic[:200]}")


def note_security(engine: Engine, notice: SecurityNotice) -> list[Notice]:
    """Keep a security event; return what pages should know."""
    now = now_ms()
    with engine.begin() as connection:
        store = connection.execute(select(devices.c.store).where(devices.c.id == notice.device)).scalar() or ""
        number = connection.execute(
            insert(security_events)
            .values(at_ms=now, device=notice.device[:63], kind=notice.kind[:63], detail=notice.detail)
            .returning(security_events.c.id)
        ).scalar_one()
    data: dict[str, Any] = {
        "id": number,
        "at_ms": now,
        "device": notice.device,
        "kind": notice.kind,
        "detail": notice.detail,
    }
    return [Notice("security", store, data, frozenset({"hq"}))]
