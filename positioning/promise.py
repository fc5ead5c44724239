"""All that a technician wants to know of a survey, as plain JSON: how well, where not, what to hang, what zones do."""

from typing import Any

import numpy as np

from firmware_specs.surveyed import Survey
from positioning.advice import Change, advised
from positioning.events import large_enough, worth_of
from positioning.evidence import Packet
from positioning.model import Model
from positioning.predicted import Prediction, predicted
from positioning.region import encloses
from positioning.tracker import STEP_S, Tracker

COVERED_M = 1.5
"""A spot so near to a place of the survey counts as surveyed."""
AT_LEAST = 0.6
"""The probability that offers ask of a zone where nobody has said otherwise."""
FIRST_S = 3.0
"""A check walk is judged from so long after its start on: a device that was just switched on knows nothing."""


def promise_of(model: Model, *, has_wheels: bool = False) -> dict[str, Any]:
    """Return what a site and its survey promise, for each level and zone."""
    levels = [_level(model, number, has_wheels=has_wheels) for number in range(len(model.floors))]
    return {"has_wheels": has_wheels, "levels": levels, "zones": _zones(model, has_wheels=has_wheels)}


def _level(model: Model, number: int, *, has_wheels: bool) -> dict[str, Any]:
    promised = predicted(model, number, has_wheels=has_wheels)
    advice = advised(model, promised, number, has_wheels=has_wheels)
    is_empty = not promised.p75_m.size
    worst = 0 if is_empty else int(np.argmax(promised.p75_m))
    spots = zip(promised.at_m, promised.p75_m, promised.heard, promised.surveyed_m, strict=True)
    return {
        "level": promised.level,
        "p75_m": None if is_empty else round(promised.site_p75_m, 2),
        "worst_tenth_m": None if is_empty else round(float(np.quantile(promised.p75_m, 0.9)), 2),
        "surveyed_share": None if is_empty else round(float((promised.surveyed_m <= COVERED_M).mean()), 3),
        "area_m2": round(promised.at_m.shape[0] * promised.apart_m**2, 1),
        "worst": None if is_empty else _spot(promised, worst),
        "add": _change(advice.add),
        "move": _change(advice.move),
        "apart_m": promised.apart_m,
        "spots": [
            [round(float(at[0]), 2), round(float(at[1]), 2), round(float(p75_m), 2), int(heard), bool(far <= COVERED_M)]
            for at, p75_m, heard, far in spots
        ],
    }


def _spot(promised: Prediction, spot: int) -> dict[str, Any]:
    x_m, y_m = promised.at_m[spot]
    return {
        "x_m": round(float(x_m), 2),
        "y_m": round(float(y_m), 2),
        "p75_m": round(float(promised.p75_m[spot]), 2),
        "heard": int(promised.heard[spot]),
    }


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    where = {"x_m": round(change.x_m, 2), "y_m": round(change.y_m, 2), "p75_m": round(change.p75_m, 2)}
    return where if change.moved is None else {"beacon": change.moved, **where}


def _zones(model: Model, *, has_wheels: bool) -> list[dict[str, Any]]:
    found = []
    for worth in worth_of(model, model.site.zones, AT_LEAST, has_wheels=has_wheels):
        larger = None if worth.is_enough else large_enough(model, worth.zone, AT_LEAST, has_wheels=has_wheels)
        found.append(
            {
                "zone": worth.zone.id,
                "recall": round(worth.recall, 2),
                "precision": round(worth.precision, 2),
                "is_enough": worth.is_enough,
                "would_do": None if larger is None else larger.size,
            }
        )
    return found


def checked(model: Model, walked: Survey) -> dict[str, Any]:
    """Return how well a device would have known where it was on walks whose truth is known; it has only heard."""
    errors_m, inside = list[float](), list[bool]()
    for walk in walked.walks:
        track = sorted(walk.track, key=lambda point: point.t)
        if len(track) < 2:
            continue
        times = [point.t for point in track]
        packets = sorted(walk.packets, key=lambda packet: packet.t)
        tracker, heard = Tracker(model), 0
        for now_s in np.arange(times[0] + FIRST_S, times[-1], STEP_S):
            while heard < len(packets) and packets[heard].t <= now_s:
                packet = packets[heard]
                tracker.hear(Packet(packet.beacon, packet.rssi_dbm, packet.t))
                heard += 1
            where = tracker.estimate(float(now_s))
            x_m = float(np.interp(now_s, times, [point.x_m for point in track]))
            y_m = float(np.interp(now_s, times, [point.y_m for point in track]))
            errors_m.append(float(np.hypot(where.x_m - x_m, where.y_m - y_m)))
            inside.append(where.level == walk.level and encloses(where.r90, x_m, y_m))
    if not errors_m:
        return {"answers": 0}
    middle_m, p75_m, p90_m = np.quantile(errors_m, (0.5, 0.75, 0.9))
    return {
        "answers": len(errors_m),
        "p50_m": round(float(middle_m), 2),
        "p75_m": round(float(p75_m), 2),
        "p90_m": round(float(p90_m), 2),
        "covered": round(float(np.mean(inside)), 2),
    }
