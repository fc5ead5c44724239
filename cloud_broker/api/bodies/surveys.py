"""Bodies of the requests and answers of `api/surveys.py`."""

from cloud_broker.api.bodies.common import Out


class SurveyWalked(Out):
    """A survey as it was walked; `is_used` says that the store's devices go by it."""

    id: str
    device: str
    device_name: str
    legs: int
    since_ms: int
    until_ms: int
    is_used: bool


class BeaconHealth(Out):
    """A beacon as all devices hear it; `state` is well, ill, low (battery) or unheard, `ill` dead, moved or gain."""

    id: str
    x_m: float
    y_m: float
    state: str
    ill: str
    devices: int
    rate: float | None
    """Packets received over those expected, all devices together; None before anybody knows."""
    rssi_dbm: float | None
    heard_s: int | None
    battery_mv: int | None
