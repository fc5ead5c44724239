"""When a scale has come to rest at another weight: readings in, steps out; what swings, creeps or is knocked is none.

Frozen state in, state and step out; times are monotonic seconds, weights grams.
"""

from dataclasses import dataclass, replace
from typing import Final

REST_S: Final = 0.5
"""So long readings have to agree."""

LEAST_READINGS: Final = 4
AGREE_G: Final = 4.0
"""Readings within so much of each other agree: a load cell's noise under a cart, twice over."""

STEP_G: Final = 8.0
"""A change below this is creep, and the level follows it; a thing that light is not noticed."""

CREEPS_G_PER_S: Final = 1.0
"""A level that creeps faster than this, for `CREEPS_S`, is a cell that drifts: nothing is said until it stands."""

CREEPS_S: Final = 10.0
RETURN_S: Final = 0.7
"""A change that is undone within this was a knock, a hand, or something put in and taken out again."""


@dataclass(frozen=True, slots=True)
class Step:
    """The scale rests at another weight than before; `sigma_g` is one standard deviation of the change."""

    change_g: float
    at_s: float
    sigma_g: float


@dataclass(frozen=True, slots=True)
class Settling:
    """What the last readings say. `level_g` is the weight at rest, None before there was any.

    `drifts` says that the cell creeps as no basket does: its steps mean nothing meanwhile.
    """

    level_g: float | None = None
    drifts: bool = False
    _window: tuple[tuple[float, float], ...] = ()
    _crept: tuple[tuple[float, float], ...] = ()
    _step: Step | None = None

    def after(
        self, grams: float | None, at_s: float, *, is_stable: bool | None = None
    ) -> "tuple[Settling, Step | None]":
        """Return the state and a step, if one is certain now.

        Args:
            grams: None while the scale cannot say.
            is_stable: the scale's own word; where it says that it moves, it does.
        """
        if grams is None or is_stable is False:
            return replace(self, _window=())._due(at_s)
        window = tuple(one for one in self._window if at_s - one[0] <= REST_S + 0.2)
        window = (*window, (at_s, grams))
        settled = replace(self, _window=window)
        weights = [weight for _, weight in window]
        is_long = at_s - window[0][0] >= REST_S and len(window) >= LEAST_READINGS
        if not is_long or max(weights) - min(weights) > AGREE_G:
            return settled._due(at_s)
        return settled._rested(sum(weights) / len(weights), at_s)

    def _rested(self, level_g: float, at_s: float) -> "tuple[Settling, Step | None]":
        if self.level_g is None:
            return replace(self, level_g=level_g), None
        since = self.level_g if self._step is None else self.level_g + self._step.change_g
        moved_g = level_g - since
        if abs(moved_g) < STEP_G:
            crept = (*(one for one in self._crept if at_s - one[0] <= CREEPS_S), (at_s, level_g))
            went_s = at_s - crept[0][0]
            drifts = went_s > 0.8 * CREEPS_S and abs(level_g - crept[0][1]) > CREEPS_G_PER_S * went_s
            level = level_g if self._step is None else level_g - self._step.change_g
            return replace(self, level_g=level, drifts=drifts, _crept=crept)._due(at_s)
        # It counts once it has lasted: a step that is undone meanwhile was none.
        whole_g = level_g - self.level_g
        step = Step(whole_g, at_s, AGREE_G / 2) if abs(whole_g) >= STEP_G else None
        return replace(self, _step=step, _crept=()), None

    def _due(self, at_s: float) -> "tuple[Settling, Step | None]":
        step = self._step
        if step is None or at_s - step.at_s < RETURN_S or self.level_g is None:
            return self, None
        done = replace(self, level_g=self.level_g + step.change_g, _step=None)
        return done, None if self.drifts else step
