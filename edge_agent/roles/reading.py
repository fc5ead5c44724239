"""Codes from camera frames: looked at in a thread, the newest frame wins, each code once while it stays in view."""

import time
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import Final

import anyio
import anyio.to_thread
import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.api import CameraReported, FrameTaken
from firmware_specs.symbology import Symbology
from vision.codes import Sight, look, printed_as
from vision.codes.across import Votes

REPEAT_S: Final = 1.0
"""A code counts again when it was out of view for so long: five missed frames, the pause of a second packet."""

_THUMB: Final = (48, 36)
_CHANGE: Final = 14.0
"""Grey levels by which a part of the picture changes when something comes into it; light and noise change less."""

BUDGET_MS: Final = 40.0
"""For one frame; what it does not show within that, the next one may."""


@dataclass(frozen=True, slots=True)
class Read:
    """A code that was read; `read_ms` is from the picture's taking, or the scanner's telling, to its code."""

    text: str
    symbology: Symbology
    read_ms: float


@dataclass(frozen=True, slots=True)
class View:
    """The last frame that was looked at, and what was seen in it; `number` counts them."""

    number: int
    frame: FrameTaken
    sight: Sight
    look_ms: float


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
        sold: what the store sells, by 14 digits, as far as it is known.
        monotonic_s: monotonic seconds, the clock of `FrameTaken.taken_s`.
    """

    def __init__(
        self,
        on_read: Callable[[Read], None],
        product_of: Callable[[Read], str],
        *,
        sold: Callable[[], Container[str] | None] = lambda: None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_read = on_read
        self._sold = sold
        self._product_of = product_of
        self._monotonic_s = monotonic_s
        self._newest: FrameTaken | None = None
        self._arrived = anyio.Event()
        self._limiter = anyio.CapacityLimiter(1)
        self._once = Once()
        self._votes = Votes()
        self._dropped = 0
        self._nothing_there: NDArray[np.float32] | None = None
        self.view: View | None = None
        self.camera: CameraReported | None = None
        self.repeated = 0
        """Frames in a row that were the very same picture."""

    @property
    def dropped(self) -> int:
        """Frames that were replaced by newer ones before anybody looked at them."""
        return self._dropped

    def take(self, signal: FrameTaken | CameraReported) -> None:
        """Look at this frame next; one that still waits is dropped. Or take note of how the camera does."""
        if isinstance(signal, CameraReported):
            self.camera = signal
            return
        self._dropped += self._newest is not None
        self._newest = signal
        self._arrived.set()

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived = anyio.Event()
            frame, self._newest = self._newest, None
            if frame is None:
                continue
            if self.view is not None and _is_same(frame, self.view.frame):
                # A sensor's noise is never the same twice: this camera has stopped, or plays one picture.
                self.repeated += 1
            else:
                self.repeated = 0
                thumb = _thumb(frame)
                if self._nothing_there is None or _changed(thumb, self._nothing_there):
                    self.view = await self._looked_at(frame)
                    has_bars = self.view.sight.codes or self.view.sight.doubts
                    self._nothing_there = None if has_bars else thumb
                elif self.view is not None:
                    # As empty as it was: the picture for the page is the new one.
                    self.view = replace(self.view, number=self.view.number + 1, frame=frame)
            if self.view is None:
                continue
            for code in self.view.sight.codes:
                read = Read(code.text, printed_as(code), max(0.0, (self._monotonic_s() - frame.taken_s) * 1000))
                product = self._product_of(read)
                if self._once.is_new(read.text, frame.taken_s, product=product, symbology=read.symbology):
                    self._on_read(read)

    async def _looked_at(self, frame: FrameTaken) -> View:
        began_s = self._monotonic_s()
        sight = await anyio.to_thread.run_sync(_look, frame, self._sold(), limiter=self._limiter)
        self._votes, codes = self._votes.after(sight)
        number = 1 if self.view is None else self.view.number + 1
        return View(number, frame, Sight(codes, sight.doubts), (self._monotonic_s() - began_s) * 1000)


def _thumb(frame: FrameTaken) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(frame.pixels, _THUMB, interpolation=cv2.INTER_AREA), np.float32)


def _changed(thumb: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return thumb.shape != other.shape or float(np.abs(thumb - other).max()) > _CHANGE


def _is_same(frame: FrameTaken, other: FrameTaken) -> bool:
    return frame.pixels.shape == other.pixels.shape and np.array_equal(frame.pixels, other.pixels)


def _look(frame: FrameTaken, sold: Container[str] | None) -> Sight:
    return look(frame.pixels, budget_ms=BUDGET_MS, is_sold=None if sold is None else sold.__contains__)
