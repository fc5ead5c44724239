"""The driver of two wheel encoders that Linux knows as input devices."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import anyio

from device_drivers.api import Deed, DeviceRefusedError, DeviceUnreachableError, Signal, WheelsRolled
from device_drivers.wheels.odometry import EVENT, Axle, Odometer, TickReader

EVERY_S = 0.1
_READ_BYTES = 64 * EVENT.size


class EvdevWheels:
    """Emits `WheelsRolled` ten times a second, also while nothing turns: who is silent may have failed.

    Args:
        left, right: what opens each encoder and gives its file descriptor, which the driver closes.
    """

    def __init__(
        self,
        left: Callable[[], int],
        right: Callable[[], int],
        axle: Axle | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open = (left, right)
        self._axle = axle if axle is not None else Axle()
        self._now = now

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Listen until cancelled; raises DeviceUnreachableError when an encoder cannot be opened or goes away."""
        files: list[int] = []
        try:
            for side, opened in zip(("left", "right"), self._open, strict=True):
                try:
                    files.append(opened())
                except OSError as exc:
                    raise DeviceUnreachableError(f"{side} wheel encoder: {exc}") from exc
            ticks = [0, 0]
            odometer = Odometer(self._axle)
            with alone():
                async with anyio.create_task_group() as tasks:
                    for number, file in enumerate(files):
                        tasks.start_soon(_count, file, ticks, number, name=f"wheel encoder {number}")
                    while True:
                        await anyio.sleep(EVERY_S)
                        left, right, ticks[0], ticks[1] = ticks[0], ticks[1], 0, 0
                        moved_m, heading_rad = odometer.turned(left, right)
                        emit(WheelsRolled(moved_m, heading_rad, self._now()))
        finally:
            for file in files:
                with suppress(OSError):
                    os.close(file)

    async def do(self, deed: Deed) -> None:
        """Raise DeviceRefusedError: encoders only tell."""
        raise DeviceRefusedError(f"wheel encoders have no {type(deed).__name__}")


@contextmanager
def alone() -> Iterator[None]:
    """Let a DeviceUnreachableError out of a task group as itself."""
    try:
        yield
    except BaseExceptionGroup as group:
        lost = group.subgroup(DeviceUnreachableError)
        if lost is None:
            raise
        first: BaseException = lost
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from group


async def _count(file: int, ticks: list[int], side: int) -> None:
    reader = TickReader()
    while True:
        await anyio.wait_readable(file)
        try:
            data = os.read(file, _READ_BYTES)
        except BlockingIOError:
            continue
        except OSError as exc:
            raise DeviceUnreachableError(f"wheel encoder: {exc}") from exc
        if not data:
            raise DeviceUnreachableError("wheel encoder: it went away")
        ticks[side] += reader.feed(data)


def opened(path: str) -> Callable[[], int]:
    """Return what opens an input device for reading without waiting."""
    return lambda: os.open(path, os.O_RDONLY | os.O_NONBLOCK)
