"""A promo speaker or broadcast box: plays its timetable to the clock and reports what really sounded."""

import logging
from dataclasses import dataclass
from typing import Any, Final

import anyio
import anyio.to_thread
import numpy as np
from anyio.abc import TaskStatus
from starlette.routing import BaseRoute

from cloud_broker.bus.port import Message
from device_drivers.api import (
    CameraReported,
    DeviceRefusedError,
    DeviceUnreachableError,
    FrameTaken,
    PlaySound,
    Signal,
    SoundEnded,
)
from edge_agent.app import CommandFailedError, Held, MatterRefusedError, Surroundings
from edge_agent.roles.assets import Asset, AssetError, Assets
from edge_agent.roles.attending import Attending
from edge_agent.roles.matter import matter_of
from edge_agent.roles.models_in_use import ModelsInUse
from edge_agent.roles.programme import LATE_MS, Programme
from edge_agent.roles.saying import Saying
from firmware_specs.desired import Command, Timetable
from firmware_specs.events import SoundPlayed
from firmware_specs.rules.timetable import Due

logger = logging.getLogger(__name__)

AHEAD_MS: Final = 10_000
"""A sound is decoded this long before it is due."""

LOOK_S: Final = 0.25
"""At most so long until a new timetable or a stepped clock is noticed."""

_MISSED: Final = "sound-missed"
_LOCATE: Final = "locate"


@dataclass(frozen=True, slots=True)
class _Playing:
    item: str
    asset: Asset
    title: str
    due_ms: int


class Speaker:
    """The role of a speaker."""

    local_filters: tuple[str, ...] = ()

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._assets = Assets(surroundings)
        self._programme = Programme(surroundings)
        self._playing: dict[str, _Playing] = {}
        self._saying = Saying(surroundings)
        self._disk = anyio.CapacityLimiter(1)
        self._models = ModelsInUse(surroundings, ["detector"] if "camera" in surroundings.drivers else [])
        self._attending = Attending(surroundings, self._models) if "camera" in surroundings.drivers else None
        self._withheld = 0

    async def prepare(self, held: Held) -> None:
        """See `Role.prepare`."""
        if held.manifest.matter == "models":
            await self._models.prepare(held)

    def on_matter(self, held: Held) -> None:
        """See `Role.on_matter`."""
        if held.manifest.matter == "models":
            self._models.take(held)
            self._surroundings.changed()
            return
        if held.manifest.matter != "timetable":
            raise MatterRefusedError(f"a speaker has no use for {held.manifest.matter}")
        self._programme.take(matter_of(held, Timetable))
        now_ms = self._surroundings.now_ms()
        slots = sorted(self._programme.slots, key=lambda slot: slot.start_ms)
        # A slot that plays once and is past needs no sound any more.
        still = [slot for slot in slots if slot.every_s > 0 or slot.start_ms > now_ms - LATE_MS]
        self._assets.want(Asset(slot.asset_sha256, slot.asset_bytes) for slot in still)
        self._surroundings.changed()

    def on_signal(self, driver: str, signal: Signal) -> None:
        """See `Role.on_signal`."""
        if isinstance(signal, FrameTaken | CameraReported):
            if self._attending is not None:
                self._attending.take(signal)
            return
        if not isinstance(signal, SoundEnded):
            return
        playing = self._playing.pop(signal.ticket, None)
        if playing is None:
            return
        played = SoundPlayed(
            at_ms=self._surroundings.now_ms(),
            item=playing.item,
            asset_sha256=playing.asset.sha256,
            sounded_sha256=signal.sounded_sha256,
            due_ms=playing.due_ms,
            duration_s=signal.duration_s,
            level_dbfs=max(-200.0, signal.level_dbfs),
            complete=signal.complete,
        )
        self._saying.say(played)
        self._surroundings.changed()

    async def on_local(self, message: Message) -> None:
        """See `Role.on_local`."""

    async def on_command(self, command: Command) -> str:
        """See `Role.on_command`."""
        try:
            match command.name:
                case "play":
                    return await self._play_now(command)
                case "stop":
                    await self._do("stop", np.zeros((0, 1), np.int16), 48_000, 0.0)
                    return "silent"
                case "locate":
                    await self._do(_LOCATE, _beeps(), 16_000, min(0.0, self._volume_db))
                    return "beeps"
                case other:
                    raise CommandFailedError(f"a speaker cannot {other}")
        except (DeviceRefusedError, DeviceUnreachableError, AssetError) as exc:
            raise CommandFailedError(str(exc)) from exc

    def state(self) -> dict[str, Any]:
        """See `Role.state`."""
        here, wanted = self._assets.counts
        playing = list(self._playing.values())
        return {
            "playing": {"item": playing[-1].item, "title": playing[-1].title, "due_ms": playing[-1].due_ms}
            if playing
            else None,
            "sounds": {"here": here, "wanted": wanted},
            "slots": len(self._programme.slots),
            "audience": None if self._attending is None else self._attending.as_json(),
            "withheld": self._withheld,
            "models": self._models.state(),
        }

    def routes(self) -> list[BaseRoute]:
        """See `Role.routes`."""
        return []

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """See `Role.run`."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._assets.run, name="sounds")
            group.start_soon(self._follow, name="timetable")
            if self._attending is not None:
                group.start_soon(self._attending.run, name="audience")
            task_status.started()

    async def _follow(self) -> None:
        while True:
            self._saying.flush()
            found = self._programme.next(AHEAD_MS)
            if found.missed:
                self._miss(f"{found.missed} playings were due while this device could not play")
            if found.due is None:
                await anyio.sleep(LOOK_S)
            else:
                await self._prepare(found.due)

    async def _prepare(self, due: Due) -> None:
        # Decodes, then sleeps towards the due time; a timetable that changed meanwhile is looked at again.
        asset = Asset(due.slot.asset_sha256, due.slot.asset_bytes)
        now_ms = self._surroundings.now_ms()
        try:
            sound = await self._assets.sound(asset)
        except AssetError as exc:
            if now_ms >= due.due_ms:
                await self._note(due)
                self._miss(f"{due.slot.id}: {exc}")
            else:
                await anyio.sleep(LOOK_S)
            return
        wait_s = (due.due_ms - self._surroundings.now_ms()) / 1000
        if wait_s > LOOK_S:
            await anyio.sleep(min(LOOK_S, wait_s - LOOK_S / 2))
            return
        if not await self._note(due):
            return
        await anyio.sleep(max(0.0, (due.due_ms - self._surroundings.now_ms()) / 1000))
        if self._saying.waits:
            self._miss(f"{due.slot.id}: the record of an earlier sound waits for the cloud")
            return
        if self._attending is not None and not self._attending.has(due.slot.audience):
            # Noted as begun all the same: a shopper who comes a minute later hears the next one.
            self._withheld += 1
            logger.info("%s is withheld: nobody is there to hear it", due.slot.id)
            self._surroundings.changed()
            return
        ticket = f"{due.slot.id}-{due.due_ms}"
        playing = _Playing(due.slot.id, asset, due.slot.title, due.due_ms)
        await self._begin(ticket, playing, due, sound.samples, sound.rate_hz)

    async def _note(self, due: Due) -> bool:
        # On disk first, so that no restart plays it again; without a disk it is not played.
        try:
            await anyio.to_thread.run_sync(self._programme.begin, due, limiter=self._disk)
        except OSError as exc:
            self._miss(f"{due.slot.id}: the disk refuses to note it: {exc}")
            return False
        return True

    async def _begin(self, ticket: str, playing: _Playing, due: Due, samples: Any, rate_hz: int) -> None:
        self._playing[ticket] = playing
        try:
            await self._do(ticket, samples, rate_hz, min(0.0, due.slot.gain_db + self._volume_db))
        except (DeviceRefusedError, DeviceUnreachableError) as exc:
            del self._playing[ticket]
            self._miss(f"{due.slot.id}: {exc}")
            return
        self._saying.fault(_MISSED, None)
        self._surroundings.changed()

    async def _play_now(self, command: Command) -> str:
        sha256 = command.arguments.get("asset_sha256")
        size = command.arguments.get("asset_bytes")
        known = {slot.asset_sha256: slot.asset_bytes for slot in self._programme.slots}
        if not isinstance(sha256, str) or not isinstance(size, int | None):
            raise CommandFailedError("play needs asset_sha256, a text, and asset_bytes, a number")
        if size is None and sha256 not in known:
            raise CommandFailedError("play needs asset_bytes for a sound that no slot of this device names")
        asset = Asset(sha256, known[sha256] if size is None else size)
        sound = await self._assets.sound(asset)
        self._playing[command.id] = _Playing(command.id, asset, "", self._surroundings.now_ms())
        try:
            await self._do(command.id, sound.samples, sound.rate_hz, min(0.0, self._volume_db))
        except (DeviceRefusedError, DeviceUnreachableError):
            del self._playing[command.id]
            raise
        self._surroundings.changed()
        return f"plays {sound.duration_s:.1f} s"

    async def _do(self, ticket: str, samples: Any, rate_hz: int, gain_db: float) -> None:
        driver = self._surroundings.drivers.get("speaker")
        if driver is None:
            raise DeviceUnreachableError("this device has no speaker driver")
        await driver.do(PlaySound(ticket, samples, rate_hz, gain_db))

    @property
    def _volume_db(self) -> float:
        return self._surroundings.configuration.volume_db

    def _miss(self, detail: str) -> None:
        logger.warning("not played: %s", detail)
        self._saying.fault(_MISSED, detail)


def _beeps() -> np.ndarray[Any, np.dtype[np.int16]]:
    # Three beeps of 880 Hz, so that somebody who looks for the speaker hears which one it is.
    at_s = np.arange(int(16_000 * 0.9)) / 16_000
    tone = np.sin(2 * np.pi * 880 * at_s) * ((at_s % 0.3) < 0.2)
    return (tone * 12_000).astype(np.int16).reshape(-1, 1)


def make(surroundings: Surroundings) -> Speaker:
    """Return the role."""
    return Speaker(surroundings)
