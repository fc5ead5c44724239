"""Cameras: the virtual one shows what the world holds up, a recording behaves like a device, a lost one says so."""

import asyncio
import functools
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from device_drivers.api import (
    CameraReported,
    DeviceRefusedError,
    DeviceUnreachableError,
    Driver,
    FrameTaken,
    LoadImage,
    Signal,
)
from device_drivers.camera.opencv import Camera
from device_drivers.camera.props import Pack
from device_drivers.camera.scene import pack_picture
from device_drivers.camera.virtual import Eyes, VirtualCamera
from device_drivers.virtual.client import WorldClient
from firmware_specs.instore import CHINA_13, InStore, StoreProfile, decode, own_key
from vision.codes import gtin_of, printed_as, read_codes

GTIN = "06901234567892"


@dataclass(frozen=True)
class Apple:
    gtin: str = GTIN
    name_en: str = "Fuji apples"
    name_zh: str = "红富士苹果"
    seed: int = 11


@dataclass
class FakeWorld:
    """A world with one product to hold up."""

    seen: Apple | None = None
    is_away: bool = False

    async def in_view(self) -> Apple | None:
        if self.is_away:
            raise DeviceUnreachableError("the world is away")
        return self.seen

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Eyes]:
        yield self


async def frames_of(camera: Driver, count: int) -> list[FrameTaken]:
    """Run a camera until it took so many frames."""
    taken: list[FrameTaken] = []
    enough = anyio.Event()

    def emit(signal: Signal) -> None:
        assert isinstance(signal, FrameTaken)
        taken.append(signal)
        if len(taken) >= count:
            enough.set()

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(functools.partial(camera.run, emit), name="camera")
            await enough.wait()
            tasks.cancel_scope.cancel()
    return taken


def gtins(frames: list[FrameTaken]) -> set[str | None]:
    return {gtin_of(code) for frame in frames for code in read_codes(frame.pixels)}


async def test_what_is_weighed_shows_the_scales_code_with_its_weight() -> None:
    bag = replace(Apple(), gtin=own_key(10061))
    frames = await frames_of(VirtualCamera(FakeWorld(bag).connect, frames_per_s=50), 4)
    profile = StoreProfile(store="demo", patterns=CHINA_13)
    found = {decode(code.text, printed_as(code), profile) for frame in frames for code in read_codes(frame.pixels)}
    assert found == {InStore(10061, weight_g=200 + bag.seed % 1300)}


async def test_a_product_held_to_the_virtual_camera_is_read_from_pixels_alone() -> None:
    frames = await frames_of(VirtualCamera(FakeWorld(Apple()).connect, frames_per_s=50), 4)
    assert gtins(frames) == {GTIN}
    assert frames[0].pixels.shape == (480, 640, 3)
    assert frames[0].pixels.dtype == np.uint8
    assert not np.array_equal(frames[0].pixels, frames[1].pixels)
    assert frames[0].taken_s < frames[1].taken_s


async def test_an_empty_shelf_or_a_product_without_an_ean13_shows_no_code() -> None:
    assert gtins(await frames_of(VirtualCamera(FakeWorld().connect, frames_per_s=50), 2)) == set()
    world = FakeWorld(Apple(gtin="16901234567899"))
    assert gtins(await frames_of(VirtualCamera(world.connect, frames_per_s=50), 2)) == set()


async def test_the_camera_sees_what_the_world_holds_up_next() -> None:
    world = FakeWorld()
    seen: list[set[str | None]] = []

    def emit(signal: Signal) -> None:
        assert isinstance(signal, FrameTaken)
        seen.append(gtins([signal]))
        world.seen = Apple() if len(seen) >= 2 else None

    with anyio.move_on_after(1.5):
        await VirtualCamera(world.connect, frames_per_s=20).run(emit)
    assert seen[:2] == [set(), set()]
    assert {GTIN} in seen[2:]


async def test_the_virtual_camera_keeps_to_its_frame_rate() -> None:
    taken: list[Signal] = []
    with anyio.move_on_after(1.0):
        await VirtualCamera(FakeWorld().connect, frames_per_s=5).run(taken.append)
    assert 4 <= len(taken) <= 6


async def test_a_world_that_went_away_makes_the_camera_unreachable() -> None:
    with pytest.raises(DeviceUnreachableError):
        await VirtualCamera(FakeWorld(is_away=True).connect).run(lambda _: None)


async def test_no_world_at_all_makes_the_camera_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    camera = VirtualCamera(lambda: WorldClient(address, "cart-1", open_s=0.3))
    with pytest.raises(DeviceUnreachableError):
        await camera.run(lambda _: None)


@pytest.mark.parametrize("make", [lambda: VirtualCamera(FakeWorld().connect), lambda: Camera(0)])
async def test_a_camera_only_looks(make: Callable[[], Driver]) -> None:
    with pytest.raises(DeviceRefusedError):
        await make().do(LoadImage("AA", 0, b""))


def recorded(count: int) -> list[NDArray[np.uint8]]:
    pack = Pack(GTIN, "红富士苹果", "Fuji apples", 11)
    return [pack_picture(pack, 0, frame) for frame in range(count)]


async def test_a_recorded_video_is_read_like_a_camera_and_starts_again_at_its_end(tmp_path: Path) -> None:
    file = tmp_path / "pack.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 20, (640, 480))
    for pixels in recorded(3):
        writer.write(pixels)
    writer.release()
    frames = await frames_of(Camera(file, frames_per_s=20), 7)
    assert gtins(frames) == {GTIN}
    assert np.array_equal(frames[0].pixels, frames[3].pixels)


async def test_a_recorded_picture_is_a_camera_that_does_not_move(tmp_path: Path) -> None:
    file = tmp_path / "pack.png"
    cv2.imwrite(str(file), recorded(1)[0])
    frames = await frames_of(Camera(str(file), frames_per_s=50), 2)
    assert np.array_equal(frames[0].pixels, recorded(1)[0])
    assert gtins(frames) == {GTIN}


@pytest.mark.parametrize("source", ["/dev/video-of-nobody", "nothing.avi"])
async def test_a_camera_that_is_not_there_is_unreachable(source: str) -> None:
    with pytest.raises(DeviceUnreachableError, match=r"plugged in|no camera"):
        await Camera(source).run(lambda _: None)


async def test_a_camera_reports_how_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device_drivers.camera.opencv.REPORT_S", 0.2)
    file = tmp_path / "pack.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 40, (640, 480))
    for pixels in recorded(3):
        writer.write(pixels)
    writer.release()
    told: list[Signal] = []
    with anyio.move_on_after(1.0):
        await Camera(file, frames_per_s=20).run(told.append)
    reports = [signal for signal in told if isinstance(signal, CameraReported)]
    assert reports
    assert 40 < reports[0].frame_ms < 80
    # A recording of forty frames a second, looked at twenty times: every other one goes by.
    assert reports[0].frames * 0.5 <= reports[0].dropped <= reports[0].frames * 1.5


async def test_a_camera_on_the_network_is_seen_and_one_that_is_not_there_is_named_without_its_password(
    tmp_path: Path,
) -> None:
    file = tmp_path / "pack.mp4"
    with av.open(str(file), "w") as film:
        stream = film.add_stream("libx264", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for pixels in [*recorded(3)] * 20:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        film.mux(stream.encode())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.fakes.rtsp", str(port), str(tmp_path))
    try:
        camera = Camera(f"rtsp://cart:secret@127.0.0.1:{port}/pack.mp4", frames_per_s=10)
        with anyio.fail_after(30):
            while True:
                try:
                    await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
                    break
                except OSError:
                    await anyio.sleep(0.1)
        frames = await frames_of(camera, 3)
        assert frames[0].pixels.shape == (480, 640, 3)
        assert gtins(frames) == {GTIN}
    finally:
        server.terminate()
        await server.wait()
    with pytest.raises(DeviceUnreachableError) as gone:
        await camera.run(lambda _: None)
    assert "secret" not in str(gone.value)
    assert "127.0.0.1/pack.mp4" in str(gone.value)


async def test_files_that_are_no_recording_are_unreachable(tmp_path: Path) -> None:
    for name in ("noise.png", "noise.avi"):
        (tmp_path / name).write_bytes(b"noise" * 100)
        with pytest.raises(DeviceUnreachableError, match="is not a"):
            await Camera(tmp_path / name).run(lambda _: None)
