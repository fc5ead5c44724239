"""A real controller, shared by the train and by connections: bumble's transports reach it, by USB, serial or socket.

Two hosts speak to it: `HciRadio` runs the train, bumble's device finds and connects labels. What the controller says
goes to the one that asked for it.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from bumble.core import BaseBumbleError
from bumble.device import Device, DeviceConfiguration
from bumble.hci import Address
from bumble.keys import JsonKeyStore
from bumble.transport import open_transport

from device_drivers.api import Deed, DeviceUnreachableError, Signal
from device_drivers.bumble_client import BumbleClientBackend, bumble_channel, client_backend, just_works
from device_drivers.bumble_scanner import scanner_backend
from device_drivers.labels.gatt.bleak_link import Adapter, bleak_link
from device_drivers.labels.gatt.client import EslClient
from device_drivers.labels.pawr.driver import PawrLabels, Radio
from device_drivers.labels.pawr.hci_radio import Connected, HciRadio
from device_drivers.labels.register import Register
from firmware_specs.frames.pawr import Timing


class _Shared:
    # A transport's source for bumble: what the train's host does not take goes on to bumble's.
    def __init__(self, source: Any, sink: Any) -> None:
        self._source = source
        self._sink = sink
        self._others: Any = None
        self.radio: HciRadio | None = None
        source.set_packet_sink(self)

    def set_packet_sink(self, sink: Any) -> None:
        self._others = sink

    def on_packet(self, packet: bytes) -> None:
        if (self.radio is None or not self.radio.hear(packet)) and self._others is not None:
            self._others.on_packet(packet)

    async def send(self, packet: bytes) -> None:
        try:
            self._sink.on_packet(packet)
        except (OSError, RuntimeError) as exc:
            raise DeviceUnreachableError(f"the controller is gone: {exc}") from exc


@asynccontextmanager
async def controller(spec: str, timing: Timing, address: str, keys: str) -> AsyncIterator[HciRadio]:
    """Open a controller by a transport of bumble's, as `usb:0`, `serial:/dev/ttyACM0,1000000` or `hci-socket:0`.

    `address` is our static random address, `keys` the file of bonds. Raises DeviceUnreachableError.
    """
    try:
        transport = await open_transport(spec)
    except (BaseBumbleError, OSError, ValueError, ImportError) as exc:
        raise DeviceUnreachableError(f"no controller at {spec!r}: {exc}") from exc
    async with transport:
        shared = _Shared(transport.source, transport.sink)
        configuration = DeviceConfiguration(name="gateway", address=Address(address))
        device = Device.from_config_with_hci(configuration, shared, transport.sink)  # type: ignore[arg-type]
        device.pairing_config_factory = just_works
        await device.power_on()
        device.keystore = JsonKeyStore("labels", keys)
        adapter = Adapter(bumble_channel, scanner_backend(device), client_backend(device))

        @asynccontextmanager
        async def connect(label: str) -> AsyncIterator[Connected]:
            async with bleak_link(adapter, label) as link:
                backend = link.backend
                assert isinstance(backend, BumbleClientBackend)
                assert backend.connection is not None
                yield Connected(EslClient(link, label), backend.connection.handle)

        own = bytes(Address(address))
        radio = HciRadio(shared, timing, own, connect, resets=False)
        shared.radio = radio
        try:
            yield radio
        finally:
            shared.radio = None


class ControllerLabels:
    """The driver of labels behind a controller that is opened when it runs, and again when it was unplugged.

    Args:
        opened: opens the radio.
        register: of the labels; its groups are the train's.
        timing: of the train.
    """

    def __init__(
        self, opened: Callable[[], AbstractAsyncContextManager[Radio]], register: Register, timing: Timing
    ) -> None:
        self._opened = opened
        self._register = register
        self._timing = timing
        self._labels: PawrLabels | None = None

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """See `PawrLabels.run`."""
        async with self._opened() as radio:
            self._labels = PawrLabels(radio, self._register, self._timing)
            try:
                await self._labels.run(emit)
            finally:
                self._labels = None

    async def do(self, deed: Deed) -> None:
        """See `PawrLabels.do`."""
        if self._labels is None:
            raise DeviceUnreachableError("the label radio is off")
        await self._labels.do(deed)
