"""Whole frames with what is in them. Everything follows from a seed and a frame's number."""

import random
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.camera.generated.capture import captured, glare
from device_drivers.camera.generated.faces import Printed, blank, printed
from device_drivers.camera.generated.pose import Pose, draw, posed
from device_drivers.camera.generated.ranges import Ranges

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Truth:
    """A code in a frame. `is_whole` says that all of it can be seen; of another perhaps a part is hidden."""

    text: str
    kind: str
    gtin: str | None
    corners: tuple[tuple[float, float], ...]
    module_px: float
    is_whole: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of `truth.jsonl` has it."""
        return {
            "text": self.text,
            "format": self.kind,
            "gtin": self.gtin,
            "corners": [[round(x, 1), round(y, 1)] for x, y in self.corners],
            "module_px": round(self.module_px, 2),
            "whole": self.is_whole,
        }


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of shape (height, width, 3), BGR, and the codes in it."""

    pixels: Pixels
    codes: tuple[Truth, ...]


def frame(seed: int, number: int, ranges: Ranges | None = None) -> Frame:
    """Return frame number `number` of a seed."""
    ranges = ranges or Ranges()
    chance = random.Random(f"codes {seed} {number}")
    scene = clutter(chance, ranges)
    what = chance.random()
    codes: list[Truth] = []
    if what < ranges.none:
        _place(scene, None, chance, ranges, (ranges.width_px / 2, ranges.height_px / 2))
    else:
        is_half = what < ranges.none + ranges.half
        count = chance.choice((2, 3)) if not is_half and chance.random() < ranges.several else 1
        for middle in _middles(count, chance, ranges):
            face = printed(chance, ranges)
            truth = _place(scene, face, chance, ranges, middle)
            if truth is not None:
                # What is drawn later may cover what was drawn before.
                codes = [replace(one, is_whole=False) if _touch(one, truth) else one for one in codes]
                codes.append(_hidden(scene, truth, chance) if is_half else truth)
    return Frame(captured(scene, chance, ranges), tuple(codes))


def clutter(chance: random.Random, ranges: Ranges) -> Pixels:
    """Return what stands behind: rows of packs on shelves, out of focus."""
    height, width = ranges.height_px // 2, ranges.width_px // 2
    scene = np.full((height, width, 3), [chance.randint(30, 120) for _ in range(3)], np.uint8)
    top = -chance.randint(0, 60)
    while top < height:
        row = chance.randint(90, 200)
        left = -chance.randint(0, 40)
        while left < width:
            wide, high = chance.randint(30, 140), chance.randint(row // 2, row - 16)
            colour = [chance.randint(20, 240) for _ in range(3)]
            cv2.rectangle(scene, (left, top + row - high), (left + wide - 4, top + row), colour, -1)
            for line in range(chance.randint(0, 5)):
                y, x = top + row - high + 10 + 12 * line, left + 6
                shade = [chance.randint(0, 255) for _ in range(3)]
                cv2.putText(scene, "abcdefgh"[: max(1, wide // 16)], (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.35, shade, 1)
            left += wide
        cv2.rectangle(scene, (0, top + row), (width, top + row + 10), (205, 205, 210), -1)
        top += row + 12
    whole = cv2.resize(scene, (ranges.width_px, ranges.height_px), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(whole, (0, 0), chance.uniform(0.8, 3.0)), np.uint8)


def _middles(count: int, chance: random.Random, ranges: Ranges) -> list[tuple[float, float]]:
    # Each in a column of its own, so that most codes of a frame do not touch.
    columns = [(i + 0.5) / count for i in range(count)]
    return [
        (ranges.width_px * (at + chance.uniform(-0.2, 0.2) / count), ranges.height_px * chance.uniform(0.35, 0.65))
        for at in columns
    ]


def _place(
    scene: Pixels, face: Printed | None, chance: random.Random, ranges: Ranges, middle: tuple[float, float]
) -> Truth | None:
    if face is None:
        picture = blank(chance)
        height, width = picture.shape[:2]
        box = np.array(((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))) * (width, height)
        draw(scene, picture, posed(box, (height, width), chance, ranges, middle))
        return None
    size = (face.picture.shape[0], face.picture.shape[1])
    code = np.array(face.corners, np.float64)
    pose: Pose = posed(code, size, chance, ranges, middle)
    draw(scene, face.picture, pose)
    corners = pose.placed(code, size)
    if chance.random() < ranges.glare:
        x, y = corners.mean(axis=0) + np.array([chance.gauss(0, 80), chance.gauss(0, 80)])
        glare(scene, float(x), float(y), chance.uniform(30, 120), chance)
    inside = (corners >= 2).all() and (corners <= np.array((ranges.width_px, ranges.height_px)) - 3).all()
    modules = float(np.hypot(*(corners[1] - corners[0])) / (np.ptp(code[:, 0]) / 8))
    at = tuple((float(x), float(y)) for x, y in corners)
    return Truth(face.text, face.kind, face.gtin, at, modules, bool(inside))


def _hidden(scene: Pixels, truth: Truth, chance: random.Random) -> Truth:
    # A thumb or a fold over a tenth to a half of the bars, from one side or across the middle.
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = truth.corners
    share = chance.uniform(0.1, 0.5)
    begin = chance.choice((-0.05, 1 - share + 0.05, 0.5 - share / 2))

    def at(t: float, down: float) -> tuple[int, int]:
        x = (x0 + t * (x1 - x0)) * (1 - down) + (x3 + t * (x2 - x3)) * down
        y = (y0 + t * (y1 - y0)) * (1 - down) + (y3 + t * (y2 - y3)) * down
        return round(x), round(y)

    cover = np.array([at(begin, -0.15), at(begin + share, -0.15), at(begin + share, 1.15), at(begin, 1.15)], np.int32)
    cv2.fillPoly(scene, [cover], [chance.randint(90, 210) for _ in range(3)], cv2.LINE_AA)
    return Truth(truth.text, truth.kind, truth.gtin, truth.corners, truth.module_px, is_whole=False)


def _touch(one: Truth, other: Truth) -> bool:
    # Faces reach beyond their codes: what is drawn near may cover it.
    a, b = np.array(one.corners), np.array(other.corners)
    reach = 1.6 * max(float(np.ptp(b[:, 0])), float(np.ptp(b[:, 1])))
    return float(np.hypot(*(a.mean(axis=0) - b.mean(axis=0)))) < reach
