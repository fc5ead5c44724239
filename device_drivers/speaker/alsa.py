"""A sound card through `aplay` of Debian's alsa-utils, one process for each sound."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from subprocess import DEVNULL, PIPE

import anyio
from anyio.abc import Process

from device_drivers.api import DeviceUnreachableError
from device_drivers.speaker.player import Player, Stream

LEAD_S = 0.2
"""How much sound lies ready in the pipe and the card, so that a busy machine makes no gap."""


class AlsaSpeaker(Player):
    """Plays on an ALSA device such as "default", "plughw:1,0" or "null"; `program` takes aplay's options."""

    def __init__(self, device: str = "default", program: str = "aplay") -> None:
        super().__init__(_AlsaSink(device, program))


class _AlsaSink:
    lead_s = LEAD_S

    def __init__(self, device: str, program: str) -> None:
        self._device = device
        self._program = program

    def check(self) -> None:
        if shutil.which(self._program) is None:
            raise DeviceUnreachableError(f"{self._program} is not installed: install the Debian package alsa-utils")

    @asynccontextmanager
    async def open(self, ticket: str, rate_hz: int, channels: int) -> AsyncIterator[Stream]:
        options = ["-q", "-D", self._device, "-t", "raw", "-f", "S16_LE", "-r", str(rate_hz), "-c", str(channels)]
        buffer_us = str(round(LEAD_S * 1e6))
        try:
            process = await anyio.open_process(
                [self._program, *options, f"--buffer-time={buffer_us}", "-"], stdin=PIPE, stdout=DEVNULL, stderr=PIPE
            )
        except OSError as exc:
            raise DeviceUnreachableError(f"{self._program} does not start: {exc}") from exc
        stream = _AlsaStream(process, self._device)
        try:
            yield stream
        finally:
            with anyio.CancelScope(shield=True):
                await stream.stop()


class _AlsaStream:
    def __init__(self, process: Process, device: str) -> None:
        self._process = process
        self._device = device

    async def write(self, block: bytes) -> None:
        assert self._process.stdin is not None
        try:
            await self._process.stdin.send(block)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as exc:
            raise await self._lost() from exc

    async def drain(self) -> None:
        assert self._process.stdin is not None
        await self._process.stdin.aclose()
        if await self._process.wait() != 0:
            raise await self._lost()

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.aclose()

    async def _lost(self) -> DeviceUnreachableError:
        assert self._process.stderr is not None
        said = b""
        with anyio.move_on_after(1):
            async for chunk in self._process.stderr:
                said += chunk
        reason = said.decode(errors="replace").strip()[:200] or "it ended early"
        return DeviceUnreachableError(f"the sound device {self._device!r} is lost: {reason}")
