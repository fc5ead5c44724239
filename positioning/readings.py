"""What a survey says, gathered: for each level and beacon, mean strengths at places."""

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from firmware_specs.surveyed import Survey, SurveyPoint, SurveyWalk

BIN_M = 0.5
"""A walk's packets within so much of the way count as heard at one place."""

POINT_M = 1.0
"""A survey that travels to devices has one point for each square of this size."""

MOST_PLACES = 300
"""A beacon's places on one level; with more of them, places are gathered more coarsely."""


@dataclass(frozen=True, slots=True)
class Readings:
    """One beacon on one level: `places` (n, 3) in metres, `mean_dbm` (n,), `count` (n,), `walk` (n,), 0 for points."""

    places: NDArray[np.float64]
    mean_dbm: NDArray[np.float64]
    count: NDArray[np.float64]
    walk: NDArray[np.int64]


def is_strength(rssi_dbm: float) -> bool:
    """Return whether this is a measured strength: 127 says not available (Core 6.0, Vol 4, Part E, 7.7.65.2)."""
    return -127 <= rssi_dbm < 20 and rssi_dbm != 0


def readings_of(survey: Survey, z_m: float) -> dict[tuple[str, str], Readings]:
    """Return readings by (level, beacon); `z_m` is the height of what has none."""
    rows: dict[tuple[str, str], list[tuple[float, float, float, float, float, int]]] = defaultdict(list)
    heard: dict[tuple[str, str, float, float, float], list[tuple[float, int]]] = defaultdict(list)
    for point in survey.points:
        if is_strength(point.rssi_dbm):
            height_m = z_m if point.z_m is None else point.z_m
            key = (point.level, point.beacon, point.x_m, point.y_m, height_m)
            heard[key].append((point.rssi_dbm, point.count))
    for (level, beacon, x_m, y_m, height_m), strengths in heard.items():
        count = sum(many for _, many in strengths)
        mean_dbm = math.fsum(rssi_dbm * many for rssi_dbm, many in strengths) / count
        rows[level, beacon].append((x_m, y_m, height_m, mean_dbm, count, 0))
    for number, walk in enumerate(survey.walks, start=1):
        for beacon, found in _along(walk, z_m, number).items():
            rows[walk.level, beacon] += found
    return {key: _readings(found) for key, found in rows.items()}


def points_of(survey: Survey, z_m: float, size_m: float = POINT_M) -> list[SurveyPoint]:
    """Return a survey, walks and points, as few points: the mean strength of each beacon in squares of `size_m`."""
    gathered = []
    for (level, beacon), found in sorted(readings_of(survey, z_m).items()):
        _, which = np.unique(np.floor(found.places[:, :2] / size_m), axis=0, return_inverse=True)
        count = np.bincount(which, found.count)
        columns = (*found.places.T, found.mean_dbm)
        means = [np.bincount(which, column * found.count) / count for column in columns]
        for x_m, y_m, height_m, mean_dbm, many in zip(*means, count, strict=True):
            gathered.append(
                SurveyPoint(
                    level=level,
                    beacon=beacon,
                    x_m=round(float(x_m), 2),
                    y_m=round(float(y_m), 2),
                    z_m=round(float(height_m), 2),
                    rssi_dbm=round(float(mean_dbm), 1),
                    count=int(many),
                )
            )
    return gathered


def _along(walk: SurveyWalk, z_m: float, number: int) -> dict[str, list[tuple[float, float, float, float, float, int]]]:
    """Return a walk's places by beacon, each the packets of `BIN_M` of the way."""
    track = sorted(walk.track, key=lambda point: point.t)
    if not track:
        return {}
    times = np.array([point.t for point in track])
    x_m = np.array([point.x_m for point in track])
    y_m = np.array([point.y_m for point in track])
    gone_m = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x_m), np.diff(y_m)))))
    heard: dict[tuple[str, int], list[tuple[float, float, float]]] = defaultdict(list)
    for packet in walk.packets:
        # Before the first and after the last point of the track nobody knows where it was.
        if is_strength(packet.rssi_dbm) and times[0] <= packet.t <= times[-1]:
            at_x_m, at_y_m = np.interp(packet.t, times, x_m), np.interp(packet.t, times, y_m)
            piece = int(np.interp(packet.t, times, gone_m) / BIN_M)
            heard[packet.beacon, piece].append((float(at_x_m), float(at_y_m), packet.rssi_dbm))
    found: dict[str, list[tuple[float, float, float, float, float, int]]] = defaultdict(list)
    for (beacon, _), packets in sorted(heard.items()):
        at_x_m, at_y_m, rssi_dbm = np.array(packets).mean(axis=0)
        found[beacon].append((float(at_x_m), float(at_y_m), z_m, float(rssi_dbm), len(packets), number))
    return found


def _readings(rows: list[tuple[float, float, float, float, float, int]]) -> Readings:
    table = np.array(sorted(rows))
    size_m = BIN_M
    while len(table) > MOST_PLACES:
        size_m *= 1.5
        cell = np.column_stack((np.round(table[:, :2] / size_m), table[:, 5]))
        _, which = np.unique(cell, axis=0, return_inverse=True)
        weight = np.bincount(which, table[:, 4])
        means = [np.bincount(which, table[:, column] * table[:, 4]) / weight for column in range(4)]
        walks = np.zeros(weight.size)
        walks[which] = table[:, 5]
        table = np.column_stack((*means, weight, walks))
    return Readings(table[:, :3], table[:, 3], table[:, 4], table[:, 5].astype(np.int64))
