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


STIRRED_S: Final = 20.0
"""People shift their weight within so long; what a detector takes for one and never stirs is a thing on a shelf."""


class Gate:
    """Compares each frame with the one before and a background that follows slowly; knows when each place changed."""

    def __init__(self) -> None:
        self._changed_s = np.full((_SIZE[1], _SIZE[0]), -np.inf)
        self._before: NDArray[np.uint8] | None = None
        self._ground: NDArray[np.float32] | None = None

    def stirred(self, left: float, top: float, right: float, bottom: float, at_s: float) -> float:
        """Return the share of a box, given in parts of the frame, that changed within `STIRRED_S`."""
        wide, high = _SIZE
        part = self._changed_s[
            int(max(0, top) * high) : max(1, round(bottom * high)),
            int(max(0, left) * wide) : max(1, round(right * wide)),
        ]
        return float((part > at_s - STIRRED_S).mean()) if part.size else 0.0

    def moved(self, pixels: NDArray[np.uint8], at_s: float) -> bool:
        """Return whether something moved since the last frame, or stands where nothing stood.

        Args:
            pixels: uint8 of shape (height, width, 3), BGR, or (height, width).
            at_s: monotonic seconds.
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
        stirred = _changed(grey, before)
        # What only differs from the background does not stir: it may be where somebody has gone from.
        self._changed_s[stirred] = at_s
        changed = stirred | _changed(grey, ground.astype(np.uint8))
        return bool(np.count_nonzero(changed) > _SHARE * changed.size)


def _changed(grey: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    # A lamp that is switched on changes all alike: only what differs from the usual change is a thing.
    away = cv2.absdiff(grey, other)
    usual = float(np.median(away[::4, ::4]))
    return np.asarray(away > _STEP + usual)
