"""A Bluetooth controller reached without the system's own stack: every advertisement it hears comes through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bleak.backends.scanner import BaseBleakScanner
from bumble.core import BaseBumbleError
from bumble.device import Device, DeviceConfiguration
from bumble.hci import Address
from bumble.transport import open_transport

from device_drivers.api import DeviceUnreachableError
from device_drivers.ble import BleScanner
from device_drivers.bumble_scanner import scanner_backend


@asynccontextmanager
async def hci_radio(transport: str, address: str) -> AsyncIterator[type[BaseBleakScanner]]:
    """Open a controller by a transport of bumble's, as `usb:0`, `hci-socket:0` or `serial:/dev/ttyACM0,1000000`.

    `address` is our static random address. Raises DeviceUnreachableError.
    """
    try:
        opened = await open_transport(transport)
    except (BaseBumbleError, OSError, ValueError, ImportError) as exc:
        raise DeviceUnreachableError(f"no controller at {transport!r}: {exc}") from exc
    async with opened:
        configuration = DeviceConfiguration(name="scanner", address=Address(address))
        device = Device.from_config_with_hci(configuration, opened.source, opened.sink)
        await device.power_on()
        yield scanner_backend(device)


def hci_scanner(transport: str, address: str) -> BleScanner:
    """Return the driver that listens on such a controller."""
    return BleScanner(radio=lambda: hci_radio(transport, address))
