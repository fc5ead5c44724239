"""Where a picture has parallel bars, and which way to read across them: the structure tensor (Bigün, Granlund, 1987).

Bars have strong gradients along one direction over an area; letters and shelves have not. Two scales: a code may fill
the picture or a corner of it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats32 = NDArray[np.float32]

_SCALES: Final = ((960, 8), (320, 4))
"""Longest side to which a picture is made smaller, and the side of the blocks that are looked at, both in pixels."""

_CHANNELS: Final = 8
"""Directions that are looked at apart, so that bars do not join what stands beside them at another angle."""

_COHERENT: Final = 0.5
_FAINTEST: Final = 60.0
_FAINT: Final = 0.3
"""Share of the strongest within `_AROUND` blocks under which gradients belong to what stands beside a code."""

_AROUND: Final = 9
_FEWEST_BLOCKS: Final = 6
_SHORTEST_PX: Final = 24.0
_PER_CHANNEL: Final = 5
_PROBE: Final = 256
_FEWEST_TURNS: Final = 16
"""A UPC-E has 34 edges; half of them are left when it is blurred."""


@dataclass(frozen=True, slots=True)
class Region:
    """A place with parallel bars.

    Attributes:
        x, y: its middle in pixels from the picture's upper left.
        angle: direction across the bars in radians, 0 along +x, clockwise as y points down.
        length, height: along that direction and across it, in pixels.
        weight: how much there is; more comes first.
    """

    x: float
    y: float
    angle: float
    length: float
    height: float
    weight: float

    def point(self, along: float, across: float) -> tuple[float, float]:
        """Return the pixel so far from the middle."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        return self.x + along * c - across * s, self.y + along * s + across * c

    def holds(self, x: float, y: float) -> bool:
        """Return whether a pixel lies in it or near."""
        dx, dy = x - self.x, y - self.y
        c, s = math.cos(self.angle), math.sin(self.angle)
        return abs(dx * c + dy * s) < 0.6 * self.length and abs(dy * c - dx * s) < 0.6 * self.height + 8


def locate(grey: Pixels, most: int = 4) -> list[Region]:
    """Return regions of a picture of shape (height, width) whose lines change as bars do, the heaviest first."""
    found: list[Region] = []
    for longest, block in _SCALES:
        found += _at_scale(grey, min(1.0, longest / max(grey.shape)), block)
    kept: list[Region] = []
    for one in sorted(found, key=lambda region: -region.weight):
        if not any(_is_same(one, other) for other in kept) and _has_bars(grey, one):
            kept.append(one)
            if len(kept) == most:
                break
    return kept


def _at_scale(grey: Pixels, scale: float, block: int) -> Iterator[Region]:
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    rows, cols = small.shape[0] // block, small.shape[1] // block
    if rows < 3 or cols < 3:
        return
    down, right = cv2.spatialGradient(np.ascontiguousarray(small[: rows * block, : cols * block]))[::-1]
    gx, gy = right.astype(np.float32), down.astype(np.float32)

    def pooled(product: Floats32) -> Floats32:
        blocks = cv2.resize(product, (cols, rows), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.blur(blocks, (3, 3)), np.float32)

    xx, yy, xy = pooled(gx * gx), pooled(gy * gy), pooled(gx * gy)
    energy, difference = xx + yy, xx - yy
    directed = np.sqrt(difference * difference + 4 * xy * xy)
    angle = 0.5 * np.arctan2(2 * xy, difference)
    around = cv2.dilate(energy, np.ones((_AROUND, _AROUND), np.uint8))
    strong = (directed > _COHERENT * (energy + 50)) & (energy > np.maximum(_FAINTEST, _FAINT * around))
    for channel in range(_CHANNELS):
        middle = math.pi * channel / _CHANNELS
        off = np.abs((angle - middle + math.pi / 2) % math.pi - math.pi / 2)
        mask = (strong & (off < math.pi / _CHANNELS)).astype(np.uint8)
        if not mask.any():
            continue
        # Bars wider than a block leave holes.
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), np.uint8)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
        heavy = np.bincount(labels.ravel(), directed.ravel(), count) * (stats[:, cv2.CC_STAT_AREA] >= _FEWEST_BLOCKS)
        heavy[0] = 0
        for one in np.argsort(-heavy)[:_PER_CHANNEL]:
            if heavy[one] <= 0:
                break
            x, y, wide, high = stats[one, :4]
            ys, xs = np.nonzero(labels[y : y + high, x : x + wide] == one)
            region = _region(xs + x, ys + y, angle, directed, block / scale)
            if region is not None and _apart(region.angle, middle) < 0.6 * math.pi / _CHANNELS:
                yield region


def _has_bars(grey: Pixels, region: Region) -> bool:
    """Return whether lines across a region go up and down as often as across a code; edges of shelves do not."""
    along = np.linspace(-0.55, 0.55, _PROBE, dtype=np.float32) * region.length
    across = np.array((-0.25, -0.1, 0.1, 0.25), np.float32)[:, None] * region.height
    c, s = math.cos(region.angle), math.sin(region.angle)
    x, y = region.x + along * c - across * s, region.y + along * s + across * c
    lines = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    lines -= cv2.blur(lines, (_PROBE // 12 | 1, 1))
    strong = 0.25 * np.percentile(np.abs(lines), 95, axis=1, keepdims=True)
    turns = [_alternations(np.sign(line) * (np.abs(line) > level)) for line, level in zip(lines, strong, strict=True)]
    return sorted(turns)[-2] >= _FEWEST_TURNS


def _alternations(signs: NDArray[np.float32]) -> int:
    shown = signs[signs != 0]
    return int(np.count_nonzero(np.diff(shown)))


def _region(
    xs: NDArray[np.intp], ys: NDArray[np.intp], angle: Floats32, directed: Floats32, cell: float
) -> Region | None:
    weight, twice = directed[ys, xs], 2 * angle[ys, xs]
    total = float(weight.sum())
    mean = 0.5 * math.atan2(float(weight @ np.sin(twice)), float(weight @ np.cos(twice)))
    c, s = math.cos(mean), math.sin(mean)
    along, across = xs * c + ys * s, ys * c - xs * s
    length, height = (float(np.ptp(along)) + 1) * cell, (float(np.ptp(across)) + 1) * cell
    if length < _SHORTEST_PX or total <= 0:
        return None
    a, b = float(along.max() + along.min()) / 2, float(across.max() + across.min()) / 2
    # What is higher than long is rather a fence than a code.
    worth = math.sqrt(total) * min(1.0, length / (height + 1))
    return Region((a * c - b * s + 0.5) * cell, (a * s + b * c + 0.5) * cell, mean, length, height, worth)


def _apart(one: float, other: float) -> float:
    return abs((one - other + math.pi / 2) % math.pi - math.pi / 2)


def _is_same(one: Region, other: Region) -> bool:
    dx, dy = one.x - other.x, one.y - other.y
    c, s = math.cos(other.angle), math.sin(other.angle)
    is_near = abs(dx * c + dy * s) < 0.3 * other.length and abs(dy * c - dx * s) < 0.5 * other.height
    return is_near and _apart(one.angle, other.angle) < 0.3
