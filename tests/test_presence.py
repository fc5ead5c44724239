"""Who is there: an empty aisle is empty whatever the light does, a person is one after two looks, and leaves slowly."""

import numpy as np
import pytest

from device_drivers.camera.generated.people import Stander, aisle, frame
from device_drivers.camera.generated.ranges import Ranges
from vision.detect import Box, Detector
from vision.presence import Near, Presence
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
