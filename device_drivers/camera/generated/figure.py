"""A person drawn out of shaded limbs: enough for a detector that learnt from photographs, and nobody's picture."""

import random
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Colour = tuple[float, float, float]
Point = tuple[float, float]

_SKIN: Final[tuple[Colour, ...]] = ((140, 170, 220), (110, 140, 195), (70, 95, 150), (160, 190, 235))
_HEADS: Final = 8.0
"""Heights of a head that a grown person is tall."""

_LIGHT: Final = (0.6, -0.8)
_SHOE: Final[Colour] = (30, 30, 35)


@dataclass(frozen=True, slots=True)
class Figure:
    """What somebody wears and how they stand; lengths in heads."""

    skin: Colour
    shirt: Colour
    trousers: Colour
    hair: Colour
    spread: float
    lean: float
    elbows: tuple[float, float]
    hands: tuple[tuple[float, float], tuple[float, float]]


def drawn(chance: random.Random) -> Figure:
    """Return somebody."""

    def colour(low: int, high: int) -> Colour:
        return (chance.randint(low, high), chance.randint(low, high), chance.randint(low, high))

    def hand() -> tuple[float, float]:
        return chance.uniform(-0.8, 0.5), chance.uniform(2.2, 3.2)

    return Figure(
        chance.choice(_SKIN), colour(20, 220), colour(15, 110), colour(10, 70), chance.uniform(0.25, 0.7),
        chance.uniform(-0.2, 0.2), (chance.uniform(0, 0.5), chance.uniform(0, 0.5)), (hand(), hand()),
    )  # fmt: skip


def draw(scene: Pixels, figure: Figure, middle: float, feet: float, tall: float) -> tuple[float, float, float, float]:
    """Draw somebody into a scene; return left, top, right, bottom of what was drawn, beyond the scene's edges too.

    Args:
        scene: uint8 of shape (height, width, 3), changed in place.
        middle, feet: where they stand, pixels.
        tall: their height, pixels.
    """
    head = tall / _HEADS
    lean, hip, shoulder = middle + figure.lean * head, feet - 4.0 * head, feet - 6.6 * head
    for side in (-1, 1):
        knee = (middle + side * (0.5 + 0.4 * figure.spread) * head, feet - 2 * head)
        foot = (middle + side * (0.5 + 0.7 * figure.spread) * head, feet - 0.15 * head)
        _limb(scene, (middle + side * 0.45 * head, hip), knee, 0.62 * head, 0.45 * head, figure.trousers)
        _limb(scene, knee, foot, 0.45 * head, 0.28 * head, figure.trousers)
        _limb(scene, foot, (foot[0] + side * 0.25 * head, feet), 0.3 * head, 0.22 * head, _SHOE)
    for part in np.linspace(-1, 1, 5):
        top = (lean + part * 0.75 * head, shoulder + 0.25 * head)
        _limb(scene, top, (middle + part * 0.5 * head, hip + 0.2 * head), 0.48 * head, 0.5 * head, figure.shirt)
    reach = 1.05 * head
    for side, bend, (inward, low) in zip((-1, 1), figure.elbows, figure.hands, strict=True):
        elbow = (lean + side * (1.35 + bend) * head, shoulder + 1.6 * head)
        hand = (elbow[0] + side * inward * head, shoulder + low * head)
        _limb(scene, (lean + side * 1.05 * head, shoulder + 0.2 * head), elbow, 0.42 * head, 0.33 * head, figure.shirt)
        _limb(scene, elbow, hand, 0.3 * head, 0.22 * head, figure.skin)
        _limb(scene, hand, (hand[0], hand[1] + 0.3 * head), 0.25 * head, 0.2 * head, figure.skin)
        reach = max(reach, abs(elbow[0] - middle) + 0.35 * head, abs(hand[0] - middle) + 0.25 * head)
    _face(scene, figure, (middle + 1.2 * figure.lean * head, feet - 7.45 * head), (lean, shoulder), head)
    return middle - reach, feet - tall, middle + reach, feet + 0.1 * head


def _face(scene: Pixels, figure: Figure, at: Point, neck: Point, head: float) -> None:
    x, y = at
    shade: Colour = (figure.skin[0] * 0.85, figure.skin[1] * 0.85, figure.skin[2] * 0.85)
    _limb(scene, neck, (neck[0], neck[1] - 0.5 * head), 0.34 * head, 0.3 * head, shade)
    _limb(scene, (x, y - 0.15 * head), (x, y + 0.18 * head), 0.52 * head, 0.45 * head, figure.hair)
    _limb(scene, (x, y), (x, y + 0.25 * head), 0.42 * head, 0.36 * head, figure.skin)
    for side in (-1, 1):
        eye = (round(x + side * 0.16 * head), round(y))
        cv2.circle(scene, eye, max(1, round(0.05 * head)), (25, 25, 25), -1, cv2.LINE_AA)
    mouth = (round(x), round(y + 0.33 * head))
    size = (max(1, round(0.13 * head)), max(1, round(0.05 * head)))
    cv2.ellipse(scene, mouth, size, 0, 0, 360, (90, 80, 150), -1, cv2.LINE_AA)
    _limb(scene, (x, y - 0.42 * head), (x, y - 0.3 * head), 0.42 * head, 0.46 * head, figure.hair)


def _limb(scene: Pixels, start: Point, end: Point, at_start: float, at_end: float, colour: Colour) -> None:
    # A cone with round ends, lit as a cylinder is.
    height, width = scene.shape[:2]
    edge = max(at_start, at_end) + 2
    x0, x1 = int(max(0, min(start[0], end[0]) - edge)), int(min(width, max(start[0], end[0]) + edge))
    y0, y1 = int(max(0, min(start[1], end[1]) - edge)), int(min(height, max(start[1], end[1]) + edge))
    if x1 <= x0 or y1 <= y0:
        return
    ys, xs = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    across, down = xs - start[0], ys - start[1]
    along = np.array([end[0] - start[0], end[1] - start[1]])
    length = float(np.linalg.norm(along)) + 1e-6
    unit = along / length
    share = np.clip((across * unit[0] + down * unit[1]) / length, 0, 1)
    radius = at_start + (at_end - at_start) * share
    off_x, off_y = across - share * length * unit[0], down - share * length * unit[1]
    far = np.sqrt(off_x**2 + off_y**2) / radius
    mask = np.clip((1 - far) * radius, 0, 1)[..., None]
    facing = np.sqrt(np.clip(1 - far**2, 0, 1))
    lit = np.clip(0.35 + 0.45 * facing + 0.18 * (off_y * _LIGHT[1] - off_x * _LIGHT[0]) / radius, 0.15, 1.15)
    part = scene[y0:y1, x0:x1].astype(np.float32)
    shaded = np.asarray(colour, np.float32) * lit[..., None]
    scene[y0:y1, x0:x1] = np.clip(part * (1 - mask) + shaded * mask, 0, 255).astype(np.uint8)
