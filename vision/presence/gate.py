"""Whether anything moved, for a fraction of a millisecond a frame."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_SIZE: Final = (192, 144)
_STEP: Final = 18
"""Grey levels by which a pixel changes when something moves over it; a sensor's noise is less at this size."""

_SHARE: Final = 0.002
_FOLLOWS: Final = 0.05
"""Share of the picture that the background takes from each frame: what stands still is background after seconds."""


class Gate:
    """Compares each frame with the one before and with a background that follows slowly."""

    def __init__(self) -> None:
        self._before: NDArray[np.uint8] | None = None
        self._ground: NDArray[np.float32] | None = None

    def moved(self, pixels: NDArray[np.uint8]) -> bool:
        """Return whether something moved since the last frame, or stands where nothing stood.

        Args:
            pixels: uint8 of shape (height, width, 3), BGR, or (height, width).
        """
        small = cv2.resize(pixels, _SIZE, interpolation=cv2.INTER_AREA if pixels.shape[0] <= 480 else cv2.INTER_NEAREST)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small, np.uint8)
        grey = np.asarray(cv2.blur(grey, (3, 3)), np.uint8)
        before, ground = self._before, self._ground
        self._before = grey
        if before is None or ground is None:
            self._ground = grey.astype(np.float32)
            return True
        cv2.accumulateWeighted(grey, ground, _FOLLOWS)
        return _changed(grey, before) or _changed(grey, ground.astype(np.uint8))


def _changed(grey: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    # A lamp that is switched on changes all alike: only what differs from the usual change is a thing.
    away = cv2.absdiff(grey, other)
    usual = float(np.median(away[::4, ::4]))
    return bool(np.count_nonzero(away > _STEP + usual) > _SHARE * away.size)
