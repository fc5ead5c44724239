"""The shared photographs of codes, for tests and benchmarks."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_specs.gtin import GtinError, from_upc_e, normal

FOLDER = Path(os.environ.get("AISLE_DATA", Path(__file__).parents[1].parent / "shared" / "data")) / "barcodes"
PICTURES = (".png", ".jpg", ".jpeg", ".gif")


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture of shape (height, width), and what it must give: a GTIN-14 in sets of EAN and UPC, else its text."""

    name: str
    grey: NDArray[np.uint8]
    text: str


def photographs(group: str) -> Iterator[Photograph]:
    """Yield the photographs of one set; skips the test where the data is absent."""
    if not (FOLDER / group).is_dir():
        pytest.skip(f"no photographs at {FOLDER / group}: set AISLE_DATA")
    yield from photographs_of(group)


def photographs_of(group: str) -> Iterator[Photograph]:
    """Yield the photographs of one set, none where the data is absent."""
    folder = FOLDER / group
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        grey = cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) if file.suffix in PICTURES else None
        if grey is None:
            continue
        said = file.with_suffix(".txt")
        text = said.read_text("utf-8") if said.exists() else ""
        yield Photograph(f"{group}/{file.name}", np.asarray(grey, np.uint8), _gtin(group, text))


def _gtin(group: str, text: str) -> str:
    if not group.startswith(("ean", "upc")):
        return text.strip()
    try:
        return from_upc_e(text.strip()) if group.startswith("upce") and len(text.strip()) <= 8 else normal(text.strip())
    except GtinError:
        return text
