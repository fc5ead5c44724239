"""One virtual label: firmware, radio, crystal, flash and ink."""

import struct
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from device_drivers.labels.association import Association
from device_drivers.labels.flash import Flash
from device_drivers.labels.pawr.medium import Medium, Placed
from device_drivers.labels.pawr.receiver import Receiver
from device_drivers.labels.tag import Tag
from firmware_specs.frames.esl import StateBits
from firmware_specs.frames.label_image import HEADER_BYTES
from vision.panel import STANDARD, Palette, Panel

SLOWDOWN: Final = 5.0
OWN: Final = "E6:5A:"
"""How the addresses of our virtual labels begin; E6 is locally administered (IEEE 802)."""

AHEAD: Final = 4096
"""Randomizers that a label sets aside in one write."""


class Fault(Enum):
    """What may be wrong with a label."""

    DEAD = "dead"
    """Its battery is empty: no answer, no connection, the glass keeps its picture."""

    SLOW = "slow"
    """It refreshes late, as in the cold."""

    LOW = "low"
    """Its battery is low: it says that it needs service, and draws no more."""

    BONDED = "bonded"
    """It belongs to another access point, and takes nothing from this one."""


@dataclass(frozen=True, slots=True)
class Model:
    """The hardware of every label of the shop."""

    panel: Panel = STANDARD
    slots: int = 4
    refresh_s: float = 0.8


MODELS: Final = {
    0x00: STANDARD,
    0x01: Panel(296, 128, Palette.BWR),
    0x02: Panel(400, 300, Palette.BWRY),
    0x03: Panel(250, 122),
}
"""The panel of a virtual label, told by the third byte of its address as makers tell models by theirs."""


def model_of(address: str, like: Model) -> Model:
    """Return the hardware behind an address: `like` with its panel, where the address tells one."""
    panel = MODELS.get(int(address.split(":")[2], 16)) if address.startswith(OWN) else None
    return like if panel is None else replace(like, panel=panel)


class VirtualLabel:
    """A label by its address. `keep` blocks for the time of a disk write; nothing else does."""

    def __init__(self, flash: Flash, model: Model, medium: Medium, now_s: float, utc_ms: int) -> None:
        self._flash = flash
        self.model = model
        self._medium = medium
        self._count = self._counted = int.from_bytes(flash.read("count") or b"", "little")
        self._placed: Placed | None = None
        self._ahead_ms = 0
        """How far its clock is ahead of UTC, as its flash has it."""

        self.fault: Fault | None = None
        self.tag = Tag(HEADER_BYTES + model.panel.image_bytes, model.slots, model.refresh_s)
        self._recall(now_s, utc_ms)

    def hurt(self, fault: Fault | None) -> None:
        """Give it a fault from now on, or heal it."""
        self.fault = fault
        self.tag.refresh_s = self.model.refresh_s * (SLOWDOWN if fault is Fault.SLOW else 1.0)
        low, self.tag.is_low = StateBits.SERVICE_NEEDED, fault is Fault.LOW
        self.tag.condition = self.tag.condition | low if fault is Fault.LOW else self.tag.condition & ~low
        if self._placed is not None:
            self._placed.is_powered = fault is not Fault.DEAD

    @property
    def association(self) -> Association | None:
        """Whom it belongs to."""
        return None if self._placed is None else self._placed.receiver.association

    def absolute_ms(self, now_s: float) -> int:
        """Return what its clock says."""
        return 0 if self._placed is None else self._placed.absolute_ms(now_s)

    def configure(self, association: Association, absolute_ms: int, now_s: float) -> None:
        """Take address, keys and time."""
        if self._placed is None or self._placed.receiver.association != association:
            self._associate(association)
        assert self._placed is not None
        self._placed.ahead_ms = absolute_ms - now_s * 1000

    def reset(self) -> None:
        """Forget its access point, as after Factory Reset; images and glass stay."""
        if self._placed is not None:
            self._medium.remove(self._placed)
            self._placed = None
        self._flash.keep("association", None)

    def advance(self, now_s: float) -> bool:
        """Let time pass; return whether there is anything to keep."""
        if not self.tag.is_pending or self.fault is Fault.DEAD:
            return False
        self.tag.advance(now_s, self.absolute_ms(now_s))
        return True

    def keep(self, now_s: float, utc_ms: int) -> None:
        """Write down what has changed, in the order in which it must reach the disk."""
        tag = self.tag
        for slot, image in tag.stored.items():
            self._flash.keep(f"slot{slot}", image)
        # A picture is on the glass before it stops being wanted.
        self._flash.keep("panel", tag.panel)
        self._flash.keep("wanted", tag.wanted)
        self._flash.keep("timed", None if tag.timed is None else struct.pack("<BI", *tag.timed))
        if self._placed is not None:
            self._flash.keep("association", bytes(self._placed.receiver.association))
            ahead_ms = round(now_s * 1000 + self._placed.ahead_ms - utc_ms)
            if abs(ahead_ms - self._ahead_ms) > 1:
                self._ahead_ms = ahead_ms
                self._flash.keep("clock", struct.pack("<q", ahead_ms))

    def _recall(self, now_s: float, utc_ms: int) -> None:
        flash, tag = self._flash, self.tag
        tag.panel = flash.read("panel")
        images = ((slot, flash.read(f"slot{slot}")) for slot in range(self.model.slots))
        tag.stored = {slot: image for slot, image in images if image is not None}
        timed, wanted = flash.read("timed"), flash.read("wanted")
        if timed is not None:
            slot, at_ms = struct.unpack("<BI", timed)
            tag.timed = (slot, at_ms)
        if wanted is not None:
            tag.resume(wanted, now_s)
        (self._ahead_ms,) = struct.unpack("<q", flash.read("clock") or bytes(8))
        association = flash.read("association")
        if association is not None:
            self._associate(Association.from_bytes(association))
            assert self._placed is not None
            self._placed.ahead_ms = utc_ms + self._ahead_ms - now_s * 1000

    def _associate(self, association: Association) -> None:
        if self._placed is not None:
            self._medium.remove(self._placed)
        self.tag.esl_id = association.esl_id
        self._placed = self._medium.place(Receiver(self.tag, association, self._next_count))
        self._placed.is_powered = self.fault is not Fault.DEAD

    def _next_count(self) -> int:
        if self._count == self._counted:
            self._counted += AHEAD
            self._flash.keep("count", self._counted.to_bytes(8, "little"))
        self._count += 1
        return self._count - 1
