"""When an offer fires: zone, dwell, cooldown, once per trip, holdout; pure and replayable."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware_specs.desired import Offer, Point, Zone
from firmware_specs.rules.offers import Decision, OfferState, contains, decide, withheld

BAKERY = Zone(
    id="bakery", level="g", name={"en": "Bakery"}, polygon=[Point(0, 0), Point(4, 0), Point(4, 3), Point(0, 3)]
)
BREAD = Offer(id="bread", zone="bakery", headline={"en": "Warm bread"}, dwell_s=2, cooldown_s=60, per_trip=1)


def walk(
    offers: list[Offer], path: list[tuple[int, float]], *, trip: str = "trip-1", zones: list[Zone] | None = None
) -> list[tuple[int, Decision]]:
    """Return what is decided along a path of (milliseconds, probability of standing in the bakery)."""
    state, found = OfferState(trip), []
    for now_ms, probability in path:
        state, decisions = decide(state, offers, [BAKERY] if zones is None else zones, {"bakery": probability}, now_ms)
        found += [(now_ms, decision) for decision in decisions]
    return found


def standing(until_ms: int, probability: float = 0.9) -> list[tuple[int, float]]:
    return [(now_ms, probability) for now_ms in range(0, until_ms + 1, 500)]


def test_an_offer_fires_after_its_dwell_and_once_a_trip() -> None:
    ((at_ms, decision),) = walk([BREAD], standing(200_000))
    assert at_ms == 2_000
    assert (decision.outcome, decision.offer.id, decision.probability) == ("shown", "bread", 0.9)


def test_an_offer_does_not_fire_below_its_probability() -> None:
    assert walk([BREAD], standing(10_000, 0.59)) == []


def test_a_moment_out_of_sight_does_not_start_the_dwell_anew_but_a_longer_one_does() -> None:
    seen = [(0, 0.9), (1_000, 0.1), (2_000, 0.9)]
    assert [at_ms for at_ms, _ in walk([BREAD], seen)] == [2_000]
    away = [(0, 0.9), (3_000, 0.9), (4_000, 0.9), (5_000, 0.9)]
    assert [at_ms for at_ms, _ in walk([BREAD], away)] == [5_000]


def test_a_probability_that_swings_about_its_limit_neither_ends_a_stay_nor_fires_while_low() -> None:
    swinging = [(now_ms, 0.35 if now_ms % 1_000 else 0.65) for now_ms in range(0, 20_000, 500)]
    assert [at_ms for at_ms, _ in walk([BREAD], swinging)] == [2_000]
    # Three seconds of a low but not hopeless probability are not enough to leave, and not enough to be shown one.
    doubtful = [(0, 0.9), *((now_ms, 0.4) for now_ms in range(500, 6_000, 500)), (6_000, 0.9)]
    assert [at_ms for at_ms, _ in walk([BREAD], doubtful)] == [6_000]


def test_an_offer_on_entering_fires_at_once_and_once_for_each_visit() -> None:
    welcome = replace(BREAD, when="enter", per_trip=9, cooldown_s=0)
    visits = [(now_ms, 0.9 if now_ms % 60_000 < 20_000 else 0.0) for now_ms in range(0, 130_000, 500)]
    assert [at_ms for at_ms, _ in walk([welcome], visits)] == [0, 60_000, 120_000]
    assert walk([welcome], visits)[0][1].reason == "entered bakery"


def test_an_offer_on_entering_waits_for_the_screen_but_not_for_long() -> None:
    first = replace(BREAD, id="a", when="enter")
    later = replace(BREAD, id="b", when="enter")
    assert [(at_ms, one.offer.id) for at_ms, one in walk([first, later], standing(30_000))] == [(0, "a"), (8_000, "b")]
    third = replace(BREAD, id="c", when="enter")
    assert [one.offer.id for _, one in walk([first, later, third], standing(30_000))] == ["a", "b"]


def test_an_offer_on_leaving_fires_once_the_shopper_is_gone_after_a_real_stay() -> None:
    farewell = replace(BREAD, when="exit")
    path = [*standing(5_000), *((now_ms, 0.1) for now_ms in range(5_500, 12_000, 500))]
    ((at_ms, decision),) = walk([farewell], path)
    assert at_ms == 7_500
    assert decision.probability == pytest.approx(0.9)
    assert decision.reason == "left bakery after 5 s"
    passing = [(0, 0.9), (500, 0.9), *((now_ms, 0.1) for now_ms in range(1_000, 9_000, 500))]
    assert walk([farewell], passing) == []


def test_who_was_out_of_sight_for_long_has_left_at_a_time_nobody_knows() -> None:
    assert walk([replace(BREAD, when="exit")], [*standing(5_000), (60_000, 0.0), (60_500, 0.0)]) == []


def test_a_clock_that_goes_back_ends_no_stay() -> None:
    assert [at_ms for at_ms, _ in walk([BREAD], [(0, 0.9), (1_500, 0.9), (500, 0.9), (2_000, 0.9)])] == [2_000]


def test_an_offer_for_several_times_a_trip_waits_for_its_cooldown() -> None:
    twice = Offer(id="bread", zone="bakery", headline={}, dwell_s=0, cooldown_s=10, per_trip=2)
    assert [at_ms for at_ms, _ in walk([twice], standing(60_000))] == [0, 10_000]


def test_an_offer_of_an_unknown_zone_never_fires() -> None:
    assert walk([BREAD], standing(10_000), zones=[]) == []


def test_a_trip_in_the_holdout_is_withheld_and_recorded() -> None:
    held_out = Offer(id="bread", zone="bakery", headline={}, holdout=1.0)
    ((_, decision),) = walk([held_out], standing(5_000))
    assert decision.outcome == "withheld"


def test_the_holdout_keeps_about_its_share_of_trips_and_always_the_same_ones() -> None:
    offer = Offer(id="bread", zone="bakery", headline={}, holdout=0.2)
    trips = [f"trip-{number}" for number in range(2_000)]
    kept = [trip for trip in trips if withheld(trip, offer)]
    assert 300 < len(kept) < 500
    assert kept == [trip for trip in trips if withheld(trip, offer)]


def test_two_offers_of_one_zone_have_the_screen_one_after_the_other_in_the_order_of_their_ids() -> None:
    second = Offer(id="cake", zone="bakery", headline={}, dwell_s=2)
    found = [(at_ms, decision.offer.id) for at_ms, decision in walk([second, BREAD], standing(20_000))]
    assert found == [(2_000, "bread"), (10_000, "cake")]


def test_an_offer_that_is_withheld_takes_no_screen() -> None:
    withheld_one = Offer(id="a-first", zone="bakery", headline={}, dwell_s=2, holdout=1.0)
    found = [(at_ms, decision.offer.id) for at_ms, decision in walk([BREAD, withheld_one], standing(3_000))]
    assert found == [(2_000, "a-first"), (2_000, "bread")]


def test_each_offer_of_a_zone_has_its_own_probability() -> None:
    sure = Offer(id="sure", zone="bakery", headline={}, dwell_s=0, probability=0.95)
    easy = Offer(id="easy", zone="bakery", headline={}, dwell_s=0, probability=0.5)
    assert [decision.offer.id for _, decision in walk([sure, easy], standing(20_000, 0.6))] == ["easy"]


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.floats(0, 1)), max_size=60),
    st.integers(0, 3),
)
def test_an_offer_is_never_made_more_often_than_it_says(steps: list[tuple[int, float]], per_trip: int) -> None:
    offer = Offer(id="bread", zone="bakery", headline={}, dwell_s=0, cooldown_s=7, per_trip=per_trip)
    path, now_ms = [], 0
    for passed_ms, probability in steps:
        now_ms += passed_ms
        path.append((now_ms, probability))
    fired = walk([offer], path)
    assert fired == walk([offer], path)
    assert len(fired) <= per_trip
    times = [at_ms for at_ms, _ in fired]
    assert all(later - earlier >= 7_000 for earlier, later in pairwise(times))


def test_a_point_is_inside_a_polygon_or_not() -> None:
    assert contains(BAKERY.polygon, 2, 1)
    assert not contains(BAKERY.polygon, 5, 1)
    notched = [Point(0, 0), Point(4, 0), Point(4, 4), Point(2, 1), Point(0, 4)]
    assert not contains(notched, 2, 3)
    assert contains(notched, 0.3, 3)
