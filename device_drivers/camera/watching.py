"""The virtual camera of a device that looks at who is there: asks the world for the people, and draws them."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import anyio
import anyio.to_thread

from device_drivers.api import Deed, DeviceRefusedError, FrameTaken, Signal
from device_drivers.camera.generated.people import Pixels, Stander, aisle
from device_drivers.camera.generated.ranges import Ranges
from device_drivers.virtual.world import Person


class Watched(Protocol):
    """What the camera needs of the virtual world; its client has it."""

    async def people(self) -> tuple[Person, ...]:
        """Return who stands before the camera; raises DeviceUnreachableError when the world is away."""


class WatchingCamera:
    """A camera on the wall. `connect` opens the way to the world; `place` decides which shelves it sees."""

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[Watched]],
        *,
        place: int = 0,
        frames_per_s: float = 1.0,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._place = place
        self._period_s = 1.0 / frames_per_s
        self._monotonic_s = monotonic_s
        self._drawing = anyio.CapacityLimiter(1)
        self._ranges = Ranges(width_px=640, height_px=360)

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Take frames until cancelled. Raises DeviceUnreachableError when the world goes away."""
        async with self._connect() as world:
            number, due_s = 0, anyio.current_time()
            while True:
                people = await world.people()
                taken_s = self._monotonic_s()
                pixels = await anyio.to_thread.run_sync(self._picture, people, number, limiter=self._drawing)
                emit(FrameTaken(pixels, taken_s))
                number += 1
                due_s = max(due_s + self._period_s, anyio.current_time())
                await anyio.sleep_until(due_s)

    async def do(self, deed: Deed) -> None:
        """Raises DeviceRefusedError: a camera only looks."""
        raise DeviceRefusedError(f"a camera has no deed {type(deed).__name__}")

    def _picture(self, people: tuple[Person, ...], number: int) -> Pixels:
        standing = tuple(Stander(one.across, one.distance_m, one.seed) for one in people)
        return aisle(self._place, standing, number, self._ranges).pixels
