"""`edge-agent generate-frames`: pictures as a store's cameras see them, and what is in each."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TextIO

import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.camera.generated import people
from device_drivers.camera.generated.frames import frame
from device_drivers.camera.generated.ranges import Ranges
from device_drivers.camera.generated.shelf import Range, as_csv, goods, shelf
from firmware_specs.gtin import normal

Made = tuple[NDArray[np.uint8], dict[str, Any]]


def run(
    kind: str,
    seed: int,
    count: int,
    folder: Path,
    size_px: str,
    out: TextIO,
    *,
    sold: Path | None = None,
    is_stocked: bool = False,
) -> int:
    """Write `count` frames into a folder as PNG, with `truth.jsonl` and `ranges.json`; return the exit status.

    Args:
        sold: for shelves, a store's products in JSON, `[{"gtin": …, "name": {"en": …}}, …]`.
        is_stocked: for shelves, the same bays with everything in its place.
    """
    try:
        width, height = (int(side) for side in size_px.split("x"))
        if not (320 <= width <= 7680 and 240 <= height <= 4320):
            raise ValueError
    except ValueError:
        print(f"edge-agent: --size {size_px}: give WIDTHxHEIGHT, 320x240 to 7680x4320", file=sys.stderr)
        return 2
    if count < 1:
        print("edge-agent: --count has to be 1 or more", file=sys.stderr)
        return 2
    ranges = Ranges(width_px=width, height_px=height)
    try:
        named = () if sold is None else _named(sold)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        told = exc.strerror if isinstance(exc, OSError) else f"is no list of products ({exc})"
        print(f'edge-agent: --sold {sold} {told}: give JSON, [{{"gtin": …, "name": {{"en": …}}}}, …]', file=sys.stderr)
        return 2
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if kind == "shelf":
            make = _shelves(seed, ranges, folder, goods(seed, sold=named), is_stocked=is_stocked)
        else:
            make = _KINDS[kind](seed, ranges)
        (folder / "ranges.json").write_text(json.dumps(ranges.as_json(), indent=2) + "\n", "utf-8")
        with (folder / "truth.jsonl").open("w", encoding="utf-8") as truth:
            for number in range(count):
                pixels, seen = make(number)
                name = f"{number:06}.png"
                (folder / name).write_bytes(_packed(pixels))
                truth.write(json.dumps({"file": name, **seen}) + "\n")
                if (number + 1) % 50 == 0 or number + 1 == count:
                    print(f"{number + 1} of {count} frames in {folder}", file=out, flush=True)
    except OSError as exc:
        print(f"edge-agent: cannot write into {folder}: {exc.strerror}", file=sys.stderr)
        return 1
    return 0


def _named(path: Path) -> tuple[tuple[str, str], ...]:
    return tuple((normal(each["gtin"]), each["name"]["en"]) for each in json.loads(path.read_text("utf-8")))


def _codes(seed: int, ranges: Ranges) -> Callable[[int], Made]:
    def make(number: int) -> Made:
        made = frame(seed, number, ranges)
        return made.pixels, {"codes": [code.as_json() for code in made.codes]}

    return make


def _shelves(seed: int, ranges: Ranges, folder: Path, sold: Range, *, is_stocked: bool) -> Callable[[int], Made]:
    # The planograms name the products' pictures by their place in the folder.
    (folder / "products").mkdir(exist_ok=True)
    for product in sold.products:
        (folder / product.picture).write_bytes(_packed(sold.pictures[product.gtin]))

    def make(number: int) -> Made:
        made = shelf(seed, number, sold, ranges, is_stocked=is_stocked)
        plan = f"{number:06}.csv"
        (folder / plan).write_text(as_csv(made.plan), "utf-8")
        return made.pixels, {"planogram": plan, "slots": made.as_json()}

    return make


def _packed(pixels: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _people(seed: int, ranges: Ranges) -> Callable[[int], Made]:
    def make(number: int) -> Made:
        made = people.frame(seed, number, ranges)
        return made.pixels, made.as_json()

    return make


_KINDS: Final = {"codes": _codes, "presence": _people}
