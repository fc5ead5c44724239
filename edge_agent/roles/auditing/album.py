"""The last photos of each bay, with what was found in them: two of each, for a week, on this device's disk only."""

import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.durable import write_durably

logger = logging.getLogger(__name__)

KEPT: Final = 2
"""Photos of a bay: before, and after."""

KEPT_MS: Final = 7 * 86_400_000
WIDEST_PX: Final = 1_600
_QUALITY: Final = 82
_TILES: Final = (3, 4)
"""What is left of a person's box, across and down: nobody is recognised in so few."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A photo on disk, and what was found in it."""

    path: Path
    told: dict[str, Any]


class Album:
    """A folder of photos. What cannot be written is lost and logged: a photo is an aid, the event is the record."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, bay: str, now_ms: int) -> list[Kept]:
        """Return a bay's photos, the newest first, those that are too old forgotten."""
        found = []
        for path in sorted((self._folder / bay).glob("*.json"), key=lambda one: one.name, reverse=True):
            try:
                told = json.loads(path.read_bytes())
                if now_ms - told["at_ms"] > KEPT_MS:
                    self._forget(path)
                    continue
            except (OSError, ValueError, KeyError, TypeError):
                self._forget(path)
                continue
            found.append(Kept(path.with_suffix(".jpg"), told))
        return found

    def put(self, bay: str, pixels: NDArray[np.uint8], told: dict[str, Any]) -> None:
        """Keep a photo; `told` has at least `audit` and `at_ms`."""
        name = self._folder / bay / f"{told['at_ms']:015d}-{told['audit']}.json"
        packed = cv2.imencode(".jpg", _shrunk(pixels), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
        try:
            write_durably(name.with_suffix(".jpg"), packed)
            write_durably(name, json.dumps(told).encode())
        except OSError as exc:
            logger.warning("the photo of %s could not be kept: %s", bay, exc)
            return
        for old in self.of(bay, told["at_ms"])[KEPT:]:
            self._forget(old.path)

    def keep_only(self, bays: frozenset[str], now_ms: int) -> None:
        """Forget photos of bays that are no more, and old ones."""
        for folder in self._folder.glob("*/"):
            if folder.name in bays:
                self.of(folder.name, now_ms)
            else:
                shutil.rmtree(folder, ignore_errors=True)

    def _forget(self, path: Path) -> None:
        for suffix in (".json", ".jpg"):
            path.with_suffix(suffix).unlink(missing_ok=True)


def without_people(pixels: NDArray[np.uint8], boxes: list[tuple[float, float, float, float]]) -> NDArray[np.uint8]:
    """Return a photo in which people, given as left, top, right, bottom in pixels, cannot be recognised."""
    hidden = pixels.copy()
    for left, top, right, bottom in boxes:
        x0, y0, x1, y1 = (max(0, round(edge)) for edge in (left, top, right, bottom))
        part = hidden[y0:y1, x0:x1]
        if part.size:
            tiles = cv2.resize(part, _TILES, interpolation=cv2.INTER_AREA)
            part[:] = cv2.resize(tiles, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR)
    return hidden


def _shrunk(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    scale = WIDEST_PX / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
