"""The sounds of a timetable: fetched as soon as they are known, decoded shortly before they are due."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.to_thread

from edge_agent.app import BlobUnavailableError, Surroundings
from firmware_specs.sound import Sound, SoundError, decode_audio

logger = logging.getLogger(__name__)

RETRY_S: Final = 5.0
MOST_DECODED: Final = 4
"""Ten minutes of stereo are a hundred megabytes, so only what is next is kept decoded."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A sound by its hash and size in bytes."""

    sha256: str
    size: int


class AssetError(Exception):
    """A sound that cannot be had now, or is none; the text says which."""


class Assets:
    """Keeps the sounds that are wanted on this device's disk, and says once when one cannot be had."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._wanted: tuple[Asset, ...] = ()
        self._here: set[Asset] = set()
        self._missing: set[Asset] = set()
        self._changed = anyio.Event()
        self._decoded: dict[Asset, Sound] = {}
        self._decoding = anyio.CapacityLimiter(1)

    @property
    def counts(self) -> tuple[int, int]:
        """How many sounds are here, and how many are wanted."""
        return len(self._here & set(self._wanted)), len(self._wanted)

    def want(self, assets: Iterable[Asset]) -> None:
        """Fetch these from now on, in this order."""
        self._wanted = tuple(dict.fromkeys(assets))
        self._here &= set(self._wanted)
        self._changed.set()

    async def run(self) -> None:
        """Fetch what is wanted until cancelled."""
        while True:
            self._changed = anyio.Event()
            for asset in self._wanted:
                if asset not in self._here:
                    await self._fetch_ahead(asset)
            is_complete = self._here >= set(self._wanted)
            with anyio.move_on_after(None if is_complete else RETRY_S):
                await self._changed.wait()

    async def sound(self, asset: Asset) -> Sound:
        """Return a decoded sound, from the cache when it can be. Raises AssetError."""
        if asset in self._decoded:
            return self._decoded[asset]
        try:
            data = await self._surroundings.fetch(asset.sha256, asset.size)
        except BlobUnavailableError as exc:
            raise AssetError(f"sound {asset.sha256[:12]} cannot be had: {exc}") from exc
        try:
            sound = await anyio.to_thread.run_sync(decode_audio, data, limiter=self._decoding)
        except SoundError as exc:
            raise AssetError(f"sound {asset.sha256[:12]} cannot be played: {exc}") from exc
        self._decoded[asset] = sound
        while len(self._decoded) > MOST_DECODED:
            del self._decoded[next(iter(self._decoded))]
        return sound

    async def _fetch_ahead(self, asset: Asset) -> None:
        try:
            await self._surroundings.fetch(asset.sha256, asset.size)
        except BlobUnavailableError as exc:
            if asset not in self._missing:
                logger.warning("sound %s cannot be had, trying again: %s", asset.sha256[:12], exc)
            self._missing.add(asset)
            return
        if asset in self._missing:
            self._missing.remove(asset)
            logger.info("sound %s is here now", asset.sha256[:12])
        self._here.add(asset)
