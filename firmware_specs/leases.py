"""The store-local messages of the price law: delegation, lease, confirmation, release.

The gateway is a store's only issuer, under a key that the cloud delegated to it. All but the
confirmation travel signed (`signing`): the delegation by the cloud, the others by the gateway.

    aisle/1/l/{store}/delegation          Delegation, retained
    aisle/1/l/{store}/lease/{device}      Lease
    aisle/1/l/{store}/releases            Releases, retained
    aisle/1/l/{store}/d/{device}/confirm  Confirmation, retained
"""

from msgspec import Struct

from firmware_specs.events import Gtin14, Id, Minor, TimeMs, Version


class Delegation(Struct, frozen=True, kw_only=True):
    """The cloud's word that `public_key` (32 raw bytes, Ed25519) may issue leases and releases in `store`."""

    store: Id
    gateway: Id
    public_key: bytes
    expires_ms: TimeMs


class Confirmation(Struct, frozen=True, kw_only=True):
    """A cart's or till's word, over its own authenticated session, on the books that it holds.

    `book_version` and `effective_ms` are of the newest book it holds, `in_force_version` is the book it
    charges by now. The price law waits for the second: who holds books 4 and 6 never charges by book 5.
    """

    device: Id
    book_version: Version
    effective_ms: TimeMs
    at_ms: TimeMs
    in_force_version: Version = 0


class Lease(Struct, frozen=True, kw_only=True):
    """A cart may charge firm prices until `expires_ms`, by a book of at least `book_version`; without it its total is
    provisional.

    `made_ms` lets a cart whose clock is slow refuse it: by that clock it comes from the future.
    """

    store: Id
    device: Id
    book_version: Version
    expires_ms: TimeMs
    made_ms: TimeMs = 0


class Release(Struct, frozen=True, kw_only=True):
    """Every label of `gtin` has proved `price_minor`, so it may be charged.

    `book_version` is the book in force at the gateway when it said so; who charges by a newer book does
    not count it, since that book may lie behind a decrease that the labels have shown meanwhile.
    """

    gtin: Gtin14
    price_minor: Minor
    book_version: Version


class Releases(Struct, frozen=True, kw_only=True):
    """All releases in force in a store; renewed as a whole while they stay true."""

    store: Id
    made_ms: TimeMs
    expires_ms: TimeMs
    releases: list[Release]
