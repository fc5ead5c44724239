"""A cart's eyes in a process of their own, frame after frame: `python -m tests.bench.items_alone FOLDER FRAMES`.

FOLDER holds frames as `.npy`, uint8 of shape (1080, 1920, 3), each read anew as from a camera. One line of JSON comes
out: frames a second of one core's time, resident memory in MB after a tenth of the frames and at the end, and the
medians of the motion gate and of a detector's look in ms.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from vision.codes import look
from vision.detect import Detector
from vision.items import Looker
from vision.presence import Presence
from vision.runtime import find


def rss_mb() -> float:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / 1e6


def main(folder: Path, frames: int) -> dict[str, float]:
    """Look at frames as a cart does: codes at 1080p, presence at 720p behind the gate, one item."""
    cv2.setNumThreads(1)
    files = sorted(folder.glob("*.npy"))
    looker, detector, presence = Looker(find("items")), Detector(find("detector")), Presence()
    gates, finds, early_mb, used_s = [], [], 0.0, 0.0
    for number in range(frames):
        pixels = np.load(files[number % len(files)])
        # A passer-by moves for a tenth of the time.
        aisle = pixels if number % 50 >= 45 else np.load(files[0])
        began_s = time.process_time()
        look(pixels, budget_ms=40)
        small = np.asarray(cv2.resize(aisle, (1280, 720)), np.uint8)
        gate_s = time.perf_counter()
        moved = presence.moved(small, number / 15)
        gates.append((time.perf_counter() - gate_s) * 1000)
        if moved:
            find_s = time.perf_counter()
            presence.saw(detector.find(small), small.shape[1], small.shape[0], number / 15)
            finds.append((time.perf_counter() - find_s) * 1000)
        looker.look(pixels[300:780, 700:1180])
        used_s += time.process_time() - began_s
        gates, finds = gates[-1000:], finds[-1000:]
        if number == frames // 10:
            early_mb = rss_mb()
    return {
        "fps": frames / used_s,
        "early_mb": early_mb,
        "end_mb": rss_mb(),
        "gate_ms": statistics.median(gates),
        "detector_ms": statistics.median(finds) if finds else 0.0,
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
