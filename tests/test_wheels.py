"""Wheel encoders: bytes by hand, dead reckoning by geometry, and the virtual cart through the real driver."""

import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_drivers.api import DeviceRefusedError, DeviceUnreachableError, PlaySound, Signal, WheelsRolled
from device_drivers.virtual.world import Pose
from device_drivers.wheels.evdev import EvdevWheels, opened
from device_drivers.wheels.odometry import Axle, Odometer, TickReader
from device_drivers.wheels.virtual import VirtualWheels


def event(value: int, kind: int = 2, code: int = 0) -> bytes:
    """Return an input event as the kernel's header lays it out."""
    return (
        bytes(16) + kind.to_bytes(2, "little") + code.to_bytes(2, "little") + value.to_bytes(4, "little", signed=True)
    )


def test_ticks_are_counted_and_other_events_are_nothing() -> None:
    data = event(1) + event(0, kind=0) + event(-1) + event(3) + event(7, code=8) + event(9, kind=1) + event(2**31 - 1)
    assert TickReader().feed(data) == 3


@given(st.binary(max_size=300), st.lists(st.integers(1, 60), max_size=20))
def test_however_bytes_are_cut_they_count_the_same(data: bytes, cuts: list[int]) -> None:
    whole, pieces = TickReader().feed(data), TickReader()
    total, at = 0, 0
    for cut in cuts:
        total += pieces.feed(data[at : at + cut])
        at += cut
    assert total + pieces.feed(data[at:]) == whole


def test_a_square_ends_where_it_began() -> None:
    odometer, x_m, y_m = Odometer(Axle(1000, 0.5)), 0.0, 0.0
    quarter = round(1000 * 0.25 * math.pi / 2)
    for _ in range(4):
        for left, right in [(100, 100)] * 20 + [(-quarter, quarter)]:
            moved_m, heading_rad = odometer.turned(left, right)
            x_m, y_m = x_m + moved_m * math.cos(heading_rad), y_m + moved_m * math.sin(heading_rad)
    assert math.hypot(x_m, y_m) < 0.01
    back = odometer.turned(-100, -100)
    assert back[0] == pytest.approx(0.1)
    assert abs(math.remainder(back[1] - math.pi - odometer.heading_rad, math.tau)) < 0.01


class Ground:
    """A way along x, then up."""

    def __init__(self) -> None:
        self.asked = 0

    async def pose(self) -> Pose:
        """Return the next place: 2 m to the right, then 1 m up."""
        self.asked += 1
        gone_m = 0.1 * min(self.asked, 31)
        if gone_m <= 2.0:
            return Pose(gone_m, 0.0, 0.0, moving=True)
        return Pose(2.0, gone_m - 2.0, math.pi / 2, moving=True)


async def test_the_virtual_cart_rolls_through_the_real_driver() -> None:
    heard: list[WheelsRolled] = []

    def emit(signal: Signal) -> None:
        assert isinstance(signal, WheelsRolled)
        heard.append(signal)

    @asynccontextmanager
    async def connect() -> AsyncIterator[Ground]:
        yield Ground()

    driver = VirtualWheels(connect)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(driver.run, emit)
        with anyio.fail_after(10):
            while sum(rolled.moved_m for rolled in heard) < 2.9 or len(heard) < 5:
                await anyio.sleep(0.05)
        tasks.cancel_scope.cancel()
    assert sum(rolled.moved_m for rolled in heard) == pytest.approx(3.0, abs=0.2)
    assert heard[-1].heading_rad == pytest.approx(math.pi / 2, abs=0.1)
    assert [rolled.rolled_s for rolled in heard] == sorted(rolled.rolled_s for rolled in heard)
    with pytest.raises(DeviceRefusedError, match="PlaySound"):
        await driver.do(PlaySound("one", np.zeros((1, 1), np.int16), 8000, 0.0))


async def test_an_encoder_that_is_not_there_or_goes_away_is_named(tmp_path: Path) -> None:
    missing = EvdevWheels(opened(str(tmp_path / "event7")), opened(str(tmp_path / "event8")))
    with pytest.raises(DeviceUnreachableError, match="left wheel encoder"):
        await missing.run(lambda signal: None)
    (left, left_end), (right, right_end) = os.pipe(), os.pipe()
    driver = EvdevWheels(lambda: left, lambda: right)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(_close_soon, left_end))
            with pytest.raises(DeviceUnreachableError, match="went away"):
                await driver.run(lambda signal: None)
    finally:
        os.close(right_end)


async def _close_soon(file: int) -> None:
    await anyio.sleep(0.2)
    os.close(file)
