"""What a radio map promises: errors, zones, and that it promises more where more is known."""

import numpy as np
import pytest
from msgspec import structs

from device_drivers.virtual.demo_site import demo_site
from device_drivers.virtual.surveyor import surveyed
from firmware_specs.surveyed import Survey, ZonePlan
from positioning import Model, build
from positioning.events import LEAST_PRECISION, LEAST_RECALL, large_enough, worth_of
from positioning.predicted import predicted
from positioning.readings import points_of
from positioning.store import plan_of

SITE = plan_of(demo_site())


@pytest.fixture(scope="module")
def guessed() -> Model:
    """The virtual store, its beacons' places alone."""
    return build(SITE)


@pytest.fixture(scope="module")
def walked() -> Model:
    """The same after a survey."""
    return build(SITE, Survey(points=points_of(surveyed(demo_site(), 1), 1.0)))


def test_a_survey_and_wheels_promise_smaller_errors(guessed: Model, walked: Model) -> None:
    promised = [
        predicted(model, has_wheels=has_wheels).site_p75_m
        for model, has_wheels in ((guessed, False), (walked, False), (walked, True))
    ]
    assert promised == sorted(promised, reverse=True)
    assert 1.5 < promised[0] < 3.5
    assert 0.3 < promised[2] < 1.2


def test_a_prediction_is_the_same_each_time_and_only_where_one_can_stand(walked: Model) -> None:
    once, again = predicted(walked), predicted(walked)
    assert np.array_equal(once.p75_m, again.p75_m)
    shelf = demo_site().shelves[0]
    middle = (shelf.x_m + shelf.width_m / 2, shelf.y_m + shelf.depth_m / 2)
    assert np.hypot(*(once.at_m - middle).T).min() > 0.3
    assert once.heard.min() >= 4
    # The technician went past everything within arm's reach of the lanes.
    assert np.quantile(once.surveyed_m, 0.9) < 1.5
    assert np.isinf(predicted(build(SITE)).surveyed_m).all()


def test_fewer_beacons_promise_larger_errors() -> None:
    few = structs.replace(SITE, beacons=SITE.beacons[:3])
    assert predicted(build(few)).site_p75_m > 1.2 * predicted(build(SITE)).site_p75_m
    bare = predicted(build(structs.replace(SITE, beacons=[])))
    assert bare.heard.max() == 0
    assert bare.site_p75_m > 3


def circle(radius_m: float) -> ZonePlan:
    return ZonePlan(id="z", level=SITE.levels[0].id, x_m=12.0, y_m=4.0, radius_m=radius_m)


def test_a_small_zone_is_worth_little_and_the_size_that_would_do_is_named(walked: Model) -> None:
    small, large = (worth_of(walked, [circle(radius_m)], 0.6, has_wheels=True)[0] for radius_m in (0.6, 4.0))
    assert not small.is_enough
    assert large.is_enough
    assert (large.recall, large.precision) > (LEAST_RECALL, LEAST_PRECISION)
    would_do = large_enough(walked, circle(0.9), 0.6, has_wheels=True)
    assert would_do is not None
    assert 0.9 < (would_do.zone.radius_m or 0) <= 3.6
    assert would_do.size.startswith("a radius of ")
    square = ZonePlan(id="q", level="g", polygon=[(11.5, 3.5), (12.5, 3.5), (12.5, 4.5), (11.5, 4.5)])
    grown = large_enough(walked, square, 0.6, has_wheels=True)
    assert grown is not None
    assert grown.size_m[0] == pytest.approx(grown.size_m[1])
    assert grown.size == f"{grown.size_m[0]:.1f} x {grown.size_m[1]:.1f} m"


def test_where_nothing_is_heard_no_size_would_do() -> None:
    bare = build(structs.replace(SITE, beacons=[]))
    assert worth_of(bare, [circle(1.5)], 0.6, has_wheels=False)[0].recall == 0
    assert large_enough(bare, circle(0.5), 0.6, has_wheels=False) is None


def test_a_zone_of_another_level_or_in_a_wall_is_no_trouble(walked: Model) -> None:
    with pytest.raises(ValueError, match="zone z: there is no level attic; the levels are g"):
        worth_of(walked, [structs.replace(circle(1.0), level="attic")], 0.6, has_wheels=True)
    outside = structs.replace(circle(1.0), x_m=500.0)
    assert worth_of(walked, [outside], 0.6, has_wheels=True)[0].recall == 0
