"""Steering a virtual device through its world; a real device has no world and no such routes."""

import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable

from starlette.routing import BaseRoute

from device_drivers.api import DeviceRefusedError, DeviceUnreachableError, Driver
from device_drivers.camera.props import Pack, pack_of
from edge_agent.roles.routes import ApiError, Body, action, grams, metres, text, truth
from firmware_specs.desired import Row

SHOWN_S = 3.0
_LONGEST = 2_000


class Steerable(Protocol):
    """A virtual world as one of its entities may steer itself there.

    Each raises DeviceRefusedError on what the world cannot do, DeviceUnreachableError when it is away.
    """

    async def walk(self, path: Sequence[tuple[float, float]]) -> float:
        """Set out through these points, in metres; return how many seconds it will take."""

    async def show(self, gtin: str, seconds: float) -> None:
        """Hold a product to the camera."""

    async def auto(self, on: bool) -> None:
        """Let it walk and shop by itself, or stop it."""


@runtime_checkable
class Steered(Protocol):
    """A virtual driver that gives its world away."""

    world: Steerable


def world_of(drivers: Iterable[Driver]) -> Steerable | None:
    """Return the world of the first virtual driver; None for a device of real ones."""
    return next((driver.world for driver in drivers if isinstance(driver, Steered)), None)


@runtime_checkable
class Scans(Protocol):
    """A virtual scanner."""

    async def scan(self, text: str) -> None:
        """Scan a code; raises DeviceRefusedError on what it cannot type, DeviceUnreachableError when it is away."""


def scanning(drivers: Iterable[Driver]) -> list[BaseRoute]:
    """Return the route that lets a virtual scanner scan; none for a device that has no such scanner."""
    scanner = next((driver for driver in drivers if isinstance(driver, Scans)), None)
    if scanner is None:
        return []

    async def scan(body: Body) -> Body:
        code = text(body, "code")
        if not 0 < len(code) <= _LONGEST:
            raise ApiError(422, "invalid", f"code must have 1 to {_LONGEST} characters", "code")
        try:
            await scanner.scan(code)
        except (DeviceRefusedError, DeviceUnreachableError) as exc:
            raise _error(exc) from exc
        return {"code": code}

    return [action("/api/virtual/scan", scan)]


@runtime_checkable
class Bears(Protocol):
    """A virtual scale."""

    async def put(self, grams: float) -> None:
        """Put something in, or take it out; raises DeviceRefusedError, DeviceUnreachableError."""


@runtime_checkable
class Watches(Protocol):
    """A virtual side camera."""

    async def carry(self, pack: Pack, *, inward: bool) -> None:
        """Let a hand carry a pack past the rim."""


def putting(drivers: Iterable[Driver], row_of: Callable[[str], Row | None]) -> list[BaseRoute]:
    """Return the route that lets a hand put things on a virtual scale; none for a device that has no such scale.

    Where a GTIN is named, a virtual side camera sees that product go by.
    """
    found = list(drivers)
    scale = next((driver for driver in found if isinstance(driver, Bears)), None)
    if scale is None:
        return []
    camera = next((driver for driver in found if isinstance(driver, Watches)), None)

    async def put(body: Body) -> Body:
        added_g = grams(body, "grams")
        row = row_of(text(body, "gtin")) if "gtin" in body else None
        try:
            await scale.put(added_g)
        except (DeviceRefusedError, DeviceUnreachableError) as exc:
            raise _error(exc) from exc
        if camera is not None and row is not None:
            name = row.name
            pack = pack_of(row.gtin, name.get("zh", ""), name.get("en", ""), zlib.crc32(row.gtin.encode()))
            if pack is not None:
                await camera.carry(pack, inward=added_g > 0)
        return {"grams": added_g}

    return [action("/api/virtual/put", put)]


def steering(world: Steerable) -> list[BaseRoute]:
    """Return the routes that steer a virtual device."""

    async def walk(body: Body) -> Body:
        x_m, y_m = metres(body, "x_m"), metres(body, "y_m")
        try:
            await world.auto(False)
            takes_s = await world.walk([(x_m, y_m)])
        except (DeviceRefusedError, DeviceUnreachableError) as exc:
            raise _error(exc) from exc
        return {"takes_s": takes_s}

    async def show(body: Body) -> Body:
        gtin = text(body, "gtin")
        try:
            await world.show(gtin, SHOWN_S)
        except (DeviceRefusedError, DeviceUnreachableError) as exc:
            raise _error(exc) from exc
        return {"gtin": gtin, "seconds": SHOWN_S}

    async def auto(body: Body) -> Body:
        on = truth(body, "on")
        try:
            await world.auto(on)
        except (DeviceRefusedError, DeviceUnreachableError) as exc:
            raise _error(exc) from exc
        return {"on": on}

    return [
        action("/api/virtual/walk", walk),
        action("/api/virtual/show", show),
        action("/api/virtual/auto", auto),
    ]


def _error(exc: DeviceRefusedError | DeviceUnreachableError) -> ApiError:
    if isinstance(exc, DeviceRefusedError):
        return ApiError(422, "refused", str(exc))
    return ApiError(409, "unreachable", str(exc))
