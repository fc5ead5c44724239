"""Bodies of the requests and answers of `api/fleet.py`."""

from cloud_broker.api.bodies.common import Out


class SecurityEvent(Out):
    """Something that somebody tried and was refused."""

    id: int
    at_ms: int
    device: str
    kind: str
    detail: str


class DeadLetter(Out):
    """A message that could not be read, and why."""

    id: int
    at_ms: int
    device: str
    topic: str
    reason: str
    bytes_hex: str


class Fleet(Out):
    """The fleet in numbers."""

    devices: int
    online: int
    events_per_s: float
    journal_lag: int
    dead_letters: int
    security_events: int
    by_kind: dict[str, dict[str, int]]
