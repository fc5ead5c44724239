"""Bluetooth advertisements through bleak: BlueZ by default, any other radio by its backend."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from device_drivers.api import AdvertHeard, Deed, DeviceRefusedError, DeviceUnreachableError, Signal

logger = logging.getLogger(__name__)

Radio = Callable[[], AbstractAsyncContextManager[type[BaseBleakScanner] | None]]
"""Opens a radio for the time of a scan and gives bleak's backend for it; None is the platform's own."""

# A 16-bit UUID's place in the 128 bits that bleak gives (Core 6.0, Vol 3, Part B, 2.5.1).
_BASE_HEAD, _BASE_TAIL = "0000", "-0000-1000-8000-00805f9b34fb"


class BleScanner:
    """A driver that emits `AdvertHeard` for every advertisement; give `backend` or `radio`, or neither for BlueZ."""

    def __init__(
        self,
        *,
        backend: type[BaseBleakScanner] | None = None,
        radio: Radio | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._radio = radio if radio is not None else lambda: _standing(backend)
        self._now = now

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Scan until cancelled; raises DeviceUnreachableError when the radio cannot be opened."""

        def detected(device: BLEDevice, heard: AdvertisementData) -> None:
            emit(
                AdvertHeard(
                    address=device.address,
                    rssi_dbm=heard.rssi,
                    manufacturer=dict(heard.manufacturer_data),
                    service_data=short_uuids(heard.service_data),
                    heard_s=self._now(),
                )
            )

        async with self._radio() as backend:
            scanner = BleakScanner(detected, backend=backend)
            try:
                await scanner.start()
            except (BleakError, OSError, EOFError) as exc:
                raise DeviceUnreachableError(f"bluetooth: {exc}") from exc
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.move_on_after(2, shield=True):
                    await _stopped(scanner)

    async def do(self, deed: Deed) -> None:
        """Raise DeviceRefusedError: a scanner only listens."""
        raise DeviceRefusedError(f"a bluetooth scanner has no {type(deed).__name__}")


def short_uuids(service_data: dict[str, bytes]) -> dict[int, bytes]:
    """Return the service data under 16-bit UUIDs; vendors' own 128-bit ones are left out."""
    return {
        int(uuid[4:8], 16): data
        for uuid, data in service_data.items()
        if uuid.startswith(_BASE_HEAD) and uuid.endswith(_BASE_TAIL)
    }


@asynccontextmanager
async def _standing(backend: type[BaseBleakScanner] | None) -> AsyncIterator[type[BaseBleakScanner] | None]:
    yield backend


async def _stopped(scanner: BleakScanner) -> None:
    try:
        await scanner.stop()
    except (BleakError, OSError, EOFError) as exc:
        # The adapter went first; there is nothing left to stop.
        logger.debug("stopping the scan: %s", exc)
