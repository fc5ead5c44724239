"""The bays of a store, as its gateway compares photos with them (matter `bays`), and who may take such photos."""

from typing import Annotated

from msgspec import Meta, Struct

from firmware_specs.events import Gtin14, Id, Sha256, Text, TimeMs, Version
from firmware_specs.planogram import Planogram

MOST_FRONT_BYTES = 8 * 2**20
"""Of the picture of one product's front."""


class Front(Struct, frozen=True, kw_only=True):
    """The picture of a product's front: a blob."""

    gtin: Gtin14
    sha256: Sha256
    size: Annotated[int, Meta(ge=1, le=MOST_FRONT_BYTES)]


class Bay(Struct, frozen=True, kw_only=True):
    """One bay of shelves: what must stand where, and a front of every product that may be recognised there."""

    id: Id
    name: dict[str, str]
    planogram: Planogram
    fronts: list[Front]


class Bays(Struct, frozen=True, kw_only=True):
    """Every bay of a store that has a planogram."""

    store: Id
    version: Version
    bays: list[Bay]


class StaffPass(Struct, frozen=True, kw_only=True):
    """The cloud's word that a person works in a store; shown to its gateway with every photo.

    A photo closes tasks, so that nobody else on the store's network may send one.
    """

    store: Id
    name: Text
    expires_ms: TimeMs
