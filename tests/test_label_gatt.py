"""Labels over connections: both sides on known bytes, over a Bluetooth stack, and with the link lost at each step."""

import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_drivers.api import (
    ConfigureLabel,
    DeviceRefusedError,
    DeviceUnreachableError,
    LabelAnswered,
    LoadImage,
    PlaySound,
    Signal,
    TellLabel,
)
from device_drivers.labels.association import Association
from device_drivers.labels.gatt.bleak_link import bleak_link
from device_drivers.labels.gatt.client import EslClient
from device_drivers.labels.gatt.driver import Connect, GattLabels
from device_drivers.labels.gatt.server import AttError, EslServer, RefusedAttributeError
from device_drivers.labels.register import Register
from device_drivers.labels.virtual.connection import OwnLabel
from device_drivers.labels.virtual.label import Model
from device_drivers.labels.virtual.radio import VirtualRadio
from firmware_specs.frames import ots
from firmware_specs.frames.ead import KeyMaterial
from firmware_specs.frames.esl import (
    BasicState,
    Characteristic,
    DisplayImage,
    DisplayState,
    ErrorCode,
    ErrorResponse,
    Ping,
    StateBits,
)
from firmware_specs.frames.label_image import HEADER_BYTES, Coding, LabelObject
from firmware_specs.frames.pawr import Timing
from tests.fakes.bluetooth import Air, on_air
from vision.panel import STANDARD

ONE, TWO, THREE = (f"F0:00:00:00:00:0{number}" for number in (1, 2, 3))
PICTURE = LabelObject(1, 296, 128, bytes(range(256)) * 18 + bytes(128))
KEYS = KeyMaterial(bytes(range(16)), bytes(8)), KeyMaterial(bytes(16), bytes(range(8)))
PLACE = Association(3, 7, *KEYS)
IDLE = bytes(BasicState(StateBits.SYNCHRONIZED))


@asynccontextmanager
async def shop(folder: Path, addresses: tuple[str, ...] = (ONE,)) -> AsyncIterator[VirtualRadio]:
    """A virtual shop whose panels refresh."""
    radio = VirtualRadio(folder / "panels", Timing(groups=4), addresses, Model(refresh_s=0.1))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(radio.run)
        await anyio.lowlevel.checkpoint()
        yield radio
        tasks.cancel_scope.cancel()


@pytest.fixture
async def radio(tmp_path: Path) -> AsyncIterator[VirtualRadio]:
    async with shop(tmp_path) as opened:
        yield opened


@pytest.fixture
def server(radio: VirtualRadio) -> EslServer:
    return EslServer(OwnLabel(radio.label(ONE), radio.now_s))


def written(server: EslServer, association: Association = PLACE) -> None:
    """Write what associates a label."""
    for uuid, value in (
        (Characteristic.ADDRESS, bytes((association.esl_id, association.group))),
        (Characteristic.AP_SYNC_KEY, bytes(association.sync_key)),
        (Characteristic.RESPONSE_KEY, bytes(association.response_key)),
        (Characteristic.ABSOLUTE_TIME, (1_000).to_bytes(4, "little")),
    ):
        assert server.write(uuid, value) == ()


# ---- the label's side


async def test_a_label_belongs_to_nobody_until_all_four_values_are_written(
    radio: VirtualRadio, server: EslServer
) -> None:
    assert server.write(Characteristic.CONTROL_POINT, bytes(Ping())) == (
        (Characteristic.CONTROL_POINT, bytes(ErrorResponse(ErrorCode.INVALID_STATE))),
    )
    server.write(Characteristic.ADDRESS, bytes.fromhex("0703"))
    server.write(Characteristic.AP_SYNC_KEY, bytes(24))
    assert radio.label(ONE).association is None
    written(server)
    assert radio.label(ONE).association == PLACE
    assert server.write(Characteristic.CONTROL_POINT, bytes(Ping(7))) == ((Characteristic.CONTROL_POINT, IDLE),)
    # Its time alone, at a later connection, changes neither address nor keys.
    later = EslServer(OwnLabel(radio.label(ONE), radio.now_s))
    later.write(Characteristic.ABSOLUTE_TIME, bytes(4))
    assert radio.label(ONE).association == PLACE
    # Factory Reset is answered by nobody.
    assert later.write(Characteristic.CONTROL_POINT, bytes.fromhex("0307")) == ()
    assert radio.label(ONE).association is None


@pytest.mark.parametrize(
    ("uuid", "value", "code"),
    [
        (Characteristic.ADDRESS, "07", AttError.INVALID_LENGTH),
        (Characteristic.ADDRESS, "ff03", AttError.VALUE_NOT_ALLOWED),
        (Characteristic.ADDRESS, "0783", AttError.VALUE_NOT_ALLOWED),
        (Characteristic.AP_SYNC_KEY, "00" * 23, AttError.INVALID_LENGTH),
        (Characteristic.ABSOLUTE_TIME, "00" * 5, AttError.INVALID_LENGTH),
        (Characteristic.DISPLAYS, "00", AttError.WRITE_NOT_PERMITTED),
        (0x2A00, "00", AttError.WRITE_NOT_PERMITTED),
    ],
)
async def test_a_value_that_is_none_is_refused(server: EslServer, uuid: int, value: str, code: AttError) -> None:
    with pytest.raises(RefusedAttributeError) as refused:
        server.write(uuid, bytes.fromhex(value))
    assert refused.value.code == code


async def test_an_image_is_written_in_the_order_of_the_standard_or_not_at_all(
    radio: VirtualRadio, server: EslServer
) -> None:
    data = bytes(PICTURE.compressed())
    assert len(data) < len(bytes(PICTURE))

    def act(request: bytes) -> str:
        ((_, answer),) = server.write(ots.Characteristic.OACP, request)
        return answer.hex()

    write = bytes(ots.Write(0, len(data)))
    assert act(write) == "600605"
    assert server.write(ots.Characteristic.OLCP, bytes.fromhex("05040100000000"))[0][1].hex() == "700508"
    assert server.write(ots.Characteristic.OLCP, bytes.fromhex("05010100000000"))[0][1].hex() == "700501"
    assert server.write(ots.Characteristic.OLCP, b"\x01")[0][1].hex() == "700102"
    assert server.read(ots.Characteristic.ID).hex() == "010100000000"
    assert server.read(ots.Characteristic.NAME) == b"image 1"
    assert server.read(ots.Characteristic.TYPE).hex() == "ca2a"
    assert act(write) == "600606"
    server.open_channel()
    assert act(bytes(ots.Write(0, 10**6))) == "600603"
    assert act(bytes(ots.Write(4, len(data)))) == "600603"
    assert act(bytes(ots.Checksum(0, 4))) == "600305"
    assert act(b"\x05") == "600502"
    assert act(b"\x06\0") == "600603"
    server.receive(b"what nobody announced")
    assert act(write) == "600601"
    for at in range(0, len(data), 100):
        assert not radio.label(ONE).tag.stored
        server.receive(data[at : at + 100])
    assert radio.label(ONE).tag.stored == {1: bytes(PICTURE)}
    checksum = zlib.crc32(data).to_bytes(4, "little").hex()
    assert act(bytes(ots.Checksum(0, len(data)))) == f"600301{checksum}"
    assert act(bytes(ots.Checksum(1, len(data)))) == "600303"
    assert server.read(ots.Characteristic.SIZE) == bytes(ots.ObjectSize(len(bytes(PICTURE)), HEADER_BYTES + 4736))


async def test_half_an_image_or_one_for_another_panel_is_none(radio: VirtualRadio, server: EslServer) -> None:
    server.write(ots.Characteristic.OLCP, bytes(ots.GoTo(0x100)))
    for data in (bytes(LabelObject(6, 296, 128, bytes(9472)).compressed()), b"nonsense", bytes(PICTURE)[:-1]):
        server.open_channel()
        server.write(ots.Characteristic.OACP, bytes(ots.Write(0, len(data))))
        server.receive(data)
        ((_, answer),) = server.write(ots.Characteristic.OACP, bytes(ots.Checksum(0, len(data))))
        assert answer.hex() == "60030a"
    server.write(ots.Characteristic.OACP, bytes(ots.Write(0, len(bytes(PICTURE)))))
    server.receive(bytes(PICTURE)[:100])
    server.close_channel()
    server.open_channel()
    server.receive(bytes(PICTURE)[100:])
    assert radio.label(ONE).tag.stored == {}


@given(st.sampled_from([*Characteristic, *ots.Characteristic, 0x2A00]), st.binary(max_size=40))
def test_no_bytes_off_the_air_bring_a_label_down(uuid: int, value: bytes) -> None:
    class Nobody:
        tag, images, association = _Never(), 4, None
        display = None

    server = EslServer(Nobody())  # type: ignore[arg-type]
    server.open_channel()
    with_object = bytes(ots.GoTo(0x100))
    server.write(ots.Characteristic.OLCP, with_object)
    try:
        server.write(uuid, value)
    except RefusedAttributeError:
        return


class _Never:
    image_bytes = 100


# ---- pictures as objects


@given(st.sampled_from([1, 6, 7, 8, 9]), st.integers(1, 40), st.integers(1, 20), st.binary(min_size=1, max_size=4))
def test_a_picture_makes_the_round_trip_plain_and_compressed(
    kind: int, width_px: int, height_px: int, pattern: bytes
) -> None:
    size = LabelObject(kind, width_px, height_px, b"").plane_bytes
    picture = LabelObject(kind, width_px, height_px, (pattern * size)[:size])
    for each in (picture, picture.compressed()):
        assert LabelObject.from_bytes(bytes(each)) == each
        assert each.plain() == picture
        with pytest.raises(ValueError, match=r"bytes of planes, expected|no zlib stream|do not end where"):
            LabelObject.from_bytes(bytes(each) + b"\0")


@given(st.binary(max_size=30))
def test_noise_is_no_picture_and_nothing_worse(noise: bytes) -> None:
    for data in (noise, bytes.fromhex("01010800010001") + noise):
        try:
            LabelObject.from_bytes(data)
        except ValueError:
            continue
        assert len(data) >= HEADER_BYTES


def test_a_compressed_picture_cannot_hold_more_than_its_panel() -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, 12)
    data = bomb.compress(bytes(10**6)) + bomb.flush()
    with pytest.raises(ValueError, match="do not end"):
        LabelObject.from_bytes(bytes(LabelObject(1, 8, 1, data, Coding.ZLIB)))


# ---- over a Bluetooth stack


async def provisioned(air: Air, address: str, slot: int = 0) -> bytes:
    """Do all that a label needs, from scanning to a picture on the glass; return the answer to that."""
    async with bleak_link(air.adapter, address) as link:
        client = EslClient(link, address, answer_s=2)
        await client.configure(PLACE, 1_000)
        await client.load(slot, bytes(PICTURE))
        await client.complete()
        return await client.tell(bytes(DisplayImage(slot)))


async def until(is_true: Callable[[], bool]) -> None:
    with anyio.fail_after(5):
        while not is_true():
            await anyio.sleep(0.01)


async def test_a_label_is_found_paired_configured_loaded_and_shows_its_picture(radio: VirtualRadio) -> None:
    async with on_air(radio, [ONE]) as air:
        assert await provisioned(air, ONE) == bytes(DisplayState(0, 0))
        await until(lambda: radio.label(ONE).tag.panel == bytes(PICTURE))
        assert radio.label(ONE).association == PLACE
        async with bleak_link(air.adapter, ONE) as link:
            client = EslClient(link, ONE)
            hardware = await client.hardware()
            assert (hardware.display.width_px, hardware.display.kind, hardware.images) == (296, 1, 4)
            with pytest.raises(DeviceRefusedError, match="refused"):
                await link.read(ots.Characteristic.SIZE)
            with pytest.raises(DeviceRefusedError, match="display type 8 is not for label"):
                await client.load(0, bytes(LabelObject(8, 296, 128, bytes(3 * STANDARD.image_bytes))))


async def test_wherever_the_link_is_dropped_trying_again_brings_the_label_through(radio: VirtualRadio) -> None:
    async with on_air(radio, [ONE]) as air:
        await provisioned(air, ONE)
        whole = len(air.steps)
        assert whole >= 17
        for step in range(whole):
            radio.label(ONE).reset()
            radio.label(ONE).tag.stored.clear()
            air.steps.clear()
            air.drop_at = step
            with pytest.raises((DeviceUnreachableError, DeviceRefusedError)):
                await provisioned(air, ONE)
            # Half an image never counts.
            assert set(radio.label(ONE).tag.stored.values()) <= {bytes(PICTURE)}
            assert await provisioned(air, ONE) == bytes(DisplayState(0, 0)), air.steps


async def test_a_label_that_is_not_there_is_named(radio: VirtualRadio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device_drivers.labels.gatt.bleak_link.FOUND_S", 0.3)
    async with on_air(radio, [ONE]) as air:
        with pytest.raises(DeviceUnreachableError, match=f"{TWO} is not in reach: it was not heard within 0.3 s"):
            await provisioned(air, TWO)


# ---- the driver


async def test_a_whole_radio_serves_labels_by_connections_alone(tmp_path: Path) -> None:
    answers: list[Signal] = []
    async with shop(tmp_path, (ONE, TWO)) as radio, on_air(radio, [ONE, TWO]) as air:
        register = Register(tmp_path / "labels.sqlite3", 4)

        @asynccontextmanager
        async def bluetooth() -> AsyncIterator[Connect]:
            yield partial(bleak_link, air.adapter)

        driver = GattLabels(bluetooth, register, linger_s=1.0)
        with pytest.raises(DeviceUnreachableError, match="the label radio is off"):
            await driver.do(ConfigureLabel(ONE))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(driver.run, answers.append)
            await anyio.lowlevel.checkpoint()
            async with anyio.create_task_group() as both:
                for address in (ONE, TWO):
                    both.start_soon(driver.do, LoadImage(address, 0, bytes(PICTURE)))
            connected = air.steps.count("write 0x2bf6")
            assert connected == 2
            for address in (ONE, TWO):
                await driver.do(TellLabel(address, bytes(DisplayImage(0))))
                await driver.do(TellLabel(address.lower(), bytes(Ping())))
            # All over the connections that were open still.
            assert air.steps.count("write 0x2bf6") == connected
            await until(lambda: all(radio.label(each).tag.panel == bytes(PICTURE) for each in (ONE, TWO)))
            assert [each.address for each in answers if isinstance(each, LabelAnswered)] == [ONE, ONE, TWO, TWO]
            await until(lambda: not air.peripherals[ONE].device.connections)

            air.steps.clear()
            air.drop_at = 4
            with pytest.raises(DeviceUnreachableError):
                await driver.do(TellLabel(ONE, bytes(Ping())))
            await driver.do(TellLabel(ONE, bytes(Ping())))
            for stranger, said in (("../x", "no Bluetooth address"), (ONE, "no command")):
                with pytest.raises(DeviceRefusedError, match=said):
                    await driver.do(TellLabel(stranger, b"\0"))
            with pytest.raises(DeviceRefusedError, match="no deed"):
                await driver.do(PlaySound("1", None, 8000, 0))  # type: ignore[arg-type]
            tasks.cancel_scope.cancel()
        register.close()
