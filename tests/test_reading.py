"""From frames and a scanner's texts to reads: once while in view, by votes of frames, and never half a code."""

import functools
from dataclasses import replace
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.applications import Starlette

from device_drivers.api import CameraReported, CodeScanned, FrameTaken
from device_drivers.camera.generated.frames import frame
from device_drivers.camera.generated.passes import passing
from device_drivers.camera.generated.ranges import Ranges
from device_drivers.camera.props import Pack
from device_drivers.camera.scene import pack_picture
from edge_agent.roles.reading import Read, Reader
from edge_agent.roles.scanning import Scanning
from edge_agent.roles.viewing import view_routes
from firmware_specs.symbology import Symbology
from vision.codes import Code, Doubt, Sight, gtin_of, look
from vision.codes.across import Votes

PACK = Pack("06901234567892", "纯牛奶", "Milk", 3)


def taken(pixels: NDArray[np.uint8], at_s: float) -> FrameTaken:
    return FrameTaken(pixels, at_s)


async def read_all(reader: Reader, frames: list[FrameTaken]) -> None:
    """Let a reader look at each frame, one after the other."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(functools.partial(reader.run), name="reader")
        for each in frames:
            before = (reader.view.number if reader.view else 0) + reader.repeated
            reader.take(each)
            with anyio.fail_after(20):
                while (reader.view.number if reader.view else 0) + reader.repeated == before:
                    await anyio.sleep(0.002)
            await anyio.sleep(0.005)
        tasks.cancel_scope.cancel()


def page(reader: Reader) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=Starlette(routes=view_routes(reader)))
    return httpx.AsyncClient(transport=transport, base_url="http://cart")


async def test_a_code_counts_once_while_the_camera_returns_the_same_frame_for_ever() -> None:
    reads: list[Read] = []
    reader = Reader(reads.append, lambda read: read.text, monotonic_s=lambda: 100.0)
    picture = pack_picture(PACK, 0, 0)
    await read_all(reader, [taken(picture, 0.5 * number) for number in range(12)])
    assert reader.repeated == 11
    assert reader.view is not None
    assert reader.view.number == 1
    # Another frame with the same pack still in view says nothing new.
    await read_all(reader, [taken(pack_picture(PACK, 0, 1), 6.0)])
    assert [read.text for read in reads] == [PACK.gtin[1:]]
    assert reads[0].symbology is Symbology.EAN_13


async def test_frames_that_nobody_had_time_for_are_counted() -> None:
    reader = Reader(lambda read: None, lambda read: "")
    for number in range(4):
        reader.take(taken(pack_picture(PACK, 0, number), number))
    reader.take(CameraReported(50, 7, 100.0))
    async with page(reader) as client:
        assert (await client.get("/api/camera.jpg")).status_code == 404
        said: dict[str, Any] = (await client.get("/api/camera")).json()
    assert (said["frame"], said["dropped"], said["frame_ms"]) == (0, 10, 100.0)


async def test_the_view_shows_where_a_code_was_read_and_why_another_was_not() -> None:
    reader = Reader(lambda read: None, lambda read: read.text)
    await read_all(reader, [taken(pack_picture(PACK, 0, 0), 0.0)])
    assert reader.view is not None
    doubt = Doubt("blurred", ((1, 2), (3, 4), (5, 6), (7, 8)))
    reader.view = replace(reader.view, sight=replace(reader.view.sight, doubts=(doubt,)))
    async with page(reader) as client:
        said = (await client.get("/api/camera")).json()
        picture = await client.get("/api/camera.jpg")
    assert [code["gtin"] for code in said["codes"]] == [PACK.gtin]
    assert len(said["codes"][0]["corners"]) == 4
    assert said["doubts"] == [{"reason": "blurred", "corners": [[1, 2], [3, 4], [5, 6], [7, 8]]}]
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["cache-control"] == "no-store"
    assert picture.content[:2] == b"\xff\xd8"


def guess(text: str, weight: float) -> Sight:
    return Sight((), (Doubt("unsure", ((0, 0), (9, 0), (9, 5), (0, 5)), text, "EAN-13", weight),))


def elected(sights: list[Sight]) -> list[list[str]]:
    votes, found = Votes(), []
    for sight in sights:
        votes, codes = votes.after(sight)
        found.append([code.text for code in codes])
    return found


def test_a_guess_that_frames_share_is_believed_and_one_alone_or_disputed_is_not() -> None:
    assert elected([guess("A", 13), guess("A", 12)]) == [[], ["A"]]
    assert elected([guess("A", 40)]) == [[]]
    assert elected([guess("A", 13), guess("B", 12), guess("A", 6)]) == [[], [], []]
    assert elected([guess("A", 13), *[Sight()] * 8, guess("A", 13)])[-1] == []
    code = Code("A", "EAN-13", ((0, 0), (9, 0), (9, 5), (0, 5)))
    assert elected([Sight((code,)), guess("A", 5)]) == [["A"], []]


def test_a_scanners_code_is_read_and_one_that_lost_a_digit_is_counted() -> None:
    reads: list[Read] = []
    scanning = Scanning(reads.append, monotonic_s=lambda: 2.5)
    scanning.take(CodeScanned("]E04006381333931", 2.0))
    scanning.take(CodeScanned("4006381333932", 2.0))
    assert reads == [Read("4006381333931", Symbology.EAN_13, 500.0)]
    assert scanning.cut == 1


@pytest.mark.parametrize("number", range(6))
def test_generated_frames_are_the_same_for_a_seed_and_read_only_as_what_they_show(number: int) -> None:
    ranges = Ranges(width_px=960, height_px=540)
    one = frame(4, number, ranges)
    assert np.array_equal(one.pixels, frame(4, number, ranges).pixels)
    assert one.pixels.shape == (540, 960, 3)
    shown = {code.gtin or code.text for code in one.codes}
    assert {gtin_of(code) or code.text for code in look(one.pixels).codes} <= shown


def test_a_pack_that_passes_is_read_in_the_middle_of_the_picture() -> None:
    gtin, frames = passing(2, 2)
    votes, found = Votes(), set()
    for pixels in frames:
        votes, codes = votes.after(look(pixels))
        found |= {gtin_of(code) for code in codes}
    assert found == {gtin}
