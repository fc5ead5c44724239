"""HCI packets of Periodic Advertising with Responses, byte for byte, and a shop of labels behind a controller."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import pytest
from bumble.controller import Controller
from bumble.link import LocalLink
from hypothesis import given
from hypothesis import strategies as st

from device_drivers.api import DeviceUnreachableError, LabelAnswered, LoadImage, Signal, TellLabel
from device_drivers.labels.gatt.client import EslClient
from device_drivers.labels.pawr import hci_packets as hci
from device_drivers.labels.pawr.controller import ControllerLabels, controller
from device_drivers.labels.pawr.driver import PawrLabels
from device_drivers.labels.pawr.hci_radio import Connected, HciRadio
from device_drivers.labels.register import Register
from device_drivers.labels.virtual.controller import KNOWN, VirtualController
from device_drivers.labels.virtual.label import Model
from device_drivers.labels.virtual.radio import VirtualRadio
from firmware_specs.frames.esl import BasicState, DisplayState, DisplayTimedImage, Ping, StateBits, absolute_time_ms
from firmware_specs.frames.label_image import LabelObject
from firmware_specs.frames.pawr import Timing

LABELS = [f"F0:00:00:00:00:0{number}" for number in range(1, 7)]
PICTURE = bytes(LabelObject(1, 296, 128, bytes(4736)))
ADDRESS = bytes.fromhex("0100000000f2")
TIMING = Timing(groups=2)


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (hci.SetParametersV2(0, 0x0208, 40, 13, 8, 4, 11), "0186200c00080208020000280d08040b"),
        (hci.SetSubeventData(0, (hci.Subevent(3, 0, 5, b"\x31\x0f"),)), "01822008000103000502310f"),
        (hci.SetResponseData(1, 0x0203, 4, 5, 6, b"\xaa\xbb"), "0183200a0100030204050602aabb"),
        (hci.SetSyncSubevents(1, (3,)), "018420060100000001 03".replace(" ", "")),
        (
            hci.CreateConnectionV2(0, 3, ADDRESS),
            "0185201c" + "0003000101" + "0100000000f2" + "01" + "10001000" + "06000600" + "0000" + "c800" + "00000000",
        ),
        (hci.DataRequest(0, 2, 4), "043e0427000204"),
        (
            hci.ResponseReport(
                0, 3, was_sent=True, responses=(hci.Heard(0, b"\x10\x02\x00", -60, 4), hci.Heard(1, None))
            ),
            "043e14" + "2800030002" + "04c4ff000003100200" + "7f7fff01ff00",
        ),
    ],
)
def test_packets_have_the_bytes_of_the_standard(packet: object, expected: str) -> None:
    assert bytes(packet).hex() == expected  # type: ignore[call-overload]


def test_a_train_of_forty_groups_is_the_one_that_was_recorded() -> None:
    parameters = hci.SetParametersV2.of(Timing(delay_ms=10.0, spacing_ms=0.5, slots=11, groups=40))
    assert bytes(parameters).hex() == "0186200c00080208020000280d08040b"


def test_as_many_full_packets_as_fit_go_into_one_command() -> None:
    subevents = tuple(hci.Subevent(number, 0, 5, bytes(61)) for number in range(7))
    commands = hci.SetSubeventData.split(0, subevents)
    assert [len(each.subevents) for each in commands] == [3, 3, 1]
    assert all(len(bytes(each)) <= 4 + hci.MOST_PARAMETERS for each in commands)
    with pytest.raises(ValueError, match="at most 255 make one command"):
        bytes(hci.SetSubeventData(0, subevents))


@given(
    st.lists(st.builds(hci.Heard, st.integers(0, 255), st.none() | st.binary(max_size=30), st.integers(-127, 20))),
    st.booleans(),
)
def test_a_report_comes_back_from_its_bytes(responses: list[hci.Heard], was_sent: bool) -> None:
    report = hci.ResponseReport(1, 2, was_sent, tuple(responses[:6]))
    parameters = bytes(report)[3:]
    assert hci.ResponseReport.from_bytes(parameters) == report
    with pytest.raises(ValueError, match=r"ends within one|goes on after|no report"):
        hci.ResponseReport.from_bytes(parameters + b"\0")


@given(st.binary(max_size=40))
def test_noise_from_a_controller_is_counted_and_nothing_worse(noise: bytes) -> None:
    radio = HciRadio(_Nobody(), TIMING, ADDRESS, _never)
    for code in (0x27, 0x28, 0x99):
        parameters = bytes((code,)) + noise
        radio.hear(bytes((hci.EVENT, hci.LE_META, len(parameters))) + parameters)
    radio.hear(noise)


class _Nobody:
    async def send(self, packet: bytes) -> None:
        """Drop it."""


@asynccontextmanager
async def _never(address: str) -> AsyncIterator[Connected]:
    raise AssertionError(address)
    yield


@asynccontextmanager
async def shop(folder: Path, known: frozenset[int] = KNOWN) -> AsyncIterator[tuple[PawrLabels, VirtualController]]:
    """Labels behind a controller behind HCI, and the driver of a gateway."""
    air = VirtualRadio(folder / "panels", TIMING, LABELS, Model(refresh_s=0.1))

    @asynccontextmanager
    async def connect(address: str) -> AsyncIterator[Connected]:
        yield Connected(EslClient(air.link(air.label(address), address), address), 0x40)

    controller = VirtualController(air, lambda packet: radio.hear(packet), known)
    radio = HciRadio(controller, TIMING, ADDRESS, connect)
    register = Register(folder / "labels.sqlite3", TIMING.groups)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(air.run)
        tasks.start_soon(controller.run)
        yield PawrLabels(radio, register, TIMING), controller
        tasks.cancel_scope.cancel()
    register.close()


async def test_labels_behind_a_controller_are_told_over_the_train_and_every_slot_is_heard(tmp_path: Path) -> None:
    answers: dict[str, list[bytes]] = {}

    def emit(signal: Signal) -> None:
        assert isinstance(signal, LabelAnswered)
        answers.setdefault(signal.address, []).append(signal.response)

    async with shop(tmp_path) as (driver, controller), anyio.create_task_group() as tasks:
        tasks.start_soon(driver.run, emit)
        await anyio.sleep(0.05)
        for address in LABELS:
            await driver.do(LoadImage(address, 0, PICTURE))
        assert [packet[1:3].hex() for packet in controller.received].count("5b20") == len(LABELS)
        at_ms = absolute_time_ms(time.time_ns() // 1_000_000 + 5_000)
        for command in (bytes(DisplayTimedImage(0, at_ms)), bytes(Ping())):
            for address in LABELS:
                await driver.do(TellLabel(address, command))
            with anyio.fail_after(5):
                while not all(len(answers.get(address, ())) for address in LABELS):
                    await anyio.sleep(0.01)
            found = {address: answers.pop(address)[0] for address in LABELS}
            if command[0] == DisplayTimedImage.OPCODE:
                assert set(found.values()) == {bytes(DisplayState(0, 0))}
            else:
                state = StateBits.SYNCHRONIZED | StateBits.PENDING_DISPLAY_UPDATE
                assert set(found.values()) == {bytes(BasicState(state))}
        opening = [packet[1:3].hex() for packet in controller.received[:8]]
        assert opening == ["030c", "010c", "0120", "3620", "3520", "8620", "4020", "3920"]
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (hci.SetParametersV2.OPCODE, "knows no command 0x2086: it has no Periodic Advertising with Responses"),
        (hci.RESET, "knows no command 0x0c03"),
    ],
)
async def test_a_controller_that_cannot_do_it_says_so_at_the_start(tmp_path: Path, missing: int, said: str) -> None:
    async with shop(tmp_path, KNOWN - {missing}) as (driver, _):
        with pytest.raises(ExceptionGroup) as caught:
            await driver.run(lambda signal: None)
        assert caught.group_contains(DeviceUnreachableError, match=said)


async def test_a_controller_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device_drivers.labels.pawr.hci_radio.ANSWER_S", 0.05)
    with pytest.raises(DeviceUnreachableError, match="does not answer command 0x0c03"):
        await HciRadio(_Nobody(), TIMING, ADDRESS, _never).run()


async def test_a_controller_without_the_feature_is_opened_shared_and_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Bumble's virtual controller scans and connects, and knows no train.
    class Plugged:
        def __init__(self) -> None:
            self.source = self.sink = Controller("plugged", link=LocalLink())

        async def __aenter__(self) -> "Plugged":
            return self

        async def __aexit__(self, *_: object) -> None:
            """Unplug it."""

    async def open_transport(spec: str) -> Plugged:
        if spec != "usb:0":
            raise ValueError("no such transport")
        return Plugged()

    monkeypatch.setattr("device_drivers.labels.pawr.controller.open_transport", open_transport)
    register = Register(tmp_path / "labels.sqlite3", TIMING.groups)
    for spec, said in (("usb:0", "command 0x2086"), ("usb:9", "no controller at 'usb:9'")):
        opened = partial(controller, spec, TIMING, "F2:A1:51:E0:00:01", str(tmp_path / "bonds.json"))
        driver = ControllerLabels(opened, register, TIMING)
        with pytest.raises(DeviceUnreachableError, match="the label radio is off"):
            await driver.do(TellLabel(LABELS[0], bytes(Ping())))
        with pytest.raises((ExceptionGroup, DeviceUnreachableError)) as caught:
            await driver.run(lambda signal: None)
        assert said in str(caught.value.exceptions if isinstance(caught.value, ExceptionGroup) else caught.value)
    register.close()
