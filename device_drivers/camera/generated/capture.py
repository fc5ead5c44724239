"""Lens and sensor: what becomes of a scene on its way into a frame. Pictures are uint8 of shape (height, width, 3)."""

import math
import random

import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.camera.generated.ranges import Ranges

Pixels = NDArray[np.uint8]


def captured(scene: Pixels, chance: random.Random, ranges: Ranges, motion: tuple[float, float] | None = None) -> Pixels:
    """Return the frame of a scene: blurred by focus and motion, lit, counted in electrons, packed as JPEG.

    `motion` is (pixels, radians) of what moves while the shutter is open; drawn when it is not given.
    """
    blurred = cv2.GaussianBlur(scene, (0, 0), chance.uniform(*ranges.focus_px))
    if motion is None:
        shakes = chance.random() < 0.6
        motion = (chance.uniform(*ranges.motion_px) if shakes else 0.0, chance.uniform(0, math.pi))
    if motion[0] >= 0.5:
        blurred = cv2.filter2D(blurred, -1, _streak(*motion))
    height, width = scene.shape[:2]
    low, high = ranges.exposure
    exposure = math.exp(chance.uniform(math.log(low), math.log(high)))
    direction, uneven = chance.uniform(0, 2 * math.pi), chance.uniform(*ranges.uneven)
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32) * math.cos(direction)
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None] * math.sin(direction)
    light = ((1 + uneven * (across + down)) * exposure)[..., None]
    level = np.minimum(blurred.astype(np.float32) * light, 255)
    # Photons come by chance: their count's variance is their mean.
    shot = np.sqrt(level * (255 / chance.uniform(*ranges.electrons)))
    seeds = np.random.default_rng(chance.getrandbits(32))
    noise = seeds.standard_normal(level.shape[:2], np.float32)[..., None] * (shot + chance.uniform(*ranges.read_noise))
    frame = np.clip(level + noise, 0, 255).astype(np.uint8)
    packed = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, chance.randint(*ranges.jpeg)])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def glare(scene: Pixels, x: float, y: float, reach_px: float, chance: random.Random) -> None:
    """Let a lamp shine off a place of a scene."""
    height, width = scene.shape[:2]
    x0, x1 = (int(np.clip(x + side * 2 * reach_px, 0, width)) for side in (-1, 1))
    y0, y1 = (int(np.clip(y + side * 2 * reach_px, 0, height)) for side in (-1, 1))
    if x1 <= x0 or y1 <= y0:
        return
    ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    angle = chance.uniform(0, math.pi)
    along = (xs - x) * math.cos(angle) + (ys - y) * math.sin(angle)
    across = (ys - y) * math.cos(angle) - (xs - x) * math.sin(angle)
    spot = np.exp(-((along / reach_px) ** 2) - (across / (0.3 * reach_px)) ** 2) * chance.uniform(40, 160)
    place = scene[y0:y1, x0:x1]
    scene[y0:y1, x0:x1] = np.clip(place + spot[..., None], 0, 255).astype(np.uint8)


def _streak(length_px: float, angle: float) -> NDArray[np.float32]:
    reach = math.ceil(length_px / 2) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * reach + 1):
        x, y = reach + share * length_px * math.cos(angle), reach + share * length_px * math.sin(angle)
        left, top = int(x), int(y)
        for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
            weight = (1 - abs(x - left - dx)) * (1 - abs(y - top - dy))
            kernel[min(top + dy, 2 * reach), min(left + dx, 2 * reach)] += weight
    return np.asarray(kernel / kernel.sum(), np.float32)
