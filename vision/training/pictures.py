"""Labelled pictures of a folder, and the many ways in which one may have been taken."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware_specs.models import Label

_SMALLEST_PART: Final = 0.25
"""Of a picture's area, for a view of it."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture, uint8 of shape (height, width, 3), BGR, and the number of its class."""

    pixels: NDArray[np.uint8]
    label: int


def classes_of(folder: Path) -> tuple[Label, ...]:
    """Return the classes of GroceryStoreDataset's `classes.csv`, by their number."""
    return tuple(Label(row["Class Name (str)"], row["Coarse Class Name (str)"]) for row in _rows(folder))


def catalogue_of(folder: Path) -> tuple[Labelled, ...]:
    """Return one picture of each class, as a catalogue shows it."""
    return tuple(
        Labelled(_read(folder / row["Iconic Image Path (str)"].lstrip("/")), int(row["Class ID (int)"]))
        for row in _rows(folder)
    )


def pictures_of(folder: Path, listed: str) -> tuple[Labelled, ...]:
    """Return the pictures that `listed`.txt names: path, class, family."""
    lines = (folder / f"{listed}.txt").read_text("utf-8").splitlines()
    named = [line.split(",") for line in lines if line.strip()]
    return tuple(Labelled(_read(folder / path.strip()), int(label)) for path, label, _ in named)


def view(pixels: NDArray[np.uint8], size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return the picture as it might have been taken: nearer, turned, in other light, out of focus, partly hidden.

    Returns: float32 of shape (size, size, 3), 0 to 255.
    """
    height, width = pixels.shape[:2]
    part = math.exp(rng.uniform(math.log(_SMALLEST_PART), 0))
    ratio, turn = math.exp(rng.uniform(-0.29, 0.29)), math.radians(rng.normal(0, 12))
    side = min(height, width) * math.sqrt(part)
    mirror = -1 if rng.random() < 0.5 else 1
    stretch = np.diag([size / side * math.sqrt(ratio) * mirror, size / side / math.sqrt(ratio)])
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]) @ stretch
    centre = np.array([
        width / 2 + rng.uniform(-0.5, 0.5) * max(0.0, width - side),
        height / 2 + rng.uniform(-0.5, 0.5) * max(0.0, height - side),
    ])  # fmt: skip
    moved = np.array([size / 2, size / 2]) - turned @ centre
    way = np.hstack([turned, moved[:, None]])
    out = np.asarray(cv2.warpAffine(pixels, way, (size, size), borderMode=cv2.BORDER_REFLECT_101), np.float32)
    out = out * rng.uniform(0.65, 1.4)
    mean = out.mean((0, 1), keepdims=True)
    out = (out - mean) * rng.uniform(0.7, 1.3) + mean
    grey = out.mean(2, keepdims=True)
    out = (out - grey) * rng.uniform(0.7, 1.3) + grey
    out = out * np.exp(rng.normal(0, 0.05, 3))
    if rng.random() < 0.15:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 1.8)))
    out = np.clip(out, 0, 255)
    if rng.random() < 0.25:
        hidden = int(size * rng.uniform(0.15, 0.4))
        left, top = rng.integers(0, size - hidden, 2)
        out[top : top + hidden, left : left + hidden] = rng.uniform(0, 255, 3)
    return np.asarray(out, np.float32)


def families(classes: Sequence[Label]) -> NDArray[np.intp]:
    """Return the number of each class's family."""
    names = sorted({label.coarse for label in classes})
    return np.array([names.index(label.coarse) for label in classes])


def _rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "classes.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _read(path: Path) -> NDArray[np.uint8]:
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ValueError(f"{path} is not a picture that can be read")
    return np.asarray(pixels, np.uint8)
