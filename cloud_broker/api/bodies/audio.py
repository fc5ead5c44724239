"""Bodies of the requests and answers of `api/audio.py`."""

from typing import Annotated

from pydantic import Field

from cloud_broker.api.bodies.common import Id, In, Out, TimeMs
from firmware_specs.desired import Audience

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Asset(Out):
    """A sound."""

    id: str
    sha256: str
    title: str
    bytes: int
    duration_s: float
    rate_hz: int
    channels: int
    uploaded_ms: int
    by: str


class NewSlot(In):
    """When a sound plays: once at `start_ms`, or every `every_s` until `until_ms`; no devices means all."""

    asset_sha256: Sha256
    start_ms: TimeMs
    every_s: float = Field(default=0, ge=0, le=86_400)
    until_ms: TimeMs = 0
    devices: list[Id] = Field(default_factory=list)
    audience: Audience = "any"


class Slot(Out):
    """A planned sound."""

    id: str
    title: str
    asset_sha256: str
    start_ms: int
    every_s: float
    until_ms: int
    devices: list[str]
    audience: Audience
    plays: int


class Play(Out):
    """What a speaker played; `sounded_sha256` is over the samples that went out."""

    device: str
    item: str
    title: str
    asset_sha256: str
    sounded_sha256: str
    due_ms: int
    at_ms: int
    duration_s: float
    level_dbfs: float
    complete: bool
