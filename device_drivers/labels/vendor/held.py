"""What the gateway's machine holds for a label that holds nothing itself: pictures, the one that is due, and when.

Asked, it answers as a label of the ESL Service would. A picture counts as on the glass once the label has taken all of
it; that its panel then really drew it, nobody can ask such a label.
"""

import struct
from collections.abc import Mapping

from device_drivers.labels.flash import Flash
from device_drivers.labels.tag import Tag
from firmware_specs.frames.esl import DisplayInfo, StateBits
from firmware_specs.frames.label_image import HEADER_BYTES, LabelObject
from vision.panel import Palette, Panel

SLOTS = 4
NEVER_S = float("inf")


class HeldLabel:
    """One label. What it holds is read from the disk at once, and put there by `keep`."""

    def __init__(self, flash: Flash) -> None:
        self._flash = flash
        self.panel: Panel | None = None
        """Known by its first picture: the label itself refuses one that is not for it."""

        # Its panel is drawn when its picture has been sent, and not by the passing of time.
        self.tag = Tag(0, SLOTS, NEVER_S)
        head = flash.read("display")
        if head is not None:
            self._take_panel(DisplayInfo.from_bytes(head))
        self.tag.panel = flash.read("panel")
        found = ((slot, flash.read(f"slot{slot}")) for slot in range(SLOTS))
        self.tag.stored = {slot: image for slot, image in found if image is not None}
        wanted, timed = flash.read("wanted"), flash.read("timed")
        if timed is not None:
            slot, at_ms = struct.unpack("<BI", timed)
            self.tag.timed = (slot, at_ms)
        if wanted is not None:
            self.tag.resume(wanted, 0.0)

    def load(self, slot: int, image: bytes) -> None:
        """Hold a picture. Raises ValueError for one of another panel, TagRefusedError for a slot that is not there."""
        picture = LabelObject.from_bytes(image).plain()
        display = DisplayInfo(picture.width_px, picture.height_px, picture.display_type)
        if self.panel is None:
            self._take_panel(display)
        elif display != self._display:
            raise ValueError(f"{picture} is not for a panel of {self.panel}")
        self.tag.load(slot, bytes(picture))

    def due(self, now_s: float, absolute_ms: int) -> bytes | None:
        """Return the picture that the label must be sent now."""
        self.tag.advance(now_s, absolute_ms)
        return self.tag.wanted

    def sent(self, image: bytes) -> None:
        """The label has taken a picture."""
        if self.tag.wanted == image:
            self.tag.finish()

    def is_low(self, low: bool) -> None:
        """Its battery is low, or is not."""
        if low:
            self.tag.condition |= StateBits.SERVICE_NEEDED
        else:
            self.tag.condition &= ~StateBits.SERVICE_NEEDED

    def _take_panel(self, display: DisplayInfo) -> None:
        self._display = display
        self.panel = Panel(display.width_px, display.height_px, Palette(display.kind))
        self.tag.image_bytes = HEADER_BYTES + self.panel.image_bytes

    def to_keep(self) -> dict[str, bytes | None]:
        """Return what must survive the process, by its name in the flash, as it is now."""
        timed = self.tag.timed
        return {
            "display": None if self.panel is None else bytes(self._display),
            **{f"slot{slot}": image for slot, image in self.tag.stored.items()},
            "panel": self.tag.panel,
            "wanted": self.tag.wanted,
            "timed": None if timed is None else struct.pack("<BI", *timed),
        }

    def keep(self, state: Mapping[str, bytes | None]) -> None:
        """Put it on the disk. Blocks for the time of a disk access; one call at a time, in the order of the states."""
        for name, data in state.items():
            self._flash.keep(name, data)
