"""Runs in the virtual machine: virtual labels behind the kernel's virtual controller, and the product's way to them.

Each step is one JSON line; the first that fails ends the walk.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from bleak import BleakScanner
from bumble.controller import Controller
from bumble.core import PhysicalTransport
from bumble.hci import Address, LeFeatureMask
from bumble.link import LocalLink
from bumble.transport import open_transport
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from device_drivers.api import DeviceRefusedError, DeviceUnreachableError, LabelAnswered, LoadImage, Signal, TellLabel
from device_drivers.labels.gatt.bluez import own_bluetooth
from device_drivers.labels.gatt.client import EslClient
from device_drivers.labels.gatt.driver import Connect, GattLabels
from device_drivers.labels.register import Register
from device_drivers.labels.virtual.label import Model
from device_drivers.labels.virtual.radio import VirtualRadio
from firmware_specs.frames.esl import CANCEL, DisplayState, DisplayTimedImage, absolute_time_ms
from firmware_specs.frames.esl.service import SERVICE
from firmware_specs.frames.label_image import LabelObject
from firmware_specs.frames.pawr import Timing
from tests.fakes.bluetooth import Air, labels_on

LABELS = [f"F0:00:00:00:00:0{number}" for number in (1, 2, 3)]
PICTURE = LabelObject(1, 296, 128, bytes(range(256)) * 18 + bytes(128))
POWERED_S = 60
TRIES = 3
"""So often a label is tried before it counts as lost."""


class Walk:
    """What was done so far, as JSON lines in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def step(self, name: str, act: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        """Do one step and write down what came of it; a failure ends the walk."""
        began_s = time.monotonic()
        try:
            found = await act()
        except Exception as exc:
            self._write({"step": name, "ok": False, "took_s": time.monotonic() - began_s, "why": repr(exc)[:600]})
            raise
        self._write({"step": name, "ok": True, "took_s": time.monotonic() - began_s} | found)

    def _write(self, line: dict[str, Any]) -> None:
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line | {"took_s": round(line["took_s"], 2)}) + "\n")


async def power_on() -> dict[str, Any]:
    """Let BlueZ take the controller."""
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        with anyio.fail_after(POWERED_S):
            while True:
                answer = await bus.call(
                    Message(
                        destination="org.bluez",
                        path="/org/bluez/hci0",
                        interface="org.freedesktop.DBus.Properties",
                        member="Set",
                        signature="ssv",
                        body=["org.bluez.Adapter1", "Powered", Variant("b", True)],
                    )
                )
                if answer is not None and answer.message_type is MessageType.METHOD_RETURN:
                    return {}
                await anyio.sleep(0.5)
    finally:
        bus.disconnect()


async def scan() -> dict[str, Any]:
    """Hear the labels by bleak, as stock BlueZ gives it."""
    heard: dict[str, Any] = {}
    async with BleakScanner(lambda device, advert: heard.setdefault(device.address, advert)):
        with anyio.fail_after(30):
            while not set(LABELS) <= set(heard):
                await anyio.sleep(0.2)
    uuid = f"0000{SERVICE:04x}-0000-1000-8000-00805f9b34fb"
    assert all(uuid in heard[address].service_uuids for address in LABELS)
    return {"labels": len(LABELS)}


async def provisioned(connect: Connect, register: Register, address: str) -> EslClient:
    """Do all that a label needs: pair, configure, write a picture, complete, show it."""
    async with connect(address) as link:
        client = EslClient(link, address, answer_s=10)
        await client.configure(register.associate(address), absolute_time_ms(_utc_ms()))
        await client.load(0, bytes(PICTURE))
        await client.complete()
        # What an answer that got lost has left pending is called off.
        await client.tell(bytes(DisplayTimedImage(0, CANCEL)))
        answer = await client.tell(bytes(DisplayTimedImage(0, absolute_time_ms(_utc_ms() + 1_000))))
        assert answer == bytes(DisplayState(0, 0)), answer.hex()
        return client


async def shown(radio: VirtualRadio, address: str) -> None:
    """Wait until the glass has the picture."""
    with anyio.fail_after(20):
        while radio.label(address).tag.panel != bytes(PICTURE):
            await anyio.sleep(0.1)


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000


class SteadyLink(LocalLink):
    """A link whose connections keep the addresses that they began with.

    The kernel scans under an address that it draws anew each time, and the link would take what it sends on a
    connection for a stranger's.
    """

    def send_acl_data(
        self, sender_controller: Controller, destination_address: Address, transport: PhysicalTransport, data: bytes
    ) -> None:
        """Carry data to the other end of a connection."""
        connection = sender_controller.le_connections.get(destination_address)
        other = self.find_le_controller(destination_address)
        if transport is not PhysicalTransport.LE or connection is None or other is None:
            return
        asyncio.get_running_loop().call_soon(other.on_link_acl_data, connection.self_address, transport, data)


@asynccontextmanager
async def behind_kernel(radio: VirtualRadio) -> AsyncIterator[Air]:
    """Put labels on a radio whose other end is the kernel's virtual controller."""
    async with await open_transport("vhci") as transport:
        link = SteadyLink()  # type: ignore[no-untyped-call]
        controller = Controller("kernel", host_source=transport.source, host_sink=transport.sink, link=link)
        # The virtual link knows neither; the kernel would ask for both.
        controller.le_features &= ~(LeFeatureMask.LL_PRIVACY | LeFeatureMask.LE_EXTENDED_ADVERTISING)
        async with labels_on(link, radio, LABELS) as air:
            yield air


async def walk(file: Path) -> None:
    """All steps, in order."""
    walked, folder = Walk(file), Path(tempfile.mkdtemp())
    radio = VirtualRadio(folder / "panels", Timing(groups=4), LABELS, Model(refresh_s=0.2))
    register = Register(folder / "labels.sqlite3", 4)
    async with anyio.create_task_group() as tasks, behind_kernel(radio) as air:
        tasks.start_soon(radio.run)
        await walked.step("BlueZ takes the controller", power_on)
        await walked.step("scan", scan)
        async with own_bluetooth() as connect:
            await walked.step(
                "pair, provision, write a picture, show it", partial(first, connect, register, radio, air)
            )
            whole = len(air.steps)
            for place in range(whole):
                await walked.step(
                    f"the link is dropped at step {place + 1} of {whole}",
                    partial(dropped, connect, register, radio, air, place),
                )
            await walked.step("three labels by the driver", partial(by_driver, connect, register, radio))
        await walked.step("the end", _nothing)
        tasks.cancel_scope.cancel()


async def first(connect: Connect, register: Register, radio: VirtualRadio, air: Air) -> dict[str, Any]:
    air.steps.clear()
    client = await provisioned(connect, register, LABELS[0])
    await shown(radio, LABELS[0])
    hardware = await client.hardware()
    return {"display": f"{hardware.display.width_px}x{hardware.display.height_px}", "steps": len(air.steps)}


async def dropped(connect: Connect, register: Register, radio: VirtualRadio, air: Air, place: int) -> dict[str, Any]:
    """Lose the link before a step, and find the label whole when it is tried again."""
    label = radio.label(LABELS[0])
    label.reset()
    label.tag.stored.clear()
    label.tag.panel = None
    air.steps.clear()
    air.drop_at = place
    at = ""
    try:
        await provisioned(connect, register, LABELS[0])
    except (DeviceUnreachableError, DeviceRefusedError) as exc:
        at = air.steps[place]
        said = type(exc).__name__
    else:
        raise AssertionError(f"nothing was dropped: {air.steps}")
    assert set(label.tag.stored.values()) <= {bytes(PICTURE)}
    for tries in range(1, TRIES + 1):
        try:
            await provisioned(connect, register, LABELS[0])
        except (DeviceUnreachableError, DeviceRefusedError):
            continue
        await shown(radio, LABELS[0])
        return {"before": at, "said": said, "tries": tries}
    raise AssertionError(f"the label did not come back after {at}")


async def by_driver(connect: Connect, register: Register, radio: VirtualRadio) -> dict[str, Any]:
    """Three labels at a time by the driver of a gateway."""
    answers: list[Signal] = []
    tries: dict[str, int] = {}

    @asynccontextmanager
    async def same() -> AsyncIterator[Connect]:
        yield connect

    driver = GattLabels(same, register)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(driver.run, answers.append)
        await anyio.sleep(0.1)

        async def serve(address: str) -> None:
            for tried in range(1, TRIES + 1):
                tries[address] = tried
                try:
                    await driver.do(LoadImage(address, 1, bytes(PICTURE)))
                    await driver.do(TellLabel(address, bytes(DisplayTimedImage(1, CANCEL))))
                    at_ms = absolute_time_ms(_utc_ms() + 1_000)
                    await driver.do(TellLabel(address, bytes(DisplayTimedImage(1, at_ms))))
                    break
                except DeviceUnreachableError:
                    # As a gateway does: what is lost on the way is tried again.
                    if tried == TRIES:
                        raise
            await shown(radio, address)

        async with anyio.create_task_group() as each:
            for address in LABELS:
                each.start_soon(serve, address)
        tasks.cancel_scope.cancel()
    assert {answer.address for answer in answers if isinstance(answer, LabelAnswered)} == set(LABELS)
    return {"labels": len(LABELS), "tries": max(tries.values())}


async def _nothing() -> dict[str, Any]:
    return {}


if __name__ == "__main__":
    anyio.run(walk, Path(sys.argv[1]))
