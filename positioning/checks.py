"""What a site and a survey must be before a radio map is made of them."""

import math
from collections.abc import Iterable

from firmware_specs.surveyed import SitePlan, Survey


def check(site: SitePlan, survey: Survey | None = None) -> None:
    """Raise ValueError that names what contradicts itself in a site or its survey, and what would do."""
    levels = _unique("level", (level.id for level in site.levels))
    _unique("beacon", (beacon.id for beacon in site.beacons))
    _unique("zone", (zone.id for zone in site.zones))
    survey = survey if survey is not None else Survey()
    known = ", ".join(sorted(levels))
    for beacon in site.beacons:
        if beacon.level is not None and beacon.level not in levels:
            raise ValueError(f"beacon {beacon.id}: there is no level {beacon.level}; the levels are {known}")
    for point in survey.points:
        if point.level not in levels:
            raise ValueError(f"survey point at {point.x_m}, {point.y_m}: there is no level {point.level}; {known} are")
    for number, walk in enumerate(survey.walks, start=1):
        if walk.level not in levels:
            raise ValueError(f"survey walk {number}: there is no level {walk.level}; the levels are {known}")
        if not all(math.isfinite(point.t) for point in walk.track):
            raise ValueError(f"survey walk {number}: a point of its track has no time")


def _unique(what: str, names: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name} stands twice in the site; give each its own id")
        seen.add(name)
    return seen
