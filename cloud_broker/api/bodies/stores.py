"""Bodies of the requests and answers of `api/stores.py`."""

from typing import Any

from cloud_broker.api.bodies.common import Names, Out
from cloud_broker.api.bodies.devices import Device
from cloud_broker.api.bodies.labels import Label
from cloud_broker.api.bodies.prices import Change


class Store(Out):
    """A store."""

    id: str
    name: Names


class Snapshot(Out):
    """Where a page starts before it follows the live stream."""

    devices: list[Device]
    positions: list[dict[str, Any]]
    labels: list[Label]
    changes: list[Change]
    now_ms: int
