"""Surveys and beacons in the cloud: legs come in any order and twice, one survey is put to use, beacons are judged."""

import msgspec
import pytest
from sqlalchemy import select

from cloud_broker.clock import now_ms
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import heads
from cloud_broker.surveys import beacons, legs
from cloud_broker.surveys.floors import floors_of
from firmware_specs.desired import SiteSurvey
from firmware_specs.events import BeaconSeen, BeaconsHeard, SurveyLegDropped, SurveyLegWalked
from firmware_specs.surveyed import SurveyPoint
from firmware_specs.wire import decode
from tests.fakes.cloud_state import Cloud
from tests.fakes.store import SITE


def leg(number: int, x_m: float, *, survey: str = "survey-a", level: str = "g") -> SurveyLegWalked:
    points = [
        SurveyPoint(level=level, beacon=beacon.id, x_m=x_m, y_m=3.0, z_m=1.0, rssi_dbm=-60.0 - number, count=9)
        for beacon in SITE.beacons
    ]
    return SurveyLegWalked(
        at_ms=now_ms(), survey=survey, leg=number, level=level, from_x_m=x_m, from_y_m=1.0, to_x_m=x_m, to_y_m=5.0,
        duration_s=5.0, points=points,
    )  # fmt: skip


def test_legs_make_a_survey_that_devices_are_told_to_follow(state_cloud: Cloud) -> None:
    cloud, cart = state_cloud, state_cloud.enrol("cart")
    taken_back = SurveyLegDropped(at_ms=1, survey="survey-a", leg=3)
    cloud.say(cart, leg(1, 1.0), leg(2, 4.0), leg(2, 4.5), leg(3, 8.0), taken_back)
    with reading(cloud.engine) as connection:
        (view,) = legs.views(connection, "demo")
        assert (view["id"], view["legs"], view["device"], view["is_used"]) == ("survey-a", 2, cart, False)
        before = floors_of(connection, cloud.publisher.blobs, "demo")
    with cloud.engine.begin() as connection:
        legs.use(connection, cloud.publisher, "demo", "survey-a", "tech")
    with reading(cloud.engine) as connection:
        sha256 = connection.execute(select(heads.c.sha256).where(heads.c.matter == "survey")).scalar_one()
        heard = decode(cloud.publisher.blobs.get(sha256), SiteSurvey, limit=None)
        assert sorted({point.x_m for point in heard.points}) == [1.0, 4.5]
        assert legs.views(connection, "demo")[0]["is_used"]
        after = floors_of(connection, cloud.publisher.blobs, "demo")
    assert before is not None
    assert after is not None
    assert after.model.surveyed.all()
    assert not before.model.surveyed.any()
    assert after.promise()["levels"][0]["surveyed_share"] > before.promise()["levels"][0]["surveyed_share"] == 0
    with cloud.engine.begin() as connection:
        legs.forget(connection, "demo", "survey-a")
        with pytest.raises(UnknownError, match="no survey 'survey-a'"):
            legs.use(connection, cloud.publisher, "demo", "survey-a", "tech")
        with pytest.raises(UnknownError, match="no survey 'survey-a'"):
            legs.forget(connection, "demo", "survey-a")


def seen(beacon: str, **said: object) -> BeaconSeen:
    return msgspec.convert({"beacon": beacon, "received": 120, "expected": 150, **said}, BeaconSeen)


def test_a_beacon_is_ill_when_most_devices_say_so_and_low_when_its_battery_is(state_cloud: Cloud) -> None:
    cloud = state_cloud
    carts = [cloud.enrol("cart") for _ in range(3)]
    first, second, third, fourth = (beacon.id for beacon in SITE.beacons[:4])
    for number, cart in enumerate(carts):
        said = [
            seen(first, rssi_dbm=-60.0 - number),
            seen(second, received=0, ill="dead" if number else "", age_s=40.0),
            seen(third, battery_mv=2300 + 300 * number, ill="moved" if number == 0 else ""),
        ]
        cloud.say(cart, BeaconsHeard(at_ms=now_ms(), beacons=said))
    # What a device says later takes the place of what it said before.
    cloud.say(carts[0], BeaconsHeard(at_ms=now_ms(), beacons=[seen(first, rssi_dbm=-50.0)] * 2))
    with reading(cloud.engine) as connection:
        views = {view["id"]: view for view in beacons.views(connection, "demo", SITE, now_ms())}
        assert (views[first]["state"], views[first]["devices"], views[first]["rssi_dbm"]) == ("well", 3, -50.0)
        assert views[first]["rate"] == pytest.approx(0.8)
        assert (views[second]["state"], views[second]["ill"], views[second]["rate"]) == ("ill", "dead", 0.0)
        assert views[second]["heard_s"] >= 40
        assert (views[third]["state"], views[third]["battery_mv"]) == ("low", 2300)
        assert (views[fourth]["state"], views[fourth]["devices"]) == ("unheard", 0)
        late = beacons.views(connection, "demo", SITE, now_ms() + beacons.FRESH_MS + 1000)
        assert {view["state"] for view in late} == {"unheard"}


def test_a_leg_of_another_level_or_of_nothing_is_kept_and_harmless(state_cloud: Cloud) -> None:
    cloud, cart = state_cloud, state_cloud.enrol("cart")
    strange = [msgspec.structs.replace(point, beacon="gone") for point in leg(1, 2.0).points]
    cloud.say(cart, leg(1, 1.0, level="cellar"), msgspec.structs.replace(leg(2, 2.0), points=strange))
    with cloud.engine.begin() as connection:
        legs.use(connection, cloud.publisher, "demo", "survey-a", "tech")
    with reading(cloud.engine) as connection:
        floors = floors_of(connection, cloud.publisher.blobs, "demo")
    assert floors is not None
    assert not floors.model.surveyed.any()
