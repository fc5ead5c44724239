"""When an offer fires: zone, dwell, cooldown, once per trip, holdout; pure and replayable."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

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
