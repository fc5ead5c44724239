"""A region's bars as one line: rows sampled across them, brought into step with each other, and averaged."""

import math
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.codes.code import Code
from vision.codes.locate import Region

SAMPLES: Final = 512
BANDS: Final = 12
LONGER: Final = 1.36
"""So much longer than its region is a strip, for quiet zones and for bars that the region missed."""

_MOST_ROWS: Final = 96
_ALIKE: Final = 0.7
"""Correlation over which a band shows the same bars."""

_UPRIGHT: Final = math.radians(4)
"""Bars that lean less are averaged as they are."""

_SHORT: Final = 41
"""Samples within which brightness is compared: shadows are no bars."""

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Strip:
    """The bars of a region, straightened.

    Attributes:
        bands: shape (bands, samples), brightness, in step.
        alike: shape (bands,), how much each is like the best one; 0 for those that show something else.
        line: shape (samples,), the average of those that are alike.
        step_px: pixels between two samples; the region's middle lies between the middle two.
    """

    region: Region
    bands: Floats
    alike: Floats
    moved: Floats
    line: Floats
    step_px: float

    @property
    def expected(self) -> float:
        """The length of the region in samples."""
        return SAMPLES / LONGER

    def picture(self, enlarged: int) -> Pixels:
        """Return the bars as a picture for another reader, each band so many pixels high."""
        return np.repeat(np.clip(self.bands, 0, 255).astype(np.uint8), enlarged, axis=0)

    def placed(self, code: Code) -> Code:
        """Return a code that was read on `picture` with its corners where they are in the whole picture."""
        begin, end = ((code.corners[i][0] + code.corners[j][0]) / 2 for i, j in ((0, 3), (1, 2)))
        return replace(code, corners=self.corners(begin, end))

    @property
    def lean(self) -> float:
        """How far the bars lean to the right downwards, in radians; 0 where too few bands show them."""
        chosen = np.flatnonzero(self.alike > 0)
        if len(chosen) < 4:
            return 0.0
        per_band = float(np.polyfit(chosen, self.moved[chosen], 1)[0]) * self.step_px
        return math.atan2(per_band, self.region.height / BANDS)

    @property
    def is_uneven(self) -> bool:
        """Whether bands had to be moved by much, or many show other things."""
        return float(np.ptp(self.moved)) > 8 or int((self.alike > 0).sum()) < BANDS // 2

    @property
    def best_part(self) -> Floats:
        """The average of the three neighbouring bands that are most alike."""
        alike = np.convolve(self.alike, np.ones(3), "valid")
        first = int(alike.argmax())
        return np.asarray(self.bands[first : first + 3].mean(axis=0))

    def part(self, which: int, of: int) -> Floats:
        """Return the average of some of the bands that are alike: a line of its own."""
        chosen = np.flatnonzero(self.alike > 0)
        some = np.array_split(chosen, of)[which]
        return np.asarray(self.bands[some if len(some) else chosen].mean(axis=0))

    def sample(self, x: float, y: float) -> float:
        """Return where along the line a pixel of the picture lies."""
        c, s = math.cos(self.region.angle), math.sin(self.region.angle)
        along = (x - self.region.x) * c + (y - self.region.y) * s
        return along / self.step_px + (SAMPLES - 1) / 2

    def corners(self, begin: float, end: float) -> tuple[tuple[int, int], ...]:
        """Return the pixels of upper left, upper right, lower right, lower left for a symbol between two samples."""
        chosen = np.flatnonzero(self.alike > 0)
        high = self.region.height / BANDS
        places = ((begin, chosen[0], 0), (end, chosen[0], 0), (end, chosen[-1], 1), (begin, chosen[-1], 1))
        found = []
        for sample, band, below in places:
            along = (sample + self.moved[band] - (SAMPLES - 1) / 2) * self.step_px
            x, y = self.region.point(along, (band + below - BANDS / 2) * high)
            found.append((round(x), round(y)))
        if begin > end:
            # Read the other way, its upper side is the strip's lower one.
            found = [found[3], found[2], found[1], found[0]]
        return tuple(found)


def strip(grey: Pixels, region: Region) -> Strip:
    """Return the bars of a region of a picture of shape (height, width), turned so that they stand upright."""
    bars = _sampled(grey, region)
    lean = bars.lean
    if abs(lean) < _UPRIGHT:
        return bars
    length = region.length * math.cos(lean)
    return _sampled(grey, replace(region, angle=region.angle - lean, length=length))


def _sampled(grey: Pixels, region: Region) -> Strip:
    step = region.length * LONGER / SAMPLES
    rows = min(_MOST_ROWS, max(BANDS, int(region.height)))
    rows -= rows % BANDS
    down = region.height / rows
    c, s = math.cos(region.angle), math.sin(region.angle)
    x, y = region.point(-step * (SAMPLES - 1) / 2, -down * (rows - 1) / 2)
    source = cv2.blur(grey, (int(step), int(step))) if step >= 2 else grey
    view = np.array([[c * step, -s * down, x], [s * step, c * down, y]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    flat = cv2.warpAffine(source, view, (SAMPLES, rows), flags=how, borderMode=cv2.BORDER_REPLICATE)
    bands = flat.astype(np.float64).reshape(BANDS, rows // BANDS, SAMPLES).mean(axis=1)
    return _in_step(region, bands, step)


def _in_step(region: Region, bands: Floats, step_px: float) -> Strip:
    edges = bands - cv2.blur(bands, (_SHORT, 1))
    energy = cv2.blur(np.abs(np.diff(bands, axis=1)).mean(axis=1).reshape(-1, 1), (1, 3)).ravel()
    middle = int(energy.argmax())
    moved, alike = np.zeros(BANDS), np.zeros(BANDS)
    alike[middle] = 1.0
    for way in (1, -1):
        reference, at, slope = edges[middle].copy(), 0.0, 0.0
        for band in range(middle + way, BANDS if way > 0 else -1, way):
            # Bars lean evenly: after the first pair of bands the next shift is known to a few samples.
            found, how_much = _shift(reference, edges[band], at + slope, 24 if abs(band - middle) == 1 else 6)
            moved[band], alike[band] = found, how_much
            if how_much > _ALIKE - 0.1:
                slope, at = 0.5 * slope + 0.5 * (found - at), found
                reference = 0.5 * reference + 0.5 * _moved(edges[band], found)
            else:
                at += slope
    good = alike > _ALIKE
    away = np.arange(BANDS) - middle
    if good.sum() >= 4:
        bend = 2 if good.sum() >= 6 else 1
        curve = np.polyval(np.polyfit(away[good], moved[good], bend), away)
        good &= np.abs(curve - moved) < 2.0
        moved = np.where(good, curve, moved)
    good[middle] = True
    moved[~good] = np.interp(away[~good], away[good], moved[good])
    placed = np.stack([_moved(band, by) for band, by in zip(bands, moved, strict=True)])
    weight = np.where(good, alike**2, 0.0)
    return Strip(region, placed, np.where(good, alike, 0.0), moved, weight @ placed / weight.sum(), step_px)


def _shift(reference: Floats, line: Floats, about: float, reach: int) -> tuple[float, float]:
    # By how many samples `line` lies further right than `reference`, and their correlation there.
    first = round(about) - reach
    pad = np.zeros(reach + abs(round(about)))
    padded = np.concatenate((pad, line, pad))[len(pad) + first : len(pad) + first + len(line) + 2 * reach]
    norm = math.sqrt(float(line @ line) * float(reference @ reference)) + 1e-9
    alike = np.correlate(padded, reference, "valid") / norm
    best = int(alike.argmax())
    at = float(first + best)
    if 0 < best < len(alike) - 1:
        left, here, right = alike[best - 1 : best + 2]
        if (bend := left - 2 * here + right) < 0:
            at += 0.5 * (left - right) / bend
    return at, float(alike[best])


def _moved(line: Floats, by: float) -> Floats:
    at = np.arange(len(line))
    return np.asarray(np.interp(at + by, at, line), np.float64)
