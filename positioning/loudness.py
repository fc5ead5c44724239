"""How many packets a second are heard in each cell, all beacons together: silence says something as well."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware_specs.surveyed import SurveyWalk
from positioning.floor import Cells, Floor
from positioning.tuning import Tuning

_SAMPLE_S = 0.5


def loudness_of(floor: Floor, walks: Sequence[SurveyWalk], tuning: Tuning) -> tuple[Cells, Cells] | None:
    """Return packets a second and how well a cell was walked, 0 to 1; None where nobody has walked.

    Both are means over the walks with a Gaussian kernel of `loudness_m`; where nobody has walked, the rate is the
    level's own mean.
    """
    stood, heard = np.zeros(floor.shape), np.zeros(floor.shape)
    for walk in walks:
        track = sorted(walk.track, key=lambda point: point.t)
        if walk.level != floor.level or len(track) < 2 or track[-1].t <= track[0].t:
            continue
        times = np.array([point.t for point in track])
        x_m, y_m = np.array([point.x_m for point in track]), np.array([point.y_m for point in track])
        samples = np.arange(times[0], times[-1], _SAMPLE_S)
        _add(stood, floor, np.interp(samples, times, x_m), np.interp(samples, times, y_m), _SAMPLE_S)
        at = np.array([packet.t for packet in walk.packets if times[0] <= packet.t <= times[-1]])
        _add(heard, floor, np.interp(at, times, x_m), np.interp(at, times, y_m), 1.0)
    total_s = float(stood.sum())
    if total_s <= 0:
        return None
    mean_hz = float(heard.sum()) / total_s
    kernel_y, kernel_x = (_kernel(axis, tuning.loudness_m) for axis in (floor.y_m, floor.x_m))
    near_s, near_count = kernel_y @ stood @ kernel_x, kernel_y @ heard @ kernel_x
    rate_hz = (near_count + mean_hz) / (near_s + 1.0)
    walked = near_s / (near_s + 1.0)
    return rate_hz.astype(np.float32), walked.astype(np.float32)


def _add(
    into: NDArray[np.float64], floor: Floor, x_m: NDArray[np.float64], y_m: NDArray[np.float64], each: float
) -> None:
    columns = np.floor((x_m - floor.x_m[0]) / floor.cell_m + 0.5).astype(np.int64).clip(0, floor.shape[1] - 1)
    rows = np.floor((y_m - floor.y_m[0]) / floor.cell_m + 0.5).astype(np.int64).clip(0, floor.shape[0] - 1)
    np.add.at(into, (rows, columns), each)


def _kernel(middles_m: NDArray[np.float64], length_m: float) -> NDArray[np.float64]:
    away = (middles_m[:, None] - middles_m[None, :]) / length_m
    kernel: NDArray[np.float64] = np.exp(-0.5 * away * away)
    return kernel


def quiet(rate_hz: Cells, count: int, passed_s: float, tuning: Tuning) -> Cells:
    """Return the log likelihood of hearing `count` packets, a negative binomial: rates vary by themselves."""
    expected = rate_hz * np.float32(passed_s)
    shape = np.float32(tuning.loudness_shape)
    log: Cells = count * np.log((expected + 1e-3) / (expected + shape)) - shape * np.log1p(expected / shape)
    return log
