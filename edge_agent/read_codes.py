"""`edge-agent read-codes`: the codes in pictures and videos, a line of JSON each."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

from firmware_specs.gtin import GtinError, normal
from vision.codes import Code, gtin_of, read_codes

Reader = Callable[[NDArray[np.uint8]], tuple[Code, ...]]

PICTURES: Final = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
VIDEOS: Final = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})

_MOST_PIXELS: Final = 64_000_000
"""A larger picture is made smaller: no camera on a cart has more, and no code needs it."""

_LARGEST_FILE: Final = 512 * 2**20


def run(files: Sequence[str], out: TextIO, *, as_json: bool, budget_ms: float | None, sold: Path | None) -> int:
    """Read each file in order, folders by name; return 1 when none could be read.

    `sold` is a list of what the store sells, a GTIN a line.
    """
    try:
        is_sold = None if sold is None else frozenset(map(normal, sold.read_text("utf-8").split())).__contains__
    except (OSError, GtinError, UnicodeDecodeError) as exc:
        print(f"edge-agent: {sold}: {exc}", file=sys.stderr)
        return 2
    reader = partial(read_codes, budget_ms=budget_ms, is_sold=is_sold)
    some = False
    for name, path in _named(files):
        for line in _lines(name, path, reader):
            some |= "error" not in line
            print(json.dumps(line, ensure_ascii=False) if as_json else _told(line), file=out, flush=True)
    return 0 if some else 1


def _named(files: Sequence[str]) -> Iterator[tuple[str, Path]]:
    for given in files:
        path = Path(given)
        if path.is_dir():
            inside = sorted(each for each in path.rglob("*") if each.suffix.lower() in PICTURES | VIDEOS)
            yield from ((str(each), each) for each in inside)
            if not inside:
                print(f"edge-agent: no pictures or videos in {given}", file=sys.stderr)
        else:
            yield given, path


def _lines(name: str, path: Path, reader: Reader) -> Iterator[dict[str, Any]]:
    try:
        size = path.stat().st_size
    except OSError as exc:
        yield {"file": name, "error": f"cannot be opened: {exc.strerror}"}
        return
    if not path.is_file() or size > _LARGEST_FILE:
        yield {"file": name, "error": "is no picture or video" if not path.is_file() else "is too large"}
    elif path.suffix.lower() in VIDEOS:
        yield from _video(name, path, reader)
    else:
        pixels = _picture(path)
        if isinstance(pixels, str):
            yield {"file": name, "error": pixels}
        else:
            yield {"file": name, **_read(pixels, reader)}


def _video(name: str, path: Path, reader: Reader) -> Iterator[dict[str, Any]]:
    film = cv2.VideoCapture(str(path))
    try:
        number = 0
        while True:
            is_there, pixels = film.read()
            if not is_there:
                break
            yield {"file": name, "frame": number, **_read(np.asarray(pixels, np.uint8), reader)}
            number += 1
        if number == 0:
            yield {"file": name, "error": "is not a video that can be read"}
    finally:
        film.release()


def _picture(path: Path) -> NDArray[np.uint8] | str:
    data = np.frombuffer(path.read_bytes(), np.uint8)
    try:
        pixels = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
    except cv2.error:
        # OpenCV refuses pictures of more than 2**30 pixels.
        pixels = None
    if pixels is None:
        return "is not a picture that can be read"
    if pixels.size > _MOST_PIXELS:
        scale = (_MOST_PIXELS / pixels.size) ** 0.5
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(pixels, np.uint8)


def _read(pixels: NDArray[np.uint8], reader: Reader) -> dict[str, Any]:
    started_s = time.perf_counter()
    codes = reader(pixels)
    return {"ms": round((time.perf_counter() - started_s) * 1000, 1), "codes": [_as_json(code) for code in codes]}


def _as_json(code: Code) -> dict[str, Any]:
    return {
        "text": code.text,
        "format": code.symbology,
        "gtin": gtin_of(code),
        "confidence": round(code.confidence, 6),
        "votes": code.votes,
        **({"add_on": code.add_on} if code.add_on else {}),
        "corners": [list(corner) for corner in code.corners],
    }


def _told(line: dict[str, Any]) -> str:
    where = line["file"] + (f" frame {line['frame']}" if "frame" in line else "")
    if "error" in line:
        return f"{where}: {line['error']}"
    codes = ", ".join(f"{code['format']} {code['text']!r}" for code in line["codes"]) or "no code"
    return f"{where}: {codes} ({line['ms']} ms)"
