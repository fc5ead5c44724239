"""A virtual label as a Bluetooth peripheral: bumble carries what its server reads, takes and says.

Everything but its advertising needs an encrypted link, as the ESL Service asks (2.5): whoever connects pairs first.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from bumble.att import ATT_Error
from bumble.core import UUID, AdvertisingData
from bumble.device import Connection, Device
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.keys import MemoryKeyStore
from bumble.l2cap import LeCreditBasedChannel, LeCreditBasedChannelSpec

from device_drivers.bumble_client import just_works
from device_drivers.labels.gatt.server import EslServer, RefusedAttributeError, Said
from device_drivers.labels.virtual.connection import MTU, Change
from firmware_specs.frames import esl, ots
from firmware_specs.frames.esl.service import SERVICE

MPS: Final = 247
CREDITS: Final = 64

_READ, _WRITE = Characteristic.Properties.READ, Characteristic.Properties.WRITE
_NOTIFY, _INDICATE = Characteristic.Properties.NOTIFY, Characteristic.Properties.INDICATE
_READABLE = Characteristic.Permissions.READ_REQUIRES_ENCRYPTION
_WRITEABLE = Characteristic.Permissions.WRITE_REQUIRES_ENCRYPTION

_READ_OF_ESL: Final = ("DISPLAYS", "IMAGES", "SENSORS", "LEDS")
_WRITTEN_TO_ESL: Final = ("ADDRESS", "AP_SYNC_KEY", "RESPONSE_KEY", "ABSOLUTE_TIME")
_READ_OF_OTS: Final = ("FEATURE", "NAME", "TYPE", "SIZE", "ID", "PROPERTIES")


class LabelPeripheral:
    """A label on the air of a bumble device.

    Args:
        device: not yet powered.
        serve: makes the server of a connection.
        change: carries out what changes the label, so that it is in its flash on return.
        before: is told each step before it happens, as `write 0x2bf6`; a test drops the link there.
    """

    def __init__(
        self,
        device: Device,
        serve: Callable[[], EslServer],
        change: Change,
        before: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self.device = device
        self._serve = serve
        self._change = change
        self._before = before
        self._server = serve()
        self._answering: dict[int, Characteristic[bytes]] = {
            esl.Characteristic.CONTROL_POINT: self._characteristic(esl.Characteristic.CONTROL_POINT, _WRITE | _NOTIFY),
            ots.Characteristic.OACP: self._characteristic(ots.Characteristic.OACP, _WRITE | _INDICATE),
            ots.Characteristic.OLCP: self._characteristic(ots.Characteristic.OLCP, _WRITE | _INDICATE),
        }

    async def start(self) -> None:
        """Be on the air until the device is powered off, and again after each connection."""
        read = [self._characteristic(esl.Characteristic[name], _READ) for name in _READ_OF_ESL]
        written = [self._characteristic(esl.Characteristic[name], _WRITE) for name in _WRITTEN_TO_ESL]
        control = self._answering[esl.Characteristic.CONTROL_POINT]
        self.device.add_service(Service(UUID.from_16_bits(SERVICE), [*written, *read, control]))
        objects = [self._characteristic(ots.Characteristic[name], _READ) for name in _READ_OF_OTS]
        points = [self._answering[ots.Characteristic.OACP], self._answering[ots.Characteristic.OLCP]]
        self.device.add_service(Service(UUID.from_16_bits(ots.SERVICE), [*objects, *points]))
        spec = LeCreditBasedChannelSpec(psm=ots.PSM, mtu=MTU, mps=MPS, max_credits=CREDITS)
        self.device.create_l2cap_server(spec, self._channel_opened)
        self.device.pairing_config_factory = just_works
        self.device.advertising_data = bytes(
            AdvertisingData(
                [
                    (AdvertisingData.FLAGS, b"\x06"),
                    (AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS, SERVICE.to_bytes(2, "little")),
                    (AdvertisingData.COMPLETE_LOCAL_NAME, self.device.name.encode()),
                ]
            )
        )
        self.device.on(Device.EVENT_CONNECTION, self._connected)
        await self.device.power_on()
        # A label knows whom it has bonded with, as long as it has power.
        self.device.keystore = MemoryKeyStore()
        await self.device.start_advertising(auto_restart=True)

    async def drop(self) -> None:
        """Let go of whoever is connected, as when the radio fails."""
        for connection in list(self.device.connections.values()):
            await connection.disconnect()

    def _connected(self, _connection: Connection) -> None:
        self._server = self._serve()

    def _characteristic(self, uuid: int, properties: Characteristic.Properties) -> Characteristic[bytes]:
        async def read(_connection: Connection) -> bytes:
            await self._step(f"read 0x{uuid:04x}")
            try:
                return self._server.read(uuid)
            except RefusedAttributeError as exc:
                raise ATT_Error(exc.code) from exc

        async def write(connection: Connection, value: bytes) -> None:
            await self._step(f"write 0x{uuid:04x}")
            said: list[Said] = []
            try:
                await self._change(lambda: said.append(self._server.write(uuid, bytes(value))))
            except RefusedAttributeError as exc:
                raise ATT_Error(exc.code) from exc
            for answer in said:
                for about, told in answer:
                    await self._say(connection, about, told)

        permissions = (_READABLE if properties & _READ else 0) | (_WRITEABLE if properties & _WRITE else 0)
        return Characteristic(
            UUID.from_16_bits(uuid),
            properties,
            Characteristic.Permissions(permissions),
            CharacteristicValue(read=read, write=write),
        )

    async def _say(self, connection: Connection, uuid: int, value: bytes) -> None:
        await self._step(f"answer 0x{uuid:04x}")
        characteristic = self._answering[uuid]
        # Not waited for: an indication is confirmed only after the write that brought it about.
        if uuid == esl.Characteristic.CONTROL_POINT:
            tell = self.device.notify_subscriber(connection, characteristic, value)
        else:
            tell = self.device.indicate_subscriber(connection, characteristic, value)
        connection.cancel_on_disconnection(tell)

    def _channel_opened(self, channel: LeCreditBasedChannel) -> None:
        server = self._server
        server.open_channel()
        channel.on(LeCreditBasedChannel.EVENT_CLOSE, server.close_channel)

        def sink(sdu: bytes) -> None:
            channel.connection.cancel_on_disconnection(self._receive(server, sdu))

        channel.sink = sink

    async def _receive(self, server: EslServer, sdu: bytes) -> None:
        await self._step("receive")
        await self._change(lambda: server.receive(sdu))

    async def _step(self, what: str) -> None:
        if self._before is not None:
            await self._before(what)
