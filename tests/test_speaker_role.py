"""A speaker: plays its timetable to the clock, each playing once, and reports what really sounded."""

import hashlib
import io
import time
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import anyio
import numpy as np
import pytest
from msgspec import structs

from device_drivers.api import Deed, DeviceUnreachableError, FrameTaken, PlaySound, Signal
from device_drivers.camera.generated.people import Stander, aisle
from device_drivers.camera.generated.ranges import Ranges
from device_drivers.speaker.sink import FileSpeaker
from edge_agent.app import CommandFailedError, MatterRefusedError
from edge_agent.roles.attending import Attending
from edge_agent.roles.models_in_use import ModelsInUse
from edge_agent.roles.speaker import Speaker
from firmware_specs.desired import Command, Configuration, Slot, Timetable
from firmware_specs.events import FaultCleared, FaultRaised, PeopleCounted, SoundPlayed
from tests.fakes.surroundings import NOW_MS, STORE, FakeClock, FakeSurroundings, held
from vision.presence import Near, Report

ON_TIME_MS = 20


class RunningClock(FakeClock):
    """Real time from `NOW_MS` on; `step_ms` sets it to another time."""

    step_ms = 0
    _started_s = 0.0

    def __getattribute__(self, name: str) -> object:
        if name == "ms":
            if not object.__getattribute__(self, "_started_s"):
                object.__setattr__(self, "_started_s", time.monotonic())
            passed_s = time.monotonic() - object.__getattribute__(self, "_started_s")
            return NOW_MS + int(passed_s * 1000) + object.__getattribute__(self, "step_ms")
        return super().__getattribute__(name)


class Ears(FileSpeaker):
    """The real null speaker, noting when each sound was asked for."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.asked: list[tuple[PlaySound, int]] = []
        self.is_gone = False

    async def do(self, deed: Deed) -> None:
        if self.is_gone:
            raise DeviceUnreachableError("unplugged")
        if isinstance(deed, PlaySound):
            self.asked.append((deed, self.clock.ms))
        await super().do(deed)


def sound(duration_s: float = 0.1, amplitude: int = 9_000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        at_s = np.arange(int(duration_s * 16_000)) / 16_000
        file.writeframes((np.sin(2 * np.pi * 440 * at_s) * amplitude).astype("<i2").tobytes())
    return out.getvalue()


CHIME = sound()
CHIME_SHA256 = hashlib.sha256(CHIME).hexdigest()


def slot(name: str, start_ms: int, *, every_s: float = 0.0, data: bytes = CHIME, gain_db: float = 0.0) -> Slot:
    return Slot(
        id=name,
        asset_sha256=hashlib.sha256(data).hexdigest(),
        asset_bytes=len(data),
        title=name,
        start_ms=start_ms,
        every_s=every_s,
        gain_db=gain_db,
    )


class Box:
    """A speaker role with the real null sink."""

    def __init__(self, folder: Path) -> None:
        self.surroundings = FakeSurroundings(folder, "speaker", device="speaker-1", clock=RunningClock())
        self.surroundings.blobs[CHIME_SHA256] = CHIME
        self.ears = Ears(self.surroundings.clock)
        self.surroundings.drivers = {"speaker": self.ears}
        self.version = 0
        self.fresh()

    def fresh(self) -> None:
        self.role = Speaker(self.surroundings)

    def plan(self, *slots: Slot) -> None:
        self.version += 1
        self.role.on_matter(held("timetable", Timetable(store=STORE, version=self.version, slots=list(slots))))

    @property
    def now_ms(self) -> int:
        return self.surroundings.clock.ms

    def played(self) -> list[SoundPlayed]:
        return [event for event in self.surroundings.said if isinstance(event, SoundPlayed)]

    def faults(self) -> list[str]:
        return [event.fault for event in self.surroundings.said if isinstance(event, FaultRaised)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        def emit(signal: Signal) -> None:
            self.role.on_signal("speaker", signal)

        async with anyio.create_task_group() as group:
            group.start_soon(self.ears.run, emit)
            group.start_soon(self.role.run)
            await anyio.wait_all_tasks_blocked()
            yield
            group.cancel_scope.cancel()


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    with anyio.fail_after(seconds):
        while True:
            if holds():
                return
            await anyio.sleep(0.01)


async def test_a_sound_starts_at_its_time_and_its_record_names_what_went_out(box: Box) -> None:
    async with box.running():
        due_ms = box.now_ms + 700
        box.plan(slot("chime", due_ms))
        await until(lambda: bool(box.played()))
    ((deed, asked_ms),) = box.ears.asked
    assert 0 <= asked_ms - due_ms <= 250
    (record,) = box.played()
    assert (record.item, record.due_ms, record.asset_sha256, record.complete) == ("chime", due_ms, CHIME_SHA256, True)
    assert record.sounded_sha256 == hashlib.sha256(deed.samples.astype("<i2").tobytes()).hexdigest()
    assert record.duration_s == pytest.approx(0.1)
    assert -20 < record.level_dbfs < -10


async def test_the_volume_of_the_configuration_and_of_the_slot_add_up(box: Box) -> None:
    box.surroundings.configuration = Configuration(device="x", version=2, store=STORE, volume_db=-6.0)
    async with box.running():
        box.plan(slot("quiet", box.now_ms + 200, gain_db=-4.0))
        await until(lambda: bool(box.played()))
    assert box.ears.asked[0][0].gain_db == -10.0


async def test_a_repeated_item_plays_each_time_on_time(box: Box) -> None:
    async with box.running():
        first_ms = box.now_ms + 400
        box.plan(slot("bell", first_ms, every_s=1.0))
        await until(lambda: len(box.played()) == 4)
    late = [
        asked_ms - due_ms for (_, asked_ms), due_ms in zip(box.ears.asked, range(first_ms, 2**60, 1000), strict=False)
    ]
    assert min(late) >= 0
    # The machine that tests may be busy with something else for a moment.
    assert median(late) <= ON_TIME_MS


async def test_nothing_is_played_twice_over_a_restart(box: Box) -> None:
    async with box.running():
        item = slot("once", box.now_ms + 300)
        box.plan(item)
        await until(lambda: len(box.ears.asked) == 1)
    box.fresh()
    async with box.running():
        box.plan(item)
        await anyio.sleep(0.5)
    assert len(box.ears.asked) == 1


async def test_what_is_more_than_five_seconds_late_is_not_played_and_that_is_said_once(box: Box) -> None:
    async with box.running():
        box.plan(slot("first", box.now_ms + 200))
        await until(lambda: len(box.played()) == 1)
    box.surroundings.clock.step_ms = 60_000  # type: ignore[attr-defined]  # a RunningClock
    box.fresh()
    async with box.running():
        box.plan(slot("missed", box.now_ms - 30_000), slot("late", box.now_ms - 3_000))
        await until(lambda: len(box.played()) == 2)
        assert box.faults() == ["sound-missed"]
        await until(lambda: any(isinstance(event, FaultCleared) for event in box.surroundings.said))
    assert [record.item for record in box.played()] == ["first", "late"]


async def test_a_sound_that_nobody_has_is_skipped_and_said_and_the_next_one_plays(box: Box) -> None:
    async with box.running():
        box.plan(slot("absent", box.now_ms + 200, data=sound(0.2)), slot("chime", box.now_ms + 900))
        await until(lambda: len(box.played()) == 1)
    assert box.played()[0].item == "chime"
    assert box.faults() == ["sound-missed"]


async def test_sounds_are_fetched_ahead_as_soon_as_the_timetable_is_known(box: Box) -> None:
    async with box.running():
        box.plan(slot("tomorrow", box.now_ms + 86_400_000))
        await until(lambda: box.role.state()["sounds"] == {"here": 1, "wanted": 1})


async def test_of_two_sounds_due_at_once_the_last_by_id_plays(box: Box) -> None:
    async with box.running():
        due_ms = box.now_ms + 300
        box.plan(slot("a", due_ms), slot("b", due_ms))
        await until(lambda: len(box.played()) == 1)
        await anyio.sleep(0.2)
    assert [record.item for record in box.played()] == ["b"]


async def test_a_later_sound_cuts_an_earlier_one_and_both_are_recorded(box: Box) -> None:
    long = sound(3.0)
    box.surroundings.blobs[hashlib.sha256(long).hexdigest()] = long
    async with box.running():
        box.plan(slot("long", box.now_ms + 200, data=long), slot("short", box.now_ms + 700))
        await until(lambda: len(box.played()) == 2)
    assert [(record.item, record.complete) for record in box.played()] == [("long", False), ("short", True)]
    assert box.played()[0].duration_s == pytest.approx(0.5, abs=0.15)


async def test_a_record_that_the_outbox_refuses_is_kept_and_nothing_new_is_played_meanwhile(box: Box) -> None:
    async with box.running():
        box.surroundings.is_full = True
        box.plan(slot("one", box.now_ms + 200), slot("two", box.now_ms + 700))
        await anyio.sleep(1.2)
        assert [deed.ticket.split("-")[0] for deed, _ in box.ears.asked] == ["one"]
        box.surroundings.is_full = False
        await until(lambda: len(box.played()) == 1)
    assert "sound-missed" in box.faults()


async def test_an_unplugged_speaker_is_said_once_and_the_next_sound_clears_it(box: Box) -> None:
    async with box.running():
        box.ears.is_gone = True
        box.plan(slot("lost", box.now_ms + 200), slot("heard", box.now_ms + 800))
        await until(lambda: box.faults() == ["sound-missed"])
        box.ears.is_gone = False
        await until(lambda: len(box.played()) == 1)
    assert any(isinstance(event, FaultCleared) for event in box.surroundings.said)


def command(name: str, **arguments: object) -> Command:
    return Command(id=f"cmd-{name}", device="speaker-1", name=name, expires_ms=NOW_MS + 10**9, arguments=arguments)


async def test_a_person_plays_stops_and_locates(box: Box) -> None:
    long = sound(5.0)
    sha256 = hashlib.sha256(long).hexdigest()
    box.surroundings.blobs[sha256] = long
    async with box.running():
        done = await box.role.on_command(command("play", asset_sha256=sha256, asset_bytes=len(long)))
        assert done == "plays 5.0 s"
        await anyio.sleep(0.2)
        assert await box.role.on_command(command("stop")) == "silent"
        await until(lambda: len(box.played()) == 1)
        assert await box.role.on_command(command("locate")) == "beeps"
    (record,) = box.played()
    assert (record.item, record.complete) == ("cmd-play", False)


async def test_a_command_that_cannot_be_done_fails_with_its_reason(box: Box) -> None:
    async with box.running():
        for wrong in (
            command("dance"),
            command("play"),
            command("play", asset_sha256="0" * 64),
            command("play", asset_sha256="0" * 64, asset_bytes=4),
        ):
            with pytest.raises(CommandFailedError):
                await box.role.on_command(wrong)


def test_a_matter_that_is_no_timetable_is_refused(box: Box) -> None:
    with pytest.raises(MatterRefusedError):
        box.role.on_matter(held("timetable", Configuration(device="x", version=1, store=STORE)))


async def test_a_promo_is_silent_in_an_empty_aisle_and_sounds_for_who_is_there(box: Box) -> None:
    box.surroundings.drivers = {"speaker": box.ears, "camera": box.ears}
    box.fresh()
    for_somebody = structs.replace(slot("promo", box.now_ms + 1500, every_s=1.5), audience="near")
    ranges = Ranges(width_px=640, height_px=360)
    number = 0

    async def look(people: tuple[Stander, ...], until_ms: int) -> None:
        nonlocal number
        while box.now_ms < until_ms:
            number += 1
            box.role.on_signal("camera", FrameTaken(aisle(4, people, number, ranges).pixels, time.monotonic()))
            await anyio.sleep(0.15)

    async with box.running():
        box.plan(for_somebody)
        await look((), box.now_ms + 3200)
        assert box.role.state()["audience"] == {"sees": True, "near": "nobody", "people": 0}
        assert box.role.state()["withheld"] >= 1
        assert box.ears.asked == []
        await look((Stander(0.5, 2.0, 7),), box.now_ms + 3500)
        assert box.role.state()["audience"]["near"] == "near"
    assert box.ears.asked


async def test_a_speaker_that_cannot_see_plays_for_everybody(box: Box) -> None:
    box.surroundings.drivers = {"speaker": box.ears, "camera": box.ears}
    box.fresh()
    async with box.running():
        box.plan(structs.replace(slot("promo", box.now_ms + 300), audience="near"))
        await anyio.sleep(0.8)
    assert [asked.ticket.rpartition("-")[0] for asked, _ in box.ears.asked] == ["promo"]


def test_people_who_came_by_are_told_together_and_a_full_outbox_loses_none(tmp_path: Path) -> None:
    surroundings = FakeSurroundings(tmp_path, "speaker")
    attending = Attending(surroundings, ModelsInUse(surroundings, ["detector"]), monotonic_s=surroundings.clock.read_s)
    start_s = surroundings.clock.monotonic_s

    def pass_by(first: int, last: int) -> None:
        for number in range(first, last):
            attending._count(Report(Near.NEAR, 1), start_s + number * 100)
            attending._count(Report(Near.NOBODY, 0), start_s + number * 100 + 10)

    pass_by(0, 12)
    (told,) = surroundings.of(PeopleCounted)
    assert isinstance(told, PeopleCounted)
    assert (told.people, told.near) == (10, 10)
    surroundings.is_full = True
    pass_by(12, 30)
    assert len(surroundings.of(PeopleCounted)) == 1
    surroundings.is_full = False
    pass_by(30, 31)
    assert [one.people for one in surroundings.of(PeopleCounted) if isinstance(one, PeopleCounted)] == [10, 21]
