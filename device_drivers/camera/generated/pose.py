"""How a pack is held before the camera: turned, leaning, near or far, flat or round."""

import math
import random
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.camera.generated.faces import MODULE_PX, Pixels
from device_drivers.camera.generated.ranges import Ranges

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pose:
    """`view` maps a face's pixels, homogeneous, into the picture; `radius_px` is a round pack's on the face, else 0."""

    view: Floats
    radius_px: float

    def placed(self, points: Floats, size: tuple[int, int]) -> Floats:
        """Return pixels of the picture for points (n, 2) of a face of this (height, width)."""
        return np.asarray(cv2.perspectiveTransform(_bulged(points, size, self.radius_px)[None], self.view)[0])


def posed(
    code: Floats, size: tuple[int, int], chance: random.Random, ranges: Ranges, middle: tuple[float, float]
) -> Pose:
    """Return a pose that brings the middle of a code to a place of the picture.

    Args:
        code: shape (4, 2), its corners on the face.
        size: (height, width) of the face.
        chance: what decides.
        ranges: from which.
        middle: (x, y) in the picture.
    """
    low, high = ranges.module_px
    scale = math.exp(chance.uniform(math.log(low), math.log(high))) / MODULE_PX
    radius_px = 0.0
    if chance.random() < ranges.curved:
        radius_px = max(float(np.ptp(code[:, 0])) * chance.uniform(*ranges.radius), 0.36 * size[1])
    centre = _bulged(code.mean(axis=0)[None], size, radius_px)[0]
    turn, tilt = (math.radians(chance.uniform(*each)) for each in (ranges.turn_deg, ranges.tilt_deg))
    axis = chance.uniform(0, 2 * math.pi)
    # A pinhole camera five widths of the code away; the pack leans about an axis in its plane.
    away = 5.0 * float(np.ptp(code[:, 0]))
    spin = cv2.Rodrigues(np.array((math.cos(axis), math.sin(axis), 0.0)) * tilt)[0]
    roll = cv2.Rodrigues(np.array((0.0, 0.0, turn)))[0]
    turned = roll @ spin
    camera = np.array(((away * scale, 0, middle[0]), (0, away * scale, middle[1]), (0, 0, 1.0)))
    plane = np.stack([turned[:, 0], turned[:, 1], np.array((0, 0, away))], axis=1)
    to_centre = np.array(((1, 0, -centre[0]), (0, 1, -centre[1]), (0, 0, 1.0)))
    return Pose(np.asarray(camera @ plane @ to_centre), radius_px)


def draw(picture: Pixels, face: Pixels, pose: Pose) -> None:
    """Draw a face into a picture of shape (height, width, 3)."""
    flat = face
    if pose.radius_px:
        height, width = face.shape[:2]
        across = (np.arange(width, dtype=np.float64) - width / 2) / pose.radius_px
        source = np.arcsin(np.clip(across, -1, 1)) * pose.radius_px + width / 2
        rows = np.repeat(source.astype(np.float32)[None], height, axis=0)
        down = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
        flat = np.asarray(cv2.remap(face, rows, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
        shade = np.sqrt(np.clip(1 - across**2, 0.05, 1))[None, :, None]
        flat = np.asarray(flat * (0.45 + 0.55 * shade), np.uint8)
    scale = math.sqrt(abs(np.linalg.det(pose.view[:2, :2])))
    if scale < 0.7:
        # A pixel of the picture gathers the light of many of the face.
        flat = np.asarray(cv2.GaussianBlur(flat, (0, 0), 0.32 / scale), np.uint8)
    size = (picture.shape[1], picture.shape[0])
    cv2.warpPerspective(flat, pose.view, size, dst=picture, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT)


def _bulged(points: Floats, size: tuple[int, int], radius_px: float) -> Floats:
    placed = np.asarray(points, np.float64).copy()
    if radius_px:
        placed[:, 0] = np.sin((placed[:, 0] - size[1] / 2) / radius_px) * radius_px + size[1] / 2
    return placed


def moved(pose: Pose, right_px: float, down_px: float) -> Pose:
    """Return the same pose elsewhere in the picture."""
    shift = np.array(((1, 0, right_px), (0, 1, down_px), (0, 0, 1.0)))
    return Pose(np.asarray(shift @ pose.view), pose.radius_px)
