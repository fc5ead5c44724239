"""A maker's label as a Bluetooth peripheral, on a bumble device."""

from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service

from device_drivers.labels.vendor.tags import VendorTag

_WRITE = Characteristic.Properties.WRITE_WITHOUT_RESPONSE
_NOTIFY = Characteristic.Properties.NOTIFY


class VendorPeripheral:
    """A label on the air; nothing of it is encrypted, as its makers left it."""

    def __init__(self, device: Device, tag: VendorTag) -> None:
        self.device = device
        self._tag = tag
        self._notifying: Characteristic[bytes] | None = None

    async def start(self) -> None:
        """Be on the air until the device is powered off."""
        characteristics = [self._characteristic(uuid, first=not place) for place, uuid in enumerate(self._tag.written)]
        self._notifying = characteristics[0]
        self.device.add_service(Service(UUID.from_16_bits(self._tag.service), characteristics))
        own = self._tag.company.to_bytes(2, "little") + self._tag.advert
        self.device.advertising_data = bytes(
            AdvertisingData([(AdvertisingData.FLAGS, b"\x06"), (AdvertisingData.MANUFACTURER_SPECIFIC_DATA, own)])
        )
        await self.device.power_on()
        await self.device.start_advertising(auto_restart=True)

    def _characteristic(self, uuid: int, *, first: bool) -> Characteristic[bytes]:
        async def write(connection: Connection, value: bytes) -> None:
            assert self._notifying is not None
            for _, said in self._tag.write(uuid, bytes(value)):
                await self.device.notify_subscriber(connection, self._notifying, said)

        properties = _WRITE | _NOTIFY if first else _WRITE
        return Characteristic(
            UUID.from_16_bits(uuid), properties, Characteristic.Permissions.WRITEABLE, CharacteristicValue(write=write)
        )
