"""What stands in the virtual camera's scene: the shelf behind, the face of a pack, the hand that holds it.

Pictures are uint8 of shape (height, width, 3), BGR; everything follows from a seed.
"""

import colorsys
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from firmware_specs.gtin import GtinError, as_ean13, normal
from firmware_specs.instore import CHINA_13, InStore, encode, own_number
from vision.fonts import font
from vision.typeset import fit

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 480
PACK_WIDTH_PX: Final = 340
PACK_HEIGHT_PX: Final = 430
MODULE_PX: Final = 2

_SCALE: Final = CHINA_13[2]
"""What the store's scale prints on a bag: item number and weight."""

_LEAST_G: Final = 200
_SPAN_G: Final = 1_300

Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Pack:
    """What is held to the camera. `gtin` is 14 digits that an EAN-13 carries."""

    gtin: str
    name_zh: str
    name_en: str
    seed: int


def pack_of(gtin: str, name_zh: str, name_en: str, seed: int) -> Pack | None:
    """Return the pack of a product; a bag with the scale's code of goods by weight, None where no EAN-13 names it."""
    try:
        digits = normal(gtin)
        if (number := own_number(digits)) is not None and number < 10**5:
            digits = normal(encode(_SCALE, InStore(number, weight_g=_LEAST_G + seed % _SPAN_G)))
        as_ean13(digits)
    except GtinError:
        return None
    return Pack(digits, name_zh, name_en, seed)


@lru_cache(maxsize=8)
def shelf(seed: int) -> Pixels:
    """Return a shelf out of focus: boards, packs in rows, light from above. Do not write into it."""
    chance = random.Random(f"shelf {seed}")
    height, width = HEIGHT_PX // 4, WIDTH_PX // 4
    wall = np.linspace(chance.uniform(90, 120), chance.uniform(35, 60), height)
    small: Pixels = np.repeat(wall.astype(np.uint8), width * 3).reshape(height, width, 3)
    top = -chance.randint(0, 15)
    while top < height:
        row_px = chance.randint(34, 46)
        board = top + row_px - 5
        left = -chance.randint(0, 10)
        while left < width:
            box_px, tall_px = chance.randint(9, 26), chance.randint(row_px * 6 // 10, row_px - 7)
            hue = chance.random()
            right = left + box_px - 2
            body = _bgr(hue, chance.uniform(0.35, 0.85), chance.uniform(0.4, 0.9))
            cv2.rectangle(small, (left, board - tall_px), (right, board), body, -1)
            band = board - tall_px * chance.randint(4, 7) // 8
            cv2.rectangle(small, (left + 2, band), (right - 2, band + tall_px // 4), _bgr(hue, 0.12, 0.97), -1)
            left += box_px
        cv2.rectangle(small, (0, board + 1), (width, board + 4), (208, 206, 202), -1)
        cv2.rectangle(small, (0, board + 5), (width, board + 6), (40, 40, 42), -1)
        top += row_px
    light = np.linspace(1.15, 0.7, height, dtype=np.float32)[:, None, None]
    lit = np.clip(cv2.GaussianBlur(small, (0, 0), chance.uniform(1.0, 1.8)) * light, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(lit, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_CUBIC), np.uint8)


@lru_cache(maxsize=32)
def pack_face(pack: Pack) -> Pixels:
    """Return the front of a pack, flat, at the size at which it is seen. Do not write into it."""
    chance = random.Random(f"face {pack.gtin}")
    hue = chance.random()
    ground = _rgb(hue, chance.uniform(0.6, 0.9), chance.uniform(0.4, 0.7))
    accent = _rgb((hue + chance.choice((0.08, 0.45, 0.55))) % 1.0, 0.75, 0.95)
    image = Image.new("RGB", (PACK_WIDTH_PX, PACK_HEIGHT_PX), ground)
    draw = ImageDraw.Draw(image)
    names = (
        fit(pack.name_zh, PACK_WIDTH_PX - 40, (44, 36, 30, 24, 20), 2),
        fit(pack.name_en, PACK_WIDTH_PX - 40, (24, 20, 17, 14), 2),
    )
    # The curve under the names falls to the sides, so it keeps its distance from a second line.
    curve = max(150, 36 + sum((part.size_px + 6) * len(part.lines) for part in filter(None, names)))
    draw.ellipse((-150, curve - 10, PACK_WIDTH_PX + 150, curve + 600), fill=accent)
    draw.ellipse((-150, curve, PACK_WIDTH_PX + 150, curve + 600), fill=_rgb(hue, 0.12, 0.96))
    draw.rectangle((0, 0, PACK_WIDTH_PX, 9), fill=accent)
    top = 22
    for part in filter(None, names):
        for line in part.lines:
            draw.text((20, top), line, font=font(part.size_px), fill=(255, 255, 255))
            top += part.size_px + 6
    # A drawing of the contents.
    for _ in range(chance.randint(3, 5)):
        x_px, y_px, r_px = chance.randint(60, 280), curve + chance.randint(40, 66), chance.randint(14, 26)
        fill = _rgb((hue + chance.uniform(-0.1, 0.1)) % 1.0, 0.7, chance.uniform(0.6, 0.9))
        draw.ellipse((x_px - r_px, y_px - r_px, x_px + r_px, y_px + r_px), fill=fill)
    bars = _barcode(pack.gtin[1:])
    height, width = bars.shape
    left, top = PACK_WIDTH_PX - width - 20, PACK_HEIGHT_PX - height - 24
    draw.rounded_rectangle((left - 6, top - 6, left + width + 6, top + height + 6), 5, fill=(255, 255, 255))
    image.paste(Image.fromarray(bars), (left, top))
    # The face of a pack bulges: light falls off to its sides.
    across = np.linspace(-1, 1, PACK_WIDTH_PX, dtype=np.float32)
    shade = (1.02 - 0.16 * np.square(across + 0.2))[None, :, None]
    face = np.clip(np.asarray(image, np.float32) * shade, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(face[:, :, ::-1])


def draw_arm(picture: Pixels, view: NDArray[np.float64], skin: Colour) -> None:
    """Draw the palm and forearm behind the pack; `view` maps the pack's face into the picture."""
    _limb(picture, view, [(110, 300), (70, 470), (20, 900)], 120, skin)


def draw_fingers(picture: Pixels, view: NDArray[np.float64], skin: Colour) -> None:
    """Draw the thumb over the left edge and fingertips over the right edge, clear of the barcode."""
    _limb(picture, view, [(-60, 330), (-14, 288), (28, 256)], 44, skin)
    for y_px in (120, 156, 191, 224):
        _limb(picture, view, [(PACK_WIDTH_PX + 24, y_px + 10), (PACK_WIDTH_PX - 6, y_px)], 31, skin)


def _limb(picture: Pixels, view: NDArray[np.float64], path: list[tuple[int, int]], width_px: int, skin: Colour) -> None:
    points = cv2.perspectiveTransform(np.array([path], np.float32), view)[0].astype(np.int32)
    scale = float(np.sqrt(abs(np.linalg.det(view[:2, :2]))))
    # From the shaded rim to the lit middle, each stroke narrower and a little up and left.
    for share, light in ((1.0, 0.62), (0.88, 0.8), (0.66, 0.93), (0.38, 1.0)):
        shade = tuple(round(channel * light) for channel in skin)
        thick_px = max(1, round(width_px * share * scale))
        shifted = points - round(width_px * (1 - share) * 0.12)
        cv2.polylines(picture, [shifted], False, shade, thick_px, cv2.LINE_AA)


def _barcode(digits: str) -> Pixels:
    barcode = zxingcpp.create_barcode(digits, zxingcpp.BarcodeFormat.EAN13)
    return np.asarray(barcode.to_image(scale=MODULE_PX, add_hrt=True), np.uint8)


def _rgb(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _bgr(hue: float, saturation: float, value: float) -> Colour:
    return _rgb(hue, saturation, value)[::-1]
