"""The beacons of a site on the air: one bumble controller and device each, advertising real iBeacon frames."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import anyio
from bumble.core import AdvertisingData
from bumble.device import AdvertisingType, Device
from bumble.hci import Address

from device_drivers.virtual.chance import generator
from device_drivers.virtual.link import AirLink, RadioController
from firmware_specs.desired import Beacon, Site
from firmware_specs.frames.ibeacon import COMPANY_ID, IBeacon

INTERVAL_MS = 195.0
"""With half of 10 ms advDelay on top, five advertisements a second."""


def advertising_data(beacon: Beacon) -> bytes:
    """Return a beacon's AD structures: flags, and the iBeacon frame as manufacturer data; 30 bytes.

    Raises ValueError on a beacon whose UUID is none.
    """
    frame = IBeacon(UUID(beacon.uuid), beacon.major, beacon.minor, beacon.power_1m_dbm)
    flags = bytes([AdvertisingData.LE_GENERAL_DISCOVERABLE_MODE_FLAG | AdvertisingData.BR_EDR_NOT_SUPPORTED_FLAG])
    manufacturer = COMPANY_ID.to_bytes(2, "little") + bytes(frame)
    return bytes(
        AdvertisingData([(AdvertisingData.FLAGS, flags), (AdvertisingData.MANUFACTURER_SPECIFIC_DATA, manufacturer)])
    )


def static_address(seed: int, beacon: Beacon) -> Address:
    """Return a beacon's static random address (Core 6.0, Vol 6, Part B, 1.3.2.1), fixed for a seed."""
    value = generator(seed, "address", beacon.id).getrandbits(46) | 0b11 << 46
    return Address(value.to_bytes(6, "little"), Address.RANDOM_DEVICE_ADDRESS)


@asynccontextmanager
async def beacons_on_air(site: Site, link: AirLink, seed: int) -> AsyncIterator[tuple[Device, ...]]:
    """Advertise all beacons of a site on a link; the controllers bear the beacons' ids as names."""
    devices = []
    try:
        for beacon in site.beacons:
            controller = RadioController(beacon.id, link=link, chance=generator(seed, "delay", beacon.id))
            device = Device.with_hci(beacon.id, static_address(seed, beacon), controller, controller)
            devices.append(device)
            await device.power_on()
            await device.start_advertising(
                advertising_type=AdvertisingType.UNDIRECTED,
                advertising_data=advertising_data(beacon),
                advertising_interval_min=INTERVAL_MS,
                advertising_interval_max=INTERVAL_MS,
            )
        yield tuple(devices)
    finally:
        with anyio.move_on_after(2, shield=True):
            for device in devices:
                await device.stop_advertising()
