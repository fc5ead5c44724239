"""The virtual camera: asks the world what stands before it and takes a picture of that."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import anyio

from device_drivers.api import Deed, DeviceRefusedError, FrameTaken, Signal
from device_drivers.camera.props import Pixels, pack_of
from device_drivers.camera.scene import pack_picture, shelf_picture


class Seen(Protocol):
    """A product that is held to the camera."""

    @property
    def gtin(self) -> str:
        """8 to 14 digits."""

    @property
    def name_en(self) -> str:
        """The name on the pack, English."""

    @property
    def name_zh(self) -> str:
        """The name on the pack, Chinese."""

    @property
    def seed(self) -> int:
        """Decides how it is held."""


class Eyes(Protocol):
    """What the camera needs of the virtual world; its client has it."""

    async def in_view(self) -> Seen | None:
        """Return what is held to the camera now; raises DeviceUnreachableError when the world is away."""


class VirtualCamera:
    """A camera in the virtual world. `connect` opens the way to it; each frame is drawn from `seed` and its number."""

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[Eyes]],
        *,
        seed: int = 0,
        frames_per_s: float = 5.0,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._seed = seed
        self._period_s = 1.0 / frames_per_s
        self._monotonic_s = monotonic_s
        self._drawing = anyio.CapacityLimiter(1)

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Take frames until cancelled. Raises DeviceUnreachableError when the world goes away."""
        async with self._connect() as eyes:
            await self._watch(eyes, emit)

    async def do(self, deed: Deed) -> None:
        """Raises DeviceRefusedError: a camera only looks."""
        raise DeviceRefusedError(f"a camera has no deed {type(deed).__name__}")

    async def _watch(self, eyes: Eyes, emit: Callable[[Signal], None]) -> None:
        due_s = anyio.current_time()
        frame = 0
        while True:
            seen = await eyes.in_view()
            taken_s = self._monotonic_s()
            pixels = await anyio.to_thread.run_sync(self._picture, seen, frame, limiter=self._drawing)
            emit(FrameTaken(pixels, taken_s))
            frame += 1
            # A frame that came late delays the next: a camera does not catch up.
            due_s = max(due_s + self._period_s, anyio.current_time())
            await anyio.sleep_until(due_s)

    def _picture(self, seen: Seen | None, frame: int) -> Pixels:
        # A cart moves on: another stretch of shelf behind it every few seconds.
        shelf_seed = self._seed * 1000 + int(frame * self._period_s) // 8
        pack = pack_of(seen.gtin, seen.name_zh, seen.name_en, seen.seed) if seen is not None else None
        if pack is None:
            return shelf_picture(shelf_seed, frame)
        return pack_picture(pack, shelf_seed, frame)
