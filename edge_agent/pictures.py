"""Picture files that a person names: found, opened within limits, refused by name."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

PICTURES: Final = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})

_MOST_PIXELS: Final = 64_000_000
"""A larger picture is made smaller: no camera of a store has more."""

_LARGEST_FILE: Final = 512 * 2**20


class PictureError(Exception):
    """A file that is no picture, or none that can be read; the text says why."""


def named(files: Sequence[str], kinds: frozenset[str] = PICTURES) -> Iterator[tuple[str, Path]]:
    """Return files by the names that were given, and what is in folders by their paths."""
    for given in files:
        path = Path(given)
        if path.is_dir():
            inside = sorted(each for each in path.rglob("*") if each.suffix.lower() in kinds)
            yield from ((str(each), each) for each in inside)
            if not inside:
                print(
                    f"edge-agent: no {'pictures' if kinds == PICTURES else 'pictures or videos'} in {given}",
                    file=sys.stderr,
                )
        else:
            yield given, path


def check_file(path: Path, thing: str = "picture") -> None:
    """Raise PictureError for what cannot be opened, is no file, or is too large."""
    try:
        size = path.stat().st_size
    except OSError as exc:
        raise PictureError(f"cannot be opened: {exc.strerror}") from exc
    if not path.is_file() or size > _LARGEST_FILE:
        raise PictureError(f"is no {thing}" if not path.is_file() else "is too large")


def read_picture(path: Path, *, colour: bool) -> NDArray[np.uint8]:
    """Return a picture, uint8 of shape (height, width), with `colour` (height, width, 3), BGR. Raises PictureError."""
    check_file(path)
    try:
        return decode_picture(path.read_bytes(), colour=colour)
    except OSError as exc:
        raise PictureError(f"cannot be opened: {exc.strerror}") from exc


def decode_picture(data: bytes, *, colour: bool) -> NDArray[np.uint8]:
    """Return the picture in a file's bytes, as `read_picture` does. Raises PictureError."""
    try:
        kind = cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), kind) if data else None
    except cv2.error:
        # OpenCV refuses pictures of more than 2**30 pixels.
        pixels = None
    if pixels is None:
        raise PictureError("is not a picture that can be read")
    size = pixels.shape[0] * pixels.shape[1]
    if size > _MOST_PIXELS:
        scale = (_MOST_PIXELS / size) ** 0.5
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(pixels, np.uint8)


def tell(
    files: Sequence[str],
    out: TextIO,
    look: Callable[[NDArray[np.uint8]], dict[str, Any]],
    told: Callable[[dict[str, Any]], str],
    *,
    as_json: bool,
) -> int:
    """Say of each picture what `look` sees in it, a line each; return 1 when none could be read.

    Args:
        told: what a person reads in place of JSON.
    """
    some = False
    for name, path in named(files):
        try:
            line = {"file": name, **look(read_picture(path, colour=True))}
        except PictureError as exc:
            line = {"file": name, "error": str(exc)}
        some |= "error" not in line
        words = f"{name}: {line['error'] if 'error' in line else told(line)}"
        print(json.dumps(line, ensure_ascii=False) if as_json else words, file=out, flush=True)
    return 0 if some else 1
