"""How packets get lost between an access point and one label: at random, and in bursts (Gilbert 1960, Elliott 1963)."""

import random
from dataclasses import dataclass
from typing import Final

STEP_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Loss:
    """Probabilities of an air.

    Args:
        down, up: that a packet of a label in the open is lost, in each direction.
        shadowed: share of the labels that are in a shadow at any instant.
        in_shadow: that one of theirs is lost, in each direction.
        stays: that a label in a shadow is still there half a second later.
    """

    down: float = 0.0
    up: float = 0.0
    shadowed: float = 0.0
    in_shadow: float = 0.0
    stays: float = 0.0

    def __post_init__(self) -> None:
        for name in ("down", "up", "shadowed", "in_shadow", "stays"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected a probability below 1")

    @property
    def tries(self) -> float:
        """How often a command is said until it is answered, in the mean over labels in the open and in a shadow."""
        open_tries = 1 / ((1 - self.down) * (1 - self.up))
        return (1 - self.shadowed) * open_tries + self.shadowed / (1 - self.in_shadow) ** 2


class Link:
    """The air between an access point and one label."""

    def __init__(self, loss: Loss, chance: random.Random) -> None:
        self._loss = loss
        self._chance = chance
        self._is_shadowed = chance.random() < loss.shadowed
        self._moved_s = 0.0

    def passes(self, now_s: float, *, is_up: bool) -> bool:
        """Return whether a packet arrives. Time never goes back."""
        self._move(now_s)
        loss = self._loss
        lost = loss.in_shadow if self._is_shadowed else loss.up if is_up else loss.down
        return self._chance.random() >= lost

    def _move(self, now_s: float) -> None:
        # The chain's law after so many steps: it forgets where it was by `keeps` at each.
        steps, self._moved_s = (now_s - self._moved_s) / STEP_S, now_s
        loss = self._loss
        if not steps or not loss.shadowed:
            return
        enters = loss.shadowed * (1 - loss.stays) / (1 - loss.shadowed)
        keeps = (loss.stays - enters) ** steps
        self._is_shadowed = self._chance.random() < loss.shadowed + (self._is_shadowed - loss.shadowed) * keeps
