"""A planogram as a picture: every product's front in its place, for people to look at."""

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware_specs.planogram import Planogram

_PX_PER_MM: Final = 0.6
_MOST_PX: Final = 4_000_000
_BACK: Final = (236, 238, 240)
_BOARD: Final = (150, 156, 160)


def drawn(plan: Planogram, pictures: Mapping[str, NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Return the bay as planned, uint8 of shape (height, width, 3), BGR; a product without a picture is a grey box."""
    scale = min(_PX_PER_MM, (_MOST_PX / (plan.width_mm * plan.height_mm)) ** 0.5)
    edge = 8
    size = (round(plan.height_mm * scale) + 2 * edge, round(plan.width_mm * scale) + 2 * edge, 3)
    picture = np.full(size, _BACK, np.uint8)
    for board in sorted({one.board_mm for one in plan.facings}):
        line = edge + round((plan.height_mm - board) * scale)
        picture[line : line + 4] = _BOARD
    for facing in plan.facings:
        product = facing.product
        wide, high = (max(2, round(side * scale)) for side in (product.width_mm, product.height_mm))
        left = edge + round(facing.left_mm * scale)
        bottom = edge + round((plan.height_mm - facing.board_mm) * scale)
        front = pictures.get(product.gtin)
        place = picture[max(0, bottom - high) : bottom, left : left + wide]
        if front is None or not place.size:
            place[:] = 200
            continue
        place[:] = cv2.resize(front, (place.shape[1], place.shape[0]), interpolation=cv2.INTER_AREA)
    return picture
