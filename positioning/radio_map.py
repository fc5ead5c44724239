"""What each beacon of a site should sound like in each cell of its floor."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from firmware_specs.desired import Site

BeaconKey = tuple[UUID, int, int]
"""A beacon's uuid, major and minor; its address rotates and names nothing."""

Cells = NDArray[np.float64]
"""Shape (rows, columns), row 0 at the bottom; one number for each cell."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The constants of the engine; one set for all sites.

    Signal: `mean = power_1m_dbm - 10 * exponent * log10(distance)`, errors of Student's t with `freedom`,
    of which `shadow_db` stays with the place and `fading_db` changes with each packet. `trust_per_s` is how
    much of a second's evidence counts, since shadowing errs alike for as long as one is near a place.
    """

    cell_m: float = 0.5
    exponent: float = 2.6
    receiver_height_m: float = 1.0
    shadow_db: float = 4.5
    fading_db: float = 4.0
    freedom: float = 4.0
    trust_per_s: float = 1.2
    most_trust: float = 1.0
    walk_m: float = 1.6
    """Spread of a walker after one second, per axis; it grows with the root of time."""
    still_share: float = 0.3
    """How likely it is not to have moved, within a second or less."""
    shelf_share: float = 0.02
    """How likely a cell inside a shelf is, against a free one; maps are never quite right."""
    lost_share: float = 1e-3
    """Of each step's probability that goes back to everywhere, so that a wrong belief ends."""
    oldest_s: float = 5.0
    """Packets older than this say nothing about now."""
    offset_per_s: float = 0.3
    """How fast the receiver's own error is learnt."""
    offset_beacons: int = 4
    """With fewer beacons a wrong place and a wrong receiver look the same, and nothing is learnt."""
    most_offset_db: float = 15.0


@dataclass(frozen=True, slots=True)
class RadioMap:
    """A site as the filter needs it.

    `x_m` of shape (columns,) and `y_m` of shape (rows,) are the middles of cells; `mean_dbm` of shape
    (beacons, rows, columns) is in dBm; `prior` of shape (rows, columns) sums to one; `beacons` gives a
    beacon's place in `mean_dbm`.
    """

    level: str
    tuning: Tuning
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    prior: Cells
    mean_dbm: NDArray[np.float64]
    beacons: Mapping[BeaconKey, int]


def build(site: Site, tuning: Tuning | None = None) -> RadioMap:
    """Return the radio map of a site; raises ValueError on a floor without extent or a beacon's uuid that is none."""
    tuning = tuning if tuning is not None else Tuning()
    if not (site.width_m > 0 and site.height_m > 0):
        raise ValueError(f"site of {site.width_m} x {site.height_m} m has no floor")
    x_m = _middles(site.width_m, tuning.cell_m)
    y_m = _middles(site.height_m, tuning.cell_m)
    heard = [beacon for beacon in site.beacons if beacon.level == site.level]
    mean_dbm = np.empty((len(heard), y_m.size, x_m.size))
    for row, beacon in enumerate(heard):
        rise_m = beacon.z_m - tuning.receiver_height_m
        square = (x_m[None, :] - beacon.x_m) ** 2 + (y_m[:, None] - beacon.y_m) ** 2 + rise_m**2
        # Nearer than half a metre the far-field law says nothing.
        mean_dbm[row] = beacon.power_1m_dbm - 5 * tuning.exponent * np.log10(np.maximum(square, 0.25))
    keys = {(UUID(beacon.uuid), beacon.major, beacon.minor): row for row, beacon in enumerate(heard)}
    prior = _prior(site, tuning, x_m, y_m)
    for array in (x_m, y_m, prior, mean_dbm):
        array.flags.writeable = False
    return RadioMap(site.level, tuning, x_m, y_m, prior, mean_dbm, MappingProxyType(keys))


def _middles(length_m: float, cell_m: float) -> NDArray[np.float64]:
    count = max(1, round(length_m / cell_m))
    return np.linspace(0.5 * cell_m, (count - 0.5) * cell_m, count, dtype=np.float64)


def _prior(site: Site, tuning: Tuning, x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> Cells:
    prior = np.ones((y_m.size, x_m.size))
    for shelf in site.shelves:
        if shelf.level == site.level:
            across = (x_m > shelf.x_m) & (x_m < shelf.x_m + shelf.width_m)
            along = (y_m > shelf.y_m) & (y_m < shelf.y_m + shelf.depth_m)
            prior[np.ix_(along, across)] = tuning.shelf_share
    normal: Cells = prior / prior.sum()
    return normal
