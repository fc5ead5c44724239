"""The printed face of a pack with a code on it, flat, and where the code is on it. Pictures are uint8, grey or BGR."""

import random
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from zxingcpp import BarcodeFormat

from device_drivers.camera.generated.ranges import Ranges
from firmware_specs.gtin import as_upc_e, from_upc_e, normal, with_check_digit

Pixels = NDArray[np.uint8]

MODULE_PX: Final = 8
"""Pixels of a module on a face: more than any camera sees of it."""

_KINDS: Final = (
    ("EAN-13", 60),
    ("UPC-A", 10),
    ("EAN-8", 10),
    ("UPC-E", 8),
    ("QR Code", 4),
    ("Data Matrix", 4),
    ("Code 128", 4),
)
_FORMATS: Final = {
    "EAN-13": BarcodeFormat.EAN13,
    "UPC-A": BarcodeFormat.UPCA,
    "EAN-8": BarcodeFormat.EAN8,
    "UPC-E": BarcodeFormat.UPCE,
    "QR Code": BarcodeFormat.QRCode,
    "Data Matrix": BarcodeFormat.DataMatrix,
    "Code 128": BarcodeFormat.Code128,
}
_NOMINAL: Final = {"EAN-13": 69, "UPC-A": 69, "EAN-8": 55, "UPC-E": 69, "Code 128": 50}
"""Height of bars in modules (ISO/IEC 15420: 22.85 mm at a module of 0.33 mm)."""

_FONTS: Final = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)
_WORDS: Final = (
    "NET WT",
    "BEST BEFORE",
    "INGREDIENTS",
    "500 g",
    "MADE WITH",
    "STORE COOL",
    "LOT 4711",
    "RECYCLE",
    "KCAL",
)


@dataclass(frozen=True, slots=True)
class Printed:
    """A face: `picture` of shape (height, width, 3), BGR, and its code's corners, from the upper left clockwise."""

    picture: Pixels
    corners: tuple[tuple[float, float], ...]
    text: str
    kind: str
    gtin: str | None


def printed(chance: random.Random, ranges: Ranges) -> Printed:
    """Return a face with a code that nobody sells: its digits are drawn."""
    (kind,) = chance.choices([name for name, _ in _KINDS], [weight for _, weight in _KINDS])
    text, gtin = _drawn(kind, chance)
    bars = np.asarray(zxingcpp.create_barcode(text, _FORMATS[kind]).to_image(scale=1, add_quiet_zones=False), np.uint8)
    if kind in _NOMINAL:
        high = max(12, round(_NOMINAL[kind] * chance.uniform(*ranges.cut)))
        bars = np.repeat(bars[bars.shape[0] // 2][None], high, axis=0)
    height, width = bars.shape
    quiet = 10 if kind in _NOMINAL else 4
    digits = 9 if kind in _NOMINAL else 2
    card = np.full((height + quiet + digits, width + 2 * quiet), 255, np.uint8)
    card[quiet // 2 : quiet // 2 + height, quiet : quiet + width] = bars
    card = np.repeat(np.repeat(card, MODULE_PX, axis=0), MODULE_PX, axis=1)
    if kind in _NOMINAL:
        at = (quiet * MODULE_PX, (quiet // 2 + height + 8) * MODULE_PX)
        cv2.putText(card, " ".join(text), at, cv2.FONT_HERSHEY_DUPLEX, width / 70 * MODULE_PX / 8, 0, 2, cv2.LINE_AA)
    coloured = _inked(card, chance, ranges)
    face = _face((card.shape[0] * 3 // 2, card.shape[1] * 3 // 2), chance)
    top = chance.randint(0, face.shape[0] - card.shape[0])
    left = chance.randint(0, face.shape[1] - card.shape[1])
    face[top : top + card.shape[0], left : left + card.shape[1]] = coloured
    x0, y0 = left + quiet * MODULE_PX, top + quiet // 2 * MODULE_PX
    x1, y1 = x0 + width * MODULE_PX, y0 + height * MODULE_PX
    said = from_upc_e(text)[1:] if kind == "UPC-E" else text
    return Printed(face, ((x0, y0), (x1, y0), (x1, y1), (x0, y1)), said, kind, gtin)


def blank(chance: random.Random) -> Pixels:
    """Return a face without a code: words, blocks, and stripes that are none."""
    face = _face((chance.randint(500, 1100), chance.randint(700, 1500)), chance)
    if chance.random() < 0.5:
        _stripes(face, chance)
    return face


def _drawn(kind: str, chance: random.Random) -> tuple[str, str | None]:
    if kind == "UPC-E":
        while True:
            seven = f"0{chance.randrange(10**6):06}"
            if (text := as_upc_e(from_upc_e(seven))) is not None:
                return text, from_upc_e(text)
    size = {"EAN-13": 12, "UPC-A": 11, "EAN-8": 7}.get(kind, 12)
    digits = with_check_digit(f"{chance.randrange(10**size):0{size}}")
    if kind == "EAN-13" and digits[0] == "0":
        digits = with_check_digit("4" + digits[1:12])
    if kind in ("EAN-13", "UPC-A", "EAN-8"):
        return digits, normal(digits)
    return f"{kind[:2].upper()}-{digits}", None


def _inked(card: Pixels, chance: random.Random, ranges: Ranges) -> Pixels:
    ink, paper = chance.uniform(*ranges.ink) * 255, chance.uniform(*ranges.paper) * 255
    # Readers see red light or grey: what is printed differs in hue as well.
    tint = np.array([chance.uniform(0.85, 1.0) for _ in range(3)])
    stain = np.array([chance.uniform(0.7, 1.3) for _ in range(3)])
    share = card[..., None].astype(np.float32) / 255
    return np.asarray(np.clip(ink * stain + (paper * tint - ink * stain) * share, 0, 255), np.uint8)


def _face(size: tuple[int, int], chance: random.Random) -> Pixels:
    height, width = size
    ground = [chance.randint(40, 230) for _ in range(3)]
    face = np.full((height, width, 3), ground, np.uint8)
    for _ in range(chance.randint(2, 5)):
        x, y = chance.randrange(width), chance.randrange(height)
        colour = [chance.randint(20, 250) for _ in range(3)]
        if chance.random() < 0.5:
            cv2.rectangle(face, (x, y), (x + chance.randint(60, width), y + chance.randint(40, height)), colour, -1)
        else:
            cv2.circle(face, (x, y), chance.randint(40, height // 2 + 40), colour, -1, cv2.LINE_AA)
    for _ in range(chance.randint(3, 9)):
        colour = [chance.choice((10, 245)) for _ in range(3)]
        at = (chance.randrange(width), chance.randrange(height))
        word, size_ = chance.choice(_WORDS), chance.uniform(0.8, 5.0)
        cv2.putText(face, word, at, chance.choice(_FONTS), size_, colour, max(1, round(size_ * 2)), cv2.LINE_AA)
    return face


def _stripes(face: Pixels, chance: random.Random) -> None:
    # What a reader may take for bars: a fence of lines, even or of random widths.
    height, width = face.shape[:2]
    left, top = chance.randrange(width // 2), chance.randrange(height // 2)
    is_even, x = chance.random() < 0.5, left
    step = chance.randint(6, 24)
    while x < min(width, left + chance.randint(300, 900)):
        wide = step if is_even else step * chance.randint(1, 4)
        cv2.rectangle(face, (x, top), (x + wide - 1, min(height, top + height // 2)), (20, 20, 20), -1)
        cv2.rectangle(face, (x + wide, top), (x + 2 * wide - 1, min(height, top + height // 2)), (235, 235, 235), -1)
        x += 2 * wide if is_even else wide + step * chance.randint(1, 4)
