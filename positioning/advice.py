"""Which beacon to add or to move: what each place would make of the errors that the radio map promises.

Moving a beacon changes how fast strengths change with place, and that is what tells places apart: the covariance of
an answer is the inverse of the sum of all beacons' gradients, each by its variance (Patwari et al., "Locating the
nodes", IEEE Signal Processing Magazine 22(4), 2005). Only ratios of these bounds are used, so that what a bound
leaves out does not matter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from positioning.model import Model
from positioning.predicted import HISTORY_M, Heard, Prediction, Spots, heard_at, lattice_of

APART_M = 2.0
"""Candidates are so far from one another; nobody drills a hole to the centimetre."""
WORTH_IT = 0.02
"""A change that makes errors smaller by less than this share is not worth a ladder."""


@dataclass(frozen=True, slots=True)
class Change:
    """A beacon to hang at a place: one more, or `moved` from where it is. `p75_m` is what is promised then."""

    moved: str | None
    x_m: float
    y_m: float
    p75_m: float


@dataclass(frozen=True, slots=True)
class Advice:
    """The best single addition and the best single move; None where neither is worth it."""

    add: Change | None
    move: Change | None


def advised(model: Model, prediction: Prediction, level: int = 0, *, has_wheels: bool = False) -> Advice:
    """Return what to change on a level, told from what is promised of it now."""
    rows, columns, _ = lattice_of(model.floors[level])
    at_m = prediction.at_m
    if not at_m.size:
        return Advice(None, None)
    sounds = heard_at(model, level, rows, columns)
    each = _informations(model, at_m, sounds, level, has_wheels=has_wheels)
    together = each.sum(axis=0) + np.eye(2) / HISTORY_M**2
    now_m = _spread_m(together)
    places = _candidates(at_m)
    gained = _new_informations(model, at_m, places, sounds, has_wheels=has_wheels)
    promised_m = prediction.site_p75_m

    def best(without: NDArray[np.float64]) -> tuple[int, float]:
        spread_m = np.array([_spread_m(without + one) for one in gained])
        place = int(np.argmin(spread_m))
        return place, promised_m * float(spread_m[place]) / now_m

    def change(moved: str | None, place: int, p75_m: float) -> Change | None:
        if p75_m > (1 - WORTH_IT) * promised_m:
            return None
        return Change(moved, float(places[place, 0]), float(places[place, 1]), p75_m)

    add = change(None, *best(together))
    moves = []
    for beacon, place in enumerate(model.site.beacons):
        if place.level == model.floors[level].level and place.x_m is not None:
            moves.append((best(together - each[beacon]), place.id))
    if not moves:
        return Advice(add, None)
    (there, p75_m), moved = min(moves, key=lambda one: one[0][1])
    return Advice(add, change(moved, there, p75_m))


def _spread_m(information: NDArray[np.float64]) -> float:
    """Return the mean over spots of the root of the covariance's trace: a corner that nobody covers counts."""
    xx, yy, xy = information[:, 0, 0], information[:, 1, 1], information[:, 0, 1]
    return float(np.mean(np.sqrt((xx + yy) / np.maximum(xx * yy - xy**2, 1e-12))))


def _candidates(at_m: Spots) -> Spots:
    """Return places above where people stand, `APART_M` apart."""
    _, first = np.unique(np.floor(at_m / APART_M), axis=0, return_index=True)
    return np.asarray(at_m[first])


def _of_gradients(gradient: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    information: NDArray[np.float64] = gradient[..., :, None] * gradient[..., None, :] / variance[..., None, None]
    return information


def _informations(model: Model, at_m: Spots, sounds: Heard, level: int, *, has_wheels: bool) -> NDArray[np.float64]:
    """Return what each beacon tells at each spot, shape (beacons, spots, 2, 2), from the map's own gradients."""
    floor = model.floors[level]
    variance = sounds.variance(has_wheels=has_wheels)
    columns = np.searchsorted(floor.x_m, at_m[:, 0]).clip(1, floor.shape[1] - 2)
    rows = np.searchsorted(floor.y_m, at_m[:, 1]).clip(1, floor.shape[0] - 2)
    informations = np.zeros((len(model.order), at_m.shape[0], 2, 2))
    for beacon in range(len(model.order)):
        sound = model.sound(beacon, level, len(model.tuning.exponents) // 2)
        if sound is None or min(floor.shape) < 3:
            continue
        mean_dbm = np.asarray(sound.mean_dbm, dtype=np.float64).reshape(floor.shape)
        up, right = np.gradient(mean_dbm, floor.cell_m)
        gradient = np.column_stack((right[rows, columns], up[rows, columns]))
        audible = sounds.mean_dbm[:, beacon] >= model.tuning.weakest_dbm
        informations[beacon] = _of_gradients(gradient * audible[:, None], variance[:, beacon])
    return informations


def _new_informations(
    model: Model, at_m: Spots, places: Spots, sounds: Heard, *, has_wheels: bool
) -> NDArray[np.float64]:
    """Return what a beacon at each place would tell, shape (places, spots, 2, 2): the law, as well known as others."""
    tuning = model.tuning
    heights_m = [one.z_m for one in model.site.beacons if one.z_m is not None]
    rise_m = (float(np.median(heights_m)) if heights_m else model.z_m + 1.5) - model.z_m
    powers_dbm = [one.power_1m_dbm for one in model.site.beacons if one.power_1m_dbm is not None]
    power_dbm = float(np.median(powers_dbm)) if powers_dbm else tuning.power_dbm
    usual = sounds.variance(has_wheels=has_wheels)
    variance = np.full((places.shape[0], at_m.shape[0]), float(np.median(usual)) if usual.size else 16.0)
    away_m = at_m[None, :, :] - places[:, None, :]
    square_m2 = np.maximum((away_m**2).sum(axis=2) + rise_m**2, tuning.nearest_m**2)
    gradient = -10 * tuning.exponent / np.log(10) * away_m / square_m2[:, :, None]
    strength_dbm = power_dbm - 5 * tuning.exponent * np.log10(square_m2)
    return _of_gradients(gradient * (strength_dbm >= tuning.weakest_dbm)[:, :, None], variance)
