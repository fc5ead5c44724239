"""The expansion of a timetable: which item is due when, in order of time, ties by the item's id."""

from collections.abc import Iterable
from dataclasses import dataclass

from firmware_specs.desired import Slot


@dataclass(frozen=True, slots=True)
class Due:
    """One playing of one slot."""

    slot: Slot
    due_ms: int


def due_between(slots: Iterable[Slot], device: str, from_ms: int, to_ms: int) -> tuple[Due, ...]:
    """Return what `device` must play with from_ms < due <= to_ms, in order of time, then of item id."""
    found: list[Due] = []
    for slot in slots:
        if slot.devices and device not in slot.devices:
            continue
        # Nothing sounds more than once a second; a tiny period would expand without end.
        every_ms = max(1000, int(slot.every_s * 1000)) if slot.every_s > 0 else 0
        if every_ms <= 0:
            starts: Iterable[int] = (slot.start_ms,)
        else:
            end = min(to_ms, slot.until_ms or to_ms)
            first = max(0, (from_ms - slot.start_ms) // every_ms + 1) if from_ms >= slot.start_ms else 0
            starts = range(slot.start_ms + first * every_ms, end + 1, every_ms)
        found.extend(Due(slot, start) for start in starts if from_ms < start <= to_ms)
    return tuple(sorted(found, key=lambda due: (due.due_ms, due.slot.id)))
