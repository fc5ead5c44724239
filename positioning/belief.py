"""What is believed of a level: hypotheses, each with probabilities over the part of the level where it is alive."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from positioning.floor import Cells, Floor

_SPARE_CELLS = 3


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a level's cells: rows `low` to `high` and columns `left` to `right`, the ends excluded."""

    low: int
    high: int
    left: int
    right: int

    @property
    def cut(self) -> tuple[slice, slice]:
        """The part as an index of an array of all cells."""
        return slice(self.low, self.high), slice(self.left, self.right)

    def within(self, other: "Window") -> tuple[slice, slice]:
        """Return this part as an index of an array of another part that holds it."""
        return (
            slice(self.low - other.low, self.high - other.low), slice(self.left - other.left, self.right - other.left),
        )  # fmt: skip

    def around(self, cells: int, floor: Floor) -> "Window":
        """Return a part larger by so many cells on each side, as far as the level reaches."""
        rows, columns = floor.shape
        return Window(
            max(0, self.low - cells), min(rows, self.high + cells),
            max(0, self.left - cells), min(columns, self.right + cells),
        )  # fmt: skip

    def joined(self, other: "Window") -> "Window":
        """Return the smallest part that holds both."""
        return Window(
            min(self.low, other.low), max(self.high, other.high),
            min(self.left, other.left), max(self.right, other.right),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Guess:
    """A hypothesis: what holds of receiver and air, and the compass' offset, as numbers on their lattices.

    `cells` are probabilities in `window`, outside of which there is nothing. `ahead_m` is how far the walker is
    ahead of the middles of the cells: less than a cell, told by odometry. `mass` is the sum of `cells`.
    """

    setting: int
    heading: int
    window: Window
    cells: Cells
    mass: float
    ahead_m: tuple[float, float] = (0.0, 0.0)

    def filled(self, window: Window, cells: Cells, mass: float) -> "Guess":
        """Return this hypothesis with other probabilities."""
        return Guess(self.setting, self.heading, window, cells, mass, self.ahead_m)


Belief = tuple[Guess, ...]
"""One level's hypotheses; the first has all cells, so that nowhere is ever lost."""


def whole(floor: Floor) -> Window:
    """Return all of a level."""
    return Window(0, floor.shape[0], 0, floor.shape[1])


def together(floor: Floor, belief: Sequence[Guess]) -> Cells:
    """Return the probability of each cell of a level, shape (rows, columns)."""
    cells = np.zeros(floor.shape, dtype=np.float32)
    for guess in belief:
        cells[guess.window.cut] += guess.cells
    return cells


def cropped(guess: Guess, floor: Floor, least: float) -> Guess:
    """Return a hypothesis without the rows and columns at its edges that hold less than `least` altogether."""
    down, across = guess.cells.sum(axis=1), guess.cells.sum(axis=0)
    low, high = _alive(down, least)
    left, right = _alive(across, least)
    window = guess.window
    inner = Window(window.low + low, window.low + high, window.left + left, window.left + right)
    inner = inner.around(_SPARE_CELLS, floor)
    kept = Window(
        max(inner.low, window.low), min(inner.high, window.high),
        max(inner.left, window.left), min(inner.right, window.right),
    )  # fmt: skip
    return guess if kept == window else guess.filled(kept, guess.cells[kept.within(window)], guess.mass)


def widened(guess: Guess, floor: Floor, cells: int) -> Guess:
    """Return a hypothesis with room for so many cells of motion on each side."""
    window = guess.window.around(cells, floor)
    if window == guess.window:
        return guess
    larger = np.zeros((window.high - window.low, window.right - window.left), dtype=np.float32)
    larger[guess.window.within(window)] = guess.cells
    return guess.filled(window, larger, guess.mass)


def _alive(sums: Cells, least: float) -> tuple[int, int]:
    total = np.cumsum(sums, dtype=np.float64)
    first = int(np.searchsorted(total, least))
    last = int(np.searchsorted(total, total[-1] - least)) + 1
    return (first, last) if first < last else (0, sums.size)
