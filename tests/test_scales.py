"""Scales: the same suite over every kind of driver and its twin, the bytes of each, and what is no byte of a scale."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_drivers.api import DeviceRefusedError, DeviceUnreachableError, Driver, PlaySound, Signal, WeightRead
from device_drivers.scale import load_cell as chip
from device_drivers.scale import serial as serial_scale
from device_drivers.scale.hid import HidScale
from device_drivers.scale.lines import Language, MtSics, Toledo8217
from device_drivers.scale.load_cell import LoadCell
from device_drivers.scale.reading import Reading, ScaleBytesError
from device_drivers.scale.reports import pack_report, read_report
from device_drivers.scale.serial import SerialScale
from device_drivers.scale.virtual import (
    Basket,
    VirtualConverter,
    VirtualScale,
    virtual_hid_scale,
    virtual_serial_scale,
)

COUNTS_PER_G = -218.4
ZERO = 41_207


@dataclass
class Bench:
    """A driver that runs, and the hand that puts things on its scale; `strange` sends bytes that are none."""

    driver: Driver
    reading: Reading = field(default_factory=lambda: Reading(0.0, is_stable=True))
    said: list[WeightRead] = field(default_factory=list)
    strange: Callable[[bytes], None] | None = None
    unplug: Callable[[], None] | None = None

    def hear(self, signal: Signal) -> None:
        assert isinstance(signal, WeightRead)
        self.said.append(signal)

    async def until(self, fits: Callable[[WeightRead], bool]) -> WeightRead:
        with anyio.fail_after(5):
            while True:
                found = next((one for one in self.said if fits(one)), None)
                if found is not None:
                    return found
                await anyio.sleep(0.01)

    async def weigh(self, grams: float) -> float:
        """Put exactly this on and return what the driver says once it is stable."""
        self.said.clear()
        self.reading = Reading(grams, is_stable=True)
        found = await self.until(lambda one: one.grams is not None and abs(one.grams - grams) < 3)
        assert found.grams is not None
        return found.grams


@asynccontextmanager
async def bench(kind: str, folder: Path) -> AsyncIterator[Bench]:
    async with anyio.create_task_group() as group:
        if kind in ("toledo", "sics"):
            language: Language = Toledo8217() if kind == "toledo" else MtSics()
            with virtual_serial_scale(language) as far:
                made = Bench(SerialScale(far.path, language), strange=far.send)
                group.start_soon(far.answer, lambda: made.reading)
                group.start_soon(made.driver.run, made.hear)
                yield made
                group.cancel_scope.cancel()
        elif kind == "hid":
            with virtual_hid_scale(folder) as far_hid:
                made = Bench(HidScale(str(far_hid.path)), strange=far_hid.send)

                async def say() -> None:
                    while True:
                        far_hid.say(made.reading)
                        await anyio.sleep(0.05)

                group.start_soon(say)
                group.start_soon(made.driver.run, made.hear)
                yield made
                group.cancel_scope.cancel()
        else:
            converter = VirtualConverter(lambda: ZERO + round((made.reading.grams or 0.0) * COUNTS_PER_G))
            made = Bench(LoadCell(lambda: converter, counts_per_g=COUNTS_PER_G, zero=ZERO))
            made.unplug = lambda: setattr(converter, "is_there", False)
            group.start_soon(made.driver.run, made.hear)
            yield made
            group.cancel_scope.cancel()


KINDS = ["toledo", "sics", "hid", "cell"]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_lies_on_a_scale_is_told_in_grams(kind: str, tmp_path: Path) -> None:
    async with bench(kind, tmp_path) as scale:
        for grams in (0.0, 3.0, 482.0, 12_345.0):
            assert await scale.weigh(grams) == pytest.approx(grams, abs=1.1)
        with pytest.raises(DeviceRefusedError, match="a scale has no"):
            await scale.driver.do(PlaySound("t", None, 8000, 0.0))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["toledo", "sics", "hid"])
async def test_noise_on_the_line_is_left_out_and_counted(kind: str, tmp_path: Path) -> None:
    async with bench(kind, tmp_path) as scale:
        await scale.weigh(100.0)
        assert scale.strange is not None
        for noise in (
            b"\x00\xff\xfe\x01\x02\x03",
            b"\x03\x63\x02\x00\x10\x00",
            b"\r\nS S 12 stone\r\n",
            b"\x02?\x40\r",
        ):
            scale.strange(noise[:6].ljust(6, b"?") if kind == "hid" else noise)
        assert await scale.weigh(250.0) == pytest.approx(250.0, abs=1.1)
        assert getattr(scale.driver, "strange", 0) >= 1


@pytest.mark.parametrize("kind", ["toledo", "sics", "hid"])
async def test_a_scale_that_cannot_weigh_says_why(kind: str, tmp_path: Path) -> None:
    async with bench(kind, tmp_path) as scale:
        await scale.weigh(100.0)
        scale.reading = Reading(None, fault="too heavy for the scale")
        found = await scale.until(lambda one: one.fault != "")
        assert (found.grams, found.fault) == (None, "too heavy for the scale")


async def test_a_scale_that_moves_is_not_stable(tmp_path: Path) -> None:
    for kind in ("toledo", "sics", "hid"):
        (tmp_path / kind).mkdir()
        async with bench(kind, tmp_path / kind) as scale:
            scale.reading = Reading(700.0, is_stable=False)
            found = await scale.until(lambda one: one.is_stable is False)
            assert found.fault == ""


async def test_scales_that_are_not_there_are_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_scale, "SILENT_S", 0.3)

    async def ends(driver: Driver) -> str:
        with pytest.raises(DeviceUnreachableError) as failed:
            with anyio.fail_after(5):
                await driver.run(lambda _: None)
        return str(failed.value)

    nowhere = str(tmp_path / "nothing")
    assert nowhere in await ends(HidScale(nowhere))
    assert nowhere in await ends(SerialScale(nowhere, MtSics()))
    with virtual_serial_scale(MtSics()) as far:
        assert "set to this protocol" in await ends(SerialScale(far.path, MtSics()))

    def cell(converter: VirtualConverter) -> LoadCell:
        return LoadCell(lambda: converter, counts_per_g=1.0)

    assert "no NAU7802" in await ends(cell(VirtualConverter(lambda: 0, revision=3)))
    assert "is the cell connected" in await ends(cell(VirtualConverter(lambda: 0, can_calibrate=False)))
    gone = VirtualConverter(lambda: 0)
    gone.is_there = False
    assert "Remote I/O error" in await ends(cell(gone))

    def no_bus() -> VirtualConverter:
        raise OSError(2, "No such file or directory")

    assert "I²C bus" in await ends(LoadCell(no_bus, counts_per_g=1.0))


async def test_a_cell_at_its_end_says_that_it_is_too_heavy() -> None:
    said: list[Signal] = []
    async with anyio.create_task_group() as group:
        converter = VirtualConverter(lambda: chip.FULL + 5)
        group.start_soon(LoadCell(lambda: converter, counts_per_g=1.0).run, said.append)
        with anyio.fail_after(5):
            while not said:
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    assert isinstance(said[0], WeightRead)
    assert (said[0].grams, said[0].fault) == (None, "too heavy for the scale")


async def test_the_virtual_scale_of_a_cart_swings_and_comes_to_rest() -> None:
    said: list[Any] = []
    scale = VirtualScale()
    with pytest.raises(DeviceUnreachableError, match="not plugged in"):
        await scale.put(10)
    async with anyio.create_task_group() as group:
        group.start_soon(scale.run, said.append)
        await anyio.sleep(0.3)
        await scale.put(500)
        with anyio.fail_after(8):
            while not (said and said[-1].is_stable and said[-1].grams and abs(said[-1].grams - 500) < 5):
                await anyio.sleep(0.05)
        with pytest.raises(DeviceRefusedError, match="500 g lie there"):
            await scale.put(-600)
        group.cancel_scope.cancel()
    assert any(one.is_stable is False for one in said)


def test_a_basket_that_swings_ends_where_it_weighs() -> None:
    clock = [0.0]
    basket = Basket(lambda: clock[0])
    basket.put(300)
    felt = []
    for _ in range(40):
        clock[0] += 0.1
        felt.append(basket.feel())
    assert not felt[0].is_stable
    assert felt[-1].is_stable
    assert felt[-1].grams == pytest.approx(300, abs=4)


def test_units_and_states_of_reports() -> None:
    def said(status: int, unit: int, exponent: int, weight: int) -> Reading:
        return read_report(bytes((3, status, unit, exponent & 0xFF)) + weight.to_bytes(2, "little"))

    assert read_report(bytes.fromhex("030402ffe803")) == Reading(100.0, is_stable=True)
    assert said(4, 3, -3, 1_234).grams == pytest.approx(1_234)
    assert said(4, 11, -1, 100).grams == pytest.approx(283.495, abs=0.01)
    assert said(4, 12, 0, 2).grams == pytest.approx(907.185, abs=0.01)
    assert said(5, 2, 0, 7).grams == -7
    assert said(2, 2, 0, 0) == Reading(0.0, is_stable=True)
    assert said(3, 2, 0, 40).is_stable is False
    assert said(6, 2, 0, 0).fault == "too heavy for the scale"
    for wrong in (said, lambda *_: read_report(b"\x03\x04"), lambda *_: read_report(bytes(6))):
        with pytest.raises(ScaleBytesError):
            wrong(4, 9, 0, 1)


def test_lines_as_scales_send_them() -> None:
    toledo, pounds, sics = Toledo8217(), Toledo8217("lb"), MtSics()
    assert toledo.read(b"\x0201.234").grams == pytest.approx(1_234)
    assert toledo.read(b"\x02 1.234N").grams == pytest.approx(1_234)
    assert toledo.read(b"\x0200500").grams == pytest.approx(500)
    assert pounds.read(b"\x02001.50").grams == pytest.approx(680.389, abs=0.01)
    assert toledo.read(b"\x02?A") == Reading(None, is_stable=False)
    assert toledo.read(b"\x02?B").fault == "too heavy for the scale"
    assert sics.read(b"S S      0.500 kg").grams == pytest.approx(500)
    assert sics.read(b"S D    -12.31 g") == Reading(-12.31, is_stable=False)
    assert sics.read(b"S I").fault == "the scale cannot weigh now"
    for language, line in ((toledo, b"S S 1 kg"), (toledo, b"\x02?@"), (sics, b"S S 1 stone"), (sics, b"")):
        with pytest.raises(ScaleBytesError):
            language.read(line)


@given(st.floats(-5_000, 30_000), st.booleans())
def test_every_twin_says_what_its_reader_reads(grams: float, is_stable: bool) -> None:
    report = read_report(pack_report(Reading(grams, is_stable)))
    assert report.grams is not None
    assert math.isclose(report.grams, grams, abs_tol=0.6)
    sics = MtSics()
    line = sics.read(sics.say(Reading(grams, is_stable)).removesuffix(sics.end))
    assert line.grams is not None
    assert math.isclose(line.grams, grams, abs_tol=0.06)
    assert line.is_stable is is_stable


@given(st.binary(max_size=80))
def test_no_bytes_are_more_than_an_error(data: bytes) -> None:
    for read in (read_report, Toledo8217().read, MtSics().read):
        try:
            found = read(data)
        except ScaleBytesError:
            continue
        assert found.grams is None or math.isfinite(found.grams)
