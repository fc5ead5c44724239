"""What each beacon should sound like in each cell: path loss, a Gaussian process for what the law misses, and doubt.

`mean = power - 10 n log10(distance)` with power and n known roughly beforehand, its errors two Gaussian processes
(Rasmussen and Williams, 2006, chapter 2). Everything is linear and Gaussian, so one solve gives mean and variance;
without a reading it is the law with its doubt.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_specs.surveyed import BeaconPlace
from positioning.floor import Floor
from positioning.readings import Readings
from positioning.tuning import Tuning

Places = NDArray[np.float64]
"""Shape (n, 3), metres."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One beacon on one level: `mean_dbm` and `sd_db` of a packet in each cell, shape (rows * columns,), float16."""

    mean_dbm: NDArray[np.float16]
    sd_db: NDArray[np.float16]


def sound_of(
    floor: Floor,
    beacon: BeaconPlace,
    readings: Readings | None,
    levels_apart: int,
    exponent: float,
    z_m: float,
    tuning: Tuning,
) -> Sound | None:
    """Return what a beacon sounds like on a floor; None where neither its place nor a reading tells."""
    is_placed = beacon.x_m is not None and beacon.y_m is not None and beacon.level is not None
    middles = floor.middles()
    cells = np.column_stack((middles, np.full(len(middles), z_m)))
    if readings is None:
        if not is_placed:
            return None
        at = _place(beacon, tuning)
        law = _law(cells, at, tuning)
        prior, spread = _belief(beacon, tuning, 3.0)
        prior[1], spread[1, 1] = exponent, tuning.law_exponent_spread**2
        prior[0] -= FLOOR_LOSS_DB * levels_apart
        mean_dbm = law @ prior
        variance = np.einsum("ij,jk,ik->i", law, spread, law) + (4.0 * levels_apart) ** 2
        variance += tuning.lane_db**2 + tuning.place_db**2 + tuning.law_db**2
        return _sound(mean_dbm, variance, tuning)
    at = _place(beacon, tuning) if is_placed and not levels_apart else _found(readings, beacon, tuning)
    prior, spread = _belief(beacon, tuning, tuning.power_spread_db)
    law, there = _law(cells, at, tuning), _law(readings.places, at, tuning)
    processes = _processes(is_placed, tuning)
    apart = _kernel(_square(readings.places, readings.places), processes)
    doubt = tuning.fading_db**2 / np.minimum(readings.count, 30.0)
    doubt = doubt + np.where(readings.walk == 0, tuning.point_db**2, 1.0)
    same = (readings.walk[:, None] == readings.walk[None, :]).astype(np.float64)
    covariance = apart + there @ spread @ there.T + np.diag(doubt) + tuning.drift_db**2 * same
    across = _kernel(_square(cells, readings.places), processes) + law @ spread @ there.T
    # A survey's drift cannot be told from the beacon's own power; it stays out of what is predicted.
    solved = np.linalg.solve(covariance, np.column_stack((readings.mean_dbm - there @ prior, across.T)))
    mean_dbm = law @ prior + across @ solved[:, 0]
    variance = (
        sum(spread_db**2 for spread_db, _ in processes)
        + np.einsum("ij,jk,ik->i", law, spread, law) - np.einsum("ij,ji->i", across, solved[:, 1:])
    )  # fmt: skip
    return _sound(mean_dbm, np.maximum(variance, 0.05), tuning)


FLOOR_LOSS_DB = 15.0
"""What a storey's slab takes (ITU-R P.1238-11, table 3: 9 to 22 dB at 2.4 GHz)."""


def _belief(beacon: BeaconPlace, tuning: Tuning, spread_db: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and covariance of (power, exponent) before any reading."""
    power_dbm = tuning.power_dbm if beacon.power_1m_dbm is None else beacon.power_1m_dbm
    if beacon.power_1m_dbm is not None:
        spread_db = min(spread_db, 4.0)
    return np.array([power_dbm, tuning.exponent]), np.diag([spread_db**2, tuning.exponent_spread**2])


def _place(beacon: BeaconPlace, tuning: Tuning) -> Places:
    return np.array([[beacon.x_m, beacon.y_m, tuning.receiver_z_m + 1.5 if beacon.z_m is None else beacon.z_m]])


def _law(places: Places, at: Places, tuning: Tuning) -> NDArray[np.float64]:
    distance_m = np.sqrt(((places - at) ** 2).sum(axis=1) + tuning.nearest_m**2)
    return np.column_stack((np.ones(len(places)), -10.0 * np.log10(distance_m)))


def _found(readings: Readings, beacon: BeaconPlace, tuning: Tuning) -> Places:
    """Return where a beacon hangs that nobody has placed: where the law fits its readings best."""
    low, high = readings.places[:, :2].min(axis=0) - 12.0, readings.places[:, :2].max(axis=0) + 12.0
    step_m = max(1.0, float((high - low).max()) / 40)
    x_m, y_m = np.meshgrid(np.arange(low[0], high[0], step_m), np.arange(low[1], high[1], step_m))
    z_m = float(np.median(readings.places[:, 2])) + 2.0
    tried = np.column_stack((x_m.ravel(), y_m.ravel(), np.full(x_m.size, z_m)))
    prior, spread = _belief(beacon, tuning, tuning.power_spread_db)
    away_m = np.sqrt(_square(tried, readings.places) + 4.0 + tuning.nearest_m**2)
    left_db = readings.mean_dbm - prior[0] + 10 * prior[1] * np.log10(away_m)
    doubt = tuning.lane_db**2 + tuning.place_db**2 + tuning.fading_db**2 / np.minimum(readings.count, 30.0)
    # The power that fits best from each place, held towards what is known of it.
    weight = 1 / doubt
    offset_db = (left_db * weight).sum(axis=1) / (weight.sum() + 1 / spread[0, 0])
    misfit = ((left_db - offset_db[:, None]) ** 2 * weight).sum(axis=1) + offset_db**2 / spread[0, 0]
    return tried[[int(np.argmin(misfit))]]


def _square(a: Places, b: Places) -> NDArray[np.float64]:
    """Return squared distances in the plane, shape (len(a), len(b))."""
    across = a[:, None, 0] - b[None, :, 0]
    along = a[:, None, 1] - b[None, :, 1]
    square: NDArray[np.float64] = across**2 + along**2
    return square


def _processes(is_placed: bool, tuning: Tuning) -> tuple[tuple[float, float], ...]:
    """Return spread in dB and length in metres of each Gaussian process."""
    wide = (tuning.place_db, tuning.place_m) if is_placed else (tuning.unplaced_db, tuning.unplaced_m)
    return (tuning.lane_db, tuning.lane_m), wide


def _kernel(square: NDArray[np.float64], processes: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    total = np.zeros_like(square)
    for spread_db, length_m in processes:
        scaled = np.sqrt(3 * square) / length_m
        total += spread_db**2 * (1 + scaled) * np.exp(-scaled)
    return total


def _sound(mean_dbm: NDArray[np.float64], variance: NDArray[np.float64], tuning: Tuning) -> Sound:
    sd_db = np.sqrt(variance + tuning.fading_db**2)
    sound = Sound(mean_dbm.astype(np.float16), sd_db.astype(np.float16))
    for array in (sound.mean_dbm, sound.sd_db):
        array.flags.writeable = False
    return sound
