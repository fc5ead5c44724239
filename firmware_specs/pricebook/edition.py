"""The blob of the matter `pricebook`: which books a store has, from the one in force now to the last one planned.

A device takes the newest book whose time has come. A price that changes now, while another is planned, makes
two books: one without the planned price, in force at once, and one with it, at its time; so an edition names
both, and whoever was away needs nothing but the newest edition.

Every book is a delta from one table. A device without that table fetches the snapshot, or, if it has an
earlier one, makes it from that by the steps between, which cost a hundredth; either way it checks the hash.
"""

from typing import Annotated

from msgspec import Meta, Struct

from firmware_specs.events import Id, Sha256, TimeMs, Version


class Blob(Struct, frozen=True, kw_only=True):
    """Bytes by their hash, to be had from whoever holds them."""

    sha256: Sha256
    size: Annotated[int, Meta(ge=0, le=2**40)]
    chunks: list[Sha256] = []
    """The hash of each chunk of 1 MiB, of a blob that is larger; so neighbours can be believed chunk by chunk."""


class Step(Struct, frozen=True, kw_only=True):
    """A delta that makes one table into the next one."""

    from_table: Sha256
    to_table: Sha256
    delta: Blob


class Planned(Struct, frozen=True, kw_only=True):
    """One book: its delta from the edition's table, and the earliest instant at which it counts."""

    version: Version
    effective_ms: TimeMs
    delta: Blob


class Edition(Struct, frozen=True, kw_only=True):
    """All books of a store that count now or will, oldest first; `version` is the last one's.

    `table` is the SHA-256 of the table that every delta is from, `snapshot` the bytes that it travels as.
    """

    store: Id
    version: Version
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
    table: Sha256
    snapshot: Blob
    steps: list[Step]
    books: list[Planned]
