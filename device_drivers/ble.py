"""Bluetooth advertisements through bleak: BlueZ by default, any other radio by its backend.

BlueZ hands on an advertisement it has seen before only now and then while it scans actively; it hands on all of them
to who listens passively for patterns (`AdvertisementMonitor1`, BlueZ 5.56 and Linux 5.10 on, with `--experimental`
before 5.66). So that is tried first. `edge-agent scan` shows which share of the packets comes through.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from bleak import BleakScanner
from bleak.args.bluez import BlueZScannerArgs, OrPattern
from bleak.assigned_numbers import AdvertisementDataType
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from device_drivers.api import AdvertHeard, Deed, DeviceRefusedError, DeviceUnreachableError, Signal

logger = logging.getLogger(__name__)

Radio = Callable[[], AbstractAsyncContextManager[type[BaseBleakScanner] | None]]
"""Opens a radio for the time of a scan and gives bleak's backend for it; None is the platform's own."""

# A 16-bit UUID's place in the 128 bits that bleak gives (Core 6.0, Vol 3, Part B, 2.5.1).
PATTERNS = (
    # Apple's company and an iBeacon's type and length; Eddystone's service; AltBeacon's code behind any company.
    OrPattern(0, AdvertisementDataType.MANUFACTURER_SPECIFIC_DATA, b"\x4c\x00\x02\x15"),
    OrPattern(0, AdvertisementDataType.SERVICE_DATA_UUID16, b"\xaa\xfe"),
    OrPattern(2, AdvertisementDataType.MANUFACTURER_SPECIFIC_DATA, b"\xbe\xac"),
    # The Electronic Shelf Label service, and the two makers whose labels advertise by themselves.
    OrPattern(0, AdvertisementDataType.COMPLETE_LIST_SERVICE_UUID16, b"\x57\x18"),
    OrPattern(0, AdvertisementDataType.INCOMPLETE_LIST_SERVICE_UUID16, b"\x57\x18"),
    OrPattern(0, AdvertisementDataType.MANUFACTURER_SPECIFIC_DATA, b"\x53\x50"),
    OrPattern(0, AdvertisementDataType.SERVICE_DATA_UUID16, b"\x1a\x18"),
)
"""What a passive scan listens for."""

_BASE_HEAD, _BASE_TAIL = "0000", "-0000-1000-8000-00805f9b34fb"


class BleScanner:
    """A driver that emits `AdvertHeard` for every advertisement; give `backend` or `radio`, or neither for BlueZ."""

    def __init__(
        self,
        *,
        backend: type[BaseBleakScanner] | None = None,
        radio: Radio | None = None,
        now: Callable[[], float] = time.monotonic,
        is_passive: bool = True,
    ) -> None:
        self._is_passive = is_passive
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
            scanner = await self._started(detected, backend)
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.move_on_after(2, shield=True):
                    await _stopped(scanner)

    async def _started(
        self, detected: Callable[[BLEDevice, AdvertisementData], None], backend: type[BaseBleakScanner] | None
    ) -> BleakScanner:
        if self._is_passive:
            passive = BlueZScannerArgs(or_patterns=list(PATTERNS))
            scanner = BleakScanner(detected, scanning_mode="passive", bluez=passive, backend=backend)
            try:
                await scanner.start()
                return scanner
            except (BleakError, OSError, EOFError) as exc:
                logger.warning("passive scanning cannot be had, packets will be missing: %s", exc)
        scanner = BleakScanner(detected, backend=backend)
        try:
            await scanner.start()
        except (BleakError, OSError, EOFError) as exc:
            raise DeviceUnreachableError(f"bluetooth: {exc}") from exc
        return scanner

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
