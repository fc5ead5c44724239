"""Items that a store adds from a few pictures, without training: their mean direction, and how far they scatter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.items.look import Look, directed

FEWEST: Final = 3
"""Of fewer pictures nobody can tell how much an item's looks scatter."""

ALIKE: Final = 0.45
"""Cosine with the mean of the others below which a picture shows another thing.

Of 174 pictures of val, three of one class together, 2 % lie below it, of other classes 96 %.
"""


@dataclass(frozen=True, slots=True)
class Taught:
    """An item by the pictures that taught it; `direction` has length 1, `spread` is the mean of 1 - cosine to it."""

    label: str
    coarse: str
    direction: NDArray[np.float32]
    spread: float


class NotAnItemError(ValueError):
    """Pictures that teach no item; the text says why, and what to do."""


def teach(label: str, coarse: str, looks: Sequence[Look], empty: Sequence[Look] = ()) -> Taught:
    """Return an item from its pictures.

    Args:
        empty: looks at the same place without the item; pictures like those show the floor, not a thing.

    Raises NotAnItemError for too few pictures, pictures of different things, or of nothing.
    """
    if len(looks) < FEWEST:
        raise NotAnItemError(f"{label!r}: {len(looks)} pictures are too few, take {FEWEST} to 5 from different sides")
    directions = np.stack([look.direction for look in looks])
    mean = directed(directions.mean(0))
    likeness = directions @ mean
    total = directions.sum(0)
    to_others = [float(one @ directed(total - one)) for one in directions]
    if min(to_others) < ALIKE:
        odd = int(np.argmin(to_others)) + 1
        raise NotAnItemError(f"{label!r}: picture {odd} shows something else than the others; take it again")
    for look in empty:
        if float(look.direction @ mean) > float(likeness.mean()):
            raise NotAnItemError(f"{label!r}: the pictures look like the empty place; hold the item into the middle")
    return Taught(label, coarse, mean, float(1 - likeness.mean()))
