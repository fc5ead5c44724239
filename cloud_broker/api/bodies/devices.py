"""Bodies of the requests and answers of `api/devices.py`."""

import json
from typing import Annotated, Any

from pydantic import Field, field_validator

from cloud_broker.api.bodies.common import Id, In, Names, Out


class Fault(Out):
    """Something a device misses."""

    fault: str
    detail: str
    since_ms: int


class Device(Out):
    """A device as the registry knows it."""

    id: str
    kind: str
    kind_name: Names
    name: str
    store: str
    online: bool
    since_ms: int
    last_seen_ms: int
    in_service: bool
    health: dict[str, Any] | None
    faults: list[Fault]
    book_version: int | None
    agent_version: str
    score: Annotated[int, Field(ge=0, le=100)]
    enrolled_ms: int
    events: int


class KindView(Out):
    """A device kind."""

    id: str
    name: Names
    commands: list[str]


class DeviceChange(In):
    """What may be changed of a device."""

    name: str | None = Field(default=None, max_length=100)
    in_service: bool | None = None
    volume_db: float | None = Field(default=None, ge=-60, le=0)


class NewCommand(In):
    """A command; it expires undone after a minute."""

    name: Id
    arguments: dict[str, Any] = Field(default_factory=dict)

    @field_validator("arguments")
    @classmethod
    def _is_small(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        if len(json.dumps(arguments)) > 4000:
            raise ValueError("arguments of more than 4000 characters: send a pointer")
        return arguments


class CommandView(Out):
    """A command and how it ended: sent, done, failed or expired."""

    id: str
    device: str
    name: str
    state: str
    detail: str
    made_ms: int
    expires_ms: int
    done_ms: int | None


class DeviceDetail(Device):
    """A device with what it reported and was told."""

    reported: dict[str, dict[str, Any]]
    commands: list[CommandView]


class Series(Out):
    """Readings of one series."""

    series: str
    t_ms: list[int]
    v: list[float]


class StreamView(Out):
    """How far one stream of a device is durable; `in_order` is checked over the newest journal rows."""

    stream: str
    boot: int
    seq: int
    lost: int
    checked: int
    in_order: bool
    never_drops: bool


class BasketLine(Out):
    """Something that happened to a basket."""

    id: int
    device: str
    trip: str
    kind: str
    gtin: str | None
    quantity: int
    price_minor: int
    provisional: bool
    at_ms: int
