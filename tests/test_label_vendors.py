"""Labels of two makers: their bytes by hand, pictures over a Bluetooth stack, and the gateway's language on top."""

import os
import struct
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import numpy as np
import pytest
from bumble.link import LocalLink
from hypothesis import given
from hypothesis import strategies as st

from device_drivers.api import (
    DeviceRefusedError,
    DeviceUnreachableError,
    LabelAnswered,
    LoadImage,
    PlaySound,
    Signal,
    TellLabel,
)
from device_drivers.bumble_client import bumble_channel, client_backend
from device_drivers.bumble_scanner import scanner_backend
from device_drivers.labels.flash import Flash
from device_drivers.labels.gatt.bleak_link import Adapter, bleak_link
from device_drivers.labels.gatt.server import Said
from device_drivers.labels.vendor import atc, gicisky
from device_drivers.labels.vendor.driver import Connect, VendorLabels
from device_drivers.labels.vendor.held import HeldLabel
from device_drivers.labels.vendor.peripheral import VendorPeripheral
from device_drivers.labels.vendor.tags import AtcTag, GiciskyTag, VendorTag
from firmware_specs.frames.esl import (
    GLASS,
    DisplayState,
    DisplayTimedImage,
    Ping,
    ReadSensor,
    SensorValue,
    StateBits,
    absolute_time_ms,
    glass_digest,
    parse_response,
)
from tests.fakes.bluetooth import device_on
from vision.image import LabelImage
from vision.labels.content import LabelContent
from vision.labels.render import render
from vision.labels.template import built_in
from vision.panel import Colour, Palette, Panel

ONE, TWO = "F0:00:00:00:00:01", "F0:00:00:00:00:02"
PANEL = Panel(296, 128, Palette.BWR)
PICTURE = render(
    built_in("offer-bwr"), LabelContent("06901234567892", "纯牛奶", "Milk", 590, "CNY", "1 L", was_minor=690)
)


class TagLink:
    """A tag without radio, as a `Link`; `lost_after`: so many writes go through."""

    def __init__(self, tag: VendorTag, lost_after: int | None = None) -> None:
        self.tag = tag
        self.written: list[bytes] = []
        self._heard: Callable[[bytes], None] = lambda data: None
        self._lost_after = lost_after

    async def heed(self, uuid: int, heard: Callable[[bytes], None]) -> None:
        self._heard = heard

    async def write(self, uuid: int, data: bytes) -> None:
        if self._lost_after is not None and len(self.written) >= self._lost_after:
            raise DeviceUnreachableError("the link is lost")
        self.written.append(data)
        self.say(self.tag.write(uuid, data))

    def say(self, said: Said) -> None:
        for _, value in said:
            self._heard(value)

    async def read(self, uuid: int) -> bytes:
        raise NotImplementedError

    def channel(self, psm: int) -> object:
        raise NotImplementedError


# ---- Gicisky


async def test_a_gicisky_label_takes_a_picture_in_the_bytes_of_its_maker() -> None:
    tag = GiciskyTag(0x33)
    assert tag.panel == PANEL
    link = TagLink(tag)
    await gicisky.send(link, ONE, gicisky.packed(PICTURE))  # type: ignore[arg-type]
    assert tag.shown == PICTURE
    assert [data.hex() for data in link.written[:3]] == ["01", "0200250000000000", "03"]
    assert [len(data) for data in link.written[3:]] == [244] * 39 + [4 + 9472 - 39 * 240]
    assert [data[:4].hex() for data in link.written[3:5]] == ["00000000", "01000000"]


def test_gicisky_planes_are_white_by_ones_and_turned_by_a_quarter() -> None:
    indexes = np.full((128, 296), Colour.WHITE, np.uint8)
    indexes[0, 0], indexes[127, 295] = Colour.BLACK, Colour.RED
    data = gicisky.packed(LabelImage.from_indexes(PANEL, indexes))
    black, red = data[:4736], data[4736:]
    # Turned clockwise the upper left comes to the upper right of 128 pixels a row.
    assert black[:16].hex() == "ff" * 15 + "fe"
    assert red[-16:].hex() == "80" + "00" * 15


@pytest.mark.parametrize(
    ("kind", "panel"),
    [(0x0B, "212x104 bwr"), (0x28, "296x128 bw"), (0x33, "296x128 bwr"), (0x4B, "400x300 bwr"), (0x68, "640x384 bw")],
)
def test_a_gicisky_advertisement_says_panel_and_battery(kind: int, panel: str) -> None:
    advert = gicisky.Advert(kind, 29, 1, 2)
    assert gicisky.Advert.from_bytes(bytes(advert)) == advert
    assert str(advert.panel) == panel


async def test_a_gicisky_label_that_stalls_or_is_given_another_panels_picture_is_named() -> None:
    with pytest.raises(DeviceRefusedError, match="no picture of 9472 bytes: is it for another panel"):
        await gicisky.send(TagLink(GiciskyTag(0x4B)), ONE, gicisky.packed(PICTURE))  # type: ignore[arg-type]
    stalled = GiciskyTag(0x33)
    stalled._part = lambda value: stalled._want()  # type: ignore[method-assign]
    with pytest.raises(DeviceUnreachableError, match="asks for part 0 again and again"):
        await gicisky.send(TagLink(stalled), ONE, gicisky.packed(PICTURE))  # type: ignore[arg-type]


# ---- ATC


@pytest.mark.parametrize("drops", [0, 3])
async def test_an_atc_label_takes_a_picture_in_the_bytes_of_its_firmware(drops: int) -> None:
    tag, data = AtcTag(PANEL, drops=drops), atc.packed(PICTURE)
    link = TagLink(tag)
    await atc.send(link, ONE, data)  # type: ignore[arg-type]
    assert tag.shown == PICTURE
    crc = zlib.crc32(data)
    assert link.written[0] == bytes.fromhex("0064ff") + struct.pack("<QIBBH", crc, len(data), 0x30, 0, 0)
    assert link.written[1] == b"\0\x02"
    part = link.written[2]
    assert (part[:2].hex(), part[3:5].hex(), len(part)) == ("0065", "0000", 235)
    assert part[2] == sum(part[3:]) & 0xFF
    assert struct.unpack("<HH", part[5:9]) == (len(data), sum(data) & 0xFFFF)
    assert link.written[-1] == b"\0\x03"
    assert len(link.written) == 4 + -(-(len(data) + 4) // 230) + drops - 1
    # The same once more is there already.
    again = TagLink(tag)
    await atc.send(again, ONE, data)  # type: ignore[arg-type]
    assert len(again.written) == 2


async def test_an_atc_picture_longer_than_a_block_is_asked_for_block_by_block() -> None:
    noise = np.random.default_rng(1).choice(np.array([0, 1, 4], np.uint8), (128, 296))
    picture, tag = LabelImage.from_indexes(PANEL, noise), AtcTag(PANEL)
    data = atc.packed(picture)
    assert len(data) > atc.BLOCK_BYTES
    link = TagLink(tag)
    await atc.send(link, ONE, data)  # type: ignore[arg-type]
    assert tag.shown == picture
    assert [sent for sent in link.written if sent[:2] == b"\0\x02"] == [b"\0\x02"] * -(-len(data) // atc.BLOCK_BYTES)


async def test_an_atc_label_refuses_another_panels_picture_and_gives_up_on_a_part_that_never_arrives() -> None:
    with pytest.raises(DeviceRefusedError, match="refused a picture of"):
        await atc.send(TagLink(AtcTag(Panel())), ONE, atc.packed(PICTURE))  # type: ignore[arg-type]
    with pytest.raises(DeviceUnreachableError, match="did not take part 0 of block 0"):
        await atc.send(TagLink(AtcTag(PANEL, drops=99)), ONE, atc.packed(PICTURE))  # type: ignore[arg-type]
    four = Panel(8, 1, Palette.BWRY)
    with pytest.raises(ValueError, match="at most two inks"):
        atc.packed(LabelImage.from_indexes(four, np.full((1, 8), Colour.WHITE, np.uint8)))


@given(st.binary(max_size=30))
def test_noise_is_no_advertisement_and_no_request_and_brings_no_tag_down(noise: bytes) -> None:
    for parse in (gicisky.Advert.from_bytes, atc.Advert.from_bytes, atc.BlockWanted.from_bytes):
        try:
            parse(noise)
        except ValueError:
            continue
    for tag in (GiciskyTag(0x33), AtcTag(PANEL)):
        for uuid in tag.written:
            tag.write(uuid, noise)


def test_an_atc_advertisement_makes_the_round_trip() -> None:
    advert = atc.Advert(1, 0x21, 0x30, 2_900, -5)
    assert atc.Advert.from_bytes(bytes(advert)) == advert
    assert atc.Advert.from_bytes(bytes(advert) + b"\0").battery_mv == 2_900


# ---- over a Bluetooth stack, by the driver


@asynccontextmanager
async def shop(folder: Path, tags: dict[str, VendorTag]) -> AsyncIterator[tuple[VendorLabels, list[Signal]]]:
    """Makers' labels on the air, and a gateway's driver."""
    link = LocalLink()
    devices = []
    for address, tag in tags.items():
        device = device_on(link, f"tag {address[-2:]}", address)
        await VendorPeripheral(device, tag).start()
        devices.append(device)
    gateway = device_on(link, "gateway", "F2:00:00:00:00:01")
    await gateway.power_on()
    adapter = Adapter(bumble_channel, scanner_backend(gateway), client_backend(gateway))

    @asynccontextmanager
    async def radio() -> AsyncIterator[Connect]:
        yield partial(bleak_link, adapter, pairs=False)

    driver, heard = VendorLabels(radio, folder), list[Signal]()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(driver.run, heard.append)
        await anyio.sleep(0.05)
        yield driver, heard
        tasks.cancel_scope.cancel()
    for device in [*devices, gateway]:
        await device.power_off()


def answer(heard: list[Signal], address: str) -> object:
    """Return what a label answered last."""
    return parse_response(
        [each.response for each in heard if isinstance(each, LabelAnswered) and each.address == address][-1]
    )


async def shows(driver: VendorLabels, heard: list[Signal], address: str, image: bytes) -> None:
    """Wait until a label proves a picture."""
    with anyio.fail_after(10):
        while True:
            await driver.do(TellLabel(address, bytes(ReadSensor(GLASS))))
            if answer(heard, address) == SensorValue(GLASS, glass_digest(image)):
                return
            await anyio.sleep(0.05)


async def test_makers_labels_are_told_like_others_and_drawn_when_their_time_comes(tmp_path: Path) -> None:
    tags: dict[str, VendorTag] = {ONE: GiciskyTag(0x33), TWO: AtcTag(PANEL)}
    image = bytes(PICTURE.as_object())
    async with shop(tmp_path, tags) as (driver, heard):
        for address in tags:
            await driver.do(LoadImage(address, 1, image))
            at_ms = absolute_time_ms(driver._now_ms() + 500)
            await driver.do(TellLabel(address, bytes(DisplayTimedImage(1, at_ms))))
            assert answer(heard, address) == DisplayState(0, 1)
            assert tags[address].shown is None
        await driver.do(TellLabel(ONE, bytes(Ping())))
        assert StateBits.PENDING_DISPLAY_UPDATE in answer(heard, ONE).bits  # type: ignore[attr-defined]
        for address, tag in tags.items():
            await shows(driver, heard, address, image)
            assert tag.shown == PICTURE
    # What is on the glass is known after a restart.
    async with shop(tmp_path, tags) as (driver, heard):
        await shows(driver, heard, ONE, image)
        await driver.do(TellLabel("F0:00:00:00:00:09", bytes(ReadSensor(GLASS))))
        assert answer(heard, "F0:00:00:00:00:09") == SensorValue(GLASS, bytes(8))


async def test_commands_at_one_moment_are_kept_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def slowly(part: Path, file: Path) -> None:
        time.sleep(0.002)
        replace(part, file)

    monkeypatch.setattr(os, "replace", slowly)
    async with shop(tmp_path, {ONE: GiciskyTag(0x33)}) as (driver, _), anyio.create_task_group() as tasks:
        await driver.do(LoadImage(ONE, 1, bytes(PICTURE.as_object())))
        at_ms = absolute_time_ms(driver._now_ms() + 60_000)
        for ahead_ms in range(40):
            tasks.start_soon(driver.do, TellLabel(ONE, bytes(DisplayTimedImage(1, 0))))
            tasks.start_soon(driver.do, TellLabel(ONE, bytes(DisplayTimedImage(1, at_ms + ahead_ms))))
    assert HeldLabel(Flash(tmp_path, ONE)).tag.timed == (1, at_ms + 39)


async def test_a_low_battery_and_wrong_deeds_are_named(tmp_path: Path) -> None:
    image = bytes(PICTURE.as_object())
    async with shop(tmp_path, {ONE: GiciskyTag(0x33, battery_dv=23)}) as (driver, heard):
        await driver.do(LoadImage(ONE, 0, image))
        at_ms = absolute_time_ms(driver._now_ms() + 100)
        await driver.do(TellLabel(ONE, bytes(DisplayTimedImage(0, at_ms))))
        await shows(driver, heard, ONE, image)
        await driver.do(TellLabel(ONE, bytes(Ping())))
        assert StateBits.SERVICE_NEEDED in answer(heard, ONE).bits  # type: ignore[attr-defined]
        for deed, said in (
            (LoadImage(ONE, 0, b"nonsense"), "begins no label's picture"),
            (LoadImage(ONE, 9, image), "invalid image index"),
            (
                LoadImage(
                    ONE, 0, bytes(render(built_in(), LabelContent("06901234567892", "奶", "", 1, "CNY")).as_object())
                ),
                "is not for a panel",
            ),
            (LoadImage("x", 0, image), "no Bluetooth address"),
            (TellLabel(ONE, b"\0"), "no command"),
            (PlaySound("1", np.zeros((1, 1), np.int16), 8000, 0), "no deed"),
        ):
            with pytest.raises(DeviceRefusedError, match=said):
                await driver.do(deed)
    off = VendorLabels(lambda: None, tmp_path)  # type: ignore[arg-type,return-value]
    with pytest.raises(DeviceUnreachableError, match="off"):
        await off.do(TellLabel(ONE, bytes(Ping())))
