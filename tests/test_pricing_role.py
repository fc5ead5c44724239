"""What a cart or till charges: its books in time, permits that are verified, announcements that are made once."""

from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from cloud_broker.bus.memory import MemoryBroker, MemoryBus
from cloud_broker.bus.port import Message
from edge_agent.app import MatterRefusedError
from edge_agent.roles.permits import Permits
from edge_agent.roles.pricing import Pricing
from firmware_specs import topics
from firmware_specs.desired import Row
from firmware_specs.events import BookHeld, FaultCleared, FaultRaised, PriceCharged
from firmware_specs.leases import Confirmation, Lease, Release, Releases
from firmware_specs.signing import sign
from firmware_specs.wire import decode
from tests.fakes.books import Book, edition_of
from tests.fakes.surroundings import NOW_MS, STORE, FakeClock, FakeSurroundings, held

MILK, BREAD = "06901234567892", "06923450657135"


def row(gtin: str, price_minor: int, floor_minor: int | None = None) -> Row:
    floor = price_minor if floor_minor is None else floor_minor
    return Row(gtin=gtin, name={"en": gtin}, price_minor=price_minor, floor_minor=floor)


def book(version: int, *rows: Row, effective_ms: int = NOW_MS) -> Book:
    return Book(store=STORE, version=version, currency="CNY", effective_ms=effective_ms, rows=list(rows))


class Device:
    """A device's pricing, with the gateway's key in the test's hand."""

    def __init__(self, folder: Path, kind: str = "cart") -> None:
        self.key = Ed25519PrivateKey.generate()
        self.surroundings = FakeSurroundings(folder, kind, device=f"{kind}-1")
        self.clock = self.surroundings.clock
        self.fresh()

    def fresh(self) -> None:
        """Start anew on the same disk."""
        is_cart = self.surroundings.kind_id == "cart"
        self.pricing = Pricing(self.surroundings, leased=is_cart, monotonic_s=self.clock.read_s)

    def take(self, taken: Book) -> None:
        self.pricing.take_book(held("pricebook", taken, effective_ms=taken.effective_ms))

    def hear(self, what: str, payload: bytes, device: str | None = None) -> None:
        self.pricing.take_local(Message(topics.local_to(STORE, what, device), payload))

    def delegate(self) -> None:
        self.hear("delegation", self.surroundings.delegate("gateway-1", self.key))

    def release(self, price_minor: int, version: int, *, key: Ed25519PrivateKey | None = None) -> None:
        self.hear("releases", self.signed(releases(self.clock.ms, price_minor, version), key))

    def lease(self, version: int, *, made_ms: int | None = None, key: Ed25519PrivateKey | None = None) -> None:
        made_ms = self.clock.ms if made_ms is None else made_ms
        lease = Lease(store=STORE, device="cart-1", book_version=version, made_ms=made_ms, expires_ms=made_ms + 30_000)
        self.hear("lease", self.signed(lease, key), "cart-1")

    def signed(self, message: Struct, key: Ed25519PrivateKey | None = None) -> bytes:
        return sign(message, self.key if key is None else key)

    def charges(self, gtin: str = MILK) -> int | None:
        priced = self.pricing.price(gtin)
        return None if priced is None else priced.charge.price_minor

    def announced(self) -> list[tuple[str, int, int]]:
        found = [event for event in self.surroundings.said if isinstance(event, PriceCharged)]
        return [(event.gtin, event.price_minor, event.book_version) for event in found]

    def settle(self) -> None:
        """Let the time pass after which announcements are noted as made."""
        for _ in range(3):
            self.clock.pass_s(2)
            self.pricing.refresh()


def releases(now_ms: int, price_minor: int, version: int) -> Releases:
    release = Release(gtin=MILK, price_minor=price_minor, book_version=version)
    return Releases(store=STORE, made_ms=now_ms, expires_ms=now_ms + 60_000, releases=[release])


@pytest.fixture
def cart(tmp_path: Path) -> Device:
    return Device(tmp_path)


def test_a_book_of_the_future_is_held_at_once_and_charged_at_its_time(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1000)))
    cart.take(book(2, row(MILK, 800, 1000), effective_ms=NOW_MS + 60_000))
    assert [event.version for event in cart.surroundings.said if isinstance(event, BookHeld)] == [1, 2]
    assert cart.charges() == 1000
    cart.clock.pass_s(59.9)
    assert cart.charges() == 1000
    cart.clock.pass_s(0.2)
    assert cart.charges() == 800


def test_the_book_in_force_survives_a_restart_though_the_agent_keeps_only_the_newest(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1000)))
    cart.take(book(2, row(MILK, 800, 1000), effective_ms=NOW_MS + 60_000))
    cart.fresh()
    cart.take(book(2, row(MILK, 800, 1000), effective_ms=NOW_MS + 60_000))
    assert cart.charges() == 1000
    cart.clock.pass_s(61)
    assert cart.charges() == 800


def test_a_clock_that_steps_back_brings_no_old_price_back(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1000)))
    cart.take(book(2, row(MILK, 800, 1000), effective_ms=NOW_MS + 1_000))
    cart.clock.pass_s(2)
    assert cart.charges() == 800
    cart.clock.ms -= 600_000
    assert cart.charges() == 800
    cart.fresh()
    assert cart.charges() == 800


def test_a_book_that_was_overtaken_before_its_time_never_comes_into_force(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1000)))
    cart.take(book(2, row(MILK, 900, 1000), effective_ms=NOW_MS + 60_000))
    cart.take(book(3, row(MILK, 950, 900)))
    cart.clock.pass_s(61)
    assert cart.pricing.book is not None
    assert cart.pricing.book.version == 3


def test_a_damaged_book_on_disk_is_dropped_and_taken_again(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1000)))
    (path,) = (cart.surroundings.folder / "books").glob("1.book")
    path.write_bytes(path.read_bytes()[:-7])
    cart.fresh()
    assert cart.charges() is None
    cart.take(book(1, row(MILK, 1000)))
    assert cart.charges() == 1000


@pytest.mark.parametrize(
    "wrong",
    [
        held("pricebook", book(2, row(MILK, 1)), version=3),
        held("pricebook", book(2, row(MILK, 1)), effective_ms=NOW_MS + 1),
        held("pricebook", replace(edition_of(book(2, row(MILK, 1))), books=edition_of(book(2, row(BREAD, 1))).books)),
        held("pricebook", replace(edition_of(book(2, row(MILK, 1))), books=[])),
        held("pricebook", replace(edition_of(book(2, row(MILK, 1))), table="ab" * 32)),
        held("pricebook", Lease(store=STORE, device="a", book_version=2, expires_ms=1)),
    ],
)
def test_a_book_that_is_not_what_its_manifest_says_is_refused_and_the_old_one_stays(
    cart: Device, wrong: object
) -> None:
    cart.take(book(1, row(MILK, 1000)))
    with pytest.raises(MatterRefusedError):
        cart.pricing.take_book(wrong)  # type: ignore[arg-type]  # each is a Held, made above
    assert cart.charges() == 1000


def test_an_increase_is_charged_while_a_release_holds_and_said_each_time_it_changes(cart: Device) -> None:
    cart.delegate()
    cart.take(book(1, row(MILK, 1000), row(BREAD, 500)))
    cart.settle()
    cart.take(book(2, row(MILK, 1200, 1000), row(BREAD, 500)))
    assert cart.charges() == 1000
    cart.release(1200, 2)
    assert cart.charges() == 1200
    cart.pricing.refresh()
    cart.clock.pass_s(59)
    cart.pricing.refresh()
    assert cart.charges() == 1000
    assert cart.announced() == [(MILK, 1000, 2), (MILK, 1200, 2), (MILK, 1000, 2)]


def test_a_release_of_an_earlier_book_counts_on_only_when_no_book_was_missed(cart: Device) -> None:
    cart.delegate()
    cart.take(book(1, row(MILK, 1000), row(BREAD, 500)))
    cart.take(book(2, row(MILK, 1200, 1000), row(BREAD, 500)))
    cart.release(1200, 2)
    cart.take(book(3, row(MILK, 1200, 1000), row(BREAD, 450, 500)))
    assert cart.charges() == 1200
    cart.take(book(5, row(MILK, 1200, 1000), row(BREAD, 450)))
    assert cart.charges() == 1000


def test_a_decrease_and_a_settled_increase_are_said_once_and_nothing_else_is(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1000), row(BREAD, 500)))
    cart.settle()
    cart.take(book(2, row(MILK, 900, 1000), row(BREAD, 500)))
    cart.settle()
    cart.take(book(3, row(MILK, 900), row(BREAD, 500)))
    cart.settle()
    assert cart.announced() == [(MILK, 900, 2)]


def test_a_floor_that_rises_to_the_price_is_said_when_it_changes_what_is_charged(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1000)))
    cart.settle()
    cart.take(book(2, row(MILK, 1200, 1000)))
    cart.take(book(3, row(MILK, 1200)))
    assert cart.announced() == [(MILK, 1000, 2), (MILK, 1200, 3)]


def test_what_was_said_is_not_said_again_after_a_restart(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1000)))
    cart.take(book(2, row(MILK, 900, 1000)))
    cart.settle()
    before = len(cart.surroundings.said)
    cart.fresh()
    cart.take(book(2, row(MILK, 900, 1000)))
    cart.settle()
    assert len(cart.surroundings.said) == before


def test_power_that_goes_between_a_switch_and_its_announcement_loses_neither(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1000)))
    cart.settle()
    cart.surroundings.unsaved_from = len(cart.surroundings.said)
    cart.take(book(2, row(MILK, 900, 1000)))
    # However long the disk refuses, nothing counts as told before it is written.
    cart.settle()
    cart.surroundings.said.clear()
    cart.surroundings.unsaved_from = None
    cart.fresh()
    cart.settle()
    assert cart.announced() == [(MILK, 900, 2)]
    assert cart.charges() == 900


def test_a_full_outbox_delays_what_is_said_and_loses_nothing(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1000)))
    cart.settle()
    cart.surroundings.is_full = True
    cart.take(book(2, row(MILK, 900, 1000)))
    assert cart.charges() == 900
    cart.surroundings.is_full = False
    cart.pricing.refresh()
    assert [event.version for event in cart.surroundings.said if isinstance(event, BookHeld)] == [1, 2]
    assert cart.announced() == [(MILK, 900, 2)]


def test_a_cart_is_firm_only_under_a_lease_for_its_book_and_a_till_always(cart: Device, tmp_path: Path) -> None:
    cart.delegate()
    cart.take(book(1, row(MILK, 1000)))
    assert not cart.pricing.is_firm
    cart.lease(2)
    assert not cart.pricing.is_firm
    cart.lease(1)
    assert cart.pricing.is_firm
    cart.clock.pass_s(28.1)
    assert not cart.pricing.is_firm
    till = Device(tmp_path / "till", "till")
    till.take(book(1, row(MILK, 1000)))
    assert till.pricing.is_firm


def test_a_clock_set_back_stretches_no_lease(cart: Device) -> None:
    cart.delegate()
    cart.take(book(1, row(MILK, 1000)))
    cart.lease(1)
    cart.clock.ms -= 600_000
    cart.clock.monotonic_s += 29
    assert not cart.pricing.is_firm


def test_a_lease_from_the_future_is_not_taken_and_the_clock_is_blamed_once(cart: Device) -> None:
    cart.delegate()
    cart.take(book(1, row(MILK, 1000)))
    for _ in range(3):
        cart.lease(1, made_ms=cart.clock.ms + 600_000)
    assert not cart.pricing.is_firm
    assert [event.fault for event in cart.surroundings.said if isinstance(event, FaultRaised)] == ["clock-disagrees"]
    cart.lease(1)
    assert cart.pricing.is_firm
    assert [event.fault for event in cart.surroundings.said if isinstance(event, FaultCleared)] == ["clock-disagrees"]


def test_a_lease_or_release_under_another_key_is_ignored_and_said_once(cart: Device) -> None:
    cart.delegate()
    cart.take(book(1, row(MILK, 1000)))
    cart.take(book(2, row(MILK, 1200, 1000)))
    thief = Ed25519PrivateKey.generate()
    for _ in range(3):
        cart.lease(2, key=thief)
        cart.release(1200, 2, key=thief)
    assert not cart.pricing.is_firm
    assert cart.charges() == 1000
    assert [event.fault for event in cart.surroundings.said if isinstance(event, FaultRaised)] == ["bad-signature"]


def test_a_delegation_that_the_cloud_did_not_sign_counts_for_nothing(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1200, 1000)))
    thief = FakeSurroundings(cart.surroundings.folder, "cart")
    cart.hear("delegation", thief.delegate("gateway-1", cart.key))
    cart.release(1200, 1)
    assert cart.charges() == 1000


def test_releases_that_came_before_their_delegation_count_once_it_is_here(cart: Device) -> None:
    cart.take(book(1, row(MILK, 1200, 1000)))
    cart.release(1200, 1)
    cart.lease(1)
    assert cart.charges() == 1000
    cart.delegate()
    assert cart.charges() == 1200
    assert cart.pricing.is_firm


def test_an_older_set_of_releases_does_not_replace_a_newer_one(cart: Device) -> None:
    cart.delegate()
    cart.take(book(1, row(MILK, 1200, 1000)))
    old = cart.signed(releases(cart.clock.ms, 1200, 1))
    cart.clock.pass_s(5)
    empty = Releases(store=STORE, made_ms=cart.clock.ms, expires_ms=cart.clock.ms + 60_000, releases=[])
    cart.hear("releases", cart.signed(empty))
    cart.hear("releases", old)
    assert cart.charges() == 1000


async def test_books_are_confirmed_on_the_local_bus_with_what_is_held_and_what_is_charged_by(cart: Device) -> None:
    broker = MemoryBroker()
    bus = MemoryBus(broker, "cart-1")
    cart.surroundings.local = bus
    cart.take(book(1, row(MILK, 1000)))
    cart.take(book(2, row(MILK, 900, 1000), effective_ms=NOW_MS + 60_000))
    await cart.pricing._confirm()
    assert broker.retained == {}
    async with anyio.create_task_group() as group:

        async def ignore(message: Message) -> None:
            return

        group.start_soon(bus.run, [], ignore)
        await anyio.wait_all_tasks_blocked()
        await cart.pricing._confirm()
        group.cancel_scope.cancel()
    (message,) = broker.retained.values()
    assert message.topic == "aisle/1/l/demo/d/cart-1/confirm"
    said = decode(message.payload, Confirmation)
    assert (said.book_version, said.in_force_version, said.effective_ms) == (2, 1, NOW_MS + 60_000)


@given(noise=st.binary(max_size=400), name=st.sampled_from(["on_delegation", "on_lease", "on_releases"]))
def test_noise_on_the_local_bus_is_counted_and_never_raised(noise: bytes, name: str) -> None:
    clock = FakeClock()
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    permits = Permits(
        store=STORE,
        device="cart-1",
        signing_key=key.public_key(),
        now_ms=lambda: clock.ms,
        monotonic_s=clock.read_s,
    )
    surroundings = FakeSurroundings(Path("/nonexistent"), "cart", cloud_key=key)
    permits.on_delegation(surroundings.delegate("gateway-1", key))
    getattr(permits, name)(noise)
    assert permits.refused == 1
