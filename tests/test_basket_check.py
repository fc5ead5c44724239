"""Is what went in what was scanned: fine, please scan, please check; and an honest shopper is left alone."""

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from vision.basket import (
    Check,
    Pass,
    Passing,
    Said,
    Scanned,
    Seen,
    Settling,
    Step,
    Verdict,
    Weighed,
    evidence,
    weight_odds,
)
from vision.basket.check import WAIT_S


def _said(*events: Scanned | Weighed | Seen, until_s: float = 100.0) -> list[Verdict]:
    check, said = Check(), list[Said]()
    for event in events:
        check, more = check.after(event)
        said += more
    _, more = check.at(until_s)
    return [one.verdict for one in (*said, *more)]


APPLE = Scanned("apple", 1.0, weight_g=200)


def test_what_weighs_what_it_should_is_fine() -> None:
    assert _said(APPLE, Weighed(203, 2.0)) == [Verdict.FINE]
    assert _said(APPLE, Weighed(197, 2.0), Seen((("apple", 0.9),), True, 2.1)) == [Verdict.FINE]


def test_another_weight_is_a_question() -> None:
    assert _said(APPLE, Weighed(340, 2.0)) == [Verdict.CHECK]
    assert _said(APPLE, Seen((("pear", 0.97), ("apple", 0.001)), True, 1.5)) == [Verdict.CHECK]


def test_what_nobody_scanned_is_asked_for_once_its_scan_is_late() -> None:
    assert _said(Weighed(250, 1.0)) == [Verdict.SCAN]
    assert _said(Weighed(250, 1.0), Scanned("b", 1.0 + WAIT_S / 2, weight_g=250)) == [Verdict.FINE]
    assert _said(Weighed(-250, 1.0)) == []
    # Put in and taken out again.
    assert _said(Weighed(250, 1.0), Weighed(-244, 3.0)) == []
    assert _said(Weighed(250, 1.0), Weighed(-100, 3.0)) == [Verdict.SCAN]


def test_drift_and_knocks_are_no_items() -> None:
    assert _said(*(Weighed(4, second * 1.0) for second in range(20))) == []


def test_two_people_who_scan_and_put_in_crosswise_are_both_fine() -> None:
    pair = (Scanned("a", 1.0, weight_g=100), Scanned("b", 1.2, weight_g=700))
    assert _said(*pair, Weighed(699, 2.0), Weighed(101, 2.2)) == [Verdict.FINE, Verdict.FINE]


def test_things_that_go_in_at_once_are_weighed_together() -> None:
    pair = (Scanned("a", 1.0, weight_g=500), Scanned("b", 1.5, weight_g=250))
    assert _said(*pair, Weighed(752, 3.0)) == [Verdict.FINE, Verdict.FINE]
    # Of two that were scanned one goes in, which is fine; the other is still in a hand.
    assert _said(*pair, Weighed(251, 3.0)) == [Verdict.FINE]
    assert _said(*pair, Weighed(1900, 3.0)) == [Verdict.CHECK]


def _felt(weight_at: Callable[[float], float | None], *, until_s: float, seed: int = 1) -> tuple[list[Step], Settling]:
    chance, settling, steps = random.Random(seed), Settling(), list[Step]()
    for tick in range(round(until_s * 10)):
        at_s = tick / 10
        weight = weight_at(at_s)
        settling, step = settling.after(None if weight is None else weight + chance.gauss(0, 0.8), at_s)
        steps += [step] if step is not None else []
    return steps, settling


def _put(at_s: float, grams: float) -> Callable[[float], float]:
    """A thing put in, after which the basket swings."""
    return lambda now_s: (
        0.0 if now_s < at_s else grams * (1 - math.exp(-(now_s - at_s) / 0.25) * math.cos(9 * (now_s - at_s)))
    )


def test_a_scale_that_came_to_rest_is_a_step_of_the_right_weight_soon_after() -> None:
    for grams in (20.0, 150.0, 2_000.0):
        steps, _ = _felt(_put(3.0, grams), until_s=9)
        assert [round(step.change_g) for step in steps] == [pytest.approx(grams, abs=2)]
        assert steps[0].at_s < 3.0 + 2.6
    first, second = _put(3.0, 500), _put(7.0, -500)
    steps, settling = _felt(lambda at_s: first(at_s) + second(at_s), until_s=12)
    assert [round(step.change_g, -1) for step in steps] == [500, -500]
    assert settling.level_g == pytest.approx(0, abs=2)


def test_what_a_scale_says_of_knocks_creep_and_faults_is_no_step() -> None:
    assert _felt(lambda at_s: 300 if 3 < at_s < 3.6 else 0, until_s=9)[0] == []
    assert _felt(lambda at_s: 0.3 * at_s, until_s=60)[0] == []
    assert _felt(lambda at_s: 300 * math.sin(3 * at_s), until_s=30)[0] == []
    assert _felt(lambda at_s: None, until_s=9)[0] == []
    # A fault in the middle hides nothing of what was put in meanwhile.
    steps, _ = _felt(lambda at_s: None if 3 < at_s < 5 else _put(4.0, 400)(at_s), until_s=12)
    assert [round(step.change_g, -1) for step in steps] == [400]


def test_a_cell_that_drifts_says_so_and_is_not_believed_until_it_stands() -> None:
    steps, settling = _felt(lambda at_s: 3 * min(at_s, 40.0), until_s=40)
    assert steps == []
    assert settling.drifts
    steps, settling = _felt(lambda at_s: 3 * min(at_s, 20.0) + _put(45.0, 500)(at_s), until_s=50)
    assert [round(step.change_g, -1) for step in steps] == [500]
    assert not settling.drifts


def test_without_any_witness_nothing_is_said() -> None:
    assert _said(APPLE) == []


def test_a_scale_says_more_the_farther_off_it_is_and_never_everything() -> None:
    odds = [weight_odds(200 + off, 200, 5) for off in (0, 5, 10, 20, 500)]
    assert odds == sorted(odds, reverse=True)
    assert odds[0] > 3
    assert -12 <= odds[-1] < -2


def test_honest_baskets_are_hardly_ever_asked() -> None:
    chance = random.Random(3)
    asked = 0
    for _ in range(1000):
        weight = chance.uniform(60, 1500)
        scan = Scanned("x", 1.0, weight_g=weight, spread_g=3)
        asked += Verdict.CHECK in _said(scan, Weighed(chance.gauss(weight, 5.8), 2.0))
    assert asked <= 10


def _frames(inward: bool, *, steps: int = 10, reach: float = 1.0, seed: int = 1) -> list[NDArray[np.uint8]]:
    """A dark box carried past a grey rim, from above to below or back, `reach` of the way."""
    chance = np.random.default_rng(seed)
    frames = []
    for number in range(steps + 8):
        picture = np.full((240, 320, 3), 140, np.int16)
        share = reach * number / (steps - 1)
        if number < steps:
            top = round((share if inward else reach - share) * 320) - 80
            picture[max(0, top) : max(0, top + 80), 120:210] = 30
        frames.append(np.clip(picture + chance.normal(0, 3, picture.shape), 0, 255).astype(np.uint8))
    return [frames[-1]] * 3 + frames


def _passes(frames: list[NDArray[np.uint8]]) -> list[Pass]:
    passing = Passing()
    found = [passing.saw(picture, number / 12) for number, picture in enumerate(frames)]
    return [one for one in found if one is not None]


def test_what_goes_by_the_rim_is_told_once_with_its_direction_and_its_look() -> None:
    for inward in (True, False):
        (passed,) = _passes(_frames(inward))
        assert passed.inward is inward
        height, width = passed.pixels.shape[:2]
        assert height == width
        assert float((passed.pixels < 80).mean()) > 0.4


def test_a_hand_that_turns_back_a_lamp_and_noise_are_no_pass() -> None:
    assert _passes(_frames(True, reach=0.15)) == []
    there_and_back = [*_frames(True)[:9], *reversed(_frames(True)[:9]), *_frames(True)[-8:]]
    assert _passes(there_and_back) == []
    lamp = [np.clip(picture.astype(int) + 60, 0, 255).astype(np.uint8) for picture in _frames(True)[-8:]]
    assert _passes([*_frames(True)[-8:], *lamp, *lamp]) == []
    # Somebody who leans in for long is sorting; what then lies there is the ground.
    leaning = [_frames(True)[8]] * 80
    assert _passes([*_frames(True)[:3], *leaning]) == []


def test_a_camera_says_nothing_of_what_it_cannot_tell() -> None:
    pear = Seen((("pear", 0.97), ("plum", 0.01)), True, 1.5)
    assert _said(APPLE, pear, Weighed(201, 2.0)) == [Verdict.FINE]
    # Of two that were scanned the one that it can tell, and that it looks like.
    pair = (Scanned("pear", 1.0, weight_g=200), Scanned("apple", 1.1, weight_g=210))
    assert _said(*pair, pear, Weighed(205, 2.0), Weighed(206, 2.5)) == [Verdict.FINE, Verdict.FINE]


def test_chances_as_evidence_keep_their_order_and_are_less_sure() -> None:
    chances = {"milk": 0.9, "yoghurt": 0.09, "bread": 0.01}
    said = evidence(chances)
    assert sorted(said, key=lambda thing: -said[thing]) == list(chances)
    assert sum(said.values()) == pytest.approx(1)
    assert said["milk"] < chances["milk"]
    assert said["bread"] > chances["bread"]
    assert evidence({"milk": 0.0}) == {"milk": 0.0}
