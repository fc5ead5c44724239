"""Who is before a device: looked at in a thread, on the device; pictures go nowhere, only what is believed is kept."""

import logging
import time
from collections.abc import Callable
from typing import Any, Final

import anyio
import anyio.to_thread

from device_drivers.api import CameraReported, FrameTaken
from edge_agent.app import Surroundings
from edge_agent.outbox import OutboxFullError
from edge_agent.roles.models_in_use import ModelsInUse
from firmware_specs.events import PeopleCounted
from firmware_specs.models import ModelError
from vision.detect import Detector
from vision.presence import Footfall, Near, Presence
from vision.presence.presence import LEAVES_AT, Report

logger = logging.getLogger(__name__)

BLIND_S: Final = 10.0
"""After so long without a frame nothing is known of who is there."""

_ENOUGH: Final = {
    "any": frozenset(Near),
    "somebody": frozenset({Near.FAR, Near.NEAR}),
    "near": frozenset({Near.NEAR}),
}


class Attending:
    """Follows one camera's frames; the newest wins."""

    def __init__(
        self, surroundings: Surroundings, models: ModelsInUse, *, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._surroundings = surroundings
        self._models = models
        self._monotonic_s = monotonic_s
        self._presence = Presence()
        self._newest: FrameTaken | None = None
        self._arrived = anyio.Event()
        self._looked_s: float | None = None
        self._limiter = anyio.CapacityLimiter(1)
        self._detector: Detector | None = None
        self._footfall = Footfall(monotonic_s())

    @property
    def sees(self) -> bool:
        """Whether anything is known of who is there."""
        return self._looked_s is not None and self._monotonic_s() - self._looked_s < BLIND_S

    def take(self, signal: FrameTaken | CameraReported) -> None:
        """Look at this frame next; one that still waits is dropped."""
        if isinstance(signal, FrameTaken):
            self._newest = signal
            self._arrived.set()

    def has(self, audience: str) -> bool:
        """Return whether a sound has its audience; who cannot see says yes, or one dead camera would mute a shop."""
        return not self.sees or self._presence.report.near in _ENOUGH.get(audience, _ENOUGH["any"])

    def as_json(self) -> dict[str, Any]:
        """Return what is believed."""
        report = self._presence.report
        return {"sees": self.sees, "near": report.near.value, "people": report.people}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived = anyio.Event()
            frame, self._newest = self._newest, None
            if frame is None:
                continue
            before = self._presence.report
            try:
                model = await self._models.model("detector")
                if self._detector is None or self._detector.manifest != model.manifest:
                    self._detector = Detector(model)
            except ModelError:
                logger.exception("this device cannot see who is there")
                return
            after = await anyio.to_thread.run_sync(self._look, self._detector, frame, limiter=self._limiter)
            was_blind, self._looked_s = not self.sees, frame.taken_s
            self._count(after, frame.taken_s)
            if after != before or was_blind:
                self._surroundings.changed()

    def _count(self, report: Report, at_s: float) -> None:
        self._footfall = self._footfall.after(report, at_s)
        following, count = self._footfall.told(at_s)
        if count is None:
            self._footfall = following
            return
        counted = PeopleCounted(
            at_ms=self._surroundings.now_ms(),
            people=count.visits,
            near=count.near,
            present_s=count.present_s,
            seconds=count.seconds,
        )
        try:
            self._surroundings.say(counted)
        except OutboxFullError:
            # They go on being gathered, and are told with those who come.
            return
        self._footfall = following

    def _look(self, detector: Detector, frame: FrameTaken) -> Report:
        if not self._presence.moved(frame.pixels, frame.taken_s):
            return self._presence.report
        height, width = frame.pixels.shape[:2]
        boxes = detector.find(frame.pixels, least=LEAVES_AT)
        return self._presence.saw(boxes, width, height, frame.taken_s)
