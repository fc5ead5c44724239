"""Speakers: what sounded is proved by its hash, its level is right, and a cut sound says that it was cut."""

import functools
import hashlib
import math
import shutil
import stat
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import numpy as np
import pytest
from numpy.typing import NDArray

from device_drivers.api import (
    DeviceRefusedError,
    DeviceUnreachableError,
    Driver,
    LoadImage,
    PlaySound,
    Signal,
    SoundEnded,
)
from device_drivers.speaker.alsa import AlsaSpeaker
from device_drivers.speaker.measure import SILENCE_DBFS, after_gain, level_dbfs, sounded_sha256
from device_drivers.speaker.sink import FileSpeaker

RATE_HZ = 16_000


def sine(duration_s: float, *, channels: int = 1, rate_hz: int = RATE_HZ) -> NDArray[np.int16]:
    """Return a full-scale sine."""
    at_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    wave_form = np.rint(np.sin(2 * np.pi * 400 * at_s) * 32_767).astype(np.int16)
    return np.repeat(wave_form[:, None], channels, axis=1)


class Ends:
    """Gathers what a speaker says."""

    def __init__(self) -> None:
        self.all: list[SoundEnded] = []
        self._more = anyio.Event()

    def emit(self, signal: Signal) -> None:
        assert isinstance(signal, SoundEnded)
        self.all.append(signal)
        self._more.set()

    async def wait(self, count: int) -> list[SoundEnded]:
        with anyio.fail_after(10):
            while len(self.all) < count:
                await self._more.wait()
                self._more = anyio.Event()
        return self.all


@asynccontextmanager
async def switched_on(speaker: Driver) -> AsyncIterator[Ends]:
    ends = Ends()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(functools.partial(speaker.run, ends.emit), name="speaker")
        await anyio.wait_all_tasks_blocked()
        yield ends
        tasks.cancel_scope.cancel()


def hash_of(samples: NDArray[np.int16]) -> str:
    return hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest()


@pytest.mark.parametrize("channels", [1, 2])
async def test_a_sound_goes_out_whole_in_its_own_time_with_its_hash_and_level(tmp_path: Path, channels: int) -> None:
    samples = sine(0.305, channels=channels)
    speaker = FileSpeaker(tmp_path)
    async with switched_on(speaker) as ends:
        began_s = anyio.current_time()
        await speaker.do(PlaySound("welcome", samples, RATE_HZ, 0.0))
        (end,) = await ends.wait(1)
        took_s = anyio.current_time() - began_s
    assert end.ticket == "welcome"
    assert end.complete
    assert end.frames == len(samples)
    assert end.duration_s == pytest.approx(0.305)
    assert 0.30 <= took_s < 0.6
    assert end.sounded_sha256 == hash_of(samples)
    assert end.level_dbfs == pytest.approx(-3.01, abs=0.01)
    with wave.open(str(tmp_path / "welcome.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (channels, RATE_HZ)
        assert file.readframes(10**6) == samples.astype("<i2").tobytes()


async def test_gain_lowers_the_level_and_is_part_of_the_hash() -> None:
    speaker = FileSpeaker()
    samples = sine(0.1)
    async with switched_on(speaker) as ends:
        await speaker.do(PlaySound("quiet", samples, RATE_HZ, -20.0))
        (end,) = await ends.wait(1)
    assert end.level_dbfs == pytest.approx(-23.01, abs=0.02)
    assert end.sounded_sha256 == hash_of(np.rint(samples * 0.1).astype(np.int16))


async def test_a_later_sound_cuts_the_earlier_which_says_how_much_of_it_sounded(tmp_path: Path) -> None:
    speaker = FileSpeaker(tmp_path)
    long, short = sine(5.0), sine(0.05)
    async with switched_on(speaker) as ends:
        await speaker.do(PlaySound("long", long, RATE_HZ, 0.0))
        await anyio.sleep(0.2)
        await speaker.do(PlaySound("short", short, RATE_HZ, 0.0))
        cut, whole = await ends.wait(2)
    assert (cut.ticket, cut.complete, whole.ticket, whole.complete) == ("long", False, "short", True)
    assert 0.1 <= cut.duration_s <= 0.5
    assert cut.sounded_sha256 == hash_of(long[: cut.frames])
    with wave.open(str(tmp_path / "long.wav")) as file:
        assert file.getnframes() == cut.frames


async def test_a_sound_overtaken_before_it_began_still_ends_its_ticket() -> None:
    speaker = FileSpeaker()
    async with switched_on(speaker) as ends:
        for ticket in ("one", "two", "three"):
            await speaker.do(PlaySound(ticket, sine(0.02), RATE_HZ, 0.0))
        first, second, third = await ends.wait(3)
    assert [(end.ticket, end.frames, end.complete) for end in (first, second)] == [("one", 0, False), ("two", 0, False)]
    assert (third.ticket, third.complete) == ("three", True)


async def test_an_empty_sound_stops_what_sounds() -> None:
    speaker = FileSpeaker()
    async with switched_on(speaker) as ends:
        await speaker.do(PlaySound("long", sine(5.0), RATE_HZ, 0.0))
        await anyio.sleep(0.05)
        await speaker.do(PlaySound("stop", sine(0.0), RATE_HZ, 0.0))
        cut, stop = await ends.wait(2)
    assert not cut.complete
    assert (stop.ticket, stop.frames, stop.complete, stop.level_dbfs) == ("stop", 0, True, SILENCE_DBFS)


async def test_a_speaker_switched_off_ends_what_sounds_and_plays_no_more() -> None:
    speaker = FileSpeaker()
    async with switched_on(speaker) as ends:
        await speaker.do(PlaySound("long", sine(5.0), RATE_HZ, 0.0))
        await anyio.sleep(0.05)
    assert [(end.ticket, end.complete) for end in ends.all] == [("long", False)]
    assert ends.all[0].frames > 0
    with pytest.raises(DeviceUnreachableError):
        await speaker.do(PlaySound("late", sine(0.1), RATE_HZ, 0.0))


async def test_what_is_no_sound_is_refused() -> None:
    speaker = FileSpeaker()
    async with switched_on(speaker):
        for samples in (np.zeros(10, np.int16), np.zeros((10, 3), np.int16)):
            with pytest.raises(DeviceRefusedError):
                await speaker.do(PlaySound("x", samples, RATE_HZ, 0.0))
        with pytest.raises(DeviceRefusedError):
            await speaker.do(PlaySound("x", sine(0.1), RATE_HZ, 1.0))
        with pytest.raises(DeviceRefusedError):
            await speaker.do(PlaySound("x", sine(0.1), RATE_HZ, math.nan))
        with pytest.raises(DeviceRefusedError):
            await speaker.do(LoadImage("AA", 0, b""))


async def test_a_folder_that_cannot_be_made_is_an_unreachable_speaker(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeviceUnreachableError):
        await FileSpeaker(tmp_path / "file" / "folder").run(lambda _: None)


async def test_only_the_newest_files_are_kept(tmp_path: Path) -> None:
    speaker = FileSpeaker(tmp_path, keep=2)
    async with switched_on(speaker) as ends:
        for place, ticket in enumerate(("one", "../two", "three")):
            await speaker.do(PlaySound(ticket, sine(0.01), RATE_HZ, 0.0))
            await ends.wait(place + 1)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["___two.wav", "three.wav"]


def test_figures_of_silence_and_of_a_full_scale_square() -> None:
    assert level_dbfs(np.zeros((10, 1), np.int16)) == SILENCE_DBFS
    assert level_dbfs(np.full((10, 2), -32_768, np.int16)) == 0.0
    assert sounded_sha256(np.array([[1, -2]], np.int16)) == hashlib.sha256(b"\x01\x00\xfe\xff").hexdigest()
    assert after_gain(np.array([[100]], np.int16), -6.0).tolist() == [[50]]


def fake_aplay(folder: Path, body: str) -> str:
    """Write a program that takes aplay's options; returns its path."""
    program = folder / "aplay"
    program.write_text(f'#!/bin/sh\necho "$@" > {folder}/options\n{body}\n')
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    return str(program)


async def test_a_sound_card_gets_every_sample_and_the_same_signals(tmp_path: Path) -> None:
    speaker = AlsaSpeaker("plughw:1,0", program=fake_aplay(tmp_path, f"exec cat > {tmp_path}/out"))
    samples = sine(0.255, channels=2)
    async with switched_on(speaker) as ends:
        await speaker.do(PlaySound("welcome", samples, RATE_HZ, 0.0))
        (end,) = await ends.wait(1)
    assert (end.complete, end.sounded_sha256) == (True, hash_of(samples))
    assert (tmp_path / "out").read_bytes() == samples.astype("<i2").tobytes()
    options = (tmp_path / "options").read_text()
    assert "-D plughw:1,0" in options
    assert "-f S16_LE -r 16000 -c 2" in options


async def test_a_sound_cut_on_a_sound_card_stops_at_once_and_counts_only_what_sounded(tmp_path: Path) -> None:
    speaker = AlsaSpeaker(program=fake_aplay(tmp_path, "exec cat > /dev/null"))
    long = sine(5.0)
    async with switched_on(speaker) as ends:
        await speaker.do(PlaySound("long", long, RATE_HZ, 0.0))
        await anyio.sleep(0.5)
        await speaker.do(PlaySound("short", sine(0.02), RATE_HZ, 0.0))
        cut, whole = await ends.wait(2)
    assert (cut.complete, whole.complete) == (False, True)
    # Half a second, less the fifth of a second that lay ready in the pipe.
    assert 0.1 <= cut.duration_s <= 0.4
    assert cut.sounded_sha256 == hash_of(long[: cut.frames])


async def test_a_sound_card_that_is_lost_says_why(tmp_path: Path) -> None:
    speaker = AlsaSpeaker(program=fake_aplay(tmp_path, "echo no such card >&2; exit 1"))
    ends = Ends()

    async def play() -> None:
        await anyio.wait_all_tasks_blocked()
        await speaker.do(PlaySound("x", sine(2.0), RATE_HZ, 0.0))

    with anyio.fail_after(10):
        with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012 - the group is what is under test
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(play)
                await speaker.run(ends.emit)
    assert caught.group_contains(DeviceUnreachableError, match="no such card")
    assert [end.complete for end in ends.all] == [False]


async def test_a_machine_without_aplay_says_which_package_to_install() -> None:
    with pytest.raises(DeviceUnreachableError, match="alsa-utils"):
        await AlsaSpeaker(program="aplay-of-nobody").run(lambda _: None)


@pytest.mark.skipif(shutil.which("aplay") is None, reason="missing: aplay (Debian package alsa-utils)")
async def test_the_real_aplay_plays_into_its_null_device() -> None:
    speaker = AlsaSpeaker("null")
    samples = sine(0.2)
    async with switched_on(speaker) as ends:
        await speaker.do(PlaySound("welcome", samples, RATE_HZ, 0.0))
        (end,) = await ends.wait(1)
    assert (end.complete, end.sounded_sha256) == (True, hash_of(samples))
