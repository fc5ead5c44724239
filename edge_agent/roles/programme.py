"""What of a timetable is due next: each playing once, also over restarts; what is too late is counted."""

from dataclasses import dataclass
from typing import Final

from edge_agent.app import Surroundings
from edge_agent.durable import read_durable, write_durably
from firmware_specs.desired import Slot, Timetable
from firmware_specs.rules.timetable import Due, due_between

LATE_MS: Final = 5_000
"""A sound that is late by more is not played."""

LONGEST_BACK_MS: Final = 24 * 3600 * 1000
"""How far back missed playings are counted after a restart."""

STEPPED_BACK_MS: Final = 600_000
"""A clock that was set back by more makes what was played by the wrong clock count no more."""

_LAST_DUE: Final = "last-due"


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next, if anything within the time asked for; and how many playings were missed before it."""

    due: Due | None
    missed: int


class Programme:
    """One device's way through its timetable."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._timetable: Timetable | None = None
        now_ms = surroundings.now_ms()
        remembered = read_durable(surroundings.folder / _LAST_DUE)
        self._done_ms = now_ms - LATE_MS if remembered is None else max(int(remembered), now_ms - LONGEST_BACK_MS)

    @property
    def slots(self) -> list[Slot]:
        """The slots that this device plays."""
        if self._timetable is None:
            return []
        device = self._surroundings.device
        return [slot for slot in self._timetable.slots if not slot.devices or device in slot.devices]

    def take(self, timetable: Timetable) -> None:
        """Go on by another timetable; what was played stays played."""
        self._timetable = timetable

    def next(self, within_ms: int) -> Next:
        """Return what is due at latest in `within_ms`; what is too late by now is passed over and counted.

        Of several that are due at one instant the last by its item's id sounds.
        """
        if self._timetable is None:
            return Next(None, 0)
        now_ms = self._surroundings.now_ms()
        if self._done_ms > now_ms + STEPPED_BACK_MS:
            self._done_ms = now_ms
        found = due_between(self._timetable.slots, self._surroundings.device, self._done_ms, now_ms + within_ms)
        missed = [each for each in found if each.due_ms < now_ms - LATE_MS]
        self._done_ms = max(self._done_ms, now_ms - LATE_MS - 1)
        coming = found[len(missed) :]
        first = [each for each in coming if each.due_ms == coming[0].due_ms]
        return Next(first[-1] if first else None, len(missed))

    def begin(self, due: Due) -> None:
        """Note on disk, before it sounds, that this playing was begun: it is never begun again."""
        self._done_ms = max(self._done_ms, due.due_ms)
        write_durably(self._surroundings.folder / _LAST_DUE, str(due.due_ms).encode())
