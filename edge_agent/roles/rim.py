"""The side camera of a cart: what goes by the basket's rim is looked at once, here; pictures go nowhere."""

import logging
from collections.abc import Callable, Mapping
from typing import Final

import anyio

from device_drivers.api import FrameTaken
from edge_agent.roles.recognising import NoModelError, Recogniser
from vision.basket import Pass, Passing

logger = logging.getLogger(__name__)

MOST_WAITING: Final = 4
"""Passes that wait to be looked at; of more at once only the last are told."""


class Rim:
    """Follows the frames of one side camera.

    Args:
        saw: called with the chances of each taught product, the direction, and of how many things the model tells.
    """

    def __init__(self, recogniser: Recogniser, saw: Callable[[Mapping[str, float], bool, int], None]) -> None:
        self._recogniser = recogniser
        self._saw = saw
        self._passing = Passing()
        self._waiting: list[Pass] = []
        self._arrived = anyio.Event()

    def take(self, frame: FrameTaken) -> None:
        """Compare a frame with those before it."""
        passed = self._passing.saw(frame.pixels, frame.taken_s)
        # Without anything that was taught there is nothing to compare with.
        if passed is not None and self._recogniser.taught:
            self._waiting = [*self._waiting, passed][-MOST_WAITING:]
            self._arrived.set()

    async def run(self) -> None:
        """Look at what went by until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived = anyio.Event()
            while self._waiting:
                passed = self._waiting.pop(0)
                try:
                    chances, things = await self._recogniser.chances(passed.pixels)
                except NoModelError as exc:
                    logger.warning("%s", exc)
                    return
                self._saw(chances, passed.inward, things)
