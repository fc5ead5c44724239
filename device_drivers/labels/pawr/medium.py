"""An air in virtual time: packets in their subevents, labels that hear them or not, answers in their slots.

Nothing waits: a minute on this air takes as long as its packets take to be opened and answered. What is said and
answered are the sealed bytes of the real air.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from device_drivers.labels.pawr.access_point import AccessPoint, Place
from device_drivers.labels.pawr.loss import Link, Loss
from device_drivers.labels.pawr.receiver import Receiver
from firmware_specs.frames.ead import unseal
from firmware_specs.frames.esl import BROADCAST
from firmware_specs.frames.pawr import Packet, Timing


@dataclass(slots=True)
class Placed:
    """A label on the air: its radio, its link, and its crystal, which runs wrong by `drift_ppm` from `ahead_ms` on."""

    receiver: Receiver
    link: Link
    drift_ppm: float = 0.0
    ahead_ms: float = 0.0

    def absolute_ms(self, now_s: float) -> int:
        """Return what the label's clock shows."""
        return int(now_s * 1000 * (1 + self.drift_ppm / 1e6) + self.ahead_ms) % 2**32


@dataclass
class Medium:
    """One access point's air."""

    timing: Timing
    loss: Loss
    chance: random.Random
    labels: dict[tuple[int, int], Placed] = field(default_factory=dict)
    """By group and ESL ID."""
    interval: int = 0
    _counted: int = 0
    _by_group: dict[int, list[Placed]] = field(default_factory=dict)

    @property
    def now_s(self) -> float:
        """Virtual seconds since the start of the train."""
        return self.interval * self.timing.interval_ms / 1000

    def place(self, receiver: Receiver, *, drift_ppm: float = 0.0, ahead_ms: float = 0.0) -> Placed:
        """Put a label on the air."""
        association = receiver.association
        placed = Placed(receiver, Link(self.loss, self.chance), drift_ppm, ahead_ms)
        self.labels[association.group, association.esl_id] = placed
        return placed

    def turn(self, access_point: AccessPoint, answered: Callable[[Place, bytes, float], None]) -> None:
        """Let one interval pass: every group with something to hear has its subevent.

        `answered` hears each answer with the time at which its slot ended.
        """
        for group in access_point.busy:
            sealed = access_point.packet(group, self.interval)
            if sealed is None:
                continue
            begins_s = self.now_s + group * self.timing.subevent_ms / 1000
            slots = self._carry(group, sealed, begins_s)
            for place, answer in access_point.hear(group, slots, self.interval):
                answered(place, answer, begins_s + self.timing.subevent_ms / 1000)
        self.interval += 1

    def _carry(self, group: int, sealed: bytes, now_s: float) -> list[bytes | None]:
        slots: list[bytes | None] = [None] * self.timing.slots
        for placed in self._addressed(group, sealed):
            if not placed.link.passes(now_s, is_up=False):
                continue
            said = placed.receiver.hear(sealed, now_s, placed.absolute_ms(now_s))
            if said is not None and placed.link.passes(now_s, is_up=True) and said[0] < len(slots):
                slots[said[0]] = said[1]
        return slots

    def _addressed(self, group: int, sealed: bytes) -> list[Placed]:
        members = self._members(group)
        if not members:
            return []
        packet = Packet.from_bytes(unseal(members[0].receiver.association.sync_key, sealed))
        if any(command[1] == BROADCAST for command in packet.commands):
            return members
        # Who is not named opens the packet and does nothing: that alone is left out.
        found = (self.labels.get((group, command[1])) for command in packet.commands)
        return [placed for placed in found if placed is not None]

    def _members(self, group: int) -> list[Placed]:
        if len(self.labels) != self._counted:
            self._counted, self._by_group = len(self.labels), {}
            for (number, _), placed in self.labels.items():
                self._by_group.setdefault(number, []).append(placed)
        return self._by_group.get(group, [])
