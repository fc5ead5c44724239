"""Whether a device goes or stands, told from its radio alone: who stands hears each beacon as strong as before.

For each beacon a quick and a slow running mean; their difference is noise while standing, and fading and path loss
come on top while going. The likelihoods of both, over all beacons, give the odds.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from positioning.tuning import Tuning

Sums = NDArray[np.float64]
"""Shape (beacons,)."""


@dataclass(frozen=True, slots=True)
class Stillness:
    """Running sums of packets, weighted with quick weights q and slow weights s that fall with age."""

    quick_dbm: Sums
    slow_dbm: Sums
    q: Sums
    s: Sums
    qq: Sums
    ss: Sums
    qs: Sums


def unheard(beacons: int) -> Stillness:
    """Return the sums of who has heard nothing yet."""
    return Stillness(*(np.zeros(beacons) for _ in range(7)))


def listened(before: Stillness, heard: dict[int, list[float]], passed_s: float, tuning: Tuning) -> Stillness:
    """Return the sums after the packets of a step."""
    quick, slow = math.exp(-passed_s / tuning.quick_s), math.exp(-passed_s / tuning.slow_s)
    after = Stillness(
        before.quick_dbm * quick, before.slow_dbm * slow, before.q * quick, before.s * slow,
        before.qq * quick**2, before.ss * slow**2, before.qs * (quick * slow),
    )  # fmt: skip
    if heard:
        beacons = np.fromiter(heard, dtype=np.intp, count=len(heard))
        total = np.array([math.fsum(strengths) for strengths in heard.values()])
        count = np.array([float(len(strengths)) for strengths in heard.values()])
        after.quick_dbm[beacons] += total
        after.slow_dbm[beacons] += total
        for sums in (after.q, after.s, after.qq, after.ss, after.qs):
            sums[beacons] += count
    return after


def going(state: Stillness, tuning: Tuning) -> float:
    """Return the probability that the device goes; near one while there is too little to tell by."""
    q, s = np.maximum(state.q, 1e-9), np.maximum(state.s, 1e-9)
    # Variance of the difference of two weighted means of the same packets, as a share of one packet's.
    share = state.qq / q**2 + state.ss / s**2 - 2 * state.qs / (q * s)
    usable = (state.q > 0.5) & (share > tuning.least_share)
    if not usable.any():
        return 1.0
    square = (state.quick_dbm[usable] / q[usable] - state.slow_dbm[usable] / s[usable]) ** 2
    noise = share[usable] * tuning.fading_db**2
    with_way = noise + tuning.going_db**2
    odds = 0.5 * (square / noise - square / with_way - np.log(with_way / noise))
    # One beacon alone, with a person before it, must not decide.
    told = float(np.minimum(odds, 2.0).sum()) + tuning.going_odds
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, told))))
