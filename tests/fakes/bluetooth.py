"""A radio in this process: virtual labels as bumble peripherals, and a gateway's bleak that reaches them.

async with on_air(shop, ["F0:00:00:00:00:01"]) as air:
    async with bleak_link(air.adapter, "F0:00:00:00:00:01") as link: …
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from bumble.controller import Controller
from bumble.device import Device, DeviceConfiguration
from bumble.hci import Address
from bumble.keys import MemoryKeyStore
from bumble.link import LocalLink

from device_drivers.bumble_client import bumble_channel, client_backend, just_works
from device_drivers.bumble_scanner import scanner_backend
from device_drivers.labels.gatt.bleak_link import Adapter
from device_drivers.labels.gatt.server import EslServer
from device_drivers.labels.virtual.connection import OwnLabel
from device_drivers.labels.virtual.peripheral import LabelPeripheral
from device_drivers.labels.virtual.radio import VirtualRadio

GATEWAY = "F2:00:00:00:00:01"
ADVERTISED_MS = 20.0


@dataclass
class Air:
    """Labels on the air; `drop_at`: before which step of a label its link is dropped, `steps`: what happened."""

    peripherals: dict[str, LabelPeripheral] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    drop_at: int | None = None
    adapter: Adapter = field(default_factory=lambda: Adapter(bumble_channel))
    """A gateway's bleak, in their reach."""

    async def step(self, address: str, what: str) -> None:
        """A label is about to do something."""
        self.steps.append(what)
        if self.drop_at is not None and len(self.steps) > self.drop_at:
            self.drop_at = None
            await self.peripherals[address].drop()


def device_on(link: LocalLink, name: str, address: str) -> Device:
    """Return a bumble device on a controller of its own."""
    controller = Controller(name, link=link)
    configuration = DeviceConfiguration(
        name=name,
        address=Address(address),
        advertising_interval_min=ADVERTISED_MS,
        advertising_interval_max=ADVERTISED_MS,
    )
    return Device.from_config_with_hci(configuration, controller, controller)


@asynccontextmanager
async def on_air(radio: VirtualRadio, addresses: Sequence[str]) -> AsyncIterator[Air]:
    """Put these labels of a virtual shop on the air, and a gateway in their reach."""
    link = LocalLink()
    gateway = device_on(link, "gateway", GATEWAY)
    gateway.pairing_config_factory = just_works
    await gateway.power_on()
    gateway.keystore = MemoryKeyStore()
    async with labels_on(link, radio, addresses) as air:
        air.adapter = Adapter(bumble_channel, scanner_backend(gateway), client_backend(gateway))
        yield air
    await gateway.power_off()


@asynccontextmanager
async def labels_on(link: LocalLink, radio: VirtualRadio, addresses: Sequence[str]) -> AsyncIterator[Air]:
    """Put these labels of a virtual shop on a link, whoever is at its other end."""
    air = Air()
    for address in addresses:
        label = radio.label(address)
        own = OwnLabel(label, radio.now_s)
        peripheral = LabelPeripheral(
            device_on(link, f"label {address[-2:]}", address),
            partial(EslServer, own),
            partial(radio.change, label),
            partial(air.step, address),
        )
        air.peripherals[address] = peripheral
        await peripheral.start()
    try:
        yield air
    finally:
        for peripheral in air.peripherals.values():
            await peripheral.device.power_off()
