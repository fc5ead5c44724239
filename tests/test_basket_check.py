"""Is what went in what was scanned: fine, please scan, please check; and an honest shopper is left alone."""

import random

from vision.basket import Check, Said, Scanned, Seen, Verdict, Weighed, weight_odds
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


def test_drift_and_knocks_are_no_items() -> None:
    assert _said(*(Weighed(4, second * 1.0) for second in range(20))) == []


def test_two_people_who_scan_and_put_in_crosswise_are_both_fine() -> None:
    pair = (Scanned("a", 1.0, weight_g=100), Scanned("b", 1.2, weight_g=700))
    assert _said(*pair, Weighed(699, 2.0), Weighed(101, 2.2)) == [Verdict.FINE, Verdict.FINE]


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
