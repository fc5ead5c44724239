"""How likely a device is in each zone."""

from collections.abc import Sequence

import numpy as np

from firmware_specs.surveyed import SitePlan, ZonePlan
from positioning.floor import Cells, Floor, contains

_SUBCELLS = 4


def zone_shares(site: SitePlan, floors: Sequence[Floor]) -> dict[str, tuple[int, Cells]]:
    """Return for each zone its level and what part of each cell lies in it; raises ValueError on one without shape."""
    levels = {floor.level: number for number, floor in enumerate(floors)}
    shares = {}
    for zone in site.zones:
        if zone.level not in levels:
            raise ValueError(f"zone {zone.id}: there is no level {zone.level}; the levels are {', '.join(levels)}")
        shares[zone.id] = levels[zone.level], share_of(zone, floors[levels[zone.level]])
    return shares


def share_of(zone: ZonePlan, floor: Floor) -> Cells:
    """Return what part of each cell lies in a zone. Raises ValueError on a zone that has no shape."""
    within = (np.arange(_SUBCELLS) + 0.5) / _SUBCELLS - 0.5
    x_m = (floor.x_m[:, None] + within * floor.cell_m).ravel()
    y_m = (floor.y_m[:, None] + within * floor.cell_m).ravel()
    if zone.polygon is not None and len(zone.polygon) >= 3:
        inside = contains(x_m, y_m, zone.polygon)
    elif zone.x_m is not None and zone.y_m is not None and zone.radius_m is not None:
        inside = (x_m[None, :] - zone.x_m) ** 2 + (y_m[:, None] - zone.y_m) ** 2 <= zone.radius_m**2
    else:
        raise ValueError(f"zone {zone.id}: give a polygon of three corners or more, or x_m, y_m and radius_m")
    rows, columns = floor.shape
    share: Cells = inside.reshape(rows, _SUBCELLS, columns, _SUBCELLS).mean(axis=(1, 3)).astype(np.float32)
    share.flags.writeable = False
    return share
