"""A bay with its planogram, the fronts of its products, and photos of it with truth."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.camera.generated.ranges import Ranges
from device_drivers.camera.generated.shelf import Range, goods, shelf
from firmware_specs.bays import Bay, Bays, Front
from firmware_specs.planogram import Planogram
from tests.fakes.store import CATALOGUE

RANGES = Ranges(width_px=1600, height_px=1200)
SEED = 5


@dataclass(frozen=True)
class Photo:
    """A picture file of the bay, and what stands at each facing: a GTIN, None for nothing, "" for a stranger."""

    data: bytes
    stands: tuple[str | None, ...]


@lru_cache
def sold() -> Range:
    """What stands in the bay: the first products of the tests' catalogue."""
    return goods(SEED, sold=[(each["gtin"], each["name"]["en"]) for each in CATALOGUE])


@lru_cache
def photo(*, is_stocked: bool) -> Photo:
    """Return a photo of the bay, as it is found or with all in its place."""
    made = shelf(SEED, 0, sold(), RANGES, is_stocked=is_stocked)
    return Photo(packed(made.pixels), made.stands)


@lru_cache
def plan() -> Planogram:
    """Return the bay's planogram."""
    return shelf(SEED, 0, sold(), Ranges(width_px=320, height_px=240)).plan


@lru_cache
def fronts() -> dict[str, bytes]:
    """Return the picture files of the products' fronts, by GTIN."""
    return {product.gtin: packed(sold().pictures[product.gtin]) for product in plan().known}


def bay() -> Bay:
    """Return the bay as the contract has it."""
    own = [Front(gtin=gtin, sha256=hashlib.sha256(data).hexdigest(), size=len(data)) for gtin, data in fronts().items()]
    return Bay(id="bay-1", name={"en": "First bay", "zh": "第一组"}, planogram=plan(), fronts=own)


def bays(version: int = 1, *, store: str = "demo") -> Bays:
    """Return the matter."""
    return Bays(store=store, version=version, bays=[bay()])


def packed(pixels: NDArray[np.uint8]) -> bytes:
    """Return a picture as a PNG file."""
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
