"""Commands to devices: must happen once, expire undone."""

import secrets
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from cloud_broker.clock import now_ms
from cloud_broker.registry.devices import find_device
from cloud_broker.state.tables import commands
from firmware_specs.kinds import kinds

LIFE_MS = 60_000


class CommandRefusedError(ValueError):
    """A command that this kind of device does not know."""


def order(connection: Connection, *, device: str, name: str, arguments: dict[str, Any], by: str) -> Row[Any]:
    """Order a command. Raises UnknownError, CommandRefusedError."""
    row = find_device(connection, device)
    known = kinds()[row.kind].commands
    if name not in known:
        raise CommandRefusedError(f"a {row.kind} does not know {name!r}: {', '.join(known) or 'it takes no commands'}")
    now = now_ms()
    return connection.execute(
        insert(commands)
        .values(
            id=f"cmd-{secrets.token_hex(6)}",
            device=device,
            name=name,
            arguments=arguments,
            by=by,
            made_ms=now,
            expires_ms=now + LIFE_MS,
            state="sent",
        )
        .returning(commands)
    ).one()


def view(row: Row[Any], now: int) -> dict[str, Any]:
    """Return a command as the API shows it."""
    names = ("id", "device", "name", "detail", "made_ms", "expires_ms", "done_ms")
    expired = row.state == "sent" and row.expires_ms <= now
    return {**{name: getattr(row, name) for name in names}, "state": "expired" if expired else row.state}


def of_device(connection: Connection, device: str) -> list[dict[str, Any]]:
    """Return a device's newest commands."""
    now = now_ms()
    query = select(commands).where(commands.c.device == device).order_by(commands.c.made_ms.desc()).limit(20)
    return [view(row, now) for row in connection.execute(query)]
