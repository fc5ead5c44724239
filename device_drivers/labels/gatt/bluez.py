"""This machine's own Bluetooth: BlueZ over D-Bus, with an agent that lets labels pair, and the kernel's channels.

BlueZ cancels a pairing that nobody answers for. A label has neither keys nor a display, so the agent says yes to what
needs no comparing ("Just Works", Core 5.4, volume 3 part H, 2.3.5.2) and to nothing else.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusObjectPath, DBusStr, DBusUInt32
from dbus_fast.errors import DBusError
from dbus_fast.service import ServiceInterface, dbus_method

from device_drivers.api import DeviceUnreachableError
from device_drivers.labels.gatt.bleak_link import Adapter, BleakLink, bleak_link
from device_drivers.labels.gatt.kernel_channel import kernel_channel

AGENT: Final = "/aisle/labels/agent"
CAPABILITY: Final = "NoInputNoOutput"


@asynccontextmanager
async def own_bluetooth(
    *, pairs: bool = True
) -> AsyncIterator[Callable[[str], AbstractAsyncContextManager[BleakLink]]]:
    """Give what connects to labels by this machine's Bluetooth. Raises DeviceUnreachableError when there is none."""
    try:
        bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    except (OSError, DBusError) as exc:
        raise DeviceUnreachableError(f"no system bus, so no Bluetooth: {exc}") from exc
    try:
        bus.export(AGENT, _Agent())
        await _call(bus, "RegisterAgent", "os", [AGENT, CAPABILITY])
        await _call(bus, "RequestDefaultAgent", "o", [AGENT])
        yield partial(bleak_link, Adapter(kernel_channel), pairs=pairs)
    finally:
        bus.disconnect()


async def _call(bus: MessageBus, member: str, signature: str, body: list[str]) -> None:
    answer = await bus.call(
        Message(
            destination="org.bluez",
            path="/org/bluez",
            interface="org.bluez.AgentManager1",
            member=member,
            signature=signature,
            body=body,
        )
    )
    if answer is None or answer.message_type is MessageType.ERROR:
        why = "no answer" if answer is None else f"{answer.error_name}: {answer.body}"
        raise DeviceUnreachableError(f"BlueZ takes no agent for pairing, is bluetoothd running? {why}")


class _Agent(ServiceInterface):
    def __init__(self) -> None:
        super().__init__("org.bluez.Agent1")

    @dbus_method()
    def Release(self) -> None:
        """BlueZ needs us no more."""

    @dbus_method()
    def RequestAuthorization(self, device: DBusObjectPath) -> None:
        """A device pairs by Just Works: yes."""

    @dbus_method()
    def AuthorizeService(self, device: DBusObjectPath, uuid: DBusStr) -> None:
        """A paired device uses a service: yes."""

    @dbus_method()
    def RequestConfirmation(self, device: DBusObjectPath, passkey: DBusUInt32) -> None:
        """A device shows a number to be compared. A label has nothing to show it with."""
        raise DBusError("org.bluez.Error.Rejected", "labels show no numbers")

    @dbus_method()
    def Cancel(self) -> None:
        """The other side has given up."""
