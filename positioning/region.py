"""The smallest region that holds a share of a belief, as polygons along the edges of cells."""

import numpy as np
from numpy.typing import NDArray

from positioning.floor import Cells, Floor, contains

Ring = list[tuple[float, float]]
"""Corners in metres, counter-clockwise around what is inside, clockwise around a hole; the last is not the first."""


def densest(cells: Cells, share: float) -> NDArray[np.bool_]:
    """Return the fewest cells that hold at least this share of all."""
    order = np.argsort(-cells, axis=None, kind="stable")
    total = np.cumsum(cells.ravel()[order], dtype=np.float64)
    count = int(np.searchsorted(total, share * total[-1])) + 1
    region = np.zeros(cells.size, dtype=np.bool_)
    region[order[:count]] = True
    return region.reshape(cells.shape)


def rings(floor: Floor, region: NDArray[np.bool_], ahead_m: tuple[float, float] = (0.0, 0.0)) -> list[Ring]:
    """Return the outlines of a region of cells; cells that touch at a corner only are apart."""
    edges = _edges(region)
    half_m = floor.cell_m / 2
    left_m, low_m = float(floor.x_m[0]) - half_m + ahead_m[0], float(floor.y_m[0]) - half_m + ahead_m[1]
    found = []
    while edges:
        start, ways = next(iter(edges.items()))
        here, came = start, ways[0]
        ring: Ring = []
        while True:
            to = _turned(edges, here, came)
            if to is None:
                break
            direction = (to[0] - here[0], to[1] - here[1])
            # Corners only: what lies on a straight edge says nothing.
            if not ring or direction != came:
                ring.append((left_m + here[0] * floor.cell_m, low_m + here[1] * floor.cell_m))
            here, came = to, direction
        found.append(ring)
    return found


_Corner = tuple[int, int]


def encloses(outlines: list[Ring], x_m: float, y_m: float) -> bool:
    """Return whether a point lies within a region; a ring inside another is a hole."""
    at_x_m, at_y_m = np.array([x_m]), np.array([y_m])
    return sum(int(contains(at_x_m, at_y_m, ring)[0, 0]) for ring in outlines) % 2 == 1


def _edges(region: NDArray[np.bool_]) -> dict[_Corner, list[_Corner]]:
    """Return for each corner where edges lead from it; the region lies to their left."""
    padded = np.pad(region, 1)
    edges: dict[_Corner, list[_Corner]] = {}
    for shift, first, second in (
        ((-1, 0), (0, 0), (1, 0)), ((1, 0), (1, 1), (0, 1)), ((0, -1), (0, 1), (0, 0)), ((0, 1), (1, 0), (1, 1)),
    ):  # fmt: skip
        bare = padded & ~np.roll(padded, (-shift[0], -shift[1]), axis=(0, 1))
        for row, column in np.argwhere(bare[1:-1, 1:-1]).tolist():
            start = (column + first[0], row + first[1])
            edges.setdefault(start, []).append((column + second[0], row + second[1]))
    return edges


def _turned(edges: dict[_Corner, list[_Corner]], here: _Corner, came: _Corner) -> _Corner | None:
    """Take the next edge out of `edges`: the leftmost, so that a ring does not cross to a cell at its corner."""
    ways = edges.get(here)
    if not ways:
        return None
    if len(ways) == 1:
        del edges[here]
        return ways[0]
    left = (here[0] - came[1], here[1] + came[0])
    to = left if left in ways else ways[0]
    ways.remove(to)
    return to
