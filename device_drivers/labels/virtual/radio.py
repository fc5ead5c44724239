"""A radio with a shop full of virtual labels in its reach, in real time."""

import random
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from device_drivers.api import DeviceUnreachableError, LabelBondedElsewhereError
from device_drivers.labels.flash import Flash, addresses_in
from device_drivers.labels.gatt.client import EslClient
from device_drivers.labels.gatt.server import EslServer
from device_drivers.labels.pawr.loss import Loss
from device_drivers.labels.pawr.medium import Medium
from device_drivers.labels.virtual.connection import MemoryLink, OwnLabel
from device_drivers.labels.virtual.label import Fault, Model, VirtualLabel, model_of
from firmware_specs.frames.pawr import Timing

TICK_S: Final = 0.05
STANDARD: Final = Model()
LOSSLESS: Final = Loss()


class VirtualRadio:
    """See `Radio`.

    Args:
        folder: where the labels' memories lie.
        timing: of the train.
        addresses: of the labels in reach; None means that any address is a label that hangs there.
        model: of every label.
        loss: of the air.
        now_s: monotonic seconds, now_ms: UTC milliseconds.
    """

    def __init__(
        self,
        folder: Path,
        timing: Timing,
        addresses: Collection[str] | None = None,
        model: Model = STANDARD,
        loss: Loss = LOSSLESS,
        *,
        now_s: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._folder = folder
        self._timing = timing
        self._addresses = None if addresses is None else frozenset(address.upper() for address in addresses)
        self._model = model
        self._medium = Medium(timing, loss, random.Random())
        self.now_s = now_s
        self._now_ms = now_ms
        self._labels: dict[str, VirtualLabel] = {}
        self._by_tag: dict[int, VirtualLabel] = {}
        self._restless: set[VirtualLabel] = set()
        """Labels whose glass may change by itself."""

        self._used: dict[int, int] = {}
        """The interval in which each group was spoken to last."""

        self._disk = anyio.Lock()

    async def run(self) -> None:
        """Let panels refresh until cancelled."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for address in addresses_in(self._folder):
            self._restless.add(self.label(address))
        while True:
            await anyio.sleep(TICK_S)
            changing = [label for label in self._restless if label.advance(self.now_s())]
            if changing:
                async with self._disk:
                    await self._write(changing)
            self._restless &= set(changing)

    async def carry(self, group: int, sealed: bytes) -> Sequence[bytes | None]:
        """See `Radio.carry`. What an answer promises is in the label's flash before the answer is heard."""
        await anyio.sleep(self._until_next_s(group))
        async with self._disk:
            touched = [self._by_tag[id(each.receiver.tag)] for each in self._medium.addressed(group, sealed)]
            slots = self._medium.carry(group, sealed, self.now_s())
            await self._write(touched)
        await anyio.sleep(self._timing.subevent_ms / 1000)
        return slots

    @asynccontextmanager
    async def connect(self, address: str) -> AsyncIterator[EslClient]:
        """See `Radio.connect`."""
        label = self.label(address)
        if label.fault is Fault.DEAD:
            raise DeviceUnreachableError(f"label {address} does not connect")
        if label.fault is Fault.BONDED:
            raise LabelBondedElsewhereError(
                f"label {address} is bonded to another access point: reset it there, or at its key"
            )
        yield EslClient(self.link(label, address), address)

    def link(self, label: VirtualLabel, address: str) -> MemoryLink:
        """Return a connection to a label."""
        server = EslServer(OwnLabel(label, self.now_s))
        return MemoryLink(server, partial(self.change, label), address)

    def label(self, address: str) -> VirtualLabel:
        """Return a label in reach. Raises DeviceUnreachableError."""
        address = address.upper()
        if self._addresses is not None and address not in self._addresses:
            raise DeviceUnreachableError(f"label {address[:40]} is not in reach")
        if address not in self._labels:
            flash = Flash(self._folder, address)
            label = VirtualLabel(flash, model_of(address, self._model), self._medium, self.now_s(), self._now_ms())
            self._labels[address] = self._by_tag[id(label.tag)] = label
        return self._labels[address]

    async def change(self, label: VirtualLabel, change: Callable[[], None]) -> None:
        """Change what a label holds; it is in its flash on return."""
        async with self._disk:
            change()
            await self._write([label])

    async def _write(self, labels: Sequence[VirtualLabel]) -> None:
        now_s, now_ms = self.now_s(), self._now_ms()
        self._restless.update(labels)

        def write() -> None:
            for label in labels:
                label.keep(now_s, now_ms)

        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(write)

    def _until_next_s(self, group: int) -> float:
        # Each group once in an interval. A controller asks for its packets ahead, so one that is made a little late
        # still goes out in this interval.
        interval_s = self._timing.interval_ms / 1000
        now = self.now_s() / interval_s
        turn = max(int(now), self._used.get(group, 0) + 1)
        self._used[group] = turn
        return max(0.0, turn - now) * interval_s
