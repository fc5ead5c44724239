"""Device kinds, read from `kinds/*.toml`: what a kind says, follows and can be told to do."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamPolicy(_Strict):
    """What happens to a stream when the outbox is full."""

    when_full: Literal["drop-oldest", "refuse-work"]
    """`drop-oldest` counts what it drops; `refuse-work` never drops: the device refuses new work first."""

    linger_ms: int = 50
    """How long the device gathers events before it sends a batch."""


class Kind(_Strict):
    """One kind of device."""

    id: str
    name: dict[str, str]
    streams: dict[str, StreamPolicy]
    follows: tuple[str, ...] = ()
    """The matters whose head manifests it follows."""
    commands: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    may_have: tuple[str, ...] = ()
    """Drivers that only some of its kind have."""
    confirms_books: bool = False
    """Whether the price law counts it: it charges."""


@cache
def kinds() -> dict[str, Kind]:
    """Return all kinds by id."""
    found = {}
    for entry in files("firmware_specs").joinpath("kinds").iterdir():
        if entry.name.endswith(".toml"):
            kind = Kind.model_validate(tomllib.loads(entry.read_text("utf-8")))
            found[kind.id] = kind
    return dict(sorted(found.items()))
