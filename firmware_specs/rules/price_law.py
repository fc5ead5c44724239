"""The law of the house: no till or cart charges more than any label of that product may be showing.

Pure rules. Carts and tills call `charge` and `lease_holds`; the gateway asks `lowers` whether a picture
would be a decrease, `waits_for` before it lets a label show one, and `may_release` before anyone may
charge a higher price. Times are UTC milliseconds by the caller's clock; `DRIFT_MS` is the clock error
between two devices of a store that the rules allow for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from firmware_specs.desired import Member, Row
from firmware_specs.leases import Confirmation, Lease, Release, Releases

DRIFT_MS = 2_000
"""A lease or release counts as over this much early for who holds it, and this much late for who issued it."""

LEASE_MS = 30_000
"""How long a lease is given for; longer than this after its last word a cart is waited for no more."""

RELEASE_MS = 60_000
"""How long releases are given for."""

TILLS = frozenset({"till"})
LEASED = frozenset({"cart"})


@dataclass(frozen=True, slots=True)
class Charge:
    """What is charged for one unit and why; `reason` is `price`, `released` or `awaiting-release`."""

    price_minor: int
    reason: str


def charge(row: Row, releases: Releases | None, now_ms: int, *, book_version: int) -> Charge:
    """Return the price a cart or till charges for a product of the book in force, whose version is `book_version`.

    An increase needs a release for exactly this price that has not expired and was made under this book
    or a later one; without it the lower of the two is charged: the new price and the floor, the lowest
    price a label may still be showing. A release of an earlier book may be older than a decrease between.
    """
    if row.price_minor <= row.floor_minor:
        return Charge(row.price_minor, "price")
    if releases is not None and now_ms < releases.expires_ms - DRIFT_MS:
        for release in releases.releases:
            if (
                release.gtin == row.gtin
                and release.price_minor == row.price_minor
                and release.book_version >= book_version
            ):
                return Charge(row.price_minor, "released")
    return Charge(row.floor_minor, "awaiting-release")


def is_timely(made_ms: int, expires_ms: int, now_ms: int) -> bool:
    """Return whether a lease or release may be taken by this clock when it arrives.

    One from the future means that this clock is slow: it would hold what was given for too long.
    """
    return made_ms <= now_ms + DRIFT_MS and now_ms < expires_ms - DRIFT_MS


def lease_holds(lease: Lease | None, now_ms: int, *, book_version: int) -> bool:
    """Return whether a cart that charges by `book_version` may still name a firm total."""
    return lease is not None and lease.book_version <= book_version and now_ms < lease.expires_ms - DRIFT_MS


def waits_for(
    members: Iterable[Member],
    confirmed: Mapping[str, Confirmation],
    lease_ends_ms: Mapping[str, int],
    *,
    book_version: int,
    now_ms: int,
) -> frozenset[str]:
    """Return the devices that a decrease must wait for before a label is armed; empty means go.

    A till is waited for until it says that it charges by this book or a later one, or is taken out of
    service. A cart is waited for until it says so, or until every lease it was given has run out, also
    when it was taken out of service: it does not know that yet.
    `lease_ends_ms` and `now_ms` may be of any one clock, best a monotonic one.
    """
    waiting = set()
    for member in members:
        if member.kind not in TILLS | LEASED or (member.kind in TILLS and not member.in_service):
            continue
        confirmation = confirmed.get(member.id)
        if confirmation is not None and confirmation.in_force_version >= book_version:
            continue
        lapsed = member.kind in LEASED and now_ms > lease_ends_ms.get(member.id, 0) + DRIFT_MS
        if not lapsed:
            waiting.add(member.id)
    return frozenset(waiting)


def lowers(price_minor: int, may_show_minor: Iterable[int]) -> bool:
    """Return whether showing a price could undercut what somebody charges now.

    Nobody charges more than the lowest price that any label of the product may be showing, so a price
    that is not below it is safe at once. Where no such price is known, every price counts as a decrease.
    """
    return price_minor < min(may_show_minor, default=price_minor + 1)


@dataclass(frozen=True, slots=True)
class LabelFace:
    """What the gateway knows of one label: every price it may be showing, and whether the last was proved."""

    label: str
    gtin: str
    may_show_minor: frozenset[int]
    proved: bool


def may_release(gtin: str, price_minor: int, faces: Iterable[LabelFace]) -> bool:
    """Return whether every label of `gtin` has proved that it shows `price_minor` and nothing else.

    A product without labels has nothing that could lie: it is released at its effective time. So `faces`
    must hold one entry for every label of the store's plan, also for those that were never heard of.
    """
    return all(face.proved and face.may_show_minor == frozenset({price_minor}) for face in faces if face.gtin == gtin)


def releases_in_force(rows: Iterable[Row], faces: Iterable[LabelFace], *, book_version: int) -> tuple[Release, ...]:
    """Return a release for each increase of the book in force that may be charged now."""
    by_product: dict[str, list[LabelFace]] = {}
    for face in faces:
        by_product.setdefault(face.gtin, []).append(face)
    return tuple(
        Release(gtin=row.gtin, price_minor=row.price_minor, book_version=book_version)
        for row in rows
        if row.price_minor > row.floor_minor and may_release(row.gtin, row.price_minor, by_product.get(row.gtin, ()))
    )


def next_floor(previous: Row, *, proved: bool) -> int:
    """Return the floor of a product in the book after `previous`.

    `proved`: every label of the product has proved the previous price under a book no older than the one
    that set it. An older proof of the same price does not count, a decrease may lie between. Until then
    any lower price before it may still be showing.
    """
    return previous.price_minor if proved else min(previous.price_minor, previous.floor_minor)
