"""The air between an access point and its labels: who hears a packet, and whose answer arrives.

What is said and answered are the sealed bytes of a real air. `turn` lets virtual time pass, where nothing waits: a
minute takes as long as its packets take to be opened and answered.
"""

import random
from collections.abc import Callable, Iterable
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
    is_powered: bool = True

    def absolute_ms(self, now_s: float) -> int:
        """Return what the label's clock shows."""
        return int(now_s * 1000 * (1 + self.drift_ppm / 1e6) + self.ahead_ms) % 2**32


@dataclass
class Medium:
    """One access point's air."""

    timing: Timing
    loss: Loss
    chance: random.Random
    interval: int = 0
    _groups: dict[int, dict[int, Placed]] = field(default_factory=dict)

    @property
    def now_s(self) -> float:
        """Virtual seconds since the start of the train."""
        return self.interval * self.timing.interval_ms / 1000

    @property
    def labels(self) -> Iterable[Placed]:
        """Every label on the air."""
        return (placed for group in self._groups.values() for placed in group.values())

    def place(self, receiver: Receiver, *, drift_ppm: float = 0.0, ahead_ms: float = 0.0) -> Placed:
        """Put a label on the air; it takes the place of another of its address."""
        association = receiver.association
        placed = Placed(receiver, Link(self.loss, self.chance), drift_ppm, ahead_ms)
        self._groups.setdefault(association.group, {})[association.esl_id] = placed
        return placed

    def remove(self, placed: Placed) -> None:
        """Take a label off the air."""
        association = placed.receiver.association
        group = self._groups.get(association.group, {})
        if group.get(association.esl_id) is placed:
            del group[association.esl_id]

    def turn(self, access_point: AccessPoint, answered: Callable[[Place, bytes, float], None]) -> None:
        """Let one interval pass: every group with something to hear has its subevent.

        `answered` hears each answer with the time at which its slot ended.
        """
        for group in access_point.busy:
            sealed = access_point.packet(group, self.interval)
            if sealed is None:
                continue
            begins_s = self.now_s + group * self.timing.subevent_ms / 1000
            slots = self.carry(group, sealed, begins_s)
            for place, answer in access_point.hear(group, slots, self.interval):
                answered(place, answer, begins_s + self.timing.subevent_ms / 1000)
        self.interval += 1

    def carry(self, group: int, sealed: bytes, now_s: float) -> list[bytes | None]:
        """Let a packet reach its group; return what the access point hears in each slot."""
        slots: list[bytes | None] = [None] * self.timing.slots
        for placed in self.addressed(group, sealed):
            if not placed.is_powered or not placed.link.passes(now_s, is_up=False):
                continue
            said = placed.receiver.hear(sealed, now_s, placed.absolute_ms(now_s))
            if said is not None and placed.link.passes(now_s, is_up=True) and said[0] < len(slots):
                slots[said[0]] = said[1]
        return slots

    def addressed(self, group: int, sealed: bytes) -> list[Placed]:
        """Return the labels that a packet tells something."""
        members = self._groups.get(group, {})
        if not members:
            return []
        packet = Packet.from_bytes(unseal(next(iter(members.values())).receiver.association.sync_key, sealed))
        if any(command[1] == BROADCAST for command in packet.commands):
            return list(members.values())
        # Who is not named opens the packet and does nothing: that alone is left out.
        found = (members.get(command[1]) for command in packet.commands)
        return [placed for placed in found if placed is not None]
