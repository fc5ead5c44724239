"""Which beacons no longer do what the radio map says, found from what is heard alone.

Now and then, and only where the device has gone some way since (at one place all errs alike), each beacon is put to
the test: how well do its last packets fit to where the others say the device is, were it off by -24 … +24 dB? A gain
that has changed is off by the same everywhere, a beacon that hangs elsewhere by something else at each place. A
beacon that should have been heard many times and was not is dead.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from positioning.belief import Belief, Guess, cropped
from positioning.model import Model
from positioning.tuning import Tuning

Ill = Literal["dead", "moved", "gain"]

_BIASES_DB = np.arange(-24, 25, 3)
_MOST_WATCHED = 64
"""In a site of more beacons than these, only those that this device has heard can be found dead."""

PerBeacon = NDArray[np.float64]
"""Shape (beacons,)."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of each beacon.

    `odds` has shape (beacons, hypotheses): the biases, then moved. `missed` counts packets that should have come since
    the last one, `sum_dbm` and `count` gather what was heard since `watched_s`. `tested_at` is where beacons were put
    to the test last (level, x, y).
    """

    odds: NDArray[np.float64]
    bias: PerBeacon
    trust: PerBeacon
    missed: PerBeacon
    silent_s: PerBeacon
    rate_hz: float
    sum_dbm: PerBeacon
    count: PerBeacon
    watched_s: float
    tested_at: tuple[int, float, float] | None = None
    ill: tuple[tuple[int, Ill], ...] = ()

    def bias_db(self, beacon: int) -> float:
        """Return by how much a beacon is stronger than the radio map says."""
        return float(self.bias[beacon])

    def weight(self, beacon: int) -> float:
        """Return how far a beacon's packets can be believed, 0 to 1."""
        return float(self.trust[beacon])


def healthy(model: Model, now_s: float) -> Health:
    """Return the health of beacons of which nothing is known yet."""
    zeros = np.zeros(len(model.order))
    odds = np.tile(_prior(model.tuning), (zeros.size, 1))
    return Health(odds, zeros, np.ones(zeros.size), zeros, zeros, 0.0, zeros, zeros, now_s)


def _prior(tuning: Tuning) -> NDArray[np.float64]:
    large = np.abs(_BIASES_DB) >= tuning.gain_db
    well = np.where(_BIASES_DB == 0, 20.0, 1.0) * ~large
    prior = (1 - tuning.unhealthy_share) * well / well.sum() + tuning.unhealthy_share * 0.7 * large / large.sum()
    return np.append(prior, 0.3 * tuning.unhealthy_share)


def watch(
    model: Model, before: Health, beliefs: tuple[Belief, ...], heard: dict[int, list[float]], now_s: float
) -> Health:
    """Return the health after a step; most steps only gather."""
    if heard:
        sum_dbm, count = before.sum_dbm.copy(), before.count.copy()
        for beacon, strengths in heard.items():
            sum_dbm[beacon] += math.fsum(strengths)
            count[beacon] += len(strengths)
        before = replace(before, sum_dbm=sum_dbm, count=count)
    passed_s = now_s - before.watched_s
    if passed_s < model.tuning.watch_s:
        return before
    level, guess = max(
        ((level, guess) for level, belief in enumerate(beliefs) for guess in belief), key=lambda pair: pair[1].mass
    )
    after = _missed(model, before, level, guess, passed_s)
    after = _tested(model, after, level, guess)
    empty = np.zeros_like(before.count)
    return replace(after, sum_dbm=empty, count=empty, watched_s=now_s, ill=_ill(model, after))


def _ill(model: Model, health: Health) -> tuple[tuple[int, Ill], ...]:
    biases, moved, tuning = health.odds[:, :-1], health.odds[:, -1], model.tuning
    gain = biases[:, np.abs(_BIASES_DB) >= tuning.gain_db].sum(axis=1)
    guessed = biases[:, np.abs(_BIASES_DB) >= tuning.law_gain_db].sum(axis=1)
    gain = np.where(model.is_surveyed, gain, guessed)
    found: list[tuple[int, Ill]] = []
    for beacon in range(gain.size):
        if health.missed[beacon] > tuning.missed_packets and health.silent_s[beacon] > tuning.missed_s:
            found.append((beacon, "dead"))
        elif gain[beacon] + moved[beacon] > tuning.sure:
            found.append((beacon, "gain" if gain[beacon] > moved[beacon] else "moved"))
    return tuple(found)


def _missed(model: Model, before: Health, level: int, guess: Guess, passed_s: float) -> Health:
    """Return the health after counting what each silent beacon should have sent, at the rate of the others."""
    tuning, floor = model.tuning, model.floors[level]
    alive = cropped(guess, floor, 0.005 * guess.mass)
    share = (alive.cells / alive.cells.sum()).astype(np.float64)
    setting = model.settings[guess.setting]
    was_heard = before.count > 0
    missed = np.where(was_heard, 0.0, before.missed)
    expected_hz = np.zeros(was_heard.size)
    for beacon in _watched(before, was_heard):
        sound = model.sound(beacon, level, setting.law)
        if sound is not None:
            # Doubt in the map is no fault of a silent beacon.
            sure_dbm = sound.mean_dbm.astype(np.float64) - sound.sd_db
            mean_dbm = float((share * sure_dbm.reshape(floor.shape)[alive.window.cut]).sum())
            above_db = mean_dbm + setting.offset_db + before.bias_db(beacon) - tuning.weakest_dbm
            expected_hz[beacon] = min(1.0, max(0.0, above_db / tuning.audible_db))
    rate_hz, audible = before.rate_hz, float(expected_hz[was_heard].sum())
    if audible > 0:
        now_hz = float(before.count.sum()) / audible / passed_s
        rate_hz = now_hz if rate_hz == 0 else 0.8 * rate_hz + 0.2 * now_hz
    if was_heard.sum() >= 3:
        missed += np.where(was_heard, 0.0, rate_hz * passed_s * expected_hz)
    silent_s = np.where(was_heard, 0.0, before.silent_s + passed_s)
    return replace(before, missed=missed, silent_s=silent_s, rate_hz=rate_hz)


def _watched(before: Health, was_heard: NDArray[np.bool_]) -> list[int]:
    if was_heard.size <= _MOST_WATCHED:
        return list(range(was_heard.size))
    return [int(beacon) for beacon in np.flatnonzero(was_heard | (before.missed > 0))]


def _tested(model: Model, before: Health, level: int, guess: Guess) -> Health:
    """Return the health after each beacon was compared with all others; the same health where it is too early."""
    tuning, floor = model.tuning, model.floors[level]
    setting = model.settings[guess.setting]
    heard = [int(b) for b in np.flatnonzero(before.count > 0) if model.sound(int(b), level, setting.law) is not None]
    if len(heard) < 5:
        return before
    alive = cropped(guess, floor, 0.05 * guess.mass)
    rows, columns = alive.window.cut
    here = (level, float(floor.x_m[columns].mean()), float(floor.y_m[rows].mean()))
    was = before.tested_at
    if was is not None and was[0] == level and math.hypot(here[1] - was[1], here[2] - was[2]) < tuning.epoch_m:
        return before
    window = alive.window.around(math.ceil(tuning.test_m / floor.cell_m), floor)
    free = np.log(floor.share[window.cut])
    mean_dbm = {beacon: before.sum_dbm[beacon] / before.count[beacon] - setting.offset_db for beacon in heard}
    weight = {beacon: np.float32(tuning.trust * min(before.count[beacon], 3.0)) for beacon in heard}

    def log_likelihood(beacon: int, bias_db: float) -> NDArray[np.float32]:
        row = model.log_likelihood(beacon, level, setting.law, round(mean_dbm[beacon] - bias_db))
        return weight[beacon] * np.asarray(row)[window.cut]

    fits = {beacon: log_likelihood(beacon, before.bias_db(beacon)) for beacon in heard}
    trusts = {beacon: np.float32(before.weight(beacon)) for beacon in heard}
    whole = free + sum(trusts[beacon] * fits[beacon] for beacon in heard)
    odds = before.odds.copy()
    # Three others fix a place; only what is beyond them is a witness.
    witness = min(1.0, (len(heard) - 4) / tuning.witnesses)
    off = np.exp(-0.5 * (_BIASES_DB / tuning.moved_db) ** 2)
    for beacon in heard:
        others = whole - trusts[beacon] * fits[beacon]
        others = np.exp(others - others.max())
        fit = np.array(
            [float((others * np.exp(log_likelihood(beacon, bias_db))).sum()) for bias_db in _BIASES_DB.tolist()]
        )
        likely = np.append(fit, (fit * off).sum() / off.sum())
        after = odds[beacon] * np.maximum(likely / likely.max(), 1e-3) ** witness
        # A little doubt comes back with each test, so that a beacon that was mended is well again.
        odds[beacon] = 0.99 * after / after.sum() + 0.01 * _prior(tuning)
    biases = odds[:, :-1] / np.maximum(odds[:, :-1].sum(axis=1, keepdims=True), 1e-9)
    bias = biases @ _BIASES_DB
    doubt_db2 = biases @ _BIASES_DB.astype(np.float64) ** 2 - bias**2
    trust = np.maximum(0.05, 1 - odds[:, -1]) / (1 + np.maximum(0.0, doubt_db2 - 4.0) / 16.0)
    return replace(before, odds=odds, bias=bias, trust=trust, tested_at=here)
