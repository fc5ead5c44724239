"""How well a site will do before anybody walks it: errors and events predicted from the radio map alone.

At each spot of a lattice the beacons are heard `DRAWS` times as the map says they are, with its own doubt; what a
device would believe after a few such packets and a vague history gives the error there and the probability of each
zone. Numbers drawn are the same each time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_specs.surveyed import ZonePlan
from positioning.floor import Floor
from positioning.model import Model
from positioning.zones import share_of

DRAWS = 24
MOST_SPOTS = 1_500
"""A level is looked at in spots as far apart as gives no more than so many."""
PACKETS = 4.0
"""Packets of each beacon that an answer rests on; what stays with a place does not become less by them."""
HISTORY_M = 3.0
"""How surely the way until here tells where one is, per axis."""
WHEEL_PLACES = 3.0
"""With odometry an answer rests on so many places that err each by itself."""
STANDABLE = 0.5
"""A cell that is this likely or more, against the likeliest, is one to stand in."""
NEAR_M = 1.5
"""Spots so near to one another are judged together."""

Spots = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """One level: `at_m` (spots, 2) where one can stand, `p75_m` (spots,) three of four errors are smaller.

    `heard` (spots,) counts the beacons that are heard there; `surveyed_m` (spots,) is how far the nearest place of the
    survey is, infinite without any. `zones` has for each zone the probability that is believed of it, shape (spots,
    draws), and which spots lie in it.
    """

    level: str
    at_m: Spots
    apart_m: float
    p75_m: Spots
    heard: NDArray[np.int64]
    surveyed_m: Spots
    zones: Mapping[str, tuple[Spots, NDArray[np.bool_]]]

    @property
    def site_p75_m(self) -> float:
        """The middle of all spots' `p75_m`."""
        return float(np.median(self.p75_m)) if self.p75_m.size else float("nan")


@dataclass(frozen=True, slots=True)
class Heard:
    """What spots hear: `mean_dbm`, `place_db2` and `packet_db2` (spots, beacons): the map's mean, its doubt, fading."""

    mean_dbm: Spots
    place_db2: Spots
    packet_db2: float

    def variance(self, *, has_wheels: bool) -> Spots:
        """Return the variance of a beacon's mean over what an answer rests on, dB²."""
        places = WHEEL_PLACES if has_wheels else 1.0
        return np.asarray(self.place_db2 / places + self.packet_db2 / (PACKETS * places))


def predicted(model: Model, level: int = 0, zones: Sequence[ZonePlan] = (), *, has_wheels: bool = False) -> Prediction:
    """Return what a level's radio map promises, also of these zones; `has_wheels` where devices have odometry."""
    floor = model.floors[level]
    rows, columns, apart_m = lattice_of(floor)
    at_m = np.column_stack((floor.x_m[columns], floor.y_m[rows]))
    sounds = heard_at(model, level, rows, columns)
    shares = {zone.id: share_of(zone, floor)[rows, columns] for zone in zones}
    errors_m, likely = _answers(at_m, sounds, shares, has_wheels=has_wheels)
    audible = sounds.mean_dbm >= model.tuning.weakest_dbm
    return Prediction(
        level=floor.level,
        at_m=at_m,
        apart_m=apart_m,
        p75_m=_p75_m(at_m, errors_m),
        heard=audible.sum(axis=1),
        surveyed_m=_surveyed_m(model, floor.level, at_m),
        zones={zone: (likely[zone], shares[zone] >= 0.5) for zone in shares},
    )


def heard_at(model: Model, level: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Heard:
    """Return what the spots of a level hear of each beacon; of one that is not heard, the same everywhere."""
    tuning = model.tuning
    packet_db2 = tuning.fading_db**2
    middle = len(tuning.exponents) // 2
    mean_dbm = np.full((rows.size, len(model.order)), tuning.weakest_dbm - 6.0)
    place_db2 = np.full_like(mean_dbm, 36.0)
    for beacon in range(len(model.order)):
        sound = model.sound(beacon, level, middle)
        if sound is not None:
            shape = model.floors[level].shape
            mean_dbm[:, beacon] = np.asarray(sound.mean_dbm).reshape(shape)[rows, columns]
            variance = np.asarray(sound.sd_db, dtype=np.float64).reshape(shape)[rows, columns] ** 2
            place_db2[:, beacon] = np.maximum(variance - packet_db2, 1.0)
    return Heard(mean_dbm, place_db2, packet_db2)


def lattice_of(floor: Floor) -> tuple[NDArray[np.int64], NDArray[np.int64], float]:
    """Return rows and columns of a level's spots, and how far apart they are."""
    standable = floor.share >= STANDABLE * floor.share.max()
    every = max(1, int(np.ceil(np.sqrt(standable.sum() / MOST_SPOTS))))
    chosen = np.zeros_like(standable)
    chosen[every // 2 :: every, every // 2 :: every] = True
    rows, columns = np.nonzero(standable & chosen)
    return rows, columns, every * floor.cell_m


def _answers(
    at_m: Spots, sounds: Heard, shares: Mapping[str, NDArray[np.float32]], *, has_wheels: bool
) -> tuple[Spots, dict[str, Spots]]:
    """Return errors (spots, draws) and for each zone what is believed of it (spots, draws)."""
    # The way until here tells both coordinates, as two more beacons would.
    mean = np.column_stack((sounds.mean_dbm, at_m))
    variance = np.column_stack((sounds.variance(has_wheels=has_wheels), np.full(at_m.shape, HISTORY_M**2)))
    precision = 1 / variance
    chance = np.random.default_rng(1)
    constant = -0.5 * (mean**2 * precision + np.log(variance)).sum(axis=1)
    linear = (mean * precision).T
    errors_m = np.empty((at_m.shape[0], DRAWS))
    likely = {zone: np.empty_like(errors_m) for zone in shares}
    for draw in range(DRAWS):
        told = mean + np.sqrt(variance) * chance.standard_normal(variance.shape)
        log = told @ linear - 0.5 * (told**2) @ precision.T + constant
        belief = np.exp(log - log.max(axis=1, keepdims=True))
        belief /= belief.sum(axis=1, keepdims=True)
        errors_m[:, draw] = np.hypot(*(belief @ at_m - at_m).T)
        for zone, share in shares.items():
            likely[zone][:, draw] = belief @ share
    return errors_m, likely


def _p75_m(at_m: Spots, errors_m: Spots) -> Spots:
    """Return the third quartile of the errors of each spot and of those near it."""
    p75_m = np.empty(at_m.shape[0])
    for spot, (x_m, y_m) in enumerate(at_m):
        near = np.hypot(at_m[:, 0] - x_m, at_m[:, 1] - y_m) <= NEAR_M
        p75_m[spot] = np.quantile(errors_m[near], 0.75)
    return p75_m


def _surveyed_m(model: Model, level: str, at_m: Spots) -> Spots:
    places = [found.places[:, :2] for (on, _), found in model.readings.items() if on == level]
    nearest_m = np.full(at_m.shape[0], np.inf)
    if places:
        distinct = np.unique(np.round(np.concatenate(places), 1), axis=0)
        for x_m, y_m in distinct:
            np.minimum(nearest_m, np.hypot(at_m[:, 0] - x_m, at_m[:, 1] - y_m), out=nearest_m)
    return nearest_m
