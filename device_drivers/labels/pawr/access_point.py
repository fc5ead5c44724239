"""The access point's side: commands wait by group, a packet takes the oldest, silence is told again.

Sans-io: whoever drives the radio asks `packet` when the controller asks for a subevent's data, and gives what came
back in its slots to `hear`. A command stays until its label has answered, so only commands that may be said twice
belong here; one that was answered is never said again.
"""

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from firmware_specs.frames.ead import KeyMaterial, SealError, randomizer, seal, unseal
from firmware_specs.frames.esl import BROADCAST, DisplayImage, RefreshDisplay
from firmware_specs.frames.pawr import Packet, Timing, fits, split

LONGEST_PAUSE: Final = 8
"""Intervals between two tries at most, while others wait: a shadow may pass, and those in it take no room meanwhile."""

_NOT_TWICE: Final = frozenset({DisplayImage.OPCODE, RefreshDisplay.OPCODE})


@dataclass(frozen=True, slots=True)
class Place:
    """A label's address on the air, 15 bits, and the key of its answers."""

    group: int
    esl_id: int
    response_key: KeyMaterial

    def __post_init__(self) -> None:
        if not 0 <= self.esl_id < BROADCAST:
            raise ValueError(f"ESL ID {self.esl_id}: a label has 0 to {BROADCAST - 1}")


@dataclass(slots=True)
class _Job:
    place: Place
    command: bytes
    tries: int = 0


@dataclass(slots=True)
class _Group:
    fresh: deque[_Job] = field(default_factory=deque)
    again: list[tuple[int, int, _Job]] = field(default_factory=list)
    """By the interval from which on they are said again."""
    asked: tuple[tuple[int, _Job], ...] = ()
    """What the packet on the air says, by the slot of its answer."""
    for_all: bytes | None = None
    """A broadcast command that stands first in every packet."""


class AccessPoint:
    """One access point.

    Args:
        sync_key: seals what all labels hear.
        timing: of its train.
        next_count: gives the randomizer counter's next value, never one twice.
        most_tries: a label that has not answered so many is given up; for ever when not given.
        blindly: also repeats what a label would carry out twice; only to measure what that costs.
    """

    def __init__(
        self,
        sync_key: KeyMaterial,
        timing: Timing,
        next_count: Callable[[], int],
        *,
        most_tries: int | None = None,
        blindly: bool = False,
    ) -> None:
        self._sync_key = sync_key
        self._timing = timing
        self._next_count = next_count
        self._blindly = blindly
        self._most_tries = most_tries
        self._given_up: list[Place] = []
        self._groups: dict[int, _Group] = {}
        self._order = 0
        self.strange = 0
        """Answers that could not be opened or read."""
        self.said = 0
        """Commands that went out, repeated ones too."""

    def tell(self, place: Place, command: bytes) -> None:
        """Say a command TLV until it is answered. Raises ValueError for one that must not be said twice."""
        if command[0] in _NOT_TWICE and not self._blindly:
            raise ValueError(f"opcode 0x{command[0]:02x} would be carried out twice when its answer is lost")
        if place.group >= self._timing.groups:
            raise ValueError(f"group {place.group}: this train has {self._timing.groups}")
        self._groups.setdefault(place.group, _Group()).fresh.append(_Job(place, command))

    def tell_all(self, group: int, command: bytes | None) -> None:
        """Say a command to all labels of a group with every packet from now on; None ends that.

        Nobody answers a broadcast: whoever must know asks each label afterwards, in the same packets.
        Raises ValueError for one that is for one label, or must not be said twice.
        """
        if command is not None and (command[1] != BROADCAST or command[0] in _NOT_TWICE):
            raise ValueError(f"{command.hex()} cannot be said to all again and again")
        self._groups.setdefault(group, _Group()).for_all = command

    def forget(self, place: Place) -> None:
        """Say nothing more to a label of what is still waiting for it."""
        group = self._groups.get(place.group)
        if group is None:
            return
        group.fresh = deque(job for job in group.fresh if job.place != place)
        group.again = [entry for entry in group.again if entry[2].place != place]
        heapq.heapify(group.again)
        group.asked = tuple(entry for entry in group.asked if entry[1].place != place)

    @property
    def busy(self) -> tuple[int, ...]:
        """The groups to which something is still to be said."""
        return tuple(number for number, group in self._groups.items() if group.fresh or group.again or group.asked)

    def packet(self, number: int, interval: int) -> bytes | None:
        """Return the sealed packet for a group in an interval; None when there is nothing to say.

        Who has waited longest for an answer comes first; no label is named twice.
        """
        group = self._groups.get(number)
        if group is None:
            return None
        self._miss(group, interval)
        jobs: list[_Job] = []
        later: list[_Job] = []
        named: set[int] = set()
        first = () if group.for_all is None else (group.for_all,)
        while len(first) + len(jobs) < self._timing.slots:
            job = self._next(group, interval)
            if job is None:
                break
            if job.place.esl_id in named:
                later.append(job)
            elif fits([*first, *(each.command for each in jobs), job.command]):
                jobs.append(job)
                named.add(job.place.esl_id)
            else:
                later.append(job)
                break
        for job in reversed(later):
            if job.tries:
                self._again(group, interval, job)
            else:
                group.fresh.appendleft(job)
        if not jobs:
            return None
        # A broadcast has a place among the commands, and a slot that stays empty.
        group.asked = tuple(enumerate(jobs, start=len(first)))
        self.said += len(jobs)
        payload = bytes(Packet(number, (*first, *(job.command for job in jobs))))
        return seal(self._sync_key, payload, randomizer(self._next_count(), is_response=False))

    def hear(self, number: int, slots: Sequence[bytes | None], interval: int) -> list[tuple[Place, bytes]]:
        """Return the answers that came in a packet's slots, a response TLV each; who was silent is told again."""
        group = self._groups.get(number)
        if group is None:
            return []
        found, silent = [], []
        for slot, job in group.asked:
            data = slots[slot] if slot < len(slots) else None
            answer = None if data is None else self._opened(job.place, data)
            if answer is None:
                silent.append(job)
            else:
                found.append((job.place, answer))
        group.asked = ()
        for job in silent:
            self._unanswered(group, interval, job)
        return found

    def given_up(self) -> list[Place]:
        """Return the labels that were given up since this was asked last."""
        found, self._given_up = self._given_up, []
        return found

    def _unanswered(self, group: _Group, interval: int, job: _Job) -> None:
        job.tries += 1
        if self._most_tries is not None and job.tries >= self._most_tries:
            self._given_up.append(job.place)
        else:
            self._again(group, interval + min(LONGEST_PAUSE, job.tries), job)

    def _miss(self, group: _Group, interval: int) -> None:
        # No report came for the packet before: every slot was silent.
        for _, job in group.asked:
            self._unanswered(group, interval - 1, job)
        group.asked = ()

    def _next(self, group: _Group, interval: int) -> _Job | None:
        # With nobody else to tell, a pause would only be lost time.
        if group.again and (group.again[0][0] <= interval or not group.fresh):
            return heapq.heappop(group.again)[2]
        return group.fresh.popleft() if group.fresh else None

    def _again(self, group: _Group, interval: int, job: _Job) -> None:
        self._order += 1
        heapq.heappush(group.again, (interval, self._order, job))

    def _opened(self, place: Place, data: bytes) -> bytes | None:
        try:
            return split(unseal(place.response_key, data))[0]
        except (SealError, ValueError, IndexError):
            self.strange += 1
            return None
