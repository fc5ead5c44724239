"""Items that a store taught its devices by a few pictures (matter `items`): directions in a model's space."""

from typing import Annotated

from msgspec import Meta, Struct

from firmware_specs.events import Gtin14, Id, Sha256, Version

Direction = Annotated[bytes, Meta(min_length=4, max_length=65_536)]
"""A vector of length 1, float32, little-endian."""


class TaughtItem(Struct, frozen=True, kw_only=True):
    """A product as a model sees it; of use only with that very model, by the hash of its weights."""

    gtin: Gtin14
    model_sha256: Sha256
    direction: Direction
    spread: Annotated[float, Meta(ge=0, le=2)]
    """The mean of 1 less the cosine of its pictures to the direction."""


class TaughtItems(Struct, frozen=True, kw_only=True):
    """Every item that a store taught."""

    store: Id
    version: Version
    items: list[TaughtItem]
