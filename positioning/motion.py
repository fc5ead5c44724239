"""How a belief over cells moves: wandering spreads it, odometry carries it."""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from positioning.belief import Guess, widened
from positioning.floor import Cells, Floor


def wandered(floor: Floor, guess: Guess, spread_m: float, goes: float) -> Guess:
    """Return a hypothesis after a walk of this spread per axis that shuns what is blocked; nothing is lost.

    Each cell's probability goes to its neighbourhood in proportion to how free the cells there are; who stands with
    some probability spreads by so much less.
    """
    if spread_m <= 0:
        return guess
    guess = widened(guess, floor, _reach(spread_m / floor.cell_m))
    cut = guess.window.cut
    around = _around(floor, round(spread_m, 3))[cut]
    walked = floor.share[cut] * spread(guess.cells / around, spread_m / floor.cell_m)
    if goes < 1:
        walked = np.float32(goes) * walked + np.float32(1 - goes) * guess.cells
    return guess.filled(guess.window, walked, guess.mass)


def strayed(floor: Floor, guess: Guess, spread_m: float) -> Guess:
    """Return a hypothesis after odometry has erred by this spread per axis."""
    if spread_m <= 0:
        return guess
    guess = widened(guess, floor, _reach(spread_m / floor.cell_m))
    return guess.filled(guess.window, spread(guess.cells, spread_m / floor.cell_m), guess.mass)


def carried(floor: Floor, guess: Guess, by_m: tuple[float, float]) -> Guess:
    """Return a hypothesis carried along by whole cells; what is left over stays ahead of their middles."""
    ahead = (guess.ahead_m[0] + by_m[0], guess.ahead_m[1] + by_m[1])
    columns, rows = round(ahead[0] / floor.cell_m), round(ahead[1] / floor.cell_m)
    left_m = (ahead[0] - columns * floor.cell_m, ahead[1] - rows * floor.cell_m)
    if not columns and not rows:
        return replace(guess, ahead_m=left_m)
    guess = widened(guess, floor, max(abs(columns), abs(rows)))
    cells, share = guess.cells, floor.share[guess.window.cut]
    moved, before = np.zeros_like(cells), np.ones_like(cells)
    height, width = cells.shape
    if abs(rows) < height and abs(columns) < width:
        to = np.s_[max(0, rows) : height + min(0, rows), max(0, columns) : width + min(0, columns)]
        source = np.s_[max(0, -rows) : height + min(0, -rows), max(0, -columns) : width + min(0, -columns)]
        moved[to] = cells[source]
        before[to] = share[source]
    # Who enters what is blocked is unlikely; who walks along it, or out of it, is not.
    return replace(guess, cells=moved * np.minimum(1, share / before), ahead_m=left_m)


def spread(cells: Cells, spread_cells: float) -> Cells:
    """Return cells, shape (rows, columns), spread by a Gaussian of this width per axis; edges reflect."""
    rows, columns = cells.shape
    spread_cells = round(spread_cells, 2)
    after = _matrix(rows, spread_cells) @ cells @ _matrix(columns, spread_cells)
    return np.asarray(after, dtype=np.float32)


def _reach(spread_cells: float) -> int:
    return 1 if spread_cells < 0.3 else math.ceil(3 * spread_cells)


@lru_cache(maxsize=64)
def _around(floor: Floor, spread_m: float) -> Cells:
    around = np.maximum(spread(floor.share, spread_m / floor.cell_m), np.float32(1e-6))
    around.flags.writeable = False
    return around


@lru_cache(maxsize=1024)
def _matrix(count: int, spread_cells: float) -> NDArray[np.float32]:
    """Return how much of each cell goes to each other: symmetric, (count, count)."""
    spread_cells = min(spread_cells, float(count))
    reach = _reach(spread_cells)
    if spread_cells < 0.3:
        # A Gaussian narrower than a cell: three weights with its variance.
        side = spread_cells**2 / 2
        weights = np.array([side, 1 - 2 * side, side])
    else:
        weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / spread_cells) ** 2)
        weights /= weights.sum()
    matrix = np.zeros((count, count))
    for shift, weight in zip(range(-reach, reach + 1), weights, strict=True):
        to = (np.arange(count) + shift) % (2 * count)
        to = np.where(to >= count, 2 * count - 1 - to, to)
        np.add.at(matrix, (np.arange(count), to), weight)
    matrix.flags.writeable = False
    return matrix.astype(np.float32)
