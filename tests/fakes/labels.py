"""A label radio under test: real ESL bytes and the virtual tag's state machine, without folders or fading.

labels = FakeLabels({"AA:…"})
labels.dead.add("AA:…")    # silent from now on
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from device_drivers.api import Deed, DeviceRefusedError, LabelAnswered, LoadImage, Signal, TellLabel
from device_drivers.labels.tag import Tag
from firmware_specs.frames.esl import DisplayImage, parse_command
from vision.pack import packed_bytes


@dataclass
class FakeLabels:
    """Implements `Driver` for the labels of these addresses."""

    addresses: tuple[str, ...]
    refresh_s: float = 0.05
    dead: set[str] = field(default_factory=set)
    told: list[tuple[str, bytes]] = field(default_factory=list)
    emit: Callable[[Signal], None] = lambda signal: None
    before_display: Callable[[str], None] = lambda address: None
    """Called when a label is told to show an image, before it obeys."""

    def __post_init__(self) -> None:
        self.tags = {address: Tag(packed_bytes(296, 128), 4, self.refresh_s) for address in self.addresses}

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """See `Driver.run`."""
        self.emit = emit
        await anyio.sleep_forever()

    async def do(self, deed: Deed) -> None:
        """See `Driver.do`."""
        now_s = anyio.current_time()
        match deed:
            case LoadImage(address, slot, image):
                if address not in self.dead:
                    self.tags[address].load(slot, image)
            case TellLabel(address, command):
                self.told.append((address, command))
                if isinstance(parse_command(command), DisplayImage):
                    self.before_display(address)
                if address not in self.dead:
                    answer = self.tags[address].tell(command, now_s, 0)
                    if answer is not None:
                        self.emit(LabelAnswered(address, answer))
            case _:
                raise DeviceRefusedError("labels only")

    def panel(self, address: str) -> bytes | None:
        """Return what is on the glass now."""
        tag = self.tags[address]
        tag.advance(anyio.current_time(), 0)
        return tag.panel
