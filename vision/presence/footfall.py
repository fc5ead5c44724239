"""How many came by: counted on the device, told only of ten or more together, so that a count speaks of nobody.

A visit is somebody more than were there before; who comes back within `GAP_S` has not left. Of two who change places
it counts one: a count is at least, never of persons, who are not recognised.
"""

from dataclasses import dataclass, replace
from typing import Final

from vision.presence.presence import Near, Report

GAP_S: Final = 5.0
LEAST: Final = 10
"""Visits that are told together; fewer go on being gathered."""

EVERY_S: Final = 900.0
LONGEST_S: Final = 86_400.0
"""What did not become ten within a day is forgotten."""


@dataclass(frozen=True, slots=True)
class Count:
    """Visits over `seconds`; `near` of them stood before the device, None where they were fewer than ten."""

    visits: int
    near: int | None
    present_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Footfall:
    """What was counted since `since_s`; times are monotonic seconds."""

    since_s: float
    visits: int = 0
    near: int = 0
    present_s: float = 0.0
    _most: int = 0
    _was_near: bool = False
    _seen_s: float = float("-inf")
    _at_s: float = float("inf")

    def after(self, report: Report, at_s: float) -> "Footfall":
        """Return the count after what is believed at an instant."""
        most, was_near = (0, False) if at_s - self._seen_s > GAP_S else (self._most, self._was_near)
        if report.near is Near.NOBODY:
            return replace(self, _most=most, _was_near=was_near, _at_s=at_s)
        people = max(1, report.people)
        is_near = report.near is Near.NEAR
        lasted_s = min(at_s - self._at_s, GAP_S) if self._seen_s == self._at_s else 0.0
        return replace(
            self,
            visits=self.visits + max(0, people - most),
            near=self.near + (is_near and not was_near),
            present_s=self.present_s + lasted_s,
            _most=max(most, people),
            _was_near=was_near or is_near,
            _seen_s=at_s,
            _at_s=at_s,
        )

    def told(self, at_s: float) -> "tuple[Footfall, Count | None]":
        """Return the count to go on with, and what may be told now, if anything."""
        seconds = at_s - self.since_s
        if self.visits >= LEAST and seconds >= EVERY_S:
            near = self.near if self.near >= LEAST else None
            count = Count(self.visits, near, round(self.present_s, 1), round(seconds, 1))
            return replace(self, since_s=at_s, visits=0, near=0, present_s=0.0), count
        if seconds >= LONGEST_S:
            return replace(self, since_s=at_s, visits=0, near=0, present_s=0.0), None
        return self, None
