"""What one core carries: codes, presence and an item together, and whether memory stays as it was."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device_drivers.camera.generated.frames import frame
from device_drivers.camera.generated.people import frame as aisle_frame
from device_drivers.camera.generated.ranges import Ranges
from device_drivers.camera.generated.shelf import goods, shelf
from tests.bench.frame import middle, say
from vision.detect import Detector
from vision.presence.presence import NEAR_SHARE, SURE
from vision.runtime import find
from vision.shelf import NotThisShelfError, audit


@dataclass(frozen=True, slots=True)
class Together:
    """Frames a second of all three on one core, resident memory and its growth over nine tenths of the frames, MB."""

    fps: float
    rss_mb: float
    grown_mb: float
    gate_ms: float
    detector_ms: float


def together(frames: int) -> Together:
    """Look at frames in a process that does nothing else, as `items_alone` describes it."""
    ranges = Ranges(width_px=1920, height_px=1080)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(12):
            np.save(Path(folder) / f"{number:02d}.npy", frame(21, number, ranges).pixels)
        command = [sys.executable, "-m", "tests.bench.items_alone", folder, str(frames)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return Together(
        told["fps"], told["end_mb"], told["end_mb"] - told["early_mb"], told["gate_ms"], told["detector_ms"]
    )


@dataclass(frozen=True, slots=True)
class People:
    """Shares of frames, %: near people found where 5 % of empty frames count as one, and at the product's threshold."""

    recall_at_5: float
    recall: float
    false: float


def people(count: int) -> People:
    """Look once at generated frames of 720p, without motion or time to help."""
    detector, ranges = Detector(find("detector")), Ranges(width_px=1280, height_px=720)
    near, empty = [], []
    for number in range(count):
        made = aisle_frame(5, number, ranges)
        boxes = [box for box in detector.find(made.pixels, least=0.05) if box.kind == "person"]
        truth = made.as_json()["near"]
        if truth == "near":
            near.append(max((box.p for box in boxes if box.share_of(1280, 720) >= NEAR_SHARE), default=0.0))
        elif truth == "nobody":
            empty.append(max((box.p for box in boxes), default=0.0))
    bound = float(np.quantile(empty, 0.95))
    return People(*(100 * float(np.mean(each)) for each in (
        np.array(near) > bound, np.array(near) >= SURE, np.array(empty) >= SURE,
    )))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shelves:
    """Facings that were named rightly, wrong slots that were so, %, seconds a photo, and photos not recognised."""

    recall: float
    precision: float
    flagged: int
    seconds: float
    missed: int


def shelves(count: int, width_px: int, height_px: int) -> Shelves:
    """Audit generated photos."""
    sold, ranges = goods(31), Ranges(width_px=width_px, height_px=height_px)
    stood = named = flagged = true = missed = 0
    took = []
    for number in range(count):
        made = shelf(31, number, sold, ranges)
        truths = made.as_json()
        stood += sum(truth["seen"] is not None for truth in truths)
        began_s = time.perf_counter()
        try:
            found = audit(made.pixels, made.plan, sold.pictures)
        except NotThisShelfError:
            missed += 1
            continue
        took.append(time.perf_counter() - began_s)
        for slot, truth in zip(found.slots, truths, strict=True):
            named += truth["seen"] is not None and slot.seen == truth["seen"]
            flagged += slot.state == "wrong"
            true += slot.state == "wrong" and truth["state"] == "wrong"
    say(f"{count} photos of {width_px} x {height_px}")
    return Shelves(100 * named / stood, 100 * true / max(1, flagged), flagged, middle(took) if took else 0.0, missed)
