"""What two encoders on one axle tell: dead reckoning of a differential drive (Borenstein et al., 1996, chapter 1).

An encoder is an input device of Linux (`rotary-encoder`, Documentation/input/devices/rotary-encoder.rst): each detent
is an event `EV_REL` with the value 1 or -1, 24 bytes on a 64-bit machine.
"""

import math
import struct
from dataclasses import dataclass

EVENT = struct.Struct("<qqHHi")
"""`struct input_event`: seconds, microseconds, type, code, value (linux/input.h)."""
EV_SYN, EV_REL, REL_X = 0, 2, 0
_MOST_TICKS = 10_000
"""An encoder does not turn as much between two events; what says so is broken."""


@dataclass(frozen=True, slots=True)
class Axle:
    """Two wheels: ticks for each metre of the way, and how far apart they run in metres."""

    ticks_per_m: float = 200.0
    track_m: float = 0.5


class TickReader:
    """Counts ticks in the bytes of one encoder, however they are cut."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> int:
        """Return how far the wheel has turned, in ticks; events of other kinds are nothing."""
        data = self._held + data
        whole = len(data) - len(data) % EVENT.size
        self._held = data[whole:]
        return sum(
            value
            for _, _, kind, code, value in EVENT.iter_unpack(data[:whole])
            if kind == EV_REL and code == REL_X and abs(value) <= _MOST_TICKS
        )


class Odometer:
    """Adds up the ticks of two wheels; its heading starts at zero, wherever the cart points."""

    def __init__(self, axle: Axle) -> None:
        self._axle = axle
        self.heading_rad = 0.0

    def turned(self, left: int, right: int) -> tuple[float, float]:
        """Return metres and heading in radians of the way that these ticks make; backwards is the other way round."""
        left_m, right_m = left / self._axle.ticks_per_m, right / self._axle.ticks_per_m
        turn_rad = (right_m - left_m) / self._axle.track_m
        moved_m = (left_m + right_m) / 2
        # Over a short piece the way lies along the middle of both headings.
        middle_rad = self.heading_rad + turn_rad / 2
        self.heading_rad = math.remainder(self.heading_rad + turn_rad, math.tau)
        if moved_m < 0:
            return -moved_m, math.remainder(middle_rad + math.pi, math.tau)
        return moved_m, math.remainder(middle_rad, math.tau)
