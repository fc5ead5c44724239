"""A sensor: hears beacons; it knows where it is once its store's site is given to it."""

from typing import Any

import anyio
from anyio.abc import TaskStatus
from starlette.routing import BaseRoute

from cloud_broker.bus.port import Message
from device_drivers.api import AdvertHeard, Signal
from edge_agent.app import CommandFailedError, Held, MatterRefusedError, Surroundings
from edge_agent.roles.whereabouts import EVERY_S, Whereabouts
from firmware_specs.desired import Command


class Sensor:
    """The role of a sensor."""

    local_filters: tuple[str, ...] = ()

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._whereabouts = Whereabouts(surroundings)

    async def prepare(self, held: Held) -> None:
        """See `Role.prepare`."""

    def on_matter(self, held: Held) -> None:
        """See `Role.on_matter`."""
        takes = {"site": self._whereabouts.take_site, "survey": self._whereabouts.take_survey}
        take = takes.get(held.manifest.matter)
        if take is None:
            raise MatterRefusedError(f"a sensor has no use for {held.manifest.matter}")
        take(held)

    def on_signal(self, driver: str, signal: Signal) -> None:
        """See `Role.on_signal`."""
        if isinstance(signal, AdvertHeard):
            self._whereabouts.hear(signal)

    async def on_local(self, message: Message) -> None:
        """See `Role.on_local`."""

    async def on_command(self, command: Command) -> str:
        """See `Role.on_command`."""
        raise CommandFailedError(f"a sensor cannot {command.name}")

    def state(self) -> dict[str, Any]:
        """See `Role.state`."""
        fix = self._whereabouts.fix
        return {"position": None if fix is None else fix.as_json()}

    def routes(self) -> list[BaseRoute]:
        """See `Role.routes`."""
        return []

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """See `Role.run`."""
        task_status.started()
        while True:
            await anyio.sleep(EVERY_S)
            if self._whereabouts.tick() is not None:
                self._surroundings.changed()


def make(surroundings: Surroundings) -> Sensor:
    """Return the role."""
    return Sensor(surroundings)
