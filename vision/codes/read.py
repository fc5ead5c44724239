"""Codes from a picture, within a budget of time: first what is quick and likely, then what is left to find."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.codes import zbar
from vision.codes.code import EAN_UPC as EAN_UPC_NAMES
from vision.codes.code import Code, Doubt, Sight, gtin_of
from vision.codes.judge import Proposal, as_code, borne_out, has_bars, is_worth_patience, judged, proposal, unread
from vision.codes.locate import Region, locate
from vision.codes.strip import Strip, strip
from vision.codes.zxing import EAN_UPC, LINEAR, MATRIX, OTHERS, QUICK_OTHERS, read

Pixels = NDArray[np.uint8]
IsSold = Callable[[str], bool]

BUDGET_MS: Final = 60.0
"""For a picture of the size of a camera's frame: the next one comes in a thirtieth of a second."""

PHOTOGRAPH_MS: Final = 400.0
"""For any other: nobody takes small photographs, or large ones, thirty times a second."""

_SMALL: Final = 640 * 480 + 1
"""Pixels of a picture in which looking for all kinds at all sizes costs a few milliseconds only."""

_FRAME: Final = 1920 * 1200

_LARGE_PX: Final = 1280
"""Longest side from which a picture is looked at by its bars first, and by another reader only where those say nothing:
that takes a tenth of a frame's time, and finds what the bars have found."""

_TINY_PX: Final = 240
"""Side of a matrix code's surroundings under which they are enlarged."""

_ENLARGED: Final = 8
"""Rows of pixels for each band when another reader looks at a strip."""


def read_codes(pixels: Pixels, *, budget_ms: float | None = None, is_sold: IsSold | None = None) -> tuple[Code, ...]:
    """Return the codes in a picture, as `look` finds them."""
    return look(pixels, budget_ms=budget_ms, is_sold=is_sold).codes


def look(
    pixels: Pixels,
    *,
    budget_ms: float | None = None,
    is_sold: IsSold | None = None,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> Sight:
    """Return what a picture of shape (height, width) or (height, width, 3), BGR, shows; nothing for a bad picture.

    Args:
        pixels: uint8.
        budget_ms: when it is used up, no further search is begun, which takes up to some 30 ms; by size if not given.
        is_sold: whether the store sells a product, by its 14 digits: such a code need not be quite as clear.
        monotonic_s: the clock that it is measured by.
    """
    grey = as_grey(pixels)
    if grey is None:
        return Sight()
    started_s = monotonic_s()
    usual_ms = BUDGET_MS if _SMALL <= grey.size <= _FRAME else PHOTOGRAPH_MS
    allowed_ms = usual_ms if budget_ms is None else budget_ms

    def is_late() -> bool:
        return (monotonic_s() - started_s) * 1000 > allowed_ms

    search = _Search(grey, is_late)
    if max(grey.shape) < _LARGE_PX:
        search.first_look()
    search.look_closer(patient=False)
    search.look_for_others()
    if not search.found:
        search.look_again()
    search.look_closer(patient=True)
    doubts = search.doubts()
    if is_sold is not None:
        search.found += [code for code in map(as_code, doubts) if code is not None and is_sold(gtin_of(code) or "")]
        doubts = tuple(doubt for doubt in doubts if doubt.text not in {code.text for code in search.found})
    return Sight(tuple(search.found), doubts)


def as_grey(pixels: Pixels) -> Pixels | None:
    """Return a picture as brightness of shape (height, width), or None for what is no picture."""
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or 0 in pixels.shape:
        return None
    if pixels.ndim == 2:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8) if pixels.shape[2] == 3 else None


class _Search:
    """What has been found in one picture so far."""

    def __init__(self, grey: Pixels, is_late: Callable[[], bool]) -> None:
        self.found: list[Code] = []
        self._grey = grey
        self._is_late = is_late
        self._places = locate(grey)
        self._strips: dict[Region, Strip] = {}
        self._doubted: dict[Region, Doubt] = {}
        self._tried: set[Region] = set()

    def first_look(self) -> None:
        """What another reader reads at once, as far as the picture bears it out."""
        for code in read(self._grey, EAN_UPC):
            self._bear_out(code)

    def look_closer(self, *, patient: bool) -> None:
        """Codes of bars at any angle, where the picture has bars.

        Once something has been found, patience is for what has been guessed at only.
        """
        for region in self._places.bars:
            if self._is_late():
                return
            if any(region.holds(*code.middle) for code in self.found):
                continue
            bars = self._strip(region)
            if not patient and not has_bars(bars):
                continue
            if patient and region not in self._doubted and (self.found or not is_worth_patience(bars)):
                continue
            picture = bars.picture(_ENLARGED)
            said = zbar.read(picture) if patient else read(picture, LINEAR)
            proposals = [one for one in map(_on_picture, said) if one is not None]
            verdict = judged(bars, proposals, patient=patient, is_again=region in self._tried, is_late=self._is_late)
            self._tried.add(region)
            if isinstance(verdict, Doubt):
                self._doubted[region] = verdict
            others = (bars.placed(other) for other in said if other.symbology not in EAN_UPC_NAMES)
            self._take(verdict if isinstance(verdict, Code) else next(others, None))

    def look_for_others(self) -> None:
        """Codes of other kinds, which are read by others only and check themselves."""
        if self._grey.size < _SMALL:
            for code in read(self._grey, OTHERS, thorough=True):
                self._take(code)
        for x, y, width, height in self._places.squares:
            scale = 2 if max(width, height) < _TINY_PX else 1
            patch = self._grey[y : y + height, x : x + width]
            if scale > 1:
                patch = np.asarray(cv2.resize(patch, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)
            for code in read(patch, MATRIX, thorough=True):
                at = tuple((x + round(cx / scale), y + round(cy / scale)) for cx, cy in code.corners)
                self._take(replace(code, corners=at))

    def look_again(self) -> None:
        """The whole picture once more, turned and inverted; of a large one other kinds at half its size only."""
        is_large = max(self._grey.shape) >= _LARGE_PX
        for code in read(self._grey, EAN_UPC, thorough=True, smaller=not is_large):
            self._bear_out(code)
        if self._grey.size >= _SMALL and not self._is_late():
            scale = 2 if is_large else 1
            half = cv2.resize(self._grey, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
            for code in read(np.asarray(half, np.uint8), QUICK_OTHERS, thorough=not is_large):
                self._take(replace(code, corners=tuple((x * scale, y * scale) for x, y in code.corners)))

    def doubts(self) -> tuple[Doubt, ...]:
        """Bars that were looked at and not read, with the reason."""
        left = [region for region in self._strips if not any(region.holds(*code.middle) for code in self.found)]
        seen = ((self._doubted.get(region) or unread(self._strips[region])) for region in left)
        return tuple(doubt for doubt in seen if doubt is not None)

    def _bear_out(self, code: Code) -> None:
        # All of its bars if they were located, else those over which it was read.
        read_over = _region_of(code)
        whole = [
            region
            for region in self._places.bars
            if region.holds(*code.middle) and region.length < 2 * read_over.length
        ]
        for region in (*whole[:1], read_over):
            if any(_is_same(code, one) for one in self.found):
                return
            bars = self._strip(region)
            left, right = (_between(pair) for pair in (code.corners[::3], code.corners[1:3]))
            said = proposal(code, bars.sample(*left), bars.sample(*right))
            if said is not None:
                self._take(borne_out(bars, said))

    def _strip(self, region: Region) -> Strip:
        if region not in self._strips:
            self._strips[region] = strip(self._grey, region)
        return self._strips[region]

    def _take(self, code: Code | None) -> None:
        if code is not None and not any(_is_same(code, one) for one in self.found):
            self.found.append(code)


def _is_same(code: Code, other: Code) -> bool:
    # One may have been read on a few lines of it only, so the middle of its whole lies elsewhere.
    reach = 0.7 * _region_of(other).length
    is_near = code.text == other.text and math.dist(code.middle, other.middle) < reach
    return is_near or _region_of(other).holds(*code.middle)


def _on_picture(code: Code) -> Proposal | None:
    # A code that was read on a strip's own picture.
    begin, end = (_between(pair)[0] for pair in (code.corners[::3], code.corners[1:3]))
    return proposal(code, begin, end)


def _between(pair: Sequence[tuple[int, int]]) -> tuple[float, float]:
    (x0, y0), (x1, y1) = pair
    return (x0 + x1) / 2, (y0 + y1) / 2


def _region_of(code: Code) -> Region:
    corners = np.array(code.corners, np.float64)
    along = (corners[1] + corners[2] - corners[0] - corners[3]) / 2
    down = (corners[3] + corners[2] - corners[0] - corners[1]) / 2
    length = max(1.0, float(np.hypot(*along)))
    x, y = corners.mean(axis=0)
    height = max(float(np.hypot(*down)), 0.12 * length)
    return Region(float(x), float(y), math.atan2(along[1], along[0]), length, height, 1.0)
