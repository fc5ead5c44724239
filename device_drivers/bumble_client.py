"""Bleak's client on a bumble host: connect, pair, read, write, and channels for objects.

`client_backend(device)` is what `BleakClient(backend=…)` wants. The device may sit on a virtual controller, or on any
real one that bumble reaches.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
from bleak import BleakClient
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bleak.uuids import normalize_uuid_16, normalize_uuid_32
from bumble import core
from bumble.device import Connection, Device, Peer
from bumble.hci import Address
from bumble.l2cap import LeCreditBasedChannel, LeCreditBasedChannelSpec
from bumble.pairing import PairingConfig, PairingDelegate

MTU: Final = 517
SDU: Final = 1_024
MPS: Final = 247
CREDITS: Final = 64
_PROPERTIES: Final[tuple[CharacteristicPropertyName, ...]] = (
    "broadcast",
    "read",
    "write-without-response",
    "write",
    "notify",
    "indicate",
    "authenticated-signed-writes",
    "extended-properties",
)
"""By bit (Core 5.4, volume 3 part G, 3.3.1.1)."""


class BumbleClientBackend(BaseBleakClient):
    """Connects from `device`; bleak makes the instance, so the device is bound to a subclass."""

    device: Device

    def __init__(self, address_or_ble_device: BLEDevice | str, **arguments: Any) -> None:
        super().__init__(
            address_or_ble_device,
            disconnected_callback=arguments.get("disconnected_callback"),
            timeout=arguments.get("timeout", 10.0),
        )
        known = address_or_ble_device.details if isinstance(address_or_ble_device, BLEDevice) else None
        self._peer_address = known if isinstance(known, Address) else Address(self.address)
        self._peer: Peer | None = None
        self._heard: dict[int, Any] = {}
        self.connection: Connection | None = None

    @property
    def name(self) -> str:
        """See bleak."""
        return self.address

    @property
    def mtu_size(self) -> int:
        """See bleak."""
        return self._peer.gatt_client.mtu if self._peer is not None else 23

    @property
    def is_connected(self) -> bool:
        """See bleak."""
        return self.connection is not None

    async def connect(self, pair: bool, **_: Any) -> None:
        """See bleak."""
        try:
            connection = await self.device.connect(
                self._peer_address, transport=core.PhysicalTransport.LE, timeout=self._timeout
            )
        except (core.TimeoutError, core.ConnectionError) as exc:
            raise BleakDeviceNotFoundError(self.address, f"{self.address} does not connect") from exc
        self.connection = connection
        connection.on(Connection.EVENT_DISCONNECTION, self._gone)
        self._peer = Peer(connection)
        with translated(self):
            await self._peer.request_mtu(MTU)
            if pair:
                await connection.pair()
            self.services = await self._discovered(self._peer)

    async def disconnect(self) -> None:
        """See bleak."""
        if self.connection is not None:
            await self.connection.disconnect()

    async def pair(self, *_: Any, **__: Any) -> None:
        """See bleak."""
        with translated(self):
            await self._connected().pair()

    async def unpair(self) -> None:
        """See bleak."""
        if self.device.keystore is not None:
            await self.device.keystore.delete(str(self._peer_address))

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        """See bleak."""
        with translated(self):
            return bytearray(await characteristic.obj.read_value())

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: Any, response: bool) -> None:
        """See bleak."""
        with translated(self):
            await characteristic.obj.write_value(bytes(data), with_response=response)

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_: Any
    ) -> bytearray:
        """See bleak."""
        with translated(self):
            return bytearray(await descriptor.obj.read_value())

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: Any) -> None:
        """See bleak."""
        with translated(self):
            await descriptor.obj.write_value(bytes(data), with_response=True)

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **_: Any) -> None:
        """See bleak."""

        def heard(value: bytes) -> None:
            callback(bytearray(value))

        self._heard[characteristic.handle] = heard
        with translated(self):
            await characteristic.obj.subscribe(heard, prefer_notify="notify" in characteristic.properties)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """See bleak."""
        with translated(self):
            await characteristic.obj.unsubscribe(self._heard.pop(characteristic.handle))

    def _connected(self) -> Connection:
        if self.connection is None:
            raise BleakError(f"{self.address} is not connected")
        return self.connection

    def _gone(self, *_: object) -> None:
        self.connection = self._peer = None
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def _discovered(self, peer: Peer) -> BleakGATTServiceCollection:
        found = BleakGATTServiceCollection()
        for service in await peer.discover_services():
            known = BleakGATTService(service, service.handle, _uuid(service.uuid))
            found.add_service(known)
            for characteristic in await service.discover_characteristics():
                bits = int(characteristic.properties)
                properties = [name for bit, name in enumerate(_PROPERTIES) if bits >> bit & 1]
                bleaks = BleakGATTCharacteristic(
                    characteristic,
                    characteristic.handle,
                    _uuid(characteristic.uuid),
                    properties,
                    lambda: self.mtu_size - 3,
                    known,
                )
                found.add_characteristic(bleaks)
                for descriptor in await characteristic.discover_descriptors():
                    found.add_descriptor(
                        BleakGATTDescriptor(descriptor, descriptor.handle, _uuid(descriptor.type), bleaks)
                    )
        return found


class translated:
    """Turns what bumble raises into bleak's errors."""

    def __init__(self, backend: BumbleClientBackend) -> None:
        self._backend = backend
        self._backend._connected()

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, exc: BaseException | None, _trace: object) -> None:
        if isinstance(exc, core.ProtocolError) and exc.error_namespace == "att" and exc.error_code is not None:
            raise BleakGATTProtocolError(exc.error_code) from exc
        if isinstance(exc, core.BaseBumbleError | TimeoutError):
            raise BleakError(f"{self._backend.address}: {exc}") from exc
        # A link that is lost cancels what waited for an answer; nobody has cancelled us.
        if isinstance(exc, anyio.get_cancelled_exc_class()) and not self._backend.is_connected:
            raise BleakError(f"{self._backend.address} has disconnected") from exc


class BumbleChannel:
    """See `Channel`."""

    def __init__(self, channel: LeCreditBasedChannel) -> None:
        self._channel = channel
        self.mtu: int = channel.peer_mtu

    async def send(self, sdu: bytes) -> None:
        """See `Channel.send`; returns when it is on its way, so that no more is queued than the other side takes."""
        self._channel.write(sdu)
        await self._channel.drain()


@asynccontextmanager
async def bumble_channel(client: BleakClient, psm: int) -> AsyncIterator[BumbleChannel]:
    """Open a channel beside bleak's own connection. Raises BleakError."""
    backend = client._backend
    assert isinstance(backend, BumbleClientBackend)
    spec = LeCreditBasedChannelSpec(psm=psm, mtu=SDU, mps=MPS, max_credits=CREDITS)
    with translated(backend):
        channel = await backend._connected().create_l2cap_channel(spec)
    try:
        yield BumbleChannel(channel)
    finally:
        if backend.is_connected:
            await channel.disconnect()


def client_backend(device: Device) -> type[BumbleClientBackend]:
    """Return a backend class that connects from this device."""
    return type("BumbleClientBackendOnDevice", (BumbleClientBackend,), {"device": device})


def just_works(_connection: Connection) -> PairingConfig:
    """Return how labels pair: LE Secure Connections, bonded, nobody asked, for they have neither keys nor display."""
    delegate = PairingDelegate(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT)
    return PairingConfig(sc=True, mitm=False, bonding=True, delegate=delegate)


def _uuid(uuid: core.UUID) -> str:
    value = uuid.to_bytes()
    if len(value) == 2:
        return normalize_uuid_16(int.from_bytes(value, "little"))
    if len(value) == 4:
        return normalize_uuid_32(int.from_bytes(value, "little"))
    return str(uuid).lower()
