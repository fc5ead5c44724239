"""A label's side of the air: opens what its group is told, obeys its own commands, and seals its answer."""

from collections.abc import Callable
from functools import lru_cache

from device_drivers.labels.association import Association
from device_drivers.labels.tag import Tag
from firmware_specs.frames.ead import MOST_PAYLOAD, KeyMaterial, SealError, randomizer, seal, unseal
from firmware_specs.frames.esl import ErrorCode, ErrorResponse
from firmware_specs.frames.pawr import Packet


class Receiver:
    """The radio of one associated label.

    Args:
        tag: its firmware.
        association: its address and keys.
        next_count: gives the randomizer counter's next value, never one twice.
    """

    def __init__(self, tag: Tag, association: Association, next_count: Callable[[], int]) -> None:
        self.tag = tag
        self.association = association
        self._next_count = next_count
        self.heard_s: float | None = None
        """When the access point was last heard."""

    def hear(self, sealed: bytes, now_s: float, absolute_ms: int) -> tuple[int, bytes] | None:
        """Obey a packet; return the slot and the sealed answer, None for silence."""
        packet = _opened(self.association.sync_key, sealed)
        if packet is None or packet.group != self.association.group:
            return None
        self.heard_s = now_s
        answers = []
        for command in packet.commands:
            if command[1] in (self.association.esl_id, 0xFF):
                answer = self.tag.tell(command, now_s, absolute_ms)
                if answer is not None:
                    answers.append(answer)
        slot = packet.slot_of(self.association.esl_id)
        if slot is None or not answers:
            return None
        payload = b"".join(answers)
        if len(payload) > MOST_PAYLOAD:
            payload = bytes(ErrorResponse(ErrorCode.CAPACITY_LIMIT))
        drawn = randomizer(self._next_count(), is_response=True)
        return slot, seal(self.association.response_key, payload, drawn)


@lru_cache(maxsize=8)
def _opened(key: KeyMaterial, sealed: bytes) -> Packet | None:
    # All labels of a group open the same bytes with the same key: in one process once is enough.
    try:
        return Packet.from_bytes(unseal(key, sealed))
    except (SealError, ValueError):
        return None
