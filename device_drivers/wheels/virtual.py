"""Virtual wheels: two pipes that carry the bytes of encoders as a cart rolls through the virtual world."""

import math
import os
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final, Protocol

import anyio

from device_drivers.api import Deed, Signal
from device_drivers.wheels.evdev import EvdevWheels, alone
from device_drivers.wheels.odometry import EV_REL, EV_SYN, EVENT, REL_X, Axle

EVERY_S: Final = 0.05
WORN: Final = (1.010, 1.013)
"""What the left and the right wheel count for a metre of the way: no two wheels are the same."""


class Place(Protocol):
    """Where something is and which way it points."""

    @property
    def x_m(self) -> float:
        """Metres to the right."""

    @property
    def y_m(self) -> float:
        """Metres up."""

    @property
    def heading_rad(self) -> float:
        """0 along +x, counter-clockwise."""


class Ground(Protocol):
    """What wheels need of the virtual world; its client has it."""

    async def pose(self) -> Place:
        """Return where the cart is; raises DeviceUnreachableError when the world is away."""


class VirtualWheels:
    """Encoders of a cart in the virtual world, read by the real driver. `connect` opens the way to the world."""

    def __init__(self, connect: Callable[[], AbstractAsyncContextManager[Ground]], *, axle: Axle | None = None) -> None:
        self._connect = connect
        self._axle = axle if axle is not None else Axle()

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Roll until cancelled; raises DeviceUnreachableError when the world is away."""
        with alone():
            async with self._connect() as ground, anyio.create_task_group() as tasks:
                pipes = [os.pipe(), os.pipe()]
                for file in (file for pipe in pipes for file in pipe):
                    os.set_blocking(file, False)
                ends = [write for _, write in pipes]
                # The driver closes what it reads.
                driver = EvdevWheels(lambda: pipes[0][0], lambda: pipes[1][0], self._axle)
                tasks.start_soon(driver.run, emit, name="wheel encoders")
                try:
                    await self._roll(ground, ends)
                finally:
                    for end in ends:
                        os.close(end)

    async def do(self, deed: Deed) -> None:
        """See `EvdevWheels.do`."""
        await EvdevWheels(lambda: -1, lambda: -1).do(deed)

    async def _roll(self, ground: Ground, ends: list[int]) -> None:
        before, owed = await ground.pose(), [0.0, 0.0]
        while True:
            await anyio.sleep(EVERY_S)
            now = await ground.pose()
            right_m, up_m = now.x_m - before.x_m, now.y_m - before.y_m
            turn_rad = math.remainder(now.heading_rad - before.heading_rad, math.tau)
            # A cart is pushed the way it points; what it slid sideways no wheel tells.
            middle_rad = before.heading_rad + turn_rad / 2
            ahead_m = right_m * math.cos(middle_rad) + up_m * math.sin(middle_rad)
            before = now
            for side, sign in enumerate((-1, 1)):
                rolled_m = ahead_m + sign * turn_rad * self._axle.track_m / 2
                owed[side] += rolled_m * WORN[side] * self._axle.ticks_per_m
                ticks = int(owed[side])
                owed[side] -= ticks
                if ticks:
                    _turn(ends[side], ticks)


def _turn(end: int, ticks: int) -> None:
    seconds, micros = divmod(time.time_ns() // 1000, 1_000_000)
    detent = 1 if ticks > 0 else -1
    events = EVENT.pack(seconds, micros, EV_REL, REL_X, detent) + EVENT.pack(seconds, micros, EV_SYN, 0, 0)
    # A reader that has gone leaves a full pipe; a wheel turns on regardless.
    with suppress(BlockingIOError, BrokenPipeError):
        os.write(end, events * abs(ticks))
