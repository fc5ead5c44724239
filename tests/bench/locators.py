"""What others do with the same packets: where a device is, from three seconds of strengths or a plain filter."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from firmware_specs.surveyed import SitePlan, Survey
from positioning.readings import readings_of
from tests.convert import Trace

WINDOW_S = 3.0
Strengths = Mapping[str, float]
"""Mean strength by beacon."""
Locator = Callable[[Strengths], tuple[float, float]]
Points = NDArray[np.float64]


def followed(locate: Locator, trace: Trace, fallback: tuple[float, float]) -> Points:
    """Return where a locator puts each question of a walk, shape (n, 2), by the packets of the last seconds."""
    window: list[tuple[float, str, float]] = []
    said = []
    for line in trace.stream:
        if "beacon" in line:
            window.append((line["t"], line["beacon"], line["rssi_dbm"]))
        elif "query" in line:
            window = [packet for packet in window if packet[0] > line["t"] - WINDOW_S]
            heard: dict[str, list[float]] = {}
            for _, beacon, rssi_dbm in window:
                heard.setdefault(beacon, []).append(rssi_dbm)
            means = {beacon: math.fsum(strengths) / len(strengths) for beacon, strengths in heard.items()}
            said.append(locate(means) if means else fallback)
    return np.array(said)


def nearest(site: SitePlan) -> Locator:
    """Return the one that takes the strongest beacon's own place."""
    places = _places(site)
    return lambda heard: places[max(heard, key=lambda beacon: heard[beacon])]


def centroid(site: SitePlan) -> Locator:
    """Return the one that weighs beacons' places by received power (Blumenthal et al., 2007, with degree 1)."""
    places = _places(site)

    def locate(heard: Strengths) -> tuple[float, float]:
        weights = {beacon: 10 ** (rssi_dbm / 20) for beacon, rssi_dbm in heard.items()}
        total = sum(weights.values())
        return (
            sum(weight * places[beacon][0] for beacon, weight in weights.items()) / total,
            sum(weight * places[beacon][1] for beacon, weight in weights.items()) / total,
        )

    return locate


def trilateration(site: SitePlan, survey: Survey, cells: Points) -> Locator:
    """Return the one that fits one path-loss law to the survey and takes the point whose distances fit best."""
    places = _places(site)
    rows, values = [], []
    for (_, beacon), found in readings_of(survey, 1.0).items():
        away_m = np.hypot(*(found.places[:, :2] - np.array(places[beacon])).T)
        rows += [(1.0, -10 * math.log10(max(0.5, distance_m))) for distance_m in away_m.tolist()]
        values += found.mean_dbm.tolist()
    (power_dbm, exponent), *_ = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)
    away = {beacon: np.hypot(*(cells - np.array(place)).T) for beacon, place in places.items()}

    def locate(heard: Strengths) -> tuple[float, float]:
        misfit = np.zeros(len(cells))
        for beacon, rssi_dbm in heard.items():
            told_m = 10 ** ((power_dbm - rssi_dbm) / (10 * exponent))
            misfit += ((away[beacon] - told_m) / max(1.0, told_m)) ** 2
        return _point(cells[int(np.argmin(misfit))])

    return locate


def neighbours(survey: Survey, count: int = 4) -> Locator:
    """Return k nearest neighbours over the beacons that both heard, the fair form of fingerprinting."""
    prints: dict[tuple[float, float], dict[str, float]] = {}
    for (_, beacon), found in readings_of(survey, 1.0).items():
        for place, mean_dbm in zip(found.places.tolist(), found.mean_dbm.tolist(), strict=True):
            prints.setdefault((place[0], place[1]), {})[beacon] = mean_dbm
    places = list(prints)

    def locate(heard: Strengths) -> tuple[float, float]:
        apart = []
        for place in places:
            shared = [beacon for beacon in heard if beacon in prints[place]]
            square = sum((heard[beacon] - prints[place][beacon]) ** 2 for beacon in shared)
            apart.append(math.sqrt(square / len(shared)) if shared else math.inf)
        best = np.argsort(apart)[:count]
        weights = np.array([1 / (apart[number] + 0.1) for number in best])
        return _point((np.array([places[number] for number in best]) * weights[:, None]).sum(axis=0) / weights.sum())

    return locate


def _places(site: SitePlan) -> dict[str, tuple[float, float]]:
    return {b.id: (b.x_m, b.y_m) for b in site.beacons if b.x_m is not None and b.y_m is not None}


def _point(place: Points) -> tuple[float, float]:
    return float(place[0]), float(place[1])
