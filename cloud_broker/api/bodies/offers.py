"""Bodies of the requests and answers of `api/offers.py`."""

from typing import Annotated, Literal

from pydantic import Field

from cloud_broker.api.bodies.common import Gtin, Id, In, Out


class NewOffer(In):
    """A location-triggered offer; `holdout` is the share of trips that never see it."""

    id: Id
    zone: Id
    when: Literal["enter", "dwell", "exit"] = "dwell"
    headline: dict[str, Annotated[str, Field(max_length=200)]] = Field(examples=[{"en": "Try it", "zh": "尝一尝"}])
    gtin: Gtin | None = None
    dwell_s: float = Field(default=1.0, ge=0, le=600)
    cooldown_s: float = Field(default=60.0, ge=0, le=86_400)
    per_trip: int = Field(default=1, ge=0)
    holdout: float = Field(default=0.0, ge=0, le=1)
    probability: float = Field(default=0.6, ge=0, le=1)


class ZoneWorth(Out):
    """What offers of a zone will be worth at this store's accuracy, where its probability must reach `at_least`."""

    zone: str
    at_least: float
    recall: float
    """How many of ten visits are noticed, as a share."""
    precision: float
    """How many of those noticed are visits, as a share."""
    is_enough: bool
    enough_m: tuple[float, float] | None
    """How far across and along would do, where this zone does not; None where nothing up to four times would."""


class Decision(Out):
    """A decision on an offer."""

    device: str
    trip: str
    offer: str
    zone: str
    outcome: str
    reason: str
    probability: float
    at_ms: int
