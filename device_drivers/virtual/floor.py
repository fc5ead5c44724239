"""Where one can walk: shelves as obstacles, and ways round them. Metres, x right and y up."""

import heapq
import math
from dataclasses import dataclass
from functools import cached_property

from firmware_specs.desired import Shelf, Site

XY = tuple[float, float]

CELL_M = 0.4
CLEARANCE_M = 0.3
"""How far a cart's middle stays from a shelf or a wall."""


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle."""

    left_m: float
    bottom_m: float
    right_m: float
    top_m: float

    @classmethod
    def of(cls, shelf: Shelf, margin_m: float = 0.0) -> "Box":
        """Return a shelf's outline, widened on all sides."""
        return cls(
            shelf.x_m - margin_m,
            shelf.y_m - margin_m,
            shelf.x_m + shelf.width_m + margin_m,
            shelf.y_m + shelf.depth_m + margin_m,
        )

    def contains(self, x_m: float, y_m: float) -> bool:
        """Return whether a point lies inside."""
        return self.left_m < x_m < self.right_m and self.bottom_m < y_m < self.top_m

    def crossing(self, a: XY, b: XY) -> tuple[float, float] | None:
        """Return the part of the segment from `a` to `b` that lies inside, as fractions, or None."""
        enter, leave = 0.0, 1.0
        for start, end, low, high in (
            (a[0], b[0], self.left_m, self.right_m),
            (a[1], b[1], self.bottom_m, self.top_m),
        ):
            run = end - start
            if run == 0.0:
                if not low < start < high:
                    return None
                continue
            first, second = (low - start) / run, (high - start) / run
            if first > second:
                first, second = second, first
            enter, leave = max(enter, first), min(leave, second)
            if enter >= leave:
                return None
        return enter, leave


@dataclass(frozen=True)
class Floor:
    """The walkable part of a site."""

    site: Site

    @cached_property
    def _walls(self) -> tuple[Box, ...]:
        return tuple(Box.of(shelf, CLEARANCE_M) for shelf in self.site.shelves)

    @cached_property
    def _free(self) -> tuple[tuple[bool, ...], ...]:
        columns = max(1, int(self.site.width_m / CELL_M))
        rows = max(1, int(self.site.height_m / CELL_M))
        return tuple(
            tuple(self.is_free((column + 0.5) * CELL_M, (row + 0.5) * CELL_M) for column in range(columns))
            for row in range(rows)
        )

    @cached_property
    def shelf_fronts(self) -> tuple[XY, ...]:
        """The free cells from which a hand reaches a shelf."""
        reach = [Box.of(shelf, CLEARANCE_M + 1.2 * CELL_M) for shelf in self.site.shelves]
        return tuple(
            _middle(column, row)
            for row, line in enumerate(self._free)
            for column, free in enumerate(line)
            if free and any(box.contains(*_middle(column, row)) for box in reach)
        )

    def is_free(self, x_m: float, y_m: float) -> bool:
        """Return whether a cart's middle can be at a point."""
        inside = (
            CLEARANCE_M <= x_m <= self.site.width_m - CLEARANCE_M
            and CLEARANCE_M <= y_m <= self.site.height_m - CLEARANCE_M
        )
        return inside and not any(wall.contains(x_m, y_m) for wall in self._walls)

    def sees(self, a: XY, b: XY) -> bool:
        """Return whether the straight way from `a` to `b` is free."""
        return all(wall.crossing(a, b) is None for wall in self._walls)

    def nearest_free(self, at: XY) -> XY:
        """Return the point itself if it is free, else the middle of the nearest free cell.

        Raises ValueError when nothing on the floor is free.
        """
        if self.is_free(*at):
            return at
        spots = (
            _middle(column, row) for row, line in enumerate(self._free) for column, free in enumerate(line) if free
        )
        nearest = min(spots, key=lambda spot: math.dist(spot, at), default=None)
        if nearest is None:
            raise ValueError("the site has no free floor")
        return nearest

    def facing(self, at: XY) -> float:
        """Return the heading, in radians, from a point towards the nearest shelf; 0 without shelves."""
        edges = (_clamped(at, Box.of(shelf)) for shelf in self.site.shelves)
        nearest = min(edges, key=lambda edge: math.dist(edge, at), default=at)
        return math.atan2(nearest[1] - at[1], nearest[0] - at[0])

    def route(self, start: XY, goal: XY) -> tuple[XY, ...]:
        """Return the corners of a free way, both ends included; a straight line where there is none.

        A* over cells and their eight neighbours, then corners that can be cut are cut.
        """
        start, goal = self.nearest_free(start), self.nearest_free(goal)
        if self.sees(start, goal):
            return start, goal
        source, target = self._cell(start), self._cell(goal)
        came: dict[tuple[int, int], tuple[int, int]] = {}
        cost = {source: 0.0}
        queue = [(0.0, source)]
        done: set[tuple[int, int]] = set()
        while queue:
            _, here = heapq.heappop(queue)
            if here == target:
                break
            if here in done:
                continue
            done.add(here)
            for there, step in self._neighbours(here):
                total = cost[here] + step
                if total < cost.get(there, math.inf):
                    cost[there] = total
                    came[there] = here
                    heapq.heappush(queue, (total + math.dist(there, target), there))
        if target not in came:
            return start, goal
        cells = [target]
        while cells[-1] != source:
            cells.append(came[cells[-1]])
        return self._straightened([start, *(_middle(*cell) for cell in reversed(cells[1:-1])), goal])

    def _cell(self, at: XY) -> tuple[int, int]:
        column = min(len(self._free[0]) - 1, int(at[0] / CELL_M))
        row = min(len(self._free) - 1, int(at[1] / CELL_M))
        if self._free[row][column]:
            return column, row
        near = [cell for cell, _ in self._neighbours((column, row))]
        return min(near, key=lambda cell: math.dist(_middle(*cell), at), default=(column, row))

    def _neighbours(self, cell: tuple[int, int]) -> list[tuple[tuple[int, int], float]]:
        column, row = cell
        found = []
        for over in (-1, 0, 1):
            for up in (-1, 0, 1):
                x, y = column + over, row + up
                inside = 0 <= y < len(self._free) and 0 <= x < len(self._free[0])
                if (over or up) and inside and self._free[y][x]:
                    found.append(((x, y), math.hypot(over, up)))
        return found

    def _straightened(self, way: list[XY]) -> tuple[XY, ...]:
        corners = [way[0]]
        at = 0
        while at < len(way) - 1:
            ahead = next((far for far in range(len(way) - 1, at + 1, -1) if self.sees(way[at], way[far])), at + 1)
            corners.append(way[ahead])
            at = ahead
        return tuple(corners)


def _middle(column: int, row: int) -> XY:
    return (column + 0.5) * CELL_M, (row + 0.5) * CELL_M


def _clamped(at: XY, box: Box) -> XY:
    return min(max(at[0], box.left_m), box.right_m), min(max(at[1], box.bottom_m), box.top_m)
