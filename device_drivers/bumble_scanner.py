"""Bleak's scanner on a bumble host: over a virtual radio, or any controller that bumble reaches.

`scanner_backend(device)` is what `BleakScanner(backend=…)` wants.
"""

from typing import Any, Literal
from uuid import UUID

from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.uuids import normalize_uuid_16, normalize_uuid_32
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Device


class BumbleScannerBackend(BaseBleakScanner):
    """Scans on `device`; bleak makes the instance, so the device is bound to a subclass."""

    device: Device

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: Literal["active", "passive"],
        **_: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._is_active = scanning_mode == "active"

    async def start(self) -> None:
        """Start scanning; every advertisement counts, so the controller filters no duplicates."""
        self.seen_devices = {}
        self.device.on(Device.EVENT_ADVERTISEMENT, self._heard)
        await self.device.start_scanning(active=self._is_active, filter_duplicates=False)

    async def stop(self) -> None:
        """Stop scanning."""
        self.device.remove_listener(Device.EVENT_ADVERTISEMENT, self._heard)
        await self.device.stop_scanning()

    def _heard(self, heard: Advertisement) -> None:
        advertisement = as_bleak(heard)
        if self.is_allowed_uuid(advertisement.service_uuids):
            address = heard.address.to_string(with_type_qualifier=False)
            found = self.create_or_update_device(
                address, address, advertisement.local_name, heard.address, advertisement
            )
            self.call_detection_callbacks(found, advertisement)


def as_bleak(heard: Advertisement) -> AdvertisementData:
    """Return a bumble advertisement in bleak's form, the controller's strength included."""
    manufacturer: dict[int, bytes] = {}
    service_data: dict[str, bytes] = {}
    services: list[str] = []
    name: str | None = None
    power_dbm: int | None = None
    for kind, value in heard.data.ad_structures:
        match kind:
            case AdvertisingData.Type.MANUFACTURER_SPECIFIC_DATA if len(value) >= 2:
                manufacturer[int.from_bytes(value[:2], "little")] = value[2:]
            case AdvertisingData.Type.SERVICE_DATA_16_BIT_UUID if len(value) >= 2:
                service_data[_uuids(value[:2], 2)[0]] = value[2:]
            case AdvertisingData.Type.SERVICE_DATA_32_BIT_UUID if len(value) >= 4:
                service_data[_uuids(value[:4], 4)[0]] = value[4:]
            case AdvertisingData.Type.SERVICE_DATA_128_BIT_UUID if len(value) >= 16:
                service_data[_uuids(value[:16], 16)[0]] = value[16:]
            case (
                AdvertisingData.Type.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS
                | AdvertisingData.Type.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS
            ):
                services += _uuids(value, 2)
            case (
                AdvertisingData.Type.COMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS
                | AdvertisingData.Type.INCOMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS
            ):
                services += _uuids(value, 4)
            case (
                AdvertisingData.Type.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS
                | AdvertisingData.Type.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS
            ):
                services += _uuids(value, 16)
            case AdvertisingData.Type.COMPLETE_LOCAL_NAME | AdvertisingData.Type.SHORTENED_LOCAL_NAME:
                name = value.decode("utf-8", "replace")
            case AdvertisingData.Type.TX_POWER_LEVEL if len(value) == 1:
                power_dbm = int.from_bytes(value, signed=True)
    return AdvertisementData(name, manufacturer, service_data, services, power_dbm, heard.rssi, (heard,))


def scanner_backend(device: Device) -> type[BumbleScannerBackend]:
    """Return a backend class that scans on this device."""
    return type("BumbleScannerBackendOnDevice", (BumbleScannerBackend,), {"device": device})


def _uuids(value: bytes, size: int) -> list[str]:
    # A list may be cut anywhere; what is left over is no UUID.
    pieces = [value[at : at + size] for at in range(0, len(value) - size + 1, size)]
    if size == 2:
        return [normalize_uuid_16(int.from_bytes(piece, "little")) for piece in pieces]
    if size == 4:
        return [normalize_uuid_32(int.from_bytes(piece, "little")) for piece in pieces]
    return [str(UUID(bytes=piece[::-1])) for piece in pieces]
