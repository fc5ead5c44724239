"""What a zone's events will be worth: how often a visit is noticed, and how often what was noticed was a visit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from firmware_specs.surveyed import Coordinates, ZonePlan
from positioning.model import Model
from positioning.predicted import Prediction, predicted

LEAST_RECALL, LEAST_PRECISION = 0.8, 0.7
ANSWERS = 5
WHEEL_ANSWERS = 2
"""A visit of a few seconds is judged by so many answers that err each by itself; with odometry longer alike."""
GROWTH = (1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
"""A zone that is too small is tried at these sizes."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What a zone's events are worth."""

    zone: ZonePlan
    recall: float
    precision: float

    @property
    def is_enough(self) -> bool:
        """Whether an offer may hang on this zone."""
        return self.recall >= LEAST_RECALL and self.precision >= LEAST_PRECISION

    @property
    def size(self) -> str:
        """How large the zone is, in words."""
        if self.zone.radius_m is not None:
            return f"a radius of {self.zone.radius_m:.1f} m"
        across_m, along_m = self.size_m
        return f"{across_m:.1f} x {along_m:.1f} m"

    @property
    def size_m(self) -> tuple[float, float]:
        """How far the zone reaches across and along."""
        if self.zone.radius_m is not None:
            return 2 * self.zone.radius_m, 2 * self.zone.radius_m
        across_m, along_m = np.ptp(np.array(self.zone.polygon), axis=0)
        return float(across_m), float(along_m)


def worth_of(model: Model, zones: Sequence[ZonePlan], at_least: float, *, has_wheels: bool) -> list[Worth]:
    """Return what each zone is worth where its probability must reach `at_least`.

    Raises ValueError on a zone of an unknown level or without a shape.
    """
    levels = [floor.level for floor in model.floors]
    for zone in zones:
        if zone.level not in levels:
            raise ValueError(f"zone {zone.id}: there is no level {zone.level}; the levels are {', '.join(levels)}")
    found: dict[str, Worth] = {}
    for number, level in enumerate(levels):
        here = [zone for zone in zones if zone.level == level]
        if here:
            promise = predicted(model, number, here, has_wheels=has_wheels)
            found |= {zone.id: _worth(promise, zone, at_least, has_wheels=has_wheels) for zone in here}
    return [found[zone.id] for zone in zones]


def large_enough(model: Model, zone: ZonePlan, at_least: float, *, has_wheels: bool) -> Worth | None:
    """Return the smallest zone about the same middle that would do; None where none of up to four times the size does.

    Raises ValueError as `worth_of` does.
    """
    grown = [replace(_grown(zone, by), id=str(number)) for number, by in enumerate(GROWTH)]
    tried = worth_of(model, grown, at_least, has_wheels=has_wheels)
    return next((one for one in tried if one.is_enough), None)


def _worth(promise: Prediction, zone: ZonePlan, at_least: float, *, has_wheels: bool) -> Worth:
    likely, inside = promise.zones[zone.id]
    fires = (likely >= at_least).mean(axis=1)
    recall = (
        float((1 - (1 - fires[inside]) ** (WHEEL_ANSWERS if has_wheels else ANSWERS)).mean()) if inside.any() else 0.0
    )
    # Who stands beside a zone and is taken for a visitor is who an offer is shown to wrongly.
    precision = float(fires[inside].sum() / fires.sum()) if fires.any() else 0.0
    return Worth(zone, recall, precision)


def _grown(zone: ZonePlan, by: float) -> ZonePlan:
    if zone.radius_m is not None:
        return replace(zone, radius_m=zone.radius_m * by)
    corners = zone.polygon or []
    middle_x_m = math.fsum(x_m for x_m, _ in corners) / max(1, len(corners))
    middle_y_m = math.fsum(y_m for _, y_m in corners) / max(1, len(corners))

    def moved(corner: Coordinates) -> Coordinates:
        return middle_x_m + by * (corner[0] - middle_x_m), middle_y_m + by * (corner[1] - middle_y_m)

    return replace(zone, polygon=[moved(corner) for corner in corners])
