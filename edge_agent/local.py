"""The link to the store's own broker, wherever the configuration says that it is; it works with the cloud cut off."""

import logging
from collections.abc import Callable, Sequence

import anyio
from anyio.abc import TaskStatus

from cloud_broker.bus.port import Bus, OnMessage

logger = logging.getLogger(__name__)

PATIENCE_S = 10.0
"""A local broker that is away for so long is a fault."""


class LocalLink:
    """The store-local bus of one device.

    Args:
        address: returns the broker's address, empty when the store has none.
        make_bus: returns a bus to an address.
        on_bus: told of each new bus, and None when there is none.
        on_fault, on_change: see `Link`.
    """

    def __init__(
        self,
        address: Callable[[], str],
        make_bus: Callable[[str], Bus],
        *,
        on_bus: Callable[[Bus | None], None],
        on_fault: Callable[[str, str | None], None],
        on_change: Callable[[], None],
    ) -> None:
        self._address = address
        self._make_bus = make_bus
        self._on_bus = on_bus
        self._on_fault = on_fault
        self._on_change = on_change
        self._moved = anyio.Event()
        self.is_up = False

    def look_again(self) -> None:
        """The configuration changed."""
        self._moved.set()

    async def run(
        self,
        filters: Sequence[str],
        on_message: OnMessage,
        *,
        task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Stay linked to the configured broker until cancelled."""
        task_status.started()
        while True:
            address = self._address()
            self._moved = anyio.Event()
            bus = self._make_bus(address) if address else None
            self._on_bus(bus)
            async with anyio.create_task_group() as group:
                if bus is not None:
                    group.start_soon(bus.run, filters, on_message, self._on_link, name="local bus")
                    group.start_soon(self._watch, address, name="local watch")
                while self._address() == address:
                    await self._moved.wait()
                    self._moved = anyio.Event()
                group.cancel_scope.cancel()
            self.is_up = False
            self._on_fault("local-broker-away", None)

    async def _on_link(self, is_up: bool) -> None:
        self.is_up = is_up
        self._on_change()

    async def _watch(self, address: str) -> None:
        missed_s = 0.0
        while True:
            missed_s = 0.0 if self.is_up else missed_s + 1.0
            if self.is_up:
                self._on_fault("local-broker-away", None)
            elif missed_s > PATIENCE_S:
                self._on_fault("local-broker-away", f"the store's broker at {address} does not answer")
            await anyio.sleep(1)
