"""The law of the house: nobody charges more than any label may be showing; and each rule of it is needed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.roles.gateway import law as gateway_law
from firmware_specs.desired import Member, Row
from firmware_specs.leases import Confirmation, Lease, Release, Releases
from firmware_specs.rules import price_law
from tests.fakes import price_scenarios
from tests.fakes.price_mutations import DOWN_AT_TILL_AND_GATEWAY, MUTATIONS, patched
from tests.fakes.price_scenarios import Scenario, places
from tests.fakes.price_world import STEPS, PriceWorld, Rules

OFFSETS_MS = st.integers(-30_000, 30_000)
STORY = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 999)), max_size=80)


def play(world: PriceWorld, story: str) -> str | None:
    """Carry out steps such as `publish 0; arm 1`; return the first breach."""
    for step in story.split(";"):
        name, _, number = step.strip().rpartition(" ")
        STEPS[name](world, int(number))
        breach = world.breach()
        if breach is not None:
            return breach
    return None


@settings(max_examples=400, deadline=None)
@given(story=STORY, gateway_ms=OFFSETS_MS, till_ms=OFFSETS_MS, cart_ms=OFFSETS_MS, label_ms=OFFSETS_MS)
def test_no_charge_is_ever_above_any_price_that_a_label_may_be_showing(
    story: list[tuple[str, int]], gateway_ms: int, till_ms: int, cart_ms: int, label_ms: int
) -> None:
    world = PriceWorld(gateway_offset_ms=gateway_ms)
    world.devices["till-1"].offset_ms = till_ms
    world.devices["cart-1"].offset_ms = cart_ms
    world.labels["label-1"].ahead_ms = label_ms
    world.settle()
    for name, number in story:
        STEPS[name](world, number)
        assert world.breach() is None


@settings(max_examples=100, deadline=None)
@given(story=STORY)
def test_whatever_happened_a_store_that_is_left_in_peace_charges_and_shows_the_newest_price(
    story: list[tuple[str, int]],
) -> None:
    world = PriceWorld()
    for name, number in story:
        STEPS[name](world, number)
    world.pass_ms(60_000)
    world.settle()
    world.pass_ms(6_000)
    world.settle()
    price = world.row.price_minor
    assert [world.charges(device) for device in world.devices.values()] == [price] * 3
    assert [label.glass for label in world.labels.values()] == [price] * 2


@pytest.mark.parametrize("scenario", price_scenarios.SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_fault_at_any_one_step_breaks_nothing_and_the_store_comes_to_rest(scenario: Scenario) -> None:
    broken = [(place, found) for place in places() if (found := price_scenarios.play(scenario, dict([place])))]
    assert broken == []


@pytest.mark.parametrize("name", MUTATIONS)
def test_without_one_of_its_rules_somebody_pays_too_much(name: str) -> None:
    mutated, story = MUTATIONS[name]
    world = PriceWorld(rules=mutated)
    world.settle()
    assert play(world, story) is not None


@pytest.mark.parametrize("name", MUTATIONS)
def test_with_all_rules_nobody_does_in_the_same_story(name: str) -> None:
    world = PriceWorld()
    world.settle()
    assert play(world, MUTATIONS[name][1]) is None


def test_a_label_of_which_nothing_is_known_waits_like_a_decrease() -> None:
    story = "book to device 0; publish 0; book to gateway 0; arm 1"
    forgiving = patched(
        "lowers", lambda price, shown: price < min(shown, default=price), gateway_law.waiting, gateway_law
    )
    assert play(PriceWorld(rules=Rules(waiting=forgiving)), story) is not None
    assert play(PriceWorld(), story) is None


SLOW_CART = f"{DOWN_AT_TILL_AND_GATEWAY}; book to device 2; confirm 2; time 4; arm 1"


@pytest.mark.parametrize("is_checked", [True, False])
def test_a_cart_whose_clock_is_ten_minutes_slow_takes_no_lease(is_checked: bool) -> None:
    rules = Rules() if is_checked else Rules(is_timely=lambda made_ms, expires_ms, now_ms: True)
    world = PriceWorld(rules=rules)
    world.settle()
    assert play(world, "time 2; time 1; confirm 1; issue 0") is None
    # Its clock breaks while the lease is under way; a confirmation by that clock would get no lease at all.
    world.devices["cart-1"].offset_ms = -600_000
    world.restart("cart-1")
    world.deliver_lease("cart-1")
    assert (world.charges(world.devices["cart-1"]) is None) == is_checked
    assert (play(world, SLOW_CART) is None) == is_checked


@pytest.mark.parametrize("drift_ms", [0, price_law.DRIFT_MS])
def test_clocks_that_differ_by_two_seconds_need_the_margin(monkeypatch: pytest.MonkeyPatch, drift_ms: int) -> None:
    monkeypatch.setattr(price_law, "DRIFT_MS", drift_ms)
    world = PriceWorld(gateway_offset_ms=900)
    world.pass_ms(1_000)
    world.devices["cart-1"].offset_ms = -900
    world.rules.is_timely = lambda made_ms, expires_ms, now_ms: True
    world.settle()
    breach = play(world, f"{DOWN_AT_TILL_AND_GATEWAY}; time 3; time 2; time 1; time 1; time 1; arm 1")
    assert (breach is None) == (drift_ms > 0)


ROW = Row(gtin="04006381333931", name={}, price_minor=1200, floor_minor=1000)


def releases(price_minor: int = 1200, book_version: int = 7, expires_ms: int = 60_000) -> Releases:
    release = Release(gtin=ROW.gtin, price_minor=price_minor, book_version=book_version)
    return Releases(store="demo", made_ms=0, expires_ms=expires_ms, releases=[release])


def test_an_increase_is_charged_only_under_a_release_of_that_price_that_has_not_run_out() -> None:
    assert price_law.charge(ROW, releases(), 0, book_version=7) == price_law.Charge(1200, "released")
    awaiting = price_law.Charge(1000, "awaiting-release")
    assert price_law.charge(ROW, None, 0, book_version=7) == awaiting
    assert price_law.charge(ROW, releases(price_minor=1300), 0, book_version=7) == awaiting
    assert price_law.charge(ROW, releases(), 60_000 - price_law.DRIFT_MS, book_version=7) == awaiting
    assert price_law.charge(ROW, releases(book_version=6), 0, book_version=7) == awaiting


def test_a_lease_of_a_newer_book_does_not_hold_for_an_older_one() -> None:
    lease = Lease(store="demo", device="cart-1", book_version=7, expires_ms=30_000)
    assert price_law.lease_holds(lease, 0, book_version=7)
    assert not price_law.lease_holds(lease, 0, book_version=6)
    assert not price_law.lease_holds(None, 0, book_version=7)


def confirmation(version: int) -> Confirmation:
    return Confirmation(device="till-1", book_version=version, effective_ms=0, at_ms=0, in_force_version=version)


def test_a_till_is_waited_for_until_it_confirms_or_is_taken_out_of_service() -> None:
    def waits(*, in_service: bool, version: int) -> frozenset[str]:
        till = Member(id="till-1", kind="till", in_service=in_service)
        heard = {"till-1": confirmation(version)}
        return price_law.waits_for([till], heard, {}, book_version=7, now_ms=10**9)

    assert waits(in_service=True, version=6) == {"till-1"}
    assert waits(in_service=True, version=7) == frozenset()
    assert waits(in_service=False, version=6) == frozenset()


def test_a_cart_taken_out_of_service_is_waited_for_until_its_lease_has_run_out() -> None:
    cart = Member(id="cart-1", kind="cart", in_service=False)
    lease_ends_ms = {"cart-1": 30_000}
    assert price_law.waits_for([cart], {}, lease_ends_ms, book_version=7, now_ms=31_000) == {"cart-1"}
    assert price_law.waits_for([cart], {}, lease_ends_ms, book_version=7, now_ms=32_001) == frozenset()


def test_a_product_without_labels_is_released_at_once() -> None:
    found = price_law.releases_in_force([ROW], [], book_version=3)
    assert found == (Release(gtin=ROW.gtin, price_minor=1200, book_version=3),)
