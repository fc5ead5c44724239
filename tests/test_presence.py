"""Who is there: an empty aisle is empty whatever the light does, a person is one after two looks, and leaves slowly."""

import numpy as np
import pytest

from device_drivers.camera.generated.people import Stander, aisle, frame
from device_drivers.camera.generated.ranges import Ranges
from vision.detect import Box, Detector
from vision.presence import Count, Footfall, Near, Presence, Report
from vision.presence.footfall import EVERY_S, LEAST, LONGEST_S
from vision.presence.gate import Gate
from vision.presence.presence import LEAVES_AT, LEAVES_S
from vision.runtime import find

SMALL = Ranges(width_px=640, height_px=360)
SOMEBODY = (Stander(0.5, 2.0, 7),)


def _box(p: float, share: float) -> Box:
    return Box("person", "person", p, 0, 0, 100 * share, 100)


def test_noise_and_a_lamp_are_no_motion_and_a_person_is() -> None:
    gate = Gate()
    gate.moved(aisle(4, (), 0, SMALL).pixels, 0.0)
    assert not any(gate.moved(aisle(4, (), number, SMALL).pixels, number * 0.5) for number in range(1, 20))
    brighter = np.clip(aisle(4, (), 30, SMALL).pixels.astype(int) + 12, 0, 255).astype(np.uint8)
    assert not gate.moved(brighter, 15.0)
    assert gate.moved(aisle(4, SOMEBODY, 31, SMALL).pixels, 15.5)
    assert gate.stirred(0.3, 0.2, 0.7, 0.9, 16.0) > 0.2


def _watching() -> Presence:
    # Somebody walks through the picture, so that all of it has stirred.
    presence, rng = Presence(), np.random.default_rng(1)
    for at_s in (-0.5, 0.0):
        presence.moved(rng.integers(0, 255, (144, 192, 3)).astype(np.uint8), at_s)
    return presence


def test_what_looks_like_a_person_and_never_stirs_is_a_thing() -> None:
    presence = Presence()
    for number in range(10):
        presence.moved(np.full((144, 192, 3), 90, np.uint8), number * 0.5)
        assert presence.saw([_box(0.9, 0.4)], 100, 100, number * 0.5).near is Near.NOBODY


def test_a_person_is_believed_after_two_looks_and_gone_after_a_while() -> None:
    presence = _watching()
    assert presence.saw([_box(0.8, 0.3)], 100, 100, 0.0).near is Near.NOBODY
    assert presence.saw([_box(0.8, 0.3)], 100, 100, 0.3).near is Near.NEAR
    assert presence.saw([], 100, 100, 0.6).near is Near.NEAR
    assert presence.saw([], 100, 100, 0.4 + LEAVES_S).near is Near.NOBODY
    assert presence.saw([_box(0.36, 0.3)], 100, 100, 9.0).near is Near.NOBODY


def test_who_stands_far_off_is_far() -> None:
    presence = _watching()
    for at_s in (0.0, 0.3):
        presence.saw([_box(0.9, 0.02)], 100, 100, at_s)
    assert presence.report.near is Near.FAR


@pytest.mark.parametrize("distance_m", [1.5, 3.0])
def test_the_detector_sees_drawn_people_and_no_empty_shelf(distance_m: float) -> None:
    detector = Detector(find("detector"))
    made = aisle(9, (Stander(0.4, distance_m, 3),), 1, Ranges(width_px=1280, height_px=720))
    people = [box for box in detector.find(made.pixels, least=LEAVES_AT) if box.kind == "person"]
    assert people
    left, _, right, _ = made.boxes[0]
    assert abs((people[0].left + people[0].right) / 2 - (left + right) / 2) < 0.35 * (right - left)
    empty = aisle(9, (), 1, Ranges(width_px=1280, height_px=720))
    assert not [box for box in detector.find(empty.pixels, least=0.4) if box.kind == "person"]


def test_a_set_of_frames_tells_the_truth_and_is_the_same_again() -> None:
    one, again = frame(5, 3, SMALL), frame(5, 3, SMALL)
    assert np.array_equal(one.pixels, again.pixels)
    assert {frame(5, number, SMALL).as_json()["near"] for number in range(30)} >= {"nobody", "near"}


def _counted(*said: tuple[float, int, Near], start_s: float = 0.0) -> Footfall:
    footfall = Footfall(start_s)
    for at_s, people, near in said:
        footfall = footfall.after(Report(near, people), at_s)
    return footfall


def test_who_comes_is_counted_once_and_who_comes_back_after_a_while_again() -> None:
    near, far, nobody = Near.NEAR, Near.FAR, Near.NOBODY
    walk = [(0.0, 1, far), (1.0, 1, near), (2.0, 2, near), (3.0, 1, near), (4.0, 0, nobody)]
    assert (_counted(*walk).visits, _counted(*walk).near) == (2, 1)
    # A turned head is no leaving; five seconds are.
    assert _counted(*walk, (5.0, 1, far)).visits == 2
    assert _counted(*walk, (12.0, 0, nobody), (13.0, 1, near)).visits == 3
    assert _counted(*walk).present_s == pytest.approx(3.0)


def test_a_count_is_told_of_ten_or_more_and_forgotten_after_a_day() -> None:
    visits = [
        one
        for number in range(LEAST)
        for one in (
            (number * 60.0, 1, Near.FAR),
            (number * 60.0 + 2, 1, Near.NEAR),
            (number * 60.0 + 9, 0, Near.NOBODY),
        )
    ]
    few = _counted(*visits[:-3])
    assert few.told(EVERY_S) == (few, None)
    enough = _counted(*visits)
    assert enough.told(EVERY_S - 1) == (enough, None)
    again, count = enough.told(EVERY_S)
    assert count == Count(LEAST, LEAST, 20.0, EVERY_S)
    assert (again.visits, again.since_s) == (0, EVERY_S)
    # Nine who stood near are too few to be told, ten who came by are not.
    far_one = _counted(*visits[:-3], (590.0, 1, Near.FAR))
    assert far_one.told(EVERY_S)[1] == Count(LEAST, None, 18.0, EVERY_S)
    forgotten, nothing = few.told(LONGEST_S)
    assert (forgotten.visits, nothing) == (0, None)
