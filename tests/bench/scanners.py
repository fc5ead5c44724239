"""Scanners: codes lost or cut while the process stands still for two seconds, beside a thread that reads pictures."""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import anyio
import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from device_drivers.api import CodeScanned, DeviceUnreachableError, Signal
from device_drivers.camera.generated.frames import frame
from device_drivers.scanner.hid import HidScanner
from device_drivers.scanner.keys import REPORT_BYTES, KeyReader, typed
from device_drivers.scanner.serial import SerialScanner
from device_drivers.scanner.virtual import VirtualHid, VirtualSerial, virtual_hid, virtual_serial
from firmware_specs.gtin import with_check_digit
from tests.bench.frame import Goal, Report, Row, say
from vision.codes import look

NAME = "scanners"
ABOUT = "codes of ten scanners, lost or cut, through a process that stands still and scanners that are unplugged"

CODES: Final = 10_000
SCANNERS: Final = 10
EACH: Final = CODES // SCANNERS
PAUSE_S: Final = 0.004
"""Between two codes of one scanner: two hundred times as fast as people scan."""

STALL_S: Final = 2.0
STALLS: Final = 3
RING: Final = 64
"""Reports, or events, that Linux holds for a reader of hidraw, or of evdev."""

_EVENTS_PER_KEY: Final = 6
"""Of an input device: scan code, key and synchronisation, down and up."""


def _codes(scanner: int) -> list[str]:
    return [with_check_digit(f"4{scanner:03}{number:08}") for number in range(EACH)]


def _write(plugged: VirtualHid | VirtualSerial, codes: list[str], heard: threading.Event) -> None:
    heard.wait(20)
    for code in codes:
        plugged.scan(code)
        time.sleep(PAUSE_S)


async def _listen(scanner: HidScanner | SerialScanner, said: list[str], heard: threading.Event) -> None:
    def take(signal: Signal) -> None:
        if isinstance(signal, CodeScanned):
            heard.set()
            said.append(signal.text)

    while True:
        try:
            await scanner.run(take)
        except DeviceUnreachableError:
            # As the agent's supervisor does.
            await anyio.sleep(0.05)


async def _greet(plugged: VirtualHid | VirtualSerial, heard: threading.Event) -> None:
    while not heard.is_set():
        plugged.scan("hello")
        await anyio.sleep(0.1)


def _look_on(pictures: list[NDArray[np.uint8]], done: threading.Event, looked: list[int]) -> None:
    while not done.is_set():
        for picture in pictures:
            look(picture)
            looked[0] += 1
            if done.is_set():
                return


async def _measure(folder: Path) -> tuple[int, int, int]:
    """Return codes lost, codes that nobody scanned, and pictures looked at meanwhile."""
    pictures = [frame(1, number).pixels for number in range(3)]
    said: list[list[str]] = [[] for _ in range(SCANNERS)]
    done, looked = threading.Event(), [0]
    with ExitStack() as plugs:
        plugged: list[VirtualHid | VirtualSerial] = []
        drivers: list[HidScanner | SerialScanner] = []
        for number in range(SCANNERS):
            if number % 2:
                line = plugs.enter_context(virtual_serial())
                plugged.append(line)
                drivers.append(SerialScanner(line.path))
            else:
                keys = plugs.enter_context(virtual_hid(folder, f"hidraw{number}"))
                plugged.append(keys)
                drivers.append(HidScanner(str(keys.path)))
        eyes = threading.Thread(target=_look_on, args=(pictures, done, looked))
        eyes.start()
        heard = [threading.Event() for _ in range(SCANNERS)]
        writers = [
            threading.Thread(target=_write, args=(plug, _codes(number), heard[number]))
            for number, plug in enumerate(plugged)
        ]
        for writer in writers:
            writer.start()
        async with anyio.create_task_group() as tasks:
            for driver, texts, event in zip(drivers, said, heard, strict=True):
                tasks.start_soon(partial(_listen, driver, texts, event), name="scanner")
            for plug, event in zip(plugged, heard, strict=True):
                await _greet(plug, event)
            for _ in range(STALLS):
                await anyio.sleep(0.5)
                # The loop stands still: no task of this process runs.
                time.sleep(STALL_S)  # noqa: ASYNC251
            for writer in writers:
                await anyio.to_thread.run_sync(writer.join)
            with anyio.move_on_after(20):
                while any(_codes(number)[-1] not in texts for number, texts in enumerate(said)):
                    await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()
        done.set()
        await anyio.to_thread.run_sync(eyes.join)
    scanned = {code for number in range(SCANNERS) for code in _codes(number)}
    arrived = [text for texts in said for text in texts if text != "hello"]
    return len(scanned - set(arrived)), sum(text not in scanned for text in arrived), looked[0]


async def _unplugged(folder: Path, rounds: int) -> tuple[int, int]:
    """Return codes lost and cut of a scanner that is unplugged in the middle of a code again and again."""
    said: list[str] = []
    driver, expected = HidScanner(str(folder / "hidraw99")), []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(_listen, driver, said, threading.Event()), name="scanner")
        for number in range(rounds):
            code = with_check_digit(f"5{number:011}")
            with virtual_hid(folder, "hidraw99") as plugged:
                plugged.scan(code)
                expected.append(code)
                with anyio.move_on_after(10):
                    while code not in said:
                        await anyio.sleep(0.01)
                plugged.type(b"".join(typed("40063")[:-2]))
                await anyio.sleep(0.02)
        tasks.cancel_scope.cancel()
    return len(set(expected) - set(said)), sum(text not in expected for text in said)


def _late(events_per_code: int, read: Callable[[list[bytes]], int]) -> int:
    """Return how many of a burst of ten codes a reader gets whole that comes when the ring has run over."""
    ring: deque[bytes] = deque(maxlen=None)
    for number in range(10):
        reports = typed(with_check_digit(f"4{number:011}"))
        for report in reports:
            # Each report stands for so many entries; what finds the ring full is not taken.
            if (len(ring) + 1) * (events_per_code // len(reports)) <= RING:
                ring.append(report)
    return read(list(ring))


def _whole(reports: list[bytes]) -> int:
    keys = KeyReader()
    assert all(len(report) == REPORT_BYTES for report in reports)
    return sum(keys.feed(report) is not None for report in reports)


async def run() -> Report:
    """Measure."""
    say(f"{CODES:,} codes of {SCANNERS} scanners, {STALLS} x {STALL_S:g} s of standing still")
    with TemporaryDirectory() as name:
        lost, made_up, looked = await _measure(Path(name))
        say("a scanner that is unplugged in the middle of a code")
        gone, cut = await _unplugged(Path(name), 20)
    none = Goal("ours", 0, more_is_better=False)
    reports = len(typed("4006381333931"))
    return Report(
        (
            Row(f"codes lost of {CODES:,}, {SCANNERS} scanners, {STALLS} stalls of {STALL_S:g} s", "", lost, goal=none),
            Row("    codes that nobody scanned, cut ones among them", "", made_up, goal=none),
            Row("    pictures of 1080p looked at meanwhile, in the same process", "", looked),
            Row("codes lost of 20, unplugged in the middle of the next each time", "", gone, goal=none),
            Row("    half codes delivered", "", cut, goal=none),
            Row(
                "of ten codes scanned during a stall a direct reader of hidraw gets",
                "whole",
                _late(reports, _whole),
                "evdev, whole",
                _late(_EVENTS_PER_KEY * reports // 2, _whole),
                limit="by the size of their rings (64 reports, 64 events), not on a real device",
            ),
        ),
        ("scanners are virtual: half type into named pipes, half send lines through pseudo-terminals",),
    )
