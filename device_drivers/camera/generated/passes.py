"""A pack that goes past the camera, as frames: into a cart at one metre a second, thirty frames a second."""

import math
import random
from collections.abc import Iterator
from typing import Final

import numpy as np

from device_drivers.camera.generated.capture import captured
from device_drivers.camera.generated.faces import Pixels, printed
from device_drivers.camera.generated.frames import clutter
from device_drivers.camera.generated.pose import draw, moved, posed
from device_drivers.camera.generated.ranges import Ranges

FRAMES_PER_S: Final = 30.0
PX_PER_M: Final = 4_800.0
"""Of a frame of 1920 pixels that shows 0.4 m."""

SHUTTER_S: Final = 1 / 2_000
"""What a lit cart can afford; a pack at 1 m/s moves 2.4 pixels meanwhile."""

RANGES: Final = Ranges(module_px=(1.5, 2.4), exposure=(0.7, 1.2), glare=0.1, tilt_deg=(0.0, 25.0))
"""At that distance a code printed at 95 to 150 % has such modules (GS1 General Specifications, 5.2.1.2)."""


def passing(seed: int, number: int, speed_m_s: float = 1.0) -> tuple[str, Iterator[Pixels]]:
    """Return the GTIN of a pack and the frames in which its code comes into the picture and leaves it again."""
    chance = random.Random(f"pass {seed} {number}")
    while True:
        face = printed(chance, RANGES)
        if face.gtin is not None:
            break
    size = (face.picture.shape[0], face.picture.shape[1])
    code = np.array(face.corners, np.float64)
    width, height = RANGES.width_px, RANGES.height_px
    pose = posed(code, size, chance, RANGES, (0.0, height * chance.uniform(0.35, 0.65)))
    direction = chance.gauss(0, 0.15)
    step_px = speed_m_s * PX_PER_M / FRAMES_PER_S
    step = (step_px * math.cos(direction), step_px * math.sin(direction))
    scene = clutter(chance, RANGES)
    blur_px = speed_m_s * PX_PER_M * SHUTTER_S

    def frames() -> Iterator[Pixels]:
        reach = float(np.ptp(pose.placed(code, size)[:, 0]))
        at = -reach / 2 - chance.uniform(0, step_px)
        while at < width + reach / 2:
            shown = scene.copy()
            along = at / step_px
            draw(shown, face.picture, moved(pose, along * step[0], along * step[1]))
            yield captured(shown, chance, RANGES, (blur_px, direction))
            at += step_px

    return face.gtin, frames()
