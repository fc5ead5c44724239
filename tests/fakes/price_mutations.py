"""The price law with one rule taken away each time, and the story in which a shopper then pays too much."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import msgspec

from edge_agent.roles.books.opened import Opened
from edge_agent.roles.gateway import law as gateway_law
from edge_agent.roles.gateway.law import Law
from firmware_specs.desired import Row
from firmware_specs.leases import Releases
from firmware_specs.rules import price_law
from tests.fakes.price_world import Rules

# Numbers: publish 0..4 is 8.00, 9.00, 10.00, 11.00, 12.00; devices 0 till, 1 and 2 carts; labels 0 and 1.

ALL_CONFIRM = "book to device 0; confirm 0; book to device 1; confirm 1; book to device 2; confirm 2"
DOWN_AT_TILL_AND_GATEWAY = "publish 0; book to gateway 0; book to device 0; confirm 0"

STEPS_UNTIL_LOADED = "; ".join(["step 1"] * 4)


def patched(name: str, value: Any, function: Callable[..., Any], module: Any = price_law) -> Callable[..., Any]:
    """Return a function that runs with one name of a module replaced."""

    def run(*args: Any, **named: Any) -> Any:
        before = getattr(module, name)
        setattr(module, name, value)
        try:
            return function(*args, **named)
        finally:
            setattr(module, name, before)

    return run


def confirmed_by_holding(law: Law, gtin: str, price_minor: int, steady_ms: int) -> frozenset[str] | None:
    heard = {
        device: replace(
            said,
            confirmation=msgspec.structs.replace(said.confirmation, in_force_version=said.confirmation.book_version),
        )
        for device, said in law.heard.items()
    }
    return gateway_law.waiting(replace(law, heard=heard), gtin, price_minor, steady_ms)


def carried_over_a_gap(before: Opened, after: Opened) -> Opened:
    since = {gtin: before.since.get(gtin, before.version) for gtin in after.since}
    return replace(after, since=since)


def any_version(row: Row, releases: Releases | None, now_ms: int, *, book_version: int) -> price_law.Charge:
    return price_law.charge(row, releases, now_ms, book_version=0)


def one_label_is_enough(gtin: str, price_minor: int, faces: Any) -> bool:
    return any(face.proved and face.may_show_minor == {price_minor} for face in faces)


MUTATIONS: Final[dict[str, tuple[Rules, str]]] = {
    "a decrease waits for nobody": (
        Rules(waiting=lambda law, gtin, price, ms: frozenset()),
        "publish 0; book to gateway 0; arm 1",
    ),
    "a decrease does not wait for tills": (
        Rules(waiting=patched("TILLS", frozenset(), gateway_law.waiting)),
        "publish 0; book to gateway 0; time 4; arm 1",
    ),
    "a decrease does not wait for carts": (
        Rules(waiting=patched("LEASED", frozenset(), gateway_law.waiting)),
        f"{DOWN_AT_TILL_AND_GATEWAY}; arm 1",
    ),
    "the gateway forgets which leases it gave": (
        Rules(
            waiting=lambda law, gtin, price, ms: gateway_law.waiting(replace(law, lease_ends_ms={}), gtin, price, ms)
        ),
        f"time 4; confirm 1; issue 0; lease 1; {DOWN_AT_TILL_AND_GATEWAY}; arm 1",
    ),
    "a restart forgets that leases were given": (
        Rules(begin=lambda store, ms: replace(gateway_law.begin(store, ms), assumed_until_ms=0)),
        f"{DOWN_AT_TILL_AND_GATEWAY}; time 2; restart gateway 0; arm 1",
    ),
    "who holds a book is taken to charge by it": (
        Rules(waiting=confirmed_by_holding),
        f"publish 0; book to gateway 0; publish later 31; {ALL_CONFIRM}; arm 1",
    ),
    "no price counts as lower": (
        Rules(waiting=patched("lowers", lambda price, shown: False, gateway_law.waiting, gateway_law)),
        "publish 0; book to gateway 0; arm 1",
    ),
    "a lease never ends": (
        Rules(lease_holds=lambda lease, now_ms, *, book_version: lease is not None),
        f"{DOWN_AT_TILL_AND_GATEWAY}; time 4; arm 1",
    ),
    "a cart needs no lease": (
        Rules(lease_holds=lambda lease, now_ms, *, book_version: True),
        f"{DOWN_AT_TILL_AND_GATEWAY}; time 4; arm 1",
    ),
    "an increase needs no release": (
        Rules(charge=lambda row, releases, now_ms, *, book_version: price_law.Charge(row.price_minor, "price")),
        "publish 3; book to device 0",
    ),
    "a release counts whatever book it was made under": (
        Rules(charge=any_version),
        f"publish 4; settle 0; publish 1; book to gateway 0; {ALL_CONFIRM}; arm 1; refresh 1; publish 4; "
        "book to device 0",
    ),
    "a price counts as unchanged across a book that was never seen": (
        Rules(following=carried_over_a_gap),
        f"publish 4; settle 0; publish 1; book to gateway 0; publish 4; {ALL_CONFIRM}; arm 1",
    ),
    "an increase is released before labels prove it": (
        Rules(releases=patched("may_release", lambda gtin, price, faces: True, gateway_law.releases)),
        "publish 3; book to gateway 0; book to device 0; issue 0; releases 0",
    ),
    "one label's proof releases for all": (
        Rules(releases=patched("may_release", one_label_is_enough, gateway_law.releases)),
        "publish 3; book to gateway 0; book to device 0; arm 1; refresh 1; prove 1; issue 0; releases 0",
    ),
    "a face goes to disk after its label was told": (
        Rules(keeps_faces_first=False),
        f"publish 0; book to gateway 0; {ALL_CONFIRM}; arm 1; refresh 1; restart gateway 0; publish 2; "
        f"book to gateway 0; {ALL_CONFIRM}; issue 0; releases 0",
    ),
    "a slot is overwritten that the disk still lists with its old picture": (
        Rules(forgets_slots_first=False),
        f"publish 4; settle 0; plan 1; {STEPS_UNTIL_LOADED}; restart gateway 0; publish 2; book to gateway 0; "
        f"{ALL_CONFIRM}; arm 1",
    ),
    "the floor is the last price, shown or not": (
        Rules(next_floor=lambda previous, *, proved: previous.price_minor),
        "publish 3; publish 4; book to device 0",
    ),
    "the cloud takes a proof for a price that was set after it": (
        Rules(heeds_old_proof=True),
        f"publish 0; book to gateway 0; {ALL_CONFIRM}; arm 1; refresh 1; publish 2; publish 3; book to device 0",
    ),
}
