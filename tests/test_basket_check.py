"""Is what went in what was scanned: fine, please scan, please check; and an honest shopper is left alone."""

import math
import random
from collections.abc import Callable

import pytest

from vision.basket import Check, Said, Scanned, Seen, Settling, Step, Verdict, Weighed, weight_odds
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
