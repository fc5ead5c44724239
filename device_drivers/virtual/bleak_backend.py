"""A device's own radio in the virtual world: bleak on a bumble host, on a controller that hears what the world carries.

`virtual_radio` makes all of it; `virtual_scanner` is the whole driver.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bleak.backends.scanner import BaseBleakScanner
from bumble.device import Device
from bumble.hci import Address
from bumble.link import LocalLink

from device_drivers.ble import BleScanner
from device_drivers.bumble_scanner import scanner_backend
from device_drivers.virtual.chance import generator
from device_drivers.virtual.client import WorldClient
from device_drivers.virtual.link import RadioController
from device_drivers.virtual.pdu import AdvertisingPdu


@asynccontextmanager
async def virtual_radio(address: str, entity: str) -> AsyncIterator[type[BaseBleakScanner]]:
    """Power a bumble controller and host that hear what `entity` hears in the virtual world at `address`.

    Raises DeviceUnreachableError when there is no world.
    """
    controller = RadioController(entity, link=LocalLink())
    own = generator("radio", entity).getrandbits(46) | 0b11 << 46
    device = Device.with_hci(
        entity, Address(own.to_bytes(6, "little"), Address.RANDOM_DEVICE_ADDRESS), controller, controller
    )
    await device.power_on()

    def hear(rssi_dbm: int, pdu: bytes) -> None:
        controller.hear(AdvertisingPdu.from_bytes(pdu), rssi_dbm)

    async with WorldClient(address, entity, hear=hear):
        yield scanner_backend(device)


def virtual_scanner(address: str, entity: str) -> BleScanner:
    """Return the driver that hears what `entity` hears in the virtual world at `address`."""
    return BleScanner(radio=lambda: virtual_radio(address, entity))
