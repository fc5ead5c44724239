"""A level cut into cells, and how likely a walker is in each before anything is heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from firmware_specs.surveyed import Coordinates, LevelPlan
from positioning.tuning import Tuning

Cells = NDArray[np.float32]
"""Shape (rows, columns), row 0 at the bottom; one number for each cell."""

_SUBCELLS = 3
_MOST_BLOCKED = 50_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Floor:
    """A level's cells: `x_m` (columns,) and `y_m` (rows,) are their middles, `share` (rows, columns) is the prior."""

    level: str
    cell_m: float
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    share: Cells

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y_m.size, self.x_m.size

    def middles(self) -> NDArray[np.float64]:
        """Return the middles of all cells, shape (rows * columns, 2), row by row."""
        x_m, y_m = np.meshgrid(self.x_m, self.y_m)
        return np.column_stack((x_m.ravel(), y_m.ravel()))


Extent = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The lower left and the upper right corner of a level, metres."""


def extent_of(plan: LevelPlan, known: Sequence[Coordinates], tuning: Tuning) -> Extent:
    """Return a level's extent. `known` are places on it, of beacons and surveys, which its cells must reach.

    Raises ValueError where nothing says how large the level is.
    """
    corners = [*(plan.outline or ()), *(point for wall in plan.walls for point in wall), *known]
    if plan.blocked_cells is not None:
        corners += plan.blocked_cells.cells
    if not corners:
        raise ValueError(f"level {plan.id}: no outline, wall, beacon or survey says how large it is; give an outline")
    all_corners = np.array(corners, dtype=np.float64)
    return all_corners.min(axis=0) - tuning.margin_m, all_corners.max(axis=0) + tuning.margin_m


def cell_size_m(extents: Sequence[Extent], tuning: Tuning) -> float:
    """Return the side of a site's cells: larger where there would be too many of them."""
    cell_m = tuning.cell_m
    while sum(float(np.prod(np.ceil((high - low) / cell_m))) for low, high in extents) > tuning.most_cells:
        cell_m *= 1.05
    return cell_m


def floor_of(plan: LevelPlan, extent: Extent, cell_m: float, tuning: Tuning) -> Floor:
    """Return a level's cells."""
    low, high = extent
    columns, rows = (max(1, int(count)) for count in np.ceil((high - low) / cell_m))
    x_m = low[0] + (np.arange(columns) + 0.5) * cell_m
    y_m = low[1] + (np.arange(rows) + 0.5) * cell_m
    return Floor(plan.id, cell_m, x_m, y_m, _share(plan, x_m, y_m, cell_m, tuning))


def _share(plan: LevelPlan, x_m: NDArray[np.float64], y_m: NDArray[np.float64], cell_m: float, tuning: Tuning) -> Cells:
    """Return the prior of each cell: its free part counts whole, its blocked part hardly."""
    within = (np.arange(_SUBCELLS) + 0.5) / _SUBCELLS - 0.5
    fine_x_m = (x_m[:, None] + within * cell_m).ravel()
    fine_y_m = (y_m[:, None] + within * cell_m).ravel()
    fine = np.ones((fine_y_m.size, fine_x_m.size), dtype=np.float32)
    for wall in plan.walls:
        if len(wall) > 3 and wall[0] == wall[-1]:
            _paint(fine, fine_x_m, fine_y_m, wall, tuning.blocked_share)
    if plan.blocked_cells is not None and plan.blocked_cells.cells:
        _block(fine, fine_x_m, fine_y_m, np.array(plan.blocked_cells.cells), plan.blocked_cells.size_m, tuning)
    if plan.outline is not None and len(plan.outline) > 2:
        outside = ~contains(fine_x_m, fine_y_m, plan.outline)
        fine[outside] = np.minimum(fine[outside], tuning.outside_share)
    share: Cells = fine.reshape(y_m.size, _SUBCELLS, x_m.size, _SUBCELLS).mean(axis=(1, 3)).astype(np.float32)
    for wall in plan.walls:
        if not (len(wall) > 3 and wall[0] == wall[-1]):
            _cross(share, x_m, y_m, wall, cell_m, tuning.wall_share)
    share.flags.writeable = False
    return share


def contains(x_m: NDArray[np.float64], y_m: NDArray[np.float64], ring: Sequence[Coordinates]) -> NDArray[np.bool_]:
    """Return which points of the lattice `y_m` by `x_m` lie in a simple polygon, shape (rows, columns)."""
    # A point is inside when a ray from it crosses the edges an odd number of times.
    inside = np.zeros((y_m.size, x_m.size), dtype=np.bool_)
    for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if ay == by:
            continue
        rows = np.flatnonzero((y_m >= min(ay, by)) & (y_m < max(ay, by)))
        if rows.size:
            edge_x_m = ax + (y_m[rows] - ay) * (bx - ax) / (by - ay)
            inside[rows] ^= x_m[None, :] < edge_x_m[:, None]
    return inside


def _paint(
    fine: Cells, x_m: NDArray[np.float64], y_m: NDArray[np.float64], ring: Sequence[Coordinates], share: float
) -> None:
    corners = np.array(ring)
    left, right = np.searchsorted(x_m, (corners[:, 0].min(), corners[:, 0].max()))
    low, high = np.searchsorted(y_m, (corners[:, 1].min(), corners[:, 1].max()))
    part = fine[low:high, left:right]
    part[contains(x_m[left:right], y_m[low:high], ring)] = share


def _block(
    fine: Cells, x_m: NDArray[np.float64], y_m: NDArray[np.float64],
    middles: NDArray[np.float64], size_m: float, tuning: Tuning,
) -> None:  # fmt: skip
    # Which square of the occupancy grid a point falls into; squares that are not named are free.
    origin = middles.min(axis=0)
    named = np.round((middles - origin) / size_m).astype(np.int64)
    if np.prod(named.max(axis=0) + 1.0) > _MOST_BLOCKED:
        raise ValueError(f"blocked cells of {size_m} m span {named.max(axis=0) * size_m} m; give larger cells")
    blocked = np.zeros(tuple(named.max(axis=0) + 1), dtype=np.bool_)
    blocked[named[:, 0], named[:, 1]] = True
    across = np.round((x_m - origin[0]) / size_m).astype(np.int64)
    along = np.round((y_m - origin[1]) / size_m).astype(np.int64)
    has_x = (across >= 0) & (across < blocked.shape[0])
    has_y = (along >= 0) & (along < blocked.shape[1])
    part = fine[np.ix_(has_y, has_x)]
    part[blocked[np.ix_(across[has_x], along[has_y])].T] = tuning.blocked_share
    fine[np.ix_(has_y, has_x)] = part


def _cross(
    share: Cells, x_m: NDArray[np.float64], y_m: NDArray[np.float64],
    wall: Sequence[Coordinates], cell_m: float, wall_share: float,
) -> None:  # fmt: skip
    for (ax, ay), (bx, by) in pairwise(wall):
        count = int(np.hypot(bx - ax, by - ay) / (cell_m / 2)) + 2
        columns = np.floor((np.linspace(ax, bx, count) - x_m[0]) / cell_m + 0.5).astype(np.int64)
        rows = np.floor((np.linspace(ay, by, count) - y_m[0]) / cell_m + 0.5).astype(np.int64)
        share[rows.clip(0, y_m.size - 1), columns.clip(0, x_m.size - 1)] = wall_share
