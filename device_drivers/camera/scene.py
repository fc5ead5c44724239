"""Take the virtual camera's pictures: a pack in a hand before a shelf, or the shelf alone.

All comes from seeds that the reader does not know. Pictures are uint8 of shape (480, 640, 3), BGR.
"""

import math
import random
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.camera.props import (
    HEIGHT_PX,
    PACK_HEIGHT_PX,
    PACK_WIDTH_PX,
    WIDTH_PX,
    Pack,
    Pixels,
    draw_arm,
    draw_fingers,
    pack_face,
    shelf,
)

TILT_DEG: Final = 75.0
"""The most that a pack is turned in the picture's plane."""

_CODE: Final = np.array((37.0, 136.0))
"""The middle of the code, from the middle of the pack's face."""

_IN_VIEW: Final = np.array((150.0, 95.0))
_SKINS: Final = ((140, 172, 222), (116, 150, 205), (160, 190, 235), (70, 98, 150))


def shelf_picture(shelf_seed: int, frame: int) -> Pixels:
    """Return frame number `frame` of the shelf alone."""
    return _developed(shelf(shelf_seed), random.Random(f"frame {shelf_seed} {frame}"))


def pack_picture(pack: Pack, shelf_seed: int, frame: int) -> Pixels:
    """Return frame number `frame` of a pack in a hand; each is held, lit and blurred a little differently."""
    hold = random.Random(f"hold {pack.seed} {pack.gtin}")
    shake = random.Random(f"shake {pack.seed} {pack.gtin} {frame}")
    view = _view(hold, shake)
    skin = hold.choice(_SKINS)
    picture = shelf(shelf_seed).copy()
    _shade_behind(picture, view)
    draw_arm(picture, view, skin)
    size = (WIDTH_PX, HEIGHT_PX)
    # Transparent borders leave what stands behind the pack; the picture is drawn into.
    cv2.warpPerspective(pack_face(pack), view, size, dst=picture, borderMode=cv2.BORDER_TRANSPARENT)
    draw_fingers(picture, view, skin)
    return _developed(picture, shake)


def _view(hold: random.Random, shake: random.Random) -> NDArray[np.float64]:
    # The homography from the pack's face to the picture: turned, leaning a little, near or far.
    tilt_rad = math.radians(max(-TILT_DEG, min(TILT_DEG, hold.uniform(-TILT_DEG, TILT_DEG) + shake.gauss(0, 1.5))))
    scale = hold.uniform(0.92, 1.15)
    centre = (
        WIDTH_PX / 2 + hold.uniform(-70, 70) + shake.gauss(0, 6),
        HEIGHT_PX / 2 - 25 + hold.uniform(-20, 20) + shake.gauss(0, 5),
    )
    size = np.array((PACK_WIDTH_PX, PACK_HEIGHT_PX), np.float32)
    source = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32) * size
    corners = source - size / 2
    # The edge of a pack that leans away is shorter.
    corners[:2, 0] *= 1 + hold.uniform(-0.07, 0.05)
    corners[1:3, 1] *= 1 + hold.uniform(-0.05, 0.05)
    turn = np.array([(math.cos(tilt_rad), -math.sin(tilt_rad)), (math.sin(tilt_rad), math.cos(tilt_rad))])
    # Whoever holds it has the code in view: what lies too far out is brought nearer the middle.
    code = turn @ _CODE * scale + np.array(centre)
    middle = np.array((WIDTH_PX / 2, HEIGHT_PX / 2))
    outside = code - np.clip(code, middle - _IN_VIEW, middle + _IN_VIEW)
    placed = (corners @ turn.T * scale + centre - outside).astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(source, placed), np.float64)


def _shade_behind(picture: Pixels, view: NDArray[np.float64]) -> None:
    # The soft shadow of the pack, drawn small: it is blurred anyway.
    edge = np.array([[(14, 18), (PACK_WIDTH_PX + 14, 18), (PACK_WIDTH_PX + 14, PACK_HEIGHT_PX + 18)]], np.float32)
    edge = np.concatenate([edge, np.array([[(14, PACK_HEIGHT_PX + 18)]], np.float32)], axis=1)
    mask = np.full((HEIGHT_PX // 8, WIDTH_PX // 8), 255, np.uint8)
    cv2.fillConvexPoly(mask, (cv2.perspectiveTransform(edge, view)[0] / 8).astype(np.int32), 120)
    soft = cv2.resize(cv2.GaussianBlur(mask, (0, 0), 2.2), (WIDTH_PX, HEIGHT_PX))
    cv2.multiply(picture, cv2.merge((soft, soft, soft)), dst=picture, scale=1 / 255)


def _developed(picture: Pixels, chance: random.Random) -> Pixels:
    # Through the lens and off the sensor: blur of focus and of a moving hand, uneven light, exposure, noise.
    blurred = cv2.GaussianBlur(picture, (0, 0), chance.uniform(0.4, 0.8))
    if chance.random() < 0.4:
        blurred = cv2.filter2D(blurred, -1, _motion(chance.randint(1, 3), chance.randint(0, 7)))
    lit = cv2.multiply(blurred, _light(chance.randint(0, 7)), scale=chance.uniform(0.85, 1.15) / 215)
    grain, across, down = _grain(), chance.randint(0, WIDTH_PX), chance.randint(0, HEIGHT_PX)
    noise = grain[down : down + HEIGHT_PX, across : across + WIDTH_PX]
    strength = chance.uniform(0.3, 0.8)
    return np.asarray(cv2.addWeighted(lit, 1.0, noise, strength, -128 * strength), np.uint8)


@lru_cache(maxsize=32)
def _motion(length_px: int, direction: int) -> NDArray[np.float32]:
    # A line of `length_px` through a small kernel, in one of eight directions over half a turn.
    size = 2 * length_px + 1
    kernel = np.zeros((size, size), np.float32)
    angle = math.pi * direction / 8
    reach = np.array((math.cos(angle), math.sin(angle))) * length_px / 2
    start, end = np.rint(length_px - reach).astype(int), np.rint(length_px + reach).astype(int)
    cv2.line(kernel, tuple(map(int, start)), tuple(map(int, end)), 1.0)
    return np.asarray(kernel / kernel.sum(), np.float32)


@lru_cache(maxsize=8)
def _light(direction: int) -> Pixels:
    # Brighter towards one of eight directions, darker to the corners.
    y, x = np.mgrid[-1 : 1 : HEIGHT_PX * 1j, -1 : 1 : WIDTH_PX * 1j]
    angle = math.pi * direction / 4
    level = 215 + 28 * (x * math.cos(angle) + y * math.sin(angle)) - 22 * (x * x + y * y)
    one = np.clip(level, 0, 255).astype(np.uint8)
    return np.asarray(cv2.merge((one, one, one)), np.uint8)


@lru_cache(maxsize=1)
def _grain() -> Pixels:
    # Sensor noise around 128, twice the picture's size: each frame takes its own window of it.
    chance = np.random.default_rng(7)
    grain = chance.normal(128, 12, (2 * HEIGHT_PX, 2 * WIDTH_PX, 3))
    return np.clip(grain, 0, 255).astype(np.uint8)
