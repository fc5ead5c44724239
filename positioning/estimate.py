"""What a belief says, in the numbers that people and rules act on."""

from dataclasses import dataclass

import numpy as np

from positioning.belief import together
from positioning.engine import State
from positioning.floor import Cells
from positioning.health import Ill
from positioning.model import Model
from positioning.region import Ring, densest, rings

REGION_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Estimate:
    """Where a device is, metres: the mean on the likeliest level and its covariance.

    `r90` is the smallest region of that level that holds nine tenths of what is believed of it, `level_share` how
    likely the level is. `zones` are probabilities, `unhealthy` the beacons that are not what the site says.
    """

    at_s: float
    level: str
    level_share: float
    x_m: float
    y_m: float
    cov: tuple[tuple[float, float], tuple[float, float]]
    r90: list[Ring]
    r90_area_m2: float
    zones: dict[str, float]
    unhealthy: dict[str, Ill]

    @property
    def sigma_m(self) -> float:
        """One standard deviation, the mean of both axes."""
        return float(np.sqrt((self.cov[0][0] + self.cov[1][1]) / 2))


def _doubted(cells: Cells, doubt: float) -> Cells:
    """Return a belief of one in all, its places less surely known."""
    flat = cells ** np.float32(1 - doubt)
    return flat / np.float32(max(float(flat.sum(dtype=np.float64)), 1e-30))


def estimate(model: Model, state: State) -> Estimate:
    """Return what a belief says."""
    masses = [sum(guess.mass for guess in belief) for belief in state.beliefs]
    level = int(np.argmax(masses))
    floor, belief = model.floors[level], state.beliefs[level]
    everywhere = [together(*pair) for pair in zip(model.floors, state.beliefs, strict=True)]
    cells = everywhere[level]
    total = float(cells.sum(dtype=np.float64))
    # Cells are where the walker was at their middles; odometry has gone on by a part of a cell since.
    ahead_m = tuple(sum(guess.mass * guess.ahead_m[axis] for guess in belief) / masses[level] for axis in (0, 1))
    across = cells.sum(axis=0, dtype=np.float64) / total
    along = cells.sum(axis=1, dtype=np.float64) / total
    x_m, y_m = float(across @ floor.x_m), float(along @ floor.y_m)
    # Where it is, is told from the belief; how surely, from one that has added up less.
    spread = cells / total if state.told_s is None else _doubted(cells, model.tuning.told_doubt)
    # A cell is not a point: its own spread, width over the root of twelve, is always there.
    own_m2 = floor.cell_m**2 / 12
    away_x_m, away_y_m = floor.x_m - x_m, floor.y_m - y_m
    xx = float(spread.sum(axis=0, dtype=np.float64) @ away_x_m**2)
    yy = float(spread.sum(axis=1, dtype=np.float64) @ away_y_m**2)
    xy = float(away_y_m @ spread @ away_x_m)
    region = densest(spread, REGION_SHARE)
    zones = {zone: min(1.0, float((share * everywhere[number]).sum())) for zone, (number, share) in model.zones.items()}
    names = model.site.beacons
    return Estimate(
        at_s=state.at_s,
        level=floor.level,
        level_share=total / sum(masses),
        x_m=x_m + ahead_m[0],
        y_m=y_m + ahead_m[1],
        cov=((xx + own_m2, xy), (xy, yy + own_m2)),
        r90=rings(floor, region, (ahead_m[0], ahead_m[1])),
        r90_area_m2=float(region.sum()) * floor.cell_m**2,
        zones=zones,
        unhealthy={names[beacon].id: ill for beacon, ill in state.health.ill},
    )
