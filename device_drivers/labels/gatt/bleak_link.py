"""The port to a connected label on bleak: the machine's own Bluetooth, or any backend that speaks bleak's language."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import anyio
from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode
from bleak.uuids import normalize_uuid_16

from device_drivers.api import DeviceRefusedError, DeviceUnreachableError, LabelBondedElsewhereError
from device_drivers.labels.gatt.link import Channel

FOUND_S: Final = 10.0
CONNECTED_S: Final = 20.0
"""In a busy place a connection takes several tries; bleak makes them."""

Opener = Callable[[BleakClient, int], AbstractAsyncContextManager[Channel]]
"""Opens a channel beside a client: bleak itself has none."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A Bluetooth host: bleak's backends (None for the machine's own) and how it opens channels."""

    open_channel: Opener
    scanner: type[BaseBleakScanner] | None = None
    client: type[BaseBleakClient] | None = None
    beginning: anyio.Lock = field(default_factory=anyio.Lock, compare=False)
    """A controller scans for one thing and begins one connection at a time; what has begun goes on beside it."""


@asynccontextmanager
async def bleak_link(adapter: Adapter, address: str, *, pairs: bool = True) -> AsyncIterator["BleakLink"]:
    """Find a label, connect and pair. Raises DeviceUnreachableError or DeviceRefusedError, also from the body."""
    arguments: dict[str, Any] = {} if adapter.client is None else {"backend": adapter.client}
    async with adapter.beginning:
        device, advert = await _found(adapter, address)
        client = BleakClient(device, timeout=CONNECTED_S, **arguments)
        try:
            await client.connect()
        except BleakError as exc:
            raise DeviceUnreachableError(f"label {address} does not connect: {exc}") from exc
        except TimeoutError as exc:
            raise DeviceUnreachableError(f"label {address} does not connect within {CONNECTED_S:g} s") from exc
    try:
        link = BleakLink(client, adapter.open_channel, address, advert.manufacturer_data)
        if pairs:
            await link.pair()
        yield link
    finally:
        with anyio.CancelScope(shield=True), suppress(BleakError, EOFError):
            await client.disconnect()


async def _found(adapter: Adapter, address: str) -> tuple[BLEDevice, AdvertisementData]:
    arguments: dict[str, Any] = {} if adapter.scanner is None else {"backend": adapter.scanner}
    found: list[tuple[BLEDevice, AdvertisementData]] = []
    heard = anyio.Event()

    def hear(device: BLEDevice, advert: AdvertisementData) -> None:
        if device.address.upper() == address.upper():
            found.append((device, advert))
            heard.set()

    try:
        async with BleakScanner(hear, **arguments):
            with anyio.move_on_after(FOUND_S):
                await heard.wait()
    except BleakError as exc:
        raise DeviceUnreachableError(f"this machine's Bluetooth does not scan: {exc}") from exc
    if not found:
        raise DeviceUnreachableError(
            f"label {address} is not in reach: it was not heard within {FOUND_S:g} s; wake it at its key"
        )
    return found[-1]


class BleakLink:
    """See `Link`."""

    def __init__(
        self, client: BleakClient, open_channel: Opener, name: str, manufacturer_data: Mapping[int, bytes]
    ) -> None:
        self.manufacturer_data = manufacturer_data
        """What its advertisement said, by company."""

        self._client = client
        self._open_channel = open_channel
        self._name = name

    @property
    def backend(self) -> BaseBleakClient:
        """What bleak holds the connection with."""
        return self._client._backend

    async def pair(self) -> None:
        """Encrypt the link; the first time the label bonds. Raises DeviceRefusedError, DeviceUnreachableError."""
        try:
            await self._client.pair()
        except BleakError as exc:
            if not self._client.is_connected:
                raise DeviceUnreachableError(f"label {self._name} left while it was pairing: {exc}") from exc
            raise LabelBondedElsewhereError(
                f"label {self._name} does not pair: {exc}; if it belongs to another gateway, reset it there or at its "
                "key"
            ) from exc

    async def read(self, uuid: int) -> bytes:
        """See `Link.read`."""
        with _translated(self._client, self._name):
            return bytes(await self._client.read_gatt_char(normalize_uuid_16(uuid)))

    async def write(self, uuid: int, data: bytes) -> None:
        """See `Link.write`; a characteristic that answers no write is written without."""
        own = normalize_uuid_16(uuid)
        with _translated(self._client, self._name):
            known = self._client.services.get_characteristic(own)
            answers = known is None or "write" in known.properties
            await self._client.write_gatt_char(own, data, response=answers)

    async def heed(self, uuid: int, heard: Callable[[bytes], None]) -> None:
        """See `Link.heed`."""

        def hear(_about: BleakGATTCharacteristic, value: bytearray) -> None:
            heard(bytes(value))

        with _translated(self._client, self._name):
            await self._client.start_notify(normalize_uuid_16(uuid), hear)

    @asynccontextmanager
    async def channel(self, psm: int) -> AsyncIterator[Channel]:
        """See `Link.channel`."""
        with _translated(self._client, self._name):
            async with self._open_channel(self._client, psm) as channel:
                yield channel


class _translated:
    # Bleak's errors as the port's: refused while the link stands, unreachable when it does not.
    def __init__(self, client: BleakClient, name: str) -> None:
        self._client = client
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, exc: BaseException | None, _trace: object) -> None:
        # BlueZ says this of a request whose link was lost under it.
        is_lost = isinstance(exc, BleakGATTProtocolError) and exc.args[0] == BleakGATTProtocolErrorCode.UNLIKELY_ERROR
        if isinstance(exc, BleakGATTProtocolError) and not is_lost:
            raise DeviceRefusedError(f"label {self._name} refused: {exc}") from exc
        if isinstance(exc, BleakError | OSError | EOFError):
            gone = "has left" if not self._client.is_connected else "is lost"
            raise DeviceUnreachableError(f"label {self._name} {gone}: {exc}") from exc
