"""`edge-agent generate-frames`: pictures as a cart's camera sees them, and what is in each."""

import json
import sys
from pathlib import Path
from typing import TextIO

import cv2

from device_drivers.camera.generated.frames import frame
from device_drivers.camera.generated.ranges import Ranges


def run(seed: int, count: int, folder: Path, size_px: str, out: TextIO) -> int:
    """Write `count` frames into a folder as PNG, with `truth.jsonl` and `ranges.json`; return the exit status."""
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
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ranges.json").write_text(json.dumps(ranges.as_json(), indent=2) + "\n", "utf-8")
        with (folder / "truth.jsonl").open("w", encoding="utf-8") as truth:
            for number in range(count):
                made = frame(seed, number, ranges)
                name = f"{number:06}.png"
                packed = cv2.imencode(".png", made.pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
                (folder / name).write_bytes(packed.tobytes())
                truth.write(json.dumps({"file": name, "codes": [code.as_json() for code in made.codes]}) + "\n")
                if (number + 1) % 50 == 0 or number + 1 == count:
                    print(f"{number + 1} of {count} frames in {folder}", file=out, flush=True)
    except OSError as exc:
        print(f"edge-agent: cannot write into {folder}: {exc.strerror}", file=sys.stderr)
        return 1
    return 0
