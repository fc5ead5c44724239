"""Read retail codes from pixels with zxing-cpp, and believe a code of bars only when readings agree.

A blurred EAN-13 gives wrong digits with a right check digit every few dozen frames, mostly on a single
scan line. So the picture is also read a little turned: what was read twice, or on many lines and
undisputed, is believed, and of two codes in one place at most one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray
from zxingcpp import BarcodeFormat, BarcodeFormats

from firmware_specs.gtin import GtinError, normal
from firmware_specs.symbology import Symbology, symbology_of

_EAN_UPC = (BarcodeFormat.EAN13, BarcodeFormat.EAN8, BarcodeFormat.UPCA, BarcodeFormat.UPCE)
_OTHERS = (
    BarcodeFormat.ITF14,
    BarcodeFormat.Code128,
    BarcodeFormat.DataBar,
    BarcodeFormat.DataMatrix,
    BarcodeFormat.QRCode,
)

EAN_UPC = BarcodeFormats(_EAN_UPC)
"""What stands on nearly every pack; reading only these is several times quicker."""

RETAIL = BarcodeFormats((*_EAN_UPC, *_OTHERS))
"""What stands on anything that a shop sells."""

TURNS_DEG: Final = (9.0, -9.0)
SURE_HEIGHT: Final = 0.4
"""Read on lines over this share of its width, a code needs no second reading."""

LONE_HEIGHT: Final = 0.12
"""Read once and undisputed, a code needs lines over this share of its width."""

_WEAK: Final = frozenset({"EAN-13", "EAN-8", "UPC-A", "UPC-E"})
_SHORT: Final = frozenset({"EAN-8", "UPC-E"})
_BEARS_BARE_GTIN: Final = _WEAK | {"ITF-14", "ITF"}


@dataclass(frozen=True, slots=True)
class Code:
    """A code in a picture.

    `corners` are (x, y) in pixels from the upper left of the picture: the symbol's own upper left, upper
    right, lower right and lower left, as far as it was read. `text` of a GS1 symbol has its application
    identifiers in brackets.
    """

    text: str
    symbology: str
    corners: tuple[tuple[int, int], ...]
    identifier: str = ""
    """The symbology identifier (ISO/IEC 15424), as `]E0`."""


def read_codes(
    pixels: NDArray[np.uint8], formats: BarcodeFormats = RETAIL, *, thorough: bool = True
) -> tuple[Code, ...]:
    """Return the codes in a picture of shape (height, width) or (height, width, 3); none in a bad picture.

    Without `thorough` it is read once, upright and unquestioned: for drawn pictures.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or 0 in pixels.shape:
        return ()
    if pixels.ndim == 3 and pixels.shape[2] != 3:
        return ()
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), np.uint8) if pixels.ndim == 3 else pixels
    found = _read(grey, formats, thorough=thorough)
    if not thorough:
        return found
    strong = tuple(code for code in found if code.symbology not in _WEAK)
    weak = [code for code in found if code.symbology in _WEAK]
    if weak and all(_height(code) >= SURE_HEIGHT for code in weak) and not _disputed(weak):
        return found
    for turn_deg in TURNS_DEG:
        weak += _read_turned(grey, turn_deg)
    return strong + believed(weak)


def believed(sightings: Sequence[Code]) -> tuple[Code, ...]:
    """Return one code for each place of a picture where readings of it agree well enough."""
    result = []
    left = list(sightings)
    while left:
        place = [code for code in left if _near(code, left[0])]
        left = [code for code in left if code not in place]
        # Half of a long symbol may pass for a short one, never the other way round.
        place = [code for code in place if code.symbology not in _SHORT] or place
        by_text: dict[str, list[Code]] = {}
        for code in place:
            by_text.setdefault(code.text, []).append(code)
        best, *rivals = sorted(by_text.values(), key=lambda codes: (len(codes), _height(max(codes, key=_height))))[::-1]
        tallest = max(best, key=_height)
        alone = not rivals and _height(tallest) >= LONE_HEIGHT
        if alone or (len(best) > 1 and all(len(rival) < len(best) for rival in rivals)):
            result.append(tallest)
    return tuple(result)


def printed_as(code: Code) -> Symbology:
    """Return what a code was printed as; its identifier does not tell a UPC-E from an EAN-13."""
    return Symbology.UPC_E if code.symbology == "UPC-E" else symbology_of(code.identifier)


def gtin_of(code: Code) -> str | None:
    """Return the 14-digit GTIN that a code carries, or None for a code that carries none."""
    if code.symbology in _BEARS_BARE_GTIN:
        # zxing-cpp gives a UPC-E as the number that it abbreviates.
        digits = code.text
    elif code.text.startswith("(01)"):
        digits = code.text[4:18]
    else:
        return None
    try:
        return normal(digits)
    except GtinError:
        return None


def _read(grey: NDArray[np.uint8], formats: BarcodeFormats, *, thorough: bool) -> tuple[Code, ...]:
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(grey), formats, try_rotate=thorough, try_downscale=thorough, try_invert=thorough
    )
    return tuple(_code(barcode) for barcode in found if barcode.valid)


def _read_turned(grey: NDArray[np.uint8], turn_deg: float) -> list[Code]:
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, 1.0)
    turned = np.asarray(cv2.warpAffine(grey, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    back = cv2.invertAffineTransform(turn)
    codes = []
    for code in _read(turned, EAN_UPC, thorough=False):
        placed = np.rint(np.array(code.corners) @ back[:, :2].T + back[:, 2]).astype(int)
        codes.append(replace(code, corners=tuple((int(x), int(y)) for x, y in placed)))
    return codes


def _code(barcode: zxingcpp.Barcode) -> Code:
    place = barcode.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    at = tuple((corner.x, corner.y) for corner in corners)
    return Code(barcode.text, str(barcode.format), at, barcode.symbology_identifier)


def _height(code: Code) -> float:
    # Over how many scan lines it was read, as a share of its width.
    upper_left, upper_right, _, lower_left = code.corners
    return math.dist(upper_left, lower_left) / max(1.0, math.dist(upper_left, upper_right))


def _near(one: Code, other: Code) -> bool:
    # Whether two readings may be of one symbol: a symbol is at most about as high as it is wide.
    (x1, y1), (x2, y2) = (np.mean(code.corners, axis=0) for code in (one, other))
    width = max(math.dist(code.corners[0], code.corners[1]) for code in (one, other))
    return math.hypot(x1 - x2, y1 - y2) < 0.6 * width


def _disputed(codes: Sequence[Code]) -> bool:
    return any(_near(one, other) for place, one in enumerate(codes) for other in codes[place + 1 :])
