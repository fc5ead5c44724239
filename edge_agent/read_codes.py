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

from edge_agent.pictures import PICTURES, PictureError, check_file, named, read_picture
from firmware_specs.gtin import GtinError, normal
from vision.codes import Code, gtin_of, read_codes

Reader = Callable[[NDArray[np.uint8]], tuple[Code, ...]]

VIDEOS: Final = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})


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
    for name, path in named(files, PICTURES | VIDEOS):
        for line in _lines(name, path, reader):
            some |= "error" not in line
            print(json.dumps(line, ensure_ascii=False) if as_json else _told(line), file=out, flush=True)
    return 0 if some else 1


def _lines(name: str, path: Path, reader: Reader) -> Iterator[dict[str, Any]]:
    try:
        check_file(path, "picture or video")
        if path.suffix.lower() in VIDEOS:
            yield from _video(name, path, reader)
        else:
            yield {"file": name, **_read(read_picture(path, colour=False), reader)}
    except PictureError as exc:
        yield {"file": name, "error": str(exc)}


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
