"""Codes from camera frames: decoded in a thread, the newest frame wins, each code once while it stays in view."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.to_thread

from device_drivers.api import FrameTaken
from firmware_specs.symbology import Symbology
from vision.codes import printed_as, read_codes

REPEAT_S: Final = 1.0
"""A code counts again when it was out of view for so long: five missed frames, the pause of a second packet."""


@dataclass(frozen=True, slots=True)
class Read:
    """A code read from a picture; `read_ms` is from the picture's taking to its code."""

    text: str
    symbology: Symbology
    read_ms: float


@dataclass(frozen=True, slots=True)
class _Seen:
    at_s: float
    product: str
    symbology: Symbology


class Once:
    """Tells a code that has just come into view from one that is still there.

    A pack may carry its product twice, as an EAN-13 and as a QR code: the second says nothing new.
    """

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def is_new(self, text: str, at_s: float, *, product: str = "", symbology: Symbology = Symbology.OTHER) -> bool:
        """Return whether this code came into view now; `at_s` is monotonic seconds, `product` what it names, if any."""
        self._seen = {each: seen for each, seen in self._seen.items() if at_s - seen.at_s < REPEAT_S}
        is_there = text in self._seen or any(
            product and seen.product == product and seen.symbology is not symbology for seen in self._seen.values()
        )
        self._seen[text] = _Seen(at_s, product, symbology)
        return not is_there


class Reader:
    """Reads the newest frame again and again; frames that come meanwhile replace each other.

    Args:
        on_read: called from the event loop with each code that came into view.
        product_of: the product that a code names, empty for none.
        monotonic_s: monotonic seconds, the clock of `FrameTaken.taken_s`.
    """

    def __init__(
        self,
        on_read: Callable[[Read], None],
        product_of: Callable[[Read], str],
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_read = on_read
        self._product_of = product_of
        self._monotonic_s = monotonic_s
        self._newest: FrameTaken | None = None
        self._arrived = anyio.Event()
        self._limiter = anyio.CapacityLimiter(1)
        self._once = Once()

    def take(self, frame: FrameTaken) -> None:
        """Read this frame next; one that still waits is dropped."""
        self._newest = frame
        self._arrived.set()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived = anyio.Event()
            frame, self._newest = self._newest, None
            if frame is None:
                continue
            codes = await anyio.to_thread.run_sync(read_codes, frame.pixels, limiter=self._limiter)
            for code in codes:
                read = Read(code.text, printed_as(code), max(0.0, (self._monotonic_s() - frame.taken_s) * 1000))
                product = self._product_of(read)
                if self._once.is_new(read.text, frame.taken_s, product=product, symbology=read.symbology):
                    self._on_read(read)
