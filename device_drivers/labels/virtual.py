"""A shop's labels without their radio: real ESL bytes in and out, and panels that keep their picture.

What a label holds lies in a folder, as flash and ink do, and survives the process: `<address>.panel.bin` is
what its glass shows, `<address>.slot<n>.bin` what it has stored, `<address>.wanted.bin` what it was drawing,
and `<address>.timed.bin` its pending timed command (slot and absolute time, one and four bytes).
"""

import os
import re
import struct
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import anyio
from anyio.abc import TaskGroup

from device_drivers.api import (
    Deed,
    DeviceRefusedError,
    DeviceUnreachableError,
    LabelAnswered,
    LoadImage,
    Signal,
    TellLabel,
)
from device_drivers.labels.tag import Tag, TagRefusedError
from firmware_specs.frames.esl import absolute_time_ms
from vision.pack import packed_bytes

TICK_S = 0.05
SLOWDOWN = 5.0

_Held = dict[str, bytes | None]
_ADDRESS = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")


class Fault(Enum):
    """What may be wrong with a label."""

    DEAD = "dead"
    """Its battery is empty: no answer, no connection, the glass keeps its picture."""

    SLOW = "slow"
    """It answers and refreshes late, as in the cold."""


@dataclass(frozen=True, slots=True)
class Model:
    """The hardware of every label of the shop."""

    width_px: int = 296
    height_px: int = 128
    slots: int = 4
    refresh_s: float = 0.8
    answer_s: float = 0.02


@dataclass(frozen=True, slots=True)
class _Air:
    emit: Callable[[Signal], None]
    tasks: TaskGroup


class VirtualLabels:
    """Labels by Bluetooth address. `addresses` None means that any address is a label that hangs there.

    All have ESL ID 0, and their absolute time is UTC (`absolute_time_ms`), as an access point would set it.
    """

    def __init__(
        self,
        folder: Path,
        addresses: Collection[str] | None = None,
        model: Model = Model(),
        *,
        now_s: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._folder = folder
        self._addresses = None if addresses is None else frozenset(address.upper() for address in addresses)
        self._model = model
        self._now_s = now_s
        self._now_ms = now_ms
        self._tags: dict[str, Tag] = {}
        self._faults: dict[str, Fault] = {}
        self._air: _Air | None = None
        self._changing = anyio.Lock()

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Answer commands and let panels refresh until cancelled."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for file in self._folder.glob("*.bin"):
            address = file.name.split(".")[0].replace("-", ":")
            if self._addresses is None or address in self._addresses:
                self._tag(address)
        async with anyio.create_task_group() as tasks:
            self._air = _Air(emit, tasks)
            try:
                while True:
                    await anyio.sleep(TICK_S)
                    for address, tag in list(self._tags.items()):
                        await self._advance(address, tag)
            finally:
                self._air = None
                self._tags.clear()

    async def do(self, deed: Deed) -> None:
        """Store an image or tell a command.

        Raises DeviceRefusedError for an image that the label refuses, DeviceUnreachableError for a label
        that is not there. A command to a dead label is sent and never answered, as on the air.
        """
        if not isinstance(deed, LoadImage | TellLabel):
            raise DeviceRefusedError(f"a label radio has no deed {type(deed).__name__}")
        if self._air is None:
            raise DeviceUnreachableError("the label radio is off")
        address = deed.address.upper()
        tag = self._tag(address)
        if isinstance(deed, TellLabel):
            await self._tell(self._air, address, tag, deed.command)
            return
        if self._faults.get(address) is Fault.DEAD:
            raise DeviceUnreachableError(f"label {address} does not connect")
        try:
            async with self._change(address, tag):
                tag.load(deed.slot, deed.image)
        except TagRefusedError as exc:
            raise DeviceRefusedError(f"label {address} refused an image for slot {deed.slot}: {exc}") from exc

    def hurt(self, address: str, fault: Fault | None) -> None:
        """Give a label a fault from now on, or heal it with None."""
        address = address.upper()
        if fault is None:
            self._faults.pop(address, None)
        else:
            self._faults[address] = fault
        if address in self._tags:
            self._tags[address].refresh_s = self._model.refresh_s * self._slowdown(address)

    def panel(self, address: str) -> bytes | None:
        """Return what a label's glass shows, 1 bit per pixel; None if it never showed anything."""
        tag = self._tags.get(address.upper())
        return tag.panel if tag is not None else _read(self._file(address.upper(), "panel"))

    async def _tell(self, air: _Air, address: str, tag: Tag, command: bytes) -> None:
        if self._faults.get(address) is Fault.DEAD:
            return
        async with self._change(address, tag):
            response = tag.tell(command, self._now_s(), absolute_time_ms(self._now_ms()))
        if self._air is not air:
            raise DeviceUnreachableError("the label radio went off")
        if response is not None:
            delay_s = self._model.answer_s * self._slowdown(address)
            signal = LabelAnswered(address, response)
            air.tasks.start_soon(_answer, air.emit, signal, delay_s, name=f"answer of label {address}")

    async def _advance(self, address: str, tag: Tag) -> None:
        if not tag.is_pending or self._faults.get(address) is Fault.DEAD:
            return
        async with self._change(address, tag):
            tag.advance(self._now_s(), absolute_time_ms(self._now_ms()))

    @asynccontextmanager
    async def _change(self, address: str, tag: Tag) -> AsyncIterator[None]:
        # One change at a time, on disk before the next and before its answer: a power cut must not lose what
        # an answer promised.
        async with self._changing:
            before = _held(tag)
            yield
            with anyio.CancelScope(shield=True):
                for what, data in _held(tag).items():
                    if data != before.get(what):
                        await anyio.to_thread.run_sync(_write, self._file(address, what), data)

    def _tag(self, address: str) -> Tag:
        if not _ADDRESS.fullmatch(address) or (self._addresses is not None and address not in self._addresses):
            raise DeviceUnreachableError(f"label {address[:40]} is not in reach")
        if address not in self._tags:
            model = self._model
            refresh_s = model.refresh_s * self._slowdown(address)
            tag = Tag(packed_bytes(model.width_px, model.height_px), model.slots, refresh_s)
            tag.panel = _read(self._file(address, "panel"))
            images = ((slot, _read(self._file(address, f"slot{slot}"))) for slot in range(model.slots))
            tag.stored = {slot: image for slot, image in images if image is not None}
            timed, wanted = _read(self._file(address, "timed")), _read(self._file(address, "wanted"))
            if timed is not None:
                tag.timed = struct.unpack("<BI", timed)
            if wanted is not None:
                tag.resume(wanted, self._now_s())
            self._tags[address] = tag
        return self._tags[address]

    def _slowdown(self, address: str) -> float:
        return SLOWDOWN if self._faults.get(address) is Fault.SLOW else 1.0

    def _file(self, address: str, what: str) -> Path:
        return self._folder / f"{address.replace(':', '-')}.{what}.bin"


def _held(tag: Tag) -> _Held:
    # In the order in which it must reach the disk: a picture is on the glass before it stops being wanted.
    timed = struct.pack("<BI", *tag.timed) if tag.timed is not None else None
    stored = {f"slot{slot}": image for slot, image in tag.stored.items()}
    return {**stored, "panel": tag.panel, "wanted": tag.wanted, "timed": timed}


async def _answer(emit: Callable[[Signal], None], signal: LabelAnswered, delay_s: float) -> None:
    await anyio.sleep(delay_s)
    emit(signal)


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def _write(file: Path, data: bytes | None) -> None:
    if data is None:
        file.unlink(missing_ok=True)
        return
    # A power cut leaves the old picture or the new one, never half of one.
    part = file.with_suffix(".part")
    part.write_bytes(data)
    os.replace(part, file)
