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

from positioning.belief import Belief, Guess, Window
from positioning.floor import Floor
from positioning.model import Model
from positioning.tuning import Tuning

Ill = Literal["dead", "moved", "gain"]

_BIASES_DB = np.arange(-24, 25, 3)
_MOST_WATCHED = 64
"""In a site of more beacons than these, only those that this device has heard can be found dead."""
_LIKELY, _FEW = 0.1, 60
"""Cells at least so likely, against the likeliest, stand for a belief, and no more than so many of them."""
_MOST_TRIED = 600

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
    odds = _prior(model.tuning, model.surveyed)
    return Health(odds, zeros, np.ones(zeros.size), zeros, zeros, 0.0, zeros, zeros, now_s)


def _prior(tuning: Tuning, surveyed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how likely each hypothesis is before anything is heard, shape (beacons, hypotheses)."""
    large = np.abs(_BIASES_DB) >= tuning.gain_db
    close = np.where(_BIASES_DB == 0, 20.0, 1.0) * ~large
    guessed = np.exp(-0.5 * (_BIASES_DB / tuning.guessed_db) ** 2)
    well = np.where(surveyed[:, None], close / close.sum(), guessed / guessed.sum())
    biases = (1 - tuning.unhealthy_share) * well + tuning.unhealthy_share * 0.7 * large / large.sum()
    return np.column_stack((biases, np.full(len(biases), 0.3 * tuning.unhealthy_share)))


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
    gain = np.where(model.surveyed, gain, guessed)
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
    cells, share = _likeliest(guess, floor)
    setting = model.settings[guess.setting]
    was_heard = before.count > 0
    expected_hz = np.zeros(was_heard.size)
    watched = _watched(before, was_heard)
    sounds = [(beacon, model.sound(beacon, level, setting.law)) for beacon in watched]
    audible = [(beacon, sound) for beacon, sound in sounds if sound is not None]
    if audible:
        beacons = np.array([beacon for beacon, _ in audible])
        # Doubt in the map is no fault of a silent beacon.
        sure_dbm = np.array([sound.mean_dbm[cells] - sound.sd_db[cells] for _, sound in audible]) @ share
        above_db = sure_dbm + setting.offset_db + before.bias[beacons] - tuning.weakest_dbm
        expected_hz[beacons] = np.clip(above_db / tuning.audible_db, 0.0, 1.0)
    rate_hz, expected = before.rate_hz, float(expected_hz[was_heard].sum())
    if expected > 0:
        now_hz = float(before.count.sum()) / expected / passed_s
        rate_hz = now_hz if rate_hz == 0 else 0.8 * rate_hz + 0.2 * now_hz
    missed = np.where(was_heard, 0.0, before.missed)
    if was_heard.sum() >= 3:
        missed += np.where(was_heard, 0.0, rate_hz * passed_s * expected_hz)
    silent_s = np.where(was_heard, 0.0, before.silent_s + passed_s)
    return replace(before, missed=missed, silent_s=silent_s, rate_hz=rate_hz)


def _watched(before: Health, was_heard: NDArray[np.bool_]) -> list[int]:
    if was_heard.size <= _MOST_WATCHED:
        return list(range(was_heard.size))
    return [int(beacon) for beacon in np.flatnonzero(was_heard | (before.missed > 0))]


def _likeliest(guess: Guess, floor: Floor) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the numbers of a hypothesis' likeliest cells on its level, and how they share its probability."""
    flat = guess.cells.ravel()
    order = np.flatnonzero(flat >= _LIKELY * flat.max())
    order = order[:: math.ceil(order.size / _FEW)]
    rows, columns = np.divmod(order, guess.cells.shape[1])
    cells = (rows + guess.window.low) * floor.shape[1] + columns + guess.window.left
    share = flat[order].astype(np.float64)
    return cells, share / share.sum()


def _tested(model: Model, before: Health, level: int, guess: Guess) -> Health:
    """Return the health after each beacon was compared with all others; the same health where it is too early."""
    tuning, floor, setting = model.tuning, model.floors[level], model.settings[guess.setting]
    heard = [int(b) for b in np.flatnonzero(before.count > 0) if model.sound(int(b), level, setting.law) is not None]
    if len(heard) < 5:
        return before
    cells, share = _likeliest(guess, floor)
    here = (level, float(share @ floor.x_m[cells % floor.shape[1]]), float(share @ floor.y_m[cells // floor.shape[1]]))
    was = before.tested_at
    if was is not None and was[0] == level and math.hypot(here[1] - was[1], here[2] - was[2]) < tuning.epoch_m:
        return before
    beacons = np.array(heard)
    told_dbm = (before.sum_dbm[beacons] / before.count[beacons] - setting.offset_db).astype(np.float32)
    weight = (tuning.trust * np.minimum(before.count[beacons], 3.0)).astype(np.float32)
    tried = _around(here, guess.window.around(math.ceil(tuning.test_m / floor.cell_m), floor), floor, tuning)
    sounds = [model.sound(beacon, level, setting.law) for beacon in heard]
    mean_dbm = np.array([sound.mean_dbm[tried] for sound in sounds if sound is not None], dtype=np.float32)
    sd_db = np.array([sound.sd_db[tried] for sound in sounds if sound is not None], dtype=np.float32)
    error_db = (told_dbm - before.bias[beacons].astype(np.float32))[:, None] - mean_dbm
    fits = (weight * before.trust[beacons].astype(np.float32))[:, None] * _log_t(error_db, sd_db, tuning.freedom)
    # For each beacon, where all the others say that the device is, and what it should be heard like there.
    others = np.log(floor.share.ravel()[tried]) + fits.sum(axis=0) - fits
    there = np.exp(others - others.max(axis=1, keepdims=True))
    there /= there.sum(axis=1, keepdims=True)
    there_dbm = np.einsum("bc,bc->b", there, mean_dbm)
    there_db2 = np.einsum("bc,bc->b", there, sd_db**2 + (mean_dbm - there_dbm[:, None]) ** 2)
    off_db = (told_dbm - there_dbm)[:, None] - _BIASES_DB.astype(np.float32)
    fit = np.exp(weight[:, None] * _log_t(off_db, np.sqrt(there_db2)[:, None], tuning.freedom)).astype(np.float64)
    elsewhere = np.exp(-0.5 * (_BIASES_DB / tuning.moved_db) ** 2)
    likely = np.column_stack((fit, fit @ elsewhere / elsewhere.sum()))
    # Three others fix a place; only what is beyond them is a witness.
    witness = min(1.0, (beacons.size - 4) / tuning.witnesses)
    odds = before.odds.copy()
    after = odds[beacons] * np.maximum(likely / likely.max(axis=1, keepdims=True), 1e-3) ** witness
    # A little doubt comes back with each test, so that a beacon that was mended is well again.
    odds[beacons] = 0.99 * after / after.sum(axis=1, keepdims=True) + 0.01 * _prior(tuning, model.surveyed[beacons])
    biases = odds[:, :-1] / np.maximum(odds[:, :-1].sum(axis=1, keepdims=True), 1e-9)
    bias = biases @ _BIASES_DB
    doubt_db2 = biases @ _BIASES_DB.astype(np.float64) ** 2 - bias**2
    trust = np.maximum(0.05, 1 - odds[:, -1]) / (1 + np.maximum(0.0, doubt_db2 - 4.0) / 16.0)
    return replace(before, odds=odds, bias=bias, trust=trust, tested_at=here)


def _around(here: tuple[int, float, float], window: Window, floor: Floor, tuning: Tuning) -> NDArray[np.intp]:
    """Return the numbers of the cells not far from a place, every so many of them where there are many."""
    reach_m = 2 * tuning.test_m
    rows = np.flatnonzero(np.abs(floor.y_m - here[2]) <= reach_m)
    columns = np.flatnonzero(np.abs(floor.x_m - here[1]) <= reach_m)
    rows = rows[(rows >= window.low) & (rows < window.high)]
    columns = columns[(columns >= window.left) & (columns < window.right)]
    every = max(1, math.ceil(math.sqrt(rows.size * columns.size / _MOST_TRIED)))
    return (rows[::every, None] * floor.shape[1] + columns[None, ::every]).ravel()


def _log_t(error_db: NDArray[np.float32], sd_db: NDArray[np.float32], freedom: float) -> NDArray[np.float32]:
    power, per = np.float32(-0.5 * (freedom + 1)), np.float32(1 / freedom)
    scaled = error_db / sd_db
    log_t: NDArray[np.float32] = power * np.log1p(per * scaled * scaled) - np.log(sd_db)
    return log_t
