"""Where a picture has parallel bars and which way to read across them, and where it has the squares of a matrix code.

Bars have strong gradients along one direction over an area, a matrix code along two; a shelf's edge is no area. Two
scales: a code may fill the picture or a corner of it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.codes.texture import Floats32, Pixels, Texture, texture

_SCALES: Final = ((960, 8), (320, 4))
"""Longest side to which a picture is made smaller, and the side of the blocks that are looked at, both in pixels."""

_CHANNELS: Final = 8
"""Directions that are looked at apart, so that bars do not join what stands beside them at another angle."""

_NOWHERE: Final = 255
_COHERENT: Final = 0.5
_UNDIRECTED: Final = 0.6
"""Shares of gradients in one direction over which there are bars, and under which there may be squares."""

_FAINTEST: Final = 60.0
_FAINT: Final = 0.3
"""Share of the strongest within `_AROUND` blocks under which gradients belong to what stands beside a code."""

_AROUND: Final = 9
_FEWEST_BLOCKS: Final = 6
_SHORTEST_PX: Final = 24.0
_PER_CHANNEL: Final = 4
_MOST_TRIED: Final = 16
_PROBE: Final = 256
_STRONG: Final = _PROBE * 19 // 20
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


@dataclass(frozen=True, slots=True)
class Places:
    """Where codes may be: `bars`, the heaviest first, and `squares` as (x, y, width, height) in pixels."""

    bars: tuple[Region, ...]
    squares: tuple[tuple[int, int, int, int], ...]


def locate(grey: Pixels, most: int = 4) -> Places:
    """Return where a picture of shape (height, width) may have codes."""
    bars: list[Region] = []
    squares: list[tuple[int, int, int, int]] = []
    for longest_px, block_px in _SCALES:
        seen = texture(grey, longest_px, block_px)
        if seen is None:
            continue
        found = sorted(_bars(seen), key=lambda region: -region.weight)
        for one in found[:_MOST_TRIED]:
            if len(bars) < most and not any(_is_same(one, other) for other in bars) and _has_bars(grey, one):
                bars.append(one)
        squares = squares or _squares(seen, grey.shape, most)
        if bars and max(grey.shape) > longest_px:
            # A code that fills a large picture leaves no room for others.
            break
    return Places(tuple(bars), tuple(squares))


def _bars(seen: Texture) -> Iterator[Region]:
    energy, directed, angle = seen.energy, seen.directed, seen.angle
    strong = (directed > _COHERENT * (energy + 50)) & _stands_out(energy)
    # A channel reaches over to its neighbours' middles, so that each direction lies in two of them.
    between = np.where(strong, np.floor(angle * (_CHANNELS / math.pi)) % _CHANNELS, _NOWHERE).astype(np.uint8)
    blocks = np.bincount(between.ravel(), minlength=_NOWHERE + 1)
    for channel in range(_CHANNELS):
        middle, before = math.pi * channel / _CHANNELS, (channel - 1) % _CHANNELS
        if blocks[channel] + blocks[before] < _FEWEST_BLOCKS:
            continue
        mask = ((between == channel) | (between == before)).view(np.uint8)
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
            region = _region(xs + x, ys + y, angle, directed, seen.cell_px)
            if region is not None and _apart(region.angle, middle) < 0.6 * math.pi / _CHANNELS:
                yield region


def _squares(seen: Texture, shape: tuple[int, ...], most: int) -> list[tuple[int, int, int, int]]:
    mask = ((seen.directed < _UNDIRECTED * seen.energy) & _stands_out(seen.energy)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    heavy = np.bincount(labels.ravel(), seen.energy.ravel(), count)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    is_square = (np.minimum(wide, high) >= 3) & (np.maximum(wide, high) <= 2.2 * np.minimum(wide, high))
    is_full = stats[:, cv2.CC_STAT_AREA] >= 0.4 * wide * high
    heavy[~(is_square & is_full)] = 0
    heavy[0] = 0
    found = []
    for one in np.argsort(-heavy)[:most]:
        if heavy[one] <= 0:
            break
        pad = 2 + 0.25 * max(wide[one], high[one])
        x0, y0 = (max(0, int((stats[one, side] - pad) * seen.cell_px)) for side in (0, 1))
        x1 = min(shape[1], int((stats[one, 0] + wide[one] + pad) * seen.cell_px))
        y1 = min(shape[0], int((stats[one, 1] + high[one] + pad) * seen.cell_px))
        found.append((x0, y0, x1 - x0, y1 - y0))
    return found


def _stands_out(energy: Floats32) -> NDArray[np.bool_]:
    around = cv2.dilate(energy, np.ones((_AROUND, _AROUND), np.uint8))
    return np.asarray(energy > np.maximum(_FAINTEST, _FAINT * around))


def _has_bars(grey: Pixels, region: Region) -> bool:
    """Return whether lines across a region go up and down as often as across a code; edges of shelves do not."""
    along = np.linspace(-0.55, 0.55, _PROBE, dtype=np.float32) * region.length
    across = np.array((-0.25, -0.1, 0.1, 0.25), np.float32)[:, None] * region.height
    c, s = math.cos(region.angle), math.sin(region.angle)
    x, y = region.x + along * c - across * s, region.y + along * s + across * c
    lines = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    lines -= cv2.blur(lines, (_PROBE // 12 | 1, 1))
    strong = 0.25 * np.partition(np.abs(lines), _STRONG, axis=1)[:, _STRONG, None]
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
