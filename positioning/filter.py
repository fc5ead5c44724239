"""A Bayes filter over the cells of a floor: diffusion for motion, Student-t signal strengths for evidence."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_specs.desired import Point
from firmware_specs.frames.ibeacon import COMPANY_ID, IBeacon
from positioning.radio_map import BeaconKey, Cells, RadioMap

NOT_AVAILABLE_DBM = 127
"""What a controller reports when it could not measure (Core 6.0, Vol 4, Part E, 7.7.65.2)."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A beacon heard: which, how strong in dBm, and when in monotonic seconds."""

    beacon: BeaconKey
    rssi_dbm: float
    heard_s: float


@dataclass(frozen=True, slots=True)
class State:
    """What the filter believes at `at_s`; `cells` has shape (rows, columns) and sums to one.

    `offset_db` is what this receiver reports above the truth, learnt over seconds; `beacons_heard` is
    how many beacons spoke in the last step.
    """

    at_s: float
    cells: Cells
    offset_db: float
    beacons_heard: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """The belief in two numbers: its mean, and one standard deviation per axis; `cells` is all of it."""

    x_m: float
    y_m: float
    sigma_m: float
    cells: Cells
    beacons_heard: int


def packet_from_advert(manufacturer: Mapping[int, bytes], rssi_dbm: float, heard_s: float) -> Packet | None:
    """Return the packet in an advertisement's manufacturer data, or None when it holds no iBeacon frame."""
    payload = manufacturer.get(COMPANY_ID)
    if payload is None:
        return None
    try:
        frame = IBeacon.from_bytes(payload)
    except ValueError:
        return None
    return Packet((frame.uuid, frame.major, frame.minor), rssi_dbm, heard_s)


def start(model: RadioMap, now_s: float) -> State:
    """Return the belief of who has heard nothing yet: anywhere that is walkable."""
    return State(now_s, model.prior, 0.0, 0)


def step(model: RadioMap, state: State, packets: Iterable[Packet], now_s: float) -> State:
    """Return the belief at `now_s` after the packets heard since the last step, each given once.

    Packets of unknown beacons, without a strength (127, 0, not a number) or from before the last
    seconds or after `now_s` are ignored. Time that went back moves nothing.
    """
    tuning = model.tuning
    passed_s = max(0.0, now_s - state.at_s)
    cells = _moved(model, state.cells, passed_s)
    rows, strengths, counts = _gathered(model, packets, now_s)
    offset_db = state.offset_db
    if rows.size:
        expected = model.mean_dbm[rows]
        spread_db = np.sqrt(tuning.shadow_db**2 + tuning.fading_db**2 / counts)
        error = ((strengths - offset_db)[:, None, None] - expected) / spread_db[:, None, None]
        evidence = -0.5 * (tuning.freedom + 1) * np.log1p(error * error / tuning.freedom).sum(axis=0)
        evidence *= min(tuning.most_trust, tuning.trust_per_s * max(passed_s, 0.1))
        cells = cells * np.exp(evidence - evidence.max())
        cells = _normal(model, cells)
        if rows.size >= tuning.offset_beacons:
            residual_db = strengths - np.einsum("ijk,jk->i", expected, cells)
            offset_db = _learnt(model, offset_db, float(np.median(residual_db)), passed_s)
    cells.flags.writeable = False
    return State(max(now_s, state.at_s), cells, offset_db, int(rows.size))


def estimate(model: RadioMap, state: State) -> Estimate:
    """Return the mean and spread of the belief."""
    across, along = state.cells.sum(axis=0), state.cells.sum(axis=1)
    x_m, y_m = float(across @ model.x_m), float(along @ model.y_m)
    variance = float(across @ (model.x_m - x_m) ** 2 + along @ (model.y_m - y_m) ** 2) / 2
    # A cell is not a point: its own spread, width over the root of twelve, is always there.
    sigma_m = math.sqrt(variance + model.tuning.cell_m**2 / 12)
    return Estimate(x_m, y_m, sigma_m, state.cells, state.beacons_heard)


def zone_probability(model: RadioMap, state: State, polygon: Sequence[Point]) -> float:
    """Return how likely it is to be inside a simple polygon; cells on its edge count by four points each."""
    quarter_m = model.tuning.cell_m / 4
    inside = np.zeros(state.cells.shape)
    for right_m in (-quarter_m, quarter_m):
        for up_m in (-quarter_m, quarter_m):
            inside += 0.25 * _within(model.x_m + right_m, model.y_m + up_m, polygon)
    return float(min(1.0, (inside * state.cells).sum()))


def _gathered(
    model: RadioMap, packets: Iterable[Packet], now_s: float
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Return for each beacon heard its row, its mean strength in dBm and its number of packets."""
    heard: dict[int, list[float]] = {}
    for packet in packets:
        row = model.beacons.get(packet.beacon)
        is_strength = -127 <= packet.rssi_dbm < NOT_AVAILABLE_DBM and packet.rssi_dbm != 0
        if row is not None and is_strength and now_s - model.tuning.oldest_s <= packet.heard_s <= now_s:
            heard.setdefault(row, []).append(packet.rssi_dbm)
    rows = sorted(heard)
    # Sums of sorted numbers do not depend on the order in which packets came.
    means = [math.fsum(heard[row]) / len(heard[row]) for row in rows]
    return (
        np.array(rows, dtype=np.intp),
        np.array(means, dtype=np.float64),
        np.array([len(heard[row]) for row in rows], dtype=np.float64),
    )


def _moved(model: RadioMap, cells: Cells, passed_s: float) -> Cells:
    tuning = model.tuning
    if passed_s <= 0.0:
        return cells.copy()
    spread = tuning.walk_m * math.sqrt(passed_s) / tuning.cell_m
    reach = min(max(1, math.ceil(3 * spread)), 2 * max(cells.shape))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / spread) ** 2)
    weights /= weights.sum()
    blurred = _blurred(_blurred(cells, weights).T, weights).T
    still = tuning.still_share * math.exp(-max(0.0, passed_s - 1.0))
    return _normal(model, still * cells + (1 - still) * _normal(model, blurred * model.prior))


def _blurred(cells: Cells, weights: NDArray[np.float64]) -> Cells:
    # Rows with their mirror images behind both walls, so that nothing leaks out of the building.
    reach = weights.size // 2
    padded = np.pad(cells, ((reach, reach), (0, 0)), mode="symmetric")
    out = np.zeros(cells.shape)
    for shift, weight in enumerate(weights):
        out += weight * padded[shift : shift + cells.shape[0]]
    return out


def _normal(model: RadioMap, cells: Cells) -> Cells:
    total = float(cells.sum())
    if not total > 0.0:
        return model.prior.copy()
    lost = model.tuning.lost_share
    normal: Cells = cells * ((1 - lost) / total) + lost * model.prior
    return normal


def _learnt(model: RadioMap, offset_db: float, residual_db: float, passed_s: float) -> float:
    share = 1 - math.exp(-model.tuning.offset_per_s * passed_s)
    learnt = offset_db + share * (residual_db - offset_db)
    return max(-model.tuning.most_offset_db, min(model.tuning.most_offset_db, learnt))


def _within(x_m: NDArray[np.float64], y_m: NDArray[np.float64], polygon: Sequence[Point]) -> NDArray[np.bool_]:
    # A point is inside when a ray from it crosses the edges an odd number of times.
    inside = np.zeros((y_m.size, x_m.size), dtype=np.bool_)
    for a, b in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
        if a.y_m == b.y_m:
            continue
        spans = (y_m >= min(a.y_m, b.y_m)) & (y_m < max(a.y_m, b.y_m))
        edge_x_m = a.x_m + (y_m - a.y_m) * (b.x_m - a.x_m) / (b.y_m - a.y_m)
        inside ^= spans[:, None] & (x_m[None, :] < edge_x_m[:, None])
    return inside
