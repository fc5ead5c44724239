"""Where in a photo the bay is: features of the products' own pictures, and the one placing that most of them agree on.

Facings repeat, so a feature says only "one of these packs". Each match votes for every place where its pack may stand
(a Hough transform over scale and shift); the true placing gathers votes from all products, a shifted one from few.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware_specs.planogram import Planogram

_LONGEST_PX: Final = 1000
_PICTURE_PX: Final = 220
"""Pictures of products are brought to this height before features are looked for: about what a photo shows of them."""

_RATIO: Final = 0.8
"""The nearest feature has to be so much nearer than one of any other product (Lowe 2004)."""

_BIN: Final = 0.03
_REACHES: Final = (0.08, 0.05, 0.025, 0.012)
"""Of the bay's width: how far from its place a feature may be, pass by pass."""

_NOWHERE: Final = 1e9

FEWEST: Final = 24
"""Features that agree on one placing; by chance up to about ten do."""


@dataclass(frozen=True, slots=True)
class Placing:
    """From mm of the bay, x right and y down from its upper left, to pixels of the photo; features `agreed` on it."""

    matrix: NDArray[np.float64]
    agreed: int


@dataclass(frozen=True, slots=True)
class _Matches:
    """Points in the photo, shape (n, 2), and for each the places in the bay where it may belong, shape (n, m, 2).

    Who may stand in fewer than m places has its last ones far away, as none can be seen.
    """

    seen: NDArray[np.float64]
    may_be: NDArray[np.float64]
    scale: float


def placing(photo: NDArray[np.uint8], plan: Planogram, pictures: Mapping[str, NDArray[np.uint8]]) -> Placing | None:
    """Return where the bay is in a photo, None when it does not show it.

    Args:
        photo: uint8 of shape (height, width, 3).
        pictures: the front of each product by its GTIN.
    """
    shrink = min(1.0, _LONGEST_PX / max(photo.shape[:2]))
    small = cv2.resize(photo, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else photo
    matches = _matched(np.asarray(small, np.uint8), plan, pictures)
    if matches is None:
        return None
    start = _voted(matches, plan)
    found = _refined(matches, start, plan)
    if found is None:
        return None
    matrix, agreed = found
    back = np.diag([1 / shrink, 1 / shrink, 1.0])
    return Placing(back @ matrix, agreed) if agreed >= FEWEST and _is_upright(matrix, plan) else None


def _matched(photo: NDArray[np.uint8], plan: Planogram, pictures: Mapping[str, NDArray[np.uint8]]) -> _Matches | None:
    sift = cv2.SIFT.create(nfeatures=6000, contrastThreshold=0.02)
    points, found = sift.detectAndCompute(cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY), None)
    rows, owners, places, sizes = [], [], [], []
    for number, product in enumerate(plan.products):
        picture = pictures[product.gtin]
        zoom = _PICTURE_PX / picture.shape[0]
        grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), None, fx=zoom, fy=zoom)
        own, told = sift.detectAndCompute(grey, None)
        if told is None:
            continue
        per_mm = grey.shape[0] / product.height_mm
        rows.append(told)
        owners += [number] * len(own)
        places += [(point.pt[0] / grey.shape[1] * product.width_mm, point.pt[1] / per_mm) for point in own]
        sizes += [point.size / per_mm for point in own]
    if found is None or not rows or len(found) < 2:
        return None
    known, owner = np.concatenate(rows), np.array(owners)
    if len(known) < 2:
        return None
    near = cv2.FlannBasedMatcher({"algorithm": 1, "trees": 4}, {"checks": 48}).knnMatch(
        found, known, k=min(6, len(known))
    )
    seen, may_be, scales = [], [], []
    stands = _stands(plan)
    for each in near:
        best = each[0]
        rival = next((one for one in each[1:] if owner[one.trainIdx] != owner[best.trainIdx]), None)
        if rival is not None and best.distance > _RATIO * rival.distance:
            continue
        seen.append(points[best.queryIdx].pt)
        may_be.append(stands[owner[best.trainIdx]] + np.array(places[best.trainIdx]))
        scales.append(points[best.queryIdx].size / sizes[best.trainIdx])
    if len(seen) < FEWEST:
        return None
    padded = np.full((len(may_be), max(len(one) for one in may_be), 2), _NOWHERE)
    for row, one in zip(padded, may_be, strict=True):
        row[: len(one)] = one
    return _Matches(np.array(seen), padded, float(np.exp(np.median(np.log(scales)))))


def _stands(plan: Planogram) -> list[NDArray[np.float64]]:
    # The upper left corners of each product's facings.
    numbers = {product.gtin: number for number, product in enumerate(plan.products)}
    corners: list[list[tuple[float, float]]] = [[] for _ in numbers]
    for facing in plan.facings:
        top = plan.height_mm - facing.board_mm - facing.product.height_mm
        corners[numbers[facing.product.gtin]].append((facing.left_mm, top))
    return [np.array(each) for each in corners]


def _voted(matches: _Matches, plan: Planogram) -> NDArray[np.float64]:
    step = _BIN * plan.width_mm * matches.scale
    there = matches.may_be[..., 0] < _NOWHERE
    shifts = (matches.seen[:, None] - matches.scale * matches.may_be)[there]
    # Who may stand in many places says little of each.
    weights = np.broadcast_to(1 / there.sum(1, keepdims=True), there.shape)[there]
    cells = np.floor((shifts - shifts.min(0)) / step).astype(int)
    votes = np.zeros(cells.max(0) + 1)
    np.add.at(votes, (cells[:, 0], cells[:, 1]), weights)
    # Perspective spreads the true votes over neighbours.
    smooth = cv2.GaussianBlur(votes, (0, 0), 1.5)
    peak = np.array(np.unravel_index(int(smooth.argmax()), smooth.shape))
    shift = shifts.min(0) + (peak + 0.5) * step
    return np.array([[matches.scale, 0, shift[0]], [0, matches.scale, shift[1]], [0, 0, 1]])


def _refined(matches: _Matches, matrix: NDArray[np.float64], plan: Planogram) -> tuple[NDArray[np.float64], int] | None:
    agreed = 0
    for reach in _REACHES:
        far_px = reach * plan.width_mm * matches.scale
        away = np.linalg.norm(
            _moved(matches.may_be.reshape(-1, 2), matrix).reshape(matches.may_be.shape) - matches.seen[:, None], axis=2
        )
        away[matches.may_be[..., 0] >= _NOWHERE] = np.inf
        nearest = away.argmin(1)
        rows = np.arange(len(nearest))
        fits = away[rows, nearest] < far_px
        if int(fits.sum()) < FEWEST:
            return None
        here, there = matches.may_be[rows, nearest][fits], matches.seen[fits]
        found, inside = cv2.findHomography(here, there, cv2.RANSAC, far_px / 2, maxIters=3000, confidence=0.999)
        if found is None:
            return None
        matrix, agreed = np.asarray(found, np.float64), int(inside.sum())
    return matrix, agreed


def _moved(points: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = np.concatenate([points, np.ones((len(points), 1))], 1) @ matrix.T
    return np.asarray(spread[:, :2] / np.where(np.abs(spread[:, 2:]) < 1e-9, 1e-9, spread[:, 2:]), np.float64)


def _is_upright(matrix: NDArray[np.float64], plan: Planogram) -> bool:
    # A bay that is folded, mirrored or a sliver is a placing by chance.
    corners = np.array([[0, 0], [plan.width_mm, 0], [plan.width_mm, plan.height_mm], [0, plan.height_mm]], float)
    at = _moved(corners, matrix)
    edges = np.roll(at, -1, 0) - at
    after = np.roll(edges, -1, 0)
    turns = edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0]
    long = np.linalg.norm(edges, axis=1)
    return bool((turns > 0).all() and long.max() < 6 * max(long.min(), 1e-9))
