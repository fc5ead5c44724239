"""A survey walked with a cart: taps, legs, undo, and what it promises; beacons reported with their health."""

import math
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import structs

from device_drivers.api import AdvertHeard, WheelsRolled
from device_drivers.virtual.air import Air
from device_drivers.virtual.demo_site import demo_site
from device_drivers.virtual.surveyor import surveyed
from edge_agent.outbox import OutboxFullError
from edge_agent.roles.surveying import SurveyError, Surveying
from edge_agent.roles.whereabouts import REPORT_S, Whereabouts
from firmware_specs.desired import SiteSurvey
from firmware_specs.events import BeaconsHeard, SurveyLegDropped, SurveyLegWalked
from firmware_specs.frames.eddystone import SERVICE_UUID, Tlm, Uid
from firmware_specs.frames.ibeacon import COMPANY_ID, IBeacon
from firmware_specs.wire import MAX_MESSAGE_BYTES, encode
from positioning import Packet
from positioning.readings import points_of
from tests.fakes.store import SITE
from tests.fakes.surroundings import FakeSurroundings, held


class Walk:
    """A technician with a cart in the test's store, on a clock of their own."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 100.0
        self.surroundings = FakeSurroundings(folder, "cart")
        self.surveying = Surveying(self.surroundings, lambda: SITE, lambda: self.now_s)

    def walk(self, seconds: float) -> None:
        """Walk on, hearing every beacon twice a second."""
        for _ in range(int(2 * seconds)):
            self.now_s += 0.5
            for beacon in SITE.beacons:
                self.surveying.hear(Packet(beacon.id, -60.0, self.now_s))

    def legs(self) -> list[SurveyLegWalked]:
        return [event for event in self.surroundings.of(SurveyLegWalked) if isinstance(event, SurveyLegWalked)]


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    return Walk(tmp_path)


def test_each_tap_but_the_first_says_a_leg_with_what_was_heard_on_it(walk: Walk) -> None:
    survey = walk.surveying.start()
    walk.walk(3)
    assert walk.surveying.at(1.0, 1.0) == {"leg": None}
    walk.walk(6)
    assert walk.surveying.at(1.0, 6.0) == {"leg": 1, "packets": 12 * len(SITE.beacons)}
    walk.walk(4)
    assert walk.surveying.at(5.0, 6.0)["leg"] == 2
    first, second = walk.legs()
    assert (first.survey, first.leg, first.level, first.duration_s) == (survey, 1, "g", 6.0)
    assert (second.from_x_m, second.from_y_m, second.to_x_m) == (1.0, 6.0, 5.0)
    # Half the way was gone at half the time.
    ys = sorted({point.y_m for point in first.points})
    assert 1.0 < ys[0] < 2.0
    assert 5.0 < ys[-1] <= 6.0
    assert sum(point.count for point in first.points) == 12 * len(SITE.beacons)
    state = walk.surveying.state()
    assert state is not None
    assert [leg["leg"] for leg in state["legs"]] == [1, 2]
    assert state["check"] is None


def test_a_long_leg_among_many_beacons_still_fits_into_one_message(walk: Walk) -> None:
    walk.surveying.start()
    walk.surveying.at(0.0, 0.0)
    for tick in range(600):
        walk.now_s += 0.1
        for number in range(400):
            if (tick + number) % 5 == 0:
                walk.surveying.hear(Packet(f"beacon-{number}", -70.0, walk.now_s))
    packets = walk.surveying.at(12.0, 8.0)["packets"]
    (leg,) = walk.legs()
    assert packets == 600 * 400 / 5
    assert sum(point.count for point in leg.points) == packets
    assert len(encode(leg)) < MAX_MESSAGE_BYTES


def test_a_beacons_telemetry_reaches_its_report(tmp_path: Path) -> None:
    now_s = 0.0
    space, instance = bytes(range(10)), bytes(6)
    eddystone = structs.replace(SITE.beacons[0], frame="eddystone", uuid="", identity=(space + instance).hex())
    whereabouts = Whereabouts(surroundings := FakeSurroundings(tmp_path, "cart"), monotonic_s=lambda: now_s)
    whereabouts.take_site(held("site", structs.replace(SITE, beacons=[eddystone, *SITE.beacons[1:]])))
    for frame in (bytes(Uid(-18, space, instance)), bytes(Tlm(2_310, None, 5, 1.0))):
        now_s += 0.5
        whereabouts.hear(AdvertHeard("AA", -65, {}, {SERVICE_UUID: frame}, now_s))
    now_s = REPORT_S + 1
    whereabouts.tick()
    (said,) = surroundings.of(BeaconsHeard)
    assert isinstance(said, BeaconsHeard)
    assert [(one.beacon, one.battery_mv) for one in said.beacons] == [(eddystone.id, 2_310)]


def test_every_survey_is_a_check_walk_of_the_map_in_force(walk: Walk) -> None:
    walk.surveying.start()
    walk.surveying.at(1.0, 1.0)
    for tenth in range(1, 101):
        walk.walk(0.5)
        # Believed half a metre beside the way.
        walk.surveying.place(1.5, 1.0 + tenth * 0.05)
    walk.surveying.at(1.0, 6.0)
    state = walk.surveying.state()
    assert state is not None
    assert state["check"] == {"answers": 100, "p50_m": 0.5, "p75_m": 0.5}


def test_a_leg_taken_back_is_dropped_and_its_number_never_used_again(walk: Walk) -> None:
    walk.surveying.start()
    walk.surveying.at(1.0, 1.0)
    walk.walk(4)
    walk.surveying.at(1.0, 5.0)
    walk.surveying.undo()
    (dropped,) = walk.surroundings.of(SurveyLegDropped)
    assert isinstance(dropped, SurveyLegDropped)
    assert dropped.leg == 1
    assert walk.surveying.at(2.0, 2.0) == {"leg": None}
    walk.walk(4)
    assert walk.surveying.at(2.0, 6.0)["leg"] == 2
    walk.surveying.undo()
    with pytest.raises(SurveyError, match="nothing was tapped yet"):
        walk.surveying.undo()


def test_taps_that_cannot_be_are_refused_and_cost_nothing(walk: Walk) -> None:
    with pytest.raises(SurveyError, match="no survey is under way"):
        walk.surveying.at(1.0, 1.0)
    walk.surveying.start()
    with pytest.raises(SurveyError, match="outside the store"):
        walk.surveying.at(99.0, 1.0)
    walk.surveying.at(1.0, 1.0)
    with pytest.raises(SurveyError, match="tapped twice"):
        walk.surveying.at(1.0, 1.0)
    walk.now_s += 5
    with pytest.raises(SurveyError, match="no beacon was heard"):
        walk.surveying.at(1.0, 6.0)
    walk.walk(5)
    assert walk.surveying.at(1.0, 6.0)["leg"] == 1
    walk.surveying.finish()
    assert walk.surveying.state() is None
    bare = Surveying(walk.surroundings, lambda: None, lambda: 0.0)
    with pytest.raises(SurveyError, match="map has not come"):
        bare.start()


def test_a_full_outbox_refuses_the_tap_and_the_leg_can_be_said_later(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk.surveying.start()
    walk.surveying.at(1.0, 1.0)
    walk.walk(4)

    def full(_event: object) -> int:
        raise OutboxFullError("the outbox is full")

    with monkeypatch.context() as patch:
        patch.setattr(walk.surroundings, "say", full)
        with pytest.raises(OutboxFullError):
            walk.surveying.at(1.0, 5.0)
    assert walk.surveying.at(1.0, 5.0)["packets"] == 8 * len(SITE.beacons)


def test_beacons_are_reported_with_what_came_through_and_the_silent_ones_too(tmp_path: Path) -> None:
    now_s = 50.0
    surroundings = FakeSurroundings(tmp_path, "cart")
    whereabouts = Whereabouts(surroundings, monotonic_s=lambda: now_s)
    whereabouts.take_site(held("site", SITE))
    for number in range(int(5 * REPORT_S)):
        now_s += 0.2
        for beacon in SITE.beacons[:-1]:
            if number % 4:
                payload = bytes(IBeacon(UUID(beacon.uuid), beacon.major, beacon.minor, beacon.power_1m_dbm))
                whereabouts.hear(AdvertHeard("AA", -65, {COMPANY_ID: payload}, {}, now_s))
        if number % 3 == 0:
            whereabouts.tick()
    now_s += 0.2
    whereabouts.tick()
    (said,) = surroundings.of(BeaconsHeard)
    assert isinstance(said, BeaconsHeard)
    heard = {one.beacon: one for one in said.beacons}
    first = heard[SITE.beacons[0].id]
    assert first.expected is not None
    assert first.received / first.expected == pytest.approx(0.75, abs=0.05)
    assert first.rssi_dbm == -65.0


class Cart:
    """A cart that stands in the virtual store, surveyed, on a clock of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.now_s = 0.0
        self.site, self.air = demo_site(), Air(demo_site(), seed)
        self.whereabouts = Whereabouts(FakeSurroundings(folder, "cart"), monotonic_s=lambda: self.now_s)
        points = points_of(surveyed(self.site, seed), 1.0)
        site = structs.replace(self.site, version=1)
        self.whereabouts.take_survey(held("survey", SiteSurvey(store=site.store, version=1, points=points)))
        self.whereabouts.take_site(held("site", site))

    def stand(self, seconds: float, *, has_wheels: bool) -> list[tuple[float, float]]:
        """Stand and hear; return where the dot was, five times a second."""
        dots = []
        for tick in range(int(5 * seconds)):
            self.now_s += 0.2
            for beacon in self.site.beacons:
                rssi_dbm = self.air.heard_dbm(beacon, tick, "cart-1", (10.0, 4.0), 1.0)
                if rssi_dbm is not None:
                    payload = bytes(IBeacon(UUID(beacon.uuid), beacon.major, beacon.minor, beacon.power_1m_dbm))
                    self.whereabouts.hear(AdvertHeard("AA", rssi_dbm, {COMPANY_ID: payload}, {}, self.now_s))
            if has_wheels:
                self.whereabouts.roll(WheelsRolled(0.0, 0.0, self.now_s))
            fix = self.whereabouts.tick()
            assert fix is not None
            dots.append((fix.x_m, fix.y_m))
        return dots


@pytest.mark.parametrize(("has_wheels", "most_m"), [(True, 0.12), (False, 0.25)])
def test_the_dot_of_a_standing_cart_does_not_jump(tmp_path: Path, has_wheels: bool, most_m: float) -> None:
    for seed in (1, 2):
        dots = Cart(tmp_path / str(seed), seed).stand(40.0, has_wheels=has_wheels)
        # Ten seconds to find itself; then each fifth of a second, whatever the radio says.
        jumps = [math.dist(before, after) for before, after in pairwise(dots[50:])]
        assert max(jumps) < most_m, (seed, max(jumps))
        assert len(jumps) > 140
