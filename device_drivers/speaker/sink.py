"""A speaker without a loudspeaker: sound goes, at its own speed, into WAV files or nowhere."""

import re
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from device_drivers.api import DeviceUnreachableError
from device_drivers.speaker.player import Player, Stream


class FileSpeaker(Player):
    """Plays into `<folder>/<ticket>.wav`, of which it keeps the newest `keep`; into nothing without a folder."""

    def __init__(self, folder: Path | None = None, keep: int = 50) -> None:
        super().__init__(_FileSink(folder, keep))


class _FileSink:
    lead_s = 0.0

    def __init__(self, folder: Path | None, keep: int) -> None:
        self._folder = folder
        self._keep = keep

    def check(self) -> None:
        if self._folder is None:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise DeviceUnreachableError(f"sound cannot go into {self._folder}: {exc}") from exc

    @asynccontextmanager
    async def open(self, ticket: str, rate_hz: int, channels: int) -> AsyncIterator[Stream]:
        if self._folder is None:
            yield _NoStream()
            return
        stream = _FileStream(self._folder / f"{re.sub(r'[^A-Za-z0-9-]', '_', ticket)[:80]}.wav", rate_hz, channels)
        try:
            yield stream
        finally:
            stream.close()
            self._forget_old(self._folder)

    def _forget_old(self, folder: Path) -> None:
        files = sorted(folder.glob("*.wav"), key=lambda file: file.stat().st_mtime_ns)
        for file in files[: -self._keep]:
            file.unlink(missing_ok=True)


class _NoStream:
    async def write(self, block: bytes) -> None:
        """Let it go."""

    async def drain(self) -> None:
        """Nothing waits."""


class _FileStream:
    # Written from the event loop: a block is a kilobyte or two into a buffered file.
    def __init__(self, file: Path, rate_hz: int, channels: int) -> None:
        try:
            self._wave = wave.open(str(file), "wb")
        except OSError as exc:
            raise DeviceUnreachableError(f"sound cannot go into {file}: {exc}") from exc
        self._wave.setparams((channels, 2, rate_hz, 0, "NONE", "not compressed"))

    async def write(self, block: bytes) -> None:
        try:
            self._wave.writeframesraw(block)
        except OSError as exc:
            raise DeviceUnreachableError(f"sound no longer goes into its file: {exc}") from exc

    async def drain(self) -> None:
        """The header is brought up to date by `close`."""

    def close(self) -> None:
        try:
            self._wave.close()
        except OSError as exc:
            raise DeviceUnreachableError(f"sound no longer goes into its file: {exc}") from exc
