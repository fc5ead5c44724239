"""A bay of shelves as a phone sees it: packs by a planogram, some gone, some in a wrong place, and the truth."""

import csv
import io
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.camera.generated.capture import captured, glare
from device_drivers.camera.generated.ranges import Ranges
from firmware_specs.gtin import normal, with_check_digit
from firmware_specs.planogram import COLUMNS, Facing, Planogram, Product

Pixels = NDArray[np.uint8]

PX_PER_MM: Final = 2.0
"""Of a pack's picture and of the bay before it is photographed."""

_GONE: Final = 0.06
_SWAPPED: Final = 0.05
_STRANGE: Final = 0.01
"""Chances of a facing: gone, another product of the plan (half of them a sibling), a product that no plan knows."""

_BRANDS: Final = ("NORD", "ALBA", "KUMO", "PRIMO", "VITA", "SOLE", "LINDA", "ORYX", "DELTA", "MIRA", "TERRA", "FINN")
_GOODS: Final = (
    "TEA",
    "RICE",
    "OATS",
    "SOAP",
    "PASTA",
    "COFFEE",
    "SUGAR",
    "SALT",
    "FLAKES",
    "CRACKER",
    "JUICE",
    "SOUP",
)
_FONTS: Final = (cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)


@dataclass(frozen=True, slots=True)
class Range:
    """The products of a bay: each with the picture of its front, and the family that it looks alike with."""

    products: tuple[Product, ...]
    pictures: dict[str, Pixels]
    family: dict[str, int]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A photo, the plan, and for each planned facing what stands there: a GTIN, None for nothing, "" for a stranger."""

    pixels: Pixels
    plan: Planogram
    stands: tuple[str | None, ...]
    corners: tuple[tuple[tuple[float, float], ...], ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Return the truth of each planned facing."""
        return [
            {
                "shelf": facing.shelf,
                "position": facing.position,
                "gtin": facing.product.gtin,
                "state": "gap" if seen is None else "right" if seen == facing.product.gtin else "wrong",
                "seen": seen or None,
                "corners": corners,
            }
            for facing, seen, corners in zip(self.plan.facings, self.stands, self.corners, strict=True)
        ]


def goods(seed: int, families: int = 12, sold: Sequence[tuple[str, str]] = ()) -> Range:
    """Return products in families of two or three that look alike but for colour and sort.

    Args:
        sold: GTINs and names to give them, as far as they go; without any, products that nobody sells.
    """
    chance = random.Random(f"{seed} goods")
    products, pictures, family = [], {}, {}
    own = iter(sold)
    for number in range(families):
        width, height = chance.uniform(60, 150), chance.uniform(110, 260)
        design = chance.getrandbits(32)
        for sort in range(chance.randint(2, 3)):
            gtin = normal(with_check_digit(f"2{chance.randrange(10**11):011}"))
            name = f"{_BRANDS[number % len(_BRANDS)]} {chance.choice(_GOODS)} {sort + 1}"
            if sold:
                named = next(own, None)
                if named is None:
                    break
                gtin, name = named
            products.append(Product(gtin, name, round(width, 1), round(height, 1), f"products/{gtin}.png"))
            pictures[gtin] = _front(design, chance.getrandbits(32), name, width, height)
            family[gtin] = number
    return Range(tuple(products), pictures, family)


def planned(seed: int, number: int, range_: Range) -> Planogram:
    """Return a plan of four or five shelves, products of a family side by side."""
    chance = random.Random(f"{seed} plan {number}")
    shelves, width = chance.randint(4, 5), chance.uniform(1000, 1300)
    order = sorted(range_.products, key=lambda one: (range_.family[one.gtin] * 7919 + number * 31) % 97)
    turn, facings = iter(order * 9), []
    board = 0.0
    rows: list[list[Product]] = []
    for _ in range(shelves):
        left, row = 0.0, []
        while True:
            product = next(turn)
            count = chance.randint(2, 4)
            fits = min(count, int((width - left) // product.width_mm))
            if fits < 1:
                break
            row += [product] * fits
            left += fits * product.width_mm
        rows.append(row)
    for level, row in enumerate(rows):
        left, spare = 0.0, (width - sum(one.width_mm for one in row)) / max(1, len(row))
        for position, product in enumerate(row, 1):
            facings.append(Facing(shelves - level, position, product, round(left + spare / 2, 1), round(board, 1)))
            left += product.width_mm + spare
        board += max(one.height_mm for one in row) + chance.uniform(40, 80)
    facings.sort(key=lambda one: (one.shelf, one.position))
    return Planogram(
        tuple(facings),
        max(one.left_mm + one.product.width_mm for one in facings),
        max(one.board_mm + one.product.height_mm for one in facings),
        tuple(one for one in range_.products if one not in {facing.product for facing in facings}),
    )


def shelf(seed: int, number: int, range_: Range, ranges: Ranges, *, is_stocked: bool = False) -> Shelf:
    """Return photo `number` of a set, the same for the same seed; `is_stocked`: the same bay with all in its place."""
    chance = random.Random(f"{seed} shelf {number}")
    plan = planned(seed, number, range_)
    stands = tuple(_stands(facing, range_, chance) for facing in plan.facings)
    if is_stocked:
        stands = tuple(facing.product.gtin for facing in plan.facings)
    scene, edge = _bay(plan, stands, range_, chance)
    matrix = _seen_from(scene, edge, plan, ranges, chance)
    size = (ranges.width_px, ranges.height_px)
    wall = [chance.randint(90, 200)] * 3
    taken = cv2.warpPerspective(
        _softened(scene, matrix), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=wall
    )
    photo = np.asarray(taken, np.uint8)
    for _ in range(chance.randint(0, 2)):
        reach = chance.uniform(0.03, 0.08) * ranges.width_px
        glare(photo, chance.uniform(0, size[0]), chance.uniform(0, size[1]), reach, chance)
    # A phone is held still, and lit by the shop: the hard half of what a cart's camera goes through is not its.
    steady = replace(ranges, exposure=(0.6, 1.3), focus_px=(0.3, 1.1), motion_px=(0.0, 2.0))
    corners = []
    for facing in plan.facings:
        left, bottom = facing.left_mm, plan.height_mm - facing.board_mm
        right, top = left + facing.product.width_mm, bottom - facing.product.height_mm
        at = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]]) * PX_PER_MM + edge
        corners.append(tuple((float(x), float(y)) for x, y in cv2.perspectiveTransform(at, matrix)[0].round(1)))
    return Shelf(captured(photo, chance, steady), plan, stands, tuple(corners))


def stocked(plan: Planogram, range_: Range, chance: random.Random) -> Pixels:
    """Return the bay of a plan with everything where it belongs, from the front."""
    return _bay(plan, [facing.product.gtin for facing in plan.facings], range_, chance)[0]


def as_csv(plan: Planogram) -> str:
    """Return a plan as a person would write it: a line for each facing, and for each product that is known besides."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for one in plan.facings:
        own = one.product
        size = (own.width_mm, own.height_mm, own.picture)
        rows.writerow((one.shelf, one.position, own.gtin, own.name, 1, one.left_mm, one.board_mm, *size))
    for other in plan.others:
        size = (other.width_mm, other.height_mm, other.picture)
        rows.writerow(("", "", other.gtin, other.name, 0, "", "", *size))
    return out.getvalue()


def _stands(facing: Facing, range_: Range, chance: random.Random) -> str | None:
    draw, own = chance.random(), facing.product.gtin
    if draw < _GONE:
        return None
    if draw < _GONE + _STRANGE:
        return ""
    if draw < _GONE + _STRANGE + _SWAPPED:
        # Two packs cannot stand in one place: only what has room there is put there.
        room = facing.product.width_mm * 1.05
        others = [one.gtin for one in range_.products if one.gtin != own and one.width_mm <= room]
        kin = [gtin for gtin in others if range_.family[gtin] == range_.family[own]]
        return chance.choice(kin if kin and chance.random() < 0.5 else others or [own])
    return own


def _bay(plan: Planogram, stands: Sequence[str | None], range_: Range, chance: random.Random) -> tuple[Pixels, int]:
    edge = round(60 * PX_PER_MM)
    width, height = (round(side * PX_PER_MM) + 2 * edge for side in (plan.width_mm, plan.height_mm))
    back = np.array([chance.randint(70, 190)] * 3) + [chance.randint(-12, 12) for _ in range(3)]
    scene = np.full((height, width, 3), np.clip(back, 0, 255), np.uint8)
    for board in sorted({facing.board_mm for facing in plan.facings}):
        line = edge + round((plan.height_mm - board) * PX_PER_MM)
        # Under a board it is dark; its rail carries labels.
        depth = round(90 * PX_PER_MM)
        shade = np.linspace(0.45, 1.0, depth)[:, None, None]
        under = scene[line : line + depth]
        scene[line : line + depth] = (under * shade[: len(under)]).astype(np.uint8)
        cv2.rectangle(scene, (0, line), (width, line + round(28 * PX_PER_MM)), [chance.randint(170, 235)] * 3, -1)
    strangers = goods(chance.getrandbits(31), 1)
    for facing, seen in zip(plan.facings, stands, strict=True):
        line = edge + round((plan.height_mm - facing.board_mm) * PX_PER_MM)
        left = edge + round((facing.left_mm + chance.uniform(-4, 4)) * PX_PER_MM)
        wide = round(facing.product.width_mm * PX_PER_MM)
        cv2.rectangle(scene, (left + 8, line + 6), (left + min(wide, 90), line + 50), (250, 250, 250), -1)
        price = f"{chance.randint(1, 19)}.{chance.randint(0, 99):02}"
        cv2.putText(scene, price, (left + 12, line + 40), cv2.FONT_HERSHEY_DUPLEX, 0.9, (20, 20, 20), 2, cv2.LINE_AA)
        if seen is None:
            continue
        picture = strangers.pictures[strangers.products[0].gtin] if seen == "" else range_.pictures[seen]
        _stand(scene, picture, left + wide // 2, line, chance)
    return scene, edge


def _stand(scene: Pixels, picture: Pixels, middle: int, line: int, chance: random.Random) -> None:
    high, wide = picture.shape[:2]
    tilt = chance.uniform(-0.02, 0.02) * high
    way = np.array([[1, -tilt / high, tilt], [0, 1, 0]], np.float64)
    shown = cv2.warpAffine(picture, way, (wide, high), borderMode=cv2.BORDER_REPLICATE)
    shown = np.clip(shown * chance.uniform(0.88, 1.06), 0, 255).astype(np.uint8)
    left, top = middle - wide // 2, line - high
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + wide, scene.shape[1]), min(line, scene.shape[0])
    if x1 > x0 and y1 > y0:
        scene[y0:y1, x0:x1] = shown[y0 - top : y1 - top, x0 - left : x1 - left]
        cv2.rectangle(scene, (x0, y0), (x1 - 1, y1 - 1), (40, 40, 40), 1)


def _seen_from(scene: Pixels, edge: int, plan: Planogram, ranges: Ranges, chance: random.Random) -> NDArray[np.float64]:
    # A pinhole camera before the bay's middle, turned and tilted a little, as far away as fills the frame.
    height, width = scene.shape[:2]
    yaw, pitch, roll = (math.radians(chance.uniform(-most, most)) for most in (14, 7, 3))
    turn = _about(1, yaw) @ _about(0, pitch) @ _about(2, roll)
    fill, focal = chance.uniform(0.82, 0.97), 1.1 * ranges.width_px
    far = focal * max(width / (fill * ranges.width_px), height / (fill * ranges.height_px))
    inside = np.array([[focal, 0, ranges.width_px / 2], [0, focal, ranges.height_px / 2], [0, 0, 1]])
    pose = np.stack([turn[:, 0], turn[:, 1], np.array([0, 0, far])], 1)
    centred = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    return np.asarray(inside @ pose @ centred, np.float64)


def _about(axis: int, angle: float) -> NDArray[np.float64]:
    turn = np.eye(3)
    a, b = [each for each in range(3) if each != axis]
    turn[a, a] = turn[b, b] = math.cos(angle)
    turn[a, b], turn[b, a] = -math.sin(angle), math.sin(angle)
    return turn


def _softened(scene: Pixels, matrix: NDArray[np.float64]) -> Pixels:
    middle = np.array([scene.shape[1] / 2, scene.shape[0] / 2, 1.0])
    zoom = abs(np.linalg.det(matrix)) ** 0.5 / abs(float((matrix @ middle)[2])) ** 1.5
    # What one pixel of the photo covers is seen as its mean.
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), 0.45 / zoom), np.uint8) if zoom < 0.8 else scene


def _front(design: int, sort: int, name: str, width_mm: float, height_mm: float) -> Pixels:
    # The design is the family's, colours and word the sort's.
    shape, colour = random.Random(design), random.Random(sort)
    width, height = round(width_mm * PX_PER_MM), round(height_mm * PX_PER_MM)
    ground = [shape.randint(30, 240) for _ in range(3)]
    accent = [colour.randint(20, 250) for _ in range(3)]
    face = np.full((height, width, 3), ground, np.uint8)
    band = round(height * shape.uniform(0.15, 0.4)), round(height * shape.uniform(0.5, 0.85))
    cv2.rectangle(face, (0, band[0]), (width, band[1]), accent, -1)
    for _ in range(shape.randint(3, 7)):
        at = (shape.randrange(width), shape.randrange(height))
        ink = [shape.randint(10, 250) for _ in range(3)]
        if shape.random() < 0.5:
            cv2.circle(face, at, shape.randint(width // 12, width // 4), ink, -1, cv2.LINE_AA)
        else:
            corners = np.array([[shape.randrange(width), shape.randrange(height)] for _ in range(3)])
            cv2.fillPoly(face, [corners], ink, cv2.LINE_AA)
    font = shape.choice(_FONTS)
    words = name.split()
    last = f"No {words[-1]}" if words[-1].isdigit() else " ".join(words[2:3])
    lines = [*words[:2], last, f"{colour.randint(1, 9) * 50} g"]
    for row, word in enumerate(lines):
        reach = max(1, cv2.getTextSize(word, font, 1.0, 2)[0][0])
        size = min(2.6, 0.85 * width / reach)
        at = (round(width * 0.07), round(height * (0.12 + 0.23 * row)) + 14)
        cv2.putText(face, word, at, font, size, (250, 250, 250), max(2, round(size * 4)), cv2.LINE_AA)
        cv2.putText(face, word, at, font, size, (15, 15, 15), max(1, round(size * 2)), cv2.LINE_AA)
    return np.asarray(face, np.uint8)
