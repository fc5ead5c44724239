"""A label radio under test: real ESL bytes and the virtual tag's state machine, without folders or fading.

labels = FakeLabels({"AA:…"})
labels.dead.add("AA:…")    # silent from now on
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from device_drivers.api import ConfigureLabel, Deed, DeviceRefusedError, LabelAnswered, LoadImage, Signal, TellLabel
from device_drivers.labels.tag import Tag
from firmware_specs.frames.esl import CANCEL, DisplayTimedImage, absolute_time_ms, parse_command
from firmware_specs.frames.label_image import HEADER_BYTES
from vision.panel import STANDARD


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
    ahead_ms: int = 0
    """How far the labels' clocks are wrong, until they are configured anew."""
    configured: list[str] = field(default_factory=list)
    loads: dict[str, int] = field(default_factory=dict)
    after_load: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        self.tags = {address: Tag(HEADER_BYTES + STANDARD.image_bytes, 4, self.refresh_s) for address in self.addresses}

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
                    self.loads[address] = self.loads.get(address, 0) + 1
                    self.after_load()
            case TellLabel(address, command):
                self.told.append((address, command))
                parsed = parse_command(command)
                if isinstance(parsed, DisplayTimedImage) and parsed.at_ms != CANCEL:
                    self.before_display(address)
                if address not in self.dead:
                    answer = self.tags[address].tell(command, now_s, self._absolute_ms())
                    if answer is not None:
                        self.emit(LabelAnswered(address, answer))
            case ConfigureLabel(address):
                self.configured.append(address)
                self.ahead_ms = 0
            case _:
                raise DeviceRefusedError("labels only")

    def panel(self, address: str) -> bytes | None:
        """Return what is on the glass now."""
        tag = self.tags[address]
        tag.advance(anyio.current_time(), self._absolute_ms())
        return tag.panel

    def _absolute_ms(self) -> int:
        return absolute_time_ms(time.time_ns() // 1_000_000 + self.ahead_ms)
