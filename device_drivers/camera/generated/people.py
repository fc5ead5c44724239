"""An aisle as a device's camera sees it: shelves, and people who stand or walk there, near and far, with the truth."""

import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.camera.generated.figure import Figure, draw, drawn
from device_drivers.camera.generated.ranges import Ranges
from device_drivers.camera.generated.shelf import goods, planned, stocked
from vision.presence.presence import NEAR_SHARE

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Stander:
    """Somebody in an aisle: `across` is 0 at the left edge of the frame and 1 at the right, `seed` who it is."""

    across: float
    distance_m: float
    seed: int


@dataclass(frozen=True, slots=True)
class Aisle:
    """A frame, and the boxes of who is in it, nearest last: left, top, right, bottom in pixels."""

    pixels: Pixels
    boxes: tuple[tuple[float, float, float, float], ...]

    def as_json(self) -> dict[str, Any]:
        """Return the truth."""
        size = self.pixels.shape[0] * self.pixels.shape[1]
        shares = [(right - left) * (bottom - top) / size for left, top, right, bottom in self.boxes]
        near = "nobody" if not shares else "near" if max(shares) >= NEAR_SHARE else "far"
        return {
            "near": near,
            "people": len(self.boxes),
            "boxes": [[round(side, 1) for side in one] for one in self.boxes],
        }


def aisle(place: int, people: tuple[Stander, ...], noise: int, ranges: Ranges) -> Aisle:
    """Return a frame of one place, always the same shelves, with these people before them; `noise` seeds the sensor."""
    pixels = _empty(place, ranges.width_px, ranges.height_px).copy()
    height, width = pixels.shape[:2]
    boxes = []
    for one in sorted(people, key=lambda each: -each.distance_m):
        # A camera of 60 degrees at the height of a head: eyes stay on one line, feet come up with the distance.
        tall = 1.7 * 0.87 * width / max(0.6, one.distance_m)
        feet = height * 0.42 + 0.93 * tall
        figure: Figure = drawn(random.Random(f"person {one.seed}"))
        left, top, right, bottom = draw(pixels, figure, one.across * width, feet, tall)
        boxes.append((max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom)))
    blurred = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.8), np.float32)
    grain = np.random.default_rng(noise).standard_normal(blurred.shape[:2], np.float32)[..., None] * 3
    return Aisle(np.clip(blurred + grain, 0, 255).astype(np.uint8), tuple(boxes))


def frame(seed: int, number: int, ranges: Ranges) -> Aisle:
    """Return frame `number` of a set: an empty aisle for a third of them, else one to three people."""
    chance = random.Random(f"{seed} presence {number}")
    count = chance.choice((0, 0, 1, 1, 2, 3))
    people = tuple(
        Stander(
            chance.uniform(0.12, 0.88),
            chance.choice((chance.uniform(1, 3), chance.uniform(3, 9))),
            chance.getrandbits(32),
        )
        for _ in range(count)
    )
    return aisle(chance.getrandbits(16), people, number, ranges)


@lru_cache(maxsize=4)
def _empty(place: int, width: int, height: int) -> Pixels:
    sold = goods(place, 8)
    bay = stocked(planned(place, 0, sold), sold, random.Random(f"aisle {place}"))
    zoom = max(width / bay.shape[1], height / bay.shape[0])
    large = cv2.resize(bay, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    # Shelves stand behind who is meant, a little out of focus.
    return np.asarray(cv2.GaussianBlur(large[:height, :width], (0, 0), 2.0), np.uint8)
