"""What every speaker shares: one sound at a time, in real time, measured as it goes out."""

import math
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import anyio
import numpy as np
from numpy.typing import NDArray

from device_drivers.api import Deed, DeviceRefusedError, DeviceUnreachableError, PlaySound, Signal, SoundEnded
from device_drivers.speaker.measure import after_gain, level_dbfs, sounded_sha256

BLOCK_S: Final = 0.01


class Stream(Protocol):
    """One sound on its way out. Both methods raise DeviceUnreachableError when the device is lost."""

    async def write(self, block: bytes) -> None:
        """Hand over one block: 16-bit little-endian samples, channels interleaved."""

    async def drain(self) -> None:
        """Wait until all that was handed over has sounded."""


class Sink(Protocol):
    """Where sound goes."""

    lead_s: float
    """How far ahead of real time it wants its blocks."""

    def check(self) -> None:
        """Raise DeviceUnreachableError when it cannot play at all."""

    def open(self, ticket: str, rate_hz: int, channels: int) -> AbstractAsyncContextManager[Stream]:
        """Open for one sound; leaving without `drain` stops at once. Raises DeviceUnreachableError."""


class Player:
    """A speaker over a sink. A later sound cuts an earlier one; an empty sound does nothing but that.

    Each ticket ends with exactly one `SoundEnded`.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: list[PlaySound] = []
        self._called = anyio.Event()
        self._running = False

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Play what is asked for until cancelled. Raises DeviceUnreachableError when the sink is lost."""
        self._sink.check()
        self._running = True
        try:
            while True:
                await self._called.wait()
                self._called = anyio.Event()
                *cut, newest = self._waiting
                self._waiting = []
                for deed in cut:
                    emit(_ended(deed, deed.samples[:0], complete=False))
                await self._play(newest, emit)
        finally:
            self._running = False
            self._called = anyio.Event()
            for deed in self._waiting:
                emit(_ended(deed, deed.samples[:0], complete=False))
            self._waiting = []

    async def do(self, deed: Deed) -> None:
        """Start a sound; what sounds is cut. Raises DeviceRefusedError, DeviceUnreachableError."""
        if not isinstance(deed, PlaySound):
            raise DeviceRefusedError(f"a speaker has no deed {type(deed).__name__}")
        samples = deed.samples
        if samples.dtype != np.int16 or samples.ndim != 2 or samples.shape[1] not in (1, 2):
            raise DeviceRefusedError(f"sound is {samples.dtype} of shape {samples.shape}, not int16 (frames, 1 or 2)")
        if not deed.gain_db <= 0 or not 1_000 <= deed.rate_hz <= 192_000:
            raise DeviceRefusedError(f"a gain of {deed.gain_db} dB at {deed.rate_hz} Hz cannot be played")
        if not self._running:
            raise DeviceUnreachableError("the speaker is off")
        self._waiting.append(deed)
        self._called.set()

    async def _play(self, deed: PlaySound, emit: Callable[[Signal], None]) -> None:
        out = after_gain(deed.samples, deed.gain_db)
        if len(out) == 0:
            emit(_ended(deed, out, complete=True))
            return
        block = max(1, round(deed.rate_hz * BLOCK_S))
        handed = 0
        complete = False
        start_s = math.inf
        try:
            async with self._sink.open(deed.ticket, deed.rate_hz, out.shape[1]) as stream:
                start_s = anyio.current_time() + self._sink.lead_s
                # Paced by frames from the start: a late block makes no later one late.
                while not await self._cut_before(start_s - self._sink.lead_s + handed / deed.rate_hz):
                    if handed == len(out):
                        await stream.drain()
                        complete = not await self._cut_before(start_s + len(out) / deed.rate_hz)
                        break
                    await stream.write(out[handed : handed + block].astype("<i2").tobytes())
                    handed = min(handed + block, len(out))
        finally:
            if not complete:
                # Of the blocks handed over, those whose turn had come. The loop's timers may be early by a hair.
                begun = math.floor((anyio.current_time() - start_s) * deed.rate_hz / block + 1e-3) + 1 if handed else 0
                handed = max(0, min(handed, begun * block))
            emit(_ended(deed, out[:handed], complete=complete))

    async def _cut_before(self, at_s: float) -> bool:
        # Waits until `at_s` of the loop's clock; returns whether another sound was asked for first.
        with anyio.CancelScope(deadline=at_s):
            await self._called.wait()
        return self._called.is_set()


def _ended(deed: PlaySound, out: NDArray[np.int16], *, complete: bool) -> SoundEnded:
    return SoundEnded(
        ticket=deed.ticket,
        sounded_sha256=sounded_sha256(out),
        frames=len(out),
        duration_s=len(out) / deed.rate_hz,
        level_dbfs=level_dbfs(out),
        complete=complete,
    )
