"""Nobody, far, near, and how many: held for a while, so that one frame neither makes nor unmakes a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.detect import Box
from vision.presence.gate import Gate

NEAR_SHARE: Final = 0.05
"""Of the picture: a person who covers more stands before the device."""

SURE: Final = 0.4
LEAVES_AT: Final = 0.35
"""Probability of a person who comes, and of one who is still there."""

STIRS: Final = 0.05
"""Of a person's box that has to have changed lately."""

AGREE: Final = 2
"""Looks in a row that have to see more than before until it is believed."""

LEAVES_S: Final = 3.0
"""So long nobody is seen until nobody is there."""

LOOKS_S: Final = 0.25
"""Between two looks of the detector while something moves."""

STILL_LOOKS_S: Final = 2.0
"""Between two looks while somebody is there who does not move."""


class Near(StrEnum):
    """Who is there."""

    NOBODY = "nobody"
    FAR = "far"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Report:
    """What is believed now; `people` are seen in the last look."""

    near: Near
    people: int


class Presence:
    """One camera's state. Call `moved` with each frame; when it is true, look with a detector, and tell with `saw`."""

    def __init__(self) -> None:
        self._gate = Gate()
        self._looked_s = float("-inf")
        self._seen_s = float("-inf")
        self._more = 0
        self._report = Report(Near.NOBODY, 0)

    @property
    def report(self) -> Report:
        """What is believed now."""
        return self._report

    def moved(self, pixels: NDArray[np.uint8], at_s: float) -> bool:
        """Return whether it is worth looking at this frame; `at_s` is monotonic seconds."""
        is_moving = self._gate.moved(pixels, at_s)
        is_there = self._report.near is not Near.NOBODY or self._more > 0
        pause_s = LOOKS_S if is_moving else STILL_LOOKS_S if is_there else float("inf")
        return at_s - self._looked_s >= pause_s

    def saw(self, boxes: Sequence[Box], width_px: int, height_px: int, at_s: float) -> Report:
        """Return what is believed after a look, `boxes` with a probability down to `LEAVES_AT`."""
        self._looked_s = at_s
        was = self._report
        least = SURE if was.near is Near.NOBODY else LEAVES_AT
        people = [
            box
            for box in boxes
            if box.kind == "person"
            and box.p >= least
            and self._gate.stirred(
                box.left / width_px, box.top / height_px, box.right / width_px, box.bottom / height_px, at_s
            )
            >= STIRS
        ]
        is_near = any(box.share_of(width_px, height_px) >= NEAR_SHARE for box in people)
        now = Near.NEAR if is_near else Near.FAR if people else Near.NOBODY
        order = list(Near)
        if now is not Near.NOBODY:
            self._seen_s = at_s
        if order.index(now) > order.index(was.near):
            self._more += 1
            if self._more >= AGREE:
                self._more = 0
                self._report = Report(now, len(people))
        elif order.index(now) < order.index(was.near) and at_s - self._seen_s < LEAVES_S and now is Near.NOBODY:
            # Turned away, or behind somebody: still there.
            self._more = 0
        else:
            self._more = 0
            self._report = Report(now, len(people))
        return self._report
