"""A photo against a planogram: the bay is found, straightened, read shelf by shelf, and aligned with the plan."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware_specs.planogram import Facing, Planogram, Product
from vision.shelf.register import placing
from vision.shelf.row import Front, Standing, read_row
from vision.shelf.siblings import MARGIN_PX, likeliest, likeness

PX_PER_MM: Final = 0.4
_SLACK_MM: Final = 15.0
_MOST_PX: Final = 40_000_000

_NOT_PLANNED: Final = 0.75
"""Cost of taking a pack for the one that is missing in its place, beside the distance; a gap or an extra costs 1."""

_BUSY: Final = 0.4
"""Of the detail of packs that were recognised: a place with more holds something that is no product of the plan."""

_HALF_HIDDEN: Final = 0.48
"""Likeness to its own product of a place where a row saw none: under glare or behind a tag half of it is enough.

On 84 generated shelves packs that were hidden so have 0.59 and more, products that no plan knows 0.37 at most.
"""

State = Literal["right", "wrong", "gap"]


class NotThisShelfError(ValueError):
    """A photo in which the planogram's bay is not to be found; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What became of one planned facing.

    `seen` is the GTIN that stands there, None for a gap and for something that no product of the plan looks like;
    `corners` are its place in the photo, pixels, from the upper left clockwise; `likeness` to the seen product.
    """

    facing: Facing
    state: State
    seen: str | None
    likeness: float
    corners: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """All planned facings, and packs where none is planned, by shelf; `agreed` features say where the bay is."""

    slots: tuple[Slot, ...]
    extra: tuple[tuple[int, str], ...]
    agreed: int

    def as_json(self) -> dict[str, Any]:
        """Return each planned facing, its corners in pixels of the photo, what stands beside the plan, and counts."""
        counts = Counter(slot.state for slot in self.slots)
        return {
            "facings": len(self.slots),
            "right": counts["right"],
            "gaps": counts["gap"],
            "wrong": counts["wrong"],
            "extra": [{"shelf": shelf, "gtin": gtin} for shelf, gtin in self.extra],
            "slots": [
                {
                    "shelf": slot.facing.shelf,
                    "position": slot.facing.position,
                    "gtin": slot.facing.product.gtin,
                    "name": slot.facing.product.name,
                    "state": slot.state,
                    "seen": slot.seen,
                    "likeness": round(slot.likeness, 3),
                    "corners": [list(corner) for corner in slot.corners],
                }
                for slot in self.slots
            ],
        }


def audit(photo: NDArray[np.uint8], plan: Planogram, pictures: Mapping[str, NDArray[np.uint8]]) -> Audit:
    """Return what stands where.

    Args:
        photo: uint8 of shape (height, width, 3), BGR.
        pictures: the front of every product that the plan names, BGR, by GTIN.

    Raises NotThisShelfError.
    """
    placed = placing(photo, plan, pictures)
    if placed is None:
        raise NotThisShelfError(
            "the planogram's shelf is not to be seen in this photo: take the whole bay from the front, or check that "
            "it is this planogram's"
        )
    shrink = min(1.0, (_MOST_PX / (plan.width_mm * plan.height_mm)) ** 0.5 / PX_PER_MM)
    scale = PX_PER_MM * shrink
    flat = _straightened(photo, placed.matrix, plan, scale)
    fronts = _fronts(plan, pictures, scale)
    flat = _balanced(flat, plan, fronts, scale)
    close = _Close(
        _straightened(photo, placed.matrix, plan, 2 * scale), _fronts(plan, pictures, 2 * scale), plan, scale
    )
    slots: list[Slot] = []
    extra: list[tuple[int, str]] = []
    for shelf in sorted({facing.shelf for facing in plan.facings}):
        planned = [facing for facing in plan.facings if facing.shelf == shelf]
        strip, slack = _strip(flat, plan, planned, scale)
        standing = [close.surer(one, planned[0].board_mm) for one in read_row(strip, tuple(fronts.values()), slack)]
        pairs, more = _aligned(planned, standing, scale)
        extra += [(shelf, one.gtin) for one in more]
        detail = _detail(strip)
        usual = float(np.median([_within(detail, one.left, one.right) for one in standing])) if standing else 0.0
        for facing, one in zip(planned, pairs, strict=True):
            corners = _corners(facing, plan, placed.matrix)
            if one is not None:
                state: State = "right" if one.gtin == facing.product.gtin else "wrong"
                slots.append(Slot(facing, state, one.gtin, one.likeness, corners))
                continue
            left, right = facing.left_mm * scale, (facing.left_mm + facing.product.width_mm) * scale
            if usual == 0 or _within(detail, round(left), round(right)) <= _BUSY * usual:
                slots.append(Slot(facing, "gap", None, 0.0, corners))
            elif (alike := close.likeness(facing)) > _HALF_HIDDEN:
                slots.append(Slot(facing, "right", facing.product.gtin, alike, corners))
            else:
                slots.append(Slot(facing, "wrong", None, 0.0, corners))
    return Audit(tuple(slots), tuple(extra), placed.agreed)


def _straightened(
    photo: NDArray[np.uint8], matrix: NDArray[np.float64], plan: Planogram, scale: float
) -> NDArray[np.uint8]:
    # Below the lowest board there is room for packs that stand lower than they should.
    width, height = round(plan.width_mm * scale), round((plan.height_mm + _SLACK_MM) * scale)
    per_mm = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    shrink = min(1.0, 1.5 * scale / max(per_mm, 1e-9))
    if shrink < 1:
        # Straightening takes single pixels: of a large photo they have to be means first.
        photo = np.asarray(cv2.resize(photo, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
    to_photo = np.diag([shrink, shrink, 1.0]) @ matrix @ np.diag([1 / scale, 1 / scale, 1.0])
    way = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(photo, to_photo, (width, height), flags=way), np.uint8)


@dataclass(frozen=True, slots=True)
class _Close:
    """The straightened bay at twice the scale of rows, for a second look at single packs."""

    flat: NDArray[np.uint8]
    fronts: Mapping[str, Front]
    plan: Planogram
    scale: float

    def surer(self, one: Standing, board_mm: float) -> Standing:
        """Return the pack as the likeliest of the products that it may be."""
        if not one.rivals:
            return one
        own = self.fronts[one.gtin].pixels
        window = self._window(2 * one.left, board_mm, own)
        size = (own.shape[1], own.shape[0])
        looks = [cv2.resize(self.fronts[gtin].pixels, size, interpolation=cv2.INTER_AREA) for gtin in one.rivals]
        best = likeliest(window, [own, *(np.asarray(look, np.uint8) for look in looks)])
        return one if best == 0 else replace(one, gtin=one.rivals[best - 1])

    def likeness(self, facing: Facing) -> float:
        """Return how much the place of a facing looks like its product."""
        front = self.fronts[facing.product.gtin].pixels
        return likeness(self._window(round(2 * facing.left_mm * self.scale), facing.board_mm, front), front)

    def _window(self, left: int, board_mm: float, front: NDArray[np.uint8]) -> NDArray[np.uint8]:
        # Grey round the bay stands for what the photo does not show.
        high, wide = front.shape[:2]
        top = round((self.plan.height_mm - board_mm) * 2 * self.scale) - high
        window = np.full((high + 2 * MARGIN_PX, wide + 2 * MARGIN_PX, 3), 128, np.uint8)
        x0, y0 = left - MARGIN_PX, top - MARGIN_PX
        part = self.flat[max(0, y0) : y0 + window.shape[0], max(0, x0) : x0 + window.shape[1]]
        window[max(0, -y0) : max(0, -y0) + part.shape[0], max(0, -x0) : max(0, -x0) + part.shape[1]] = part
        return window


def _fronts(plan: Planogram, pictures: Mapping[str, NDArray[np.uint8]], scale: float) -> dict[str, Front]:
    return {product.gtin: _front(product, pictures[product.gtin], scale) for product in plan.known}


def _front(product: Product, picture: NDArray[np.uint8], scale: float) -> Front:
    size = (max(4, round(product.width_mm * scale)), max(4, round(product.height_mm * scale)))
    return Front(product.gtin, np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8))


def _balanced(flat: NDArray[np.uint8], plan: Planogram, fronts: Mapping[str, Front], scale: float) -> NDArray[np.uint8]:
    # Light and camera shift colours alike for all packs: most stand where they should, so medians undo it.
    seen, wanted = [], []
    for facing in plan.facings:
        front = fronts[facing.product.gtin].pixels
        top = round((plan.height_mm - facing.board_mm) * scale) - front.shape[0]
        left = round(facing.left_mm * scale)
        part = flat[max(0, top) : top + front.shape[0], left : left + front.shape[1]]
        if part.size:
            seen.append(part.reshape(-1, 3).mean(0))
            wanted.append(front.reshape(-1, 3).mean(0))
    gain = np.median(np.array(wanted), 0) / np.maximum(np.median(np.array(seen), 0), 1)
    return np.asarray(np.clip(flat * np.clip(gain, 0.3, 4), 0, 255), np.uint8)


def _strip(
    flat: NDArray[np.uint8], plan: Planogram, planned: Sequence[Facing], scale: float
) -> tuple[NDArray[np.uint8], int]:
    slack = max(2, round(_SLACK_MM * scale))
    board = round((plan.height_mm - planned[0].board_mm) * scale)
    high = max(facing.product.height_mm for facing in plan.facings)
    bottom = min(flat.shape[0], board + slack)
    strip = flat[max(0, board - round(high * scale) - slack) : bottom]
    return strip, slack - (board + slack - bottom)


def _aligned(
    planned: Sequence[Facing], standing: Sequence[Standing], scale: float
) -> tuple[list[Standing | None], list[Standing]]:
    # The cheapest way to lay the row over the plan (edit distance), both from the left.
    cost = np.zeros((len(planned) + 1, len(standing) + 1))
    cost[:, 0], cost[0, :] = np.arange(len(planned) + 1), np.arange(len(standing) + 1)
    for i, facing in enumerate(planned, 1):
        for j, one in enumerate(standing, 1):
            pair = cost[i - 1, j - 1] + _unlike(facing, one, scale)
            cost[i, j] = min(pair, cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    pairs: list[Standing | None] = [None] * len(planned)
    extra: list[Standing] = []
    i, j = len(planned), len(standing)
    while i or j:
        if i and j and np.isclose(cost[i, j], cost[i - 1, j - 1] + _unlike(planned[i - 1], standing[j - 1], scale)):
            i, j = i - 1, j - 1
            pairs[i] = standing[j]
        elif i and np.isclose(cost[i, j], cost[i - 1, j] + 1):
            i -= 1
        else:
            j -= 1
            extra.append(standing[j])
    return pairs, extra[::-1]


def _unlike(facing: Facing, one: Standing, scale: float) -> float:
    middle = (facing.left_mm + facing.product.width_mm / 2) * scale
    away = abs((one.left + one.right) / 2 - middle) / (facing.product.width_mm * scale)
    return away + (0 if one.gtin == facing.product.gtin else _NOT_PLANNED)


def _detail(strip: NDArray[np.uint8]) -> NDArray[np.float64]:
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY).astype(np.float32)
    middle = grey[grey.shape[0] // 3 : -max(1, grey.shape[0] // 10)]
    return np.asarray(np.abs(np.diff(middle, axis=0)).mean(0), np.float64)


def _within(detail: NDArray[np.float64], left: int, right: int) -> float:
    inset = max(1, (right - left) // 6)
    part = detail[max(0, left + inset) : max(1, right - inset)]
    return float(part.mean()) if len(part) else 0.0


def _corners(facing: Facing, plan: Planogram, matrix: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    left, right = facing.left_mm, facing.left_mm + facing.product.width_mm
    bottom = plan.height_mm - facing.board_mm
    top = bottom - facing.product.height_mm
    at = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float64)
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in cv2.perspectiveTransform(at, matrix)[0])
