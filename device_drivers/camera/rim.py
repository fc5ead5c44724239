"""The virtual side camera of a cart: a basket's rim from the side, and packs that hands carry past it."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

import anyio
import anyio.to_thread
import cv2
import numpy as np

from device_drivers.api import Deed, DeviceRefusedError, FrameTaken, Signal
from device_drivers.camera.props import (
    HEIGHT_PX,
    PACK_HEIGHT_PX,
    PACK_WIDTH_PX,
    WIDTH_PX,
    Pack,
    Pixels,
    pack_face,
    shelf,
)

_IDLE_S: Final = 1.0
_FRAME_S: Final = 1 / 12
_FRAMES: Final = 14
"""Of a pass: a little more than a second."""

_SCALE: Final = 0.62


class RimCamera:
    """A camera that looks along the rim; `carry` lets a hand carry a pack past it."""

    def __init__(self, *, seed: int = 0, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._chance = np.random.default_rng(seed)
        self._ground: Pixels = np.asarray(cv2.GaussianBlur(shelf(seed), (0, 0), 6), np.uint8)
        self._monotonic_s = monotonic_s
        self._noises = [self._chance.normal(0, 2.5, (HEIGHT_PX, WIDTH_PX, 1)).astype(np.int16) for _ in range(4)]
        self._coming: deque[Pixels] = deque()

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Take frames until cancelled: few while nothing passes."""
        while True:
            picture = self._coming.popleft() if self._coming else self._ground
            emit(FrameTaken(self._developed(picture), self._monotonic_s()))
            await anyio.sleep(_FRAME_S if self._coming else _IDLE_S)

    async def do(self, deed: Deed) -> None:
        """Raises DeviceRefusedError: a camera only looks."""
        raise DeviceRefusedError(f"a camera has no deed {type(deed).__name__}")

    async def carry(self, pack: Pack, *, inward: bool) -> None:
        """Let a hand carry a pack past the rim."""
        frames = await anyio.to_thread.run_sync(self._carried, pack, inward)
        self._coming.extend(frames)

    def _carried(self, pack: Pack, inward: bool) -> list[Pixels]:
        face = pack_face(pack)
        frames = []
        for number in range(_FRAMES):
            share = (number + 0.5) / _FRAMES
            middle_y = (share if inward else 1 - share) * (
                HEIGHT_PX + _SCALE * PACK_HEIGHT_PX
            ) - _SCALE * PACK_HEIGHT_PX / 2
            turn = cv2.getRotationMatrix2D((PACK_WIDTH_PX / 2, PACK_HEIGHT_PX / 2), 8 * np.sin(number / 3), _SCALE)
            turn[0, 2] += WIDTH_PX / 2 - PACK_WIDTH_PX / 2
            turn[1, 2] += middle_y - PACK_HEIGHT_PX / 2
            picture = self._ground.copy()
            cv2.warpAffine(face[..., :3], turn, (WIDTH_PX, HEIGHT_PX), dst=picture, borderMode=cv2.BORDER_TRANSPARENT)
            frames.append(np.asarray(picture, np.uint8))
        return frames

    def _developed(self, picture: Pixels) -> Pixels:
        noise = self._noises[int(self._chance.integers(len(self._noises)))]
        return np.asarray(np.clip(picture + noise, 0, 255), np.uint8)
