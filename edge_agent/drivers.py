"""Builds the drivers that the settings name; each is imported only where it is wanted, so a speaker loads no OpenCV."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device_drivers.api import Deed, Driver, Signal
from edge_agent.settings import (
    DriverSettings,
    EvdevDriver,
    FileDriver,
    HciDriver,
    HidrawDriver,
    LoadCellDriver,
    RtspDriver,
    SerialScannerDriver,
    Settings,
    SicsDriver,
    ToledoDriver,
    V4l2Driver,
    VirtualDriver,
)

LABEL_GROUPS: Final = 4
"""Groups of an access point's train: room for about a thousand labels, each spoken to twenty times a second."""


class DriverUnknownError(Exception):
    """The settings name a driver that cannot be built here; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class World:
    """The virtual world, as one of its entities may steer itself there. Each call raises DeviceUnreachableError."""

    address: str
    entity: str

    async def walk(self, path: Sequence[tuple[float, float]]) -> float:
        """Set out through these points, in metres; return how many seconds it will take."""
        from device_drivers.virtual.client import WorldClient

        async with WorldClient(self.address, self.entity) as client:
            return await client.walk(path)

    async def show(self, gtin: str, seconds: float) -> None:
        """Hold a product to the camera."""
        from device_drivers.virtual.client import WorldClient

        async with WorldClient(self.address, self.entity) as client:
            await client.show(gtin, seconds)

    async def auto(self, on: bool) -> None:
        """Let it walk and shop by itself, or stop it."""
        from device_drivers.virtual.client import WorldClient

        async with WorldClient(self.address, self.entity) as client:
            await client.auto(on)


@dataclass(frozen=True, slots=True)
class InWorld:
    """A virtual driver together with its world."""

    driver: Driver
    world: World

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """See `Driver.run`."""
        await self.driver.run(emit)

    async def do(self, deed: Deed) -> None:
        """See `Driver.do`."""
        await self.driver.do(deed)


def build_driver(name: str, options: DriverSettings, settings: Settings) -> Driver:
    """Return the driver `name` of a device; raises DriverUnknownError when its library is not installed."""
    try:
        return _BUILDERS[name](options, settings)
    except KeyError as exc:
        raise DriverUnknownError(f"no driver is called {name!r}: {', '.join(_BUILDERS)}") from exc
    except ImportError as exc:
        raise DriverUnknownError(f"driver {name} ({options.type}): {exc}") from exc


def _world(settings: Settings) -> World:
    assert settings.virtual is not None, "the settings check that a virtual driver has a world"
    return World(settings.virtual.world, settings.device.id)


def _beacons(options: DriverSettings, settings: Settings) -> Driver:
    if options.type == "virtual":
        from device_drivers.virtual.bleak_backend import virtual_scanner

        world = _world(settings)
        return InWorld(virtual_scanner(world.address, world.entity), world)
    if isinstance(options, HciDriver):
        from device_drivers.hci_radio import hci_scanner

        return hci_scanner(options.transport, options.address)
    if isinstance(options, FileDriver):
        from device_drivers.recorded import RecordedScanner

        if options.path is None:
            raise DriverUnknownError("drivers.beacons.path: missing; the recording to play")
        return RecordedScanner(options.path)
    from device_drivers.ble import BleScanner

    return BleScanner()


def _camera(options: DriverSettings, settings: Settings) -> Driver:
    if options.type == "virtual" and "camera" in settings.kind.may_have:
        # A device that need not see goods looks at who is there.
        from device_drivers.camera.watching import WatchingCamera
        from device_drivers.virtual.client import WorldClient

        watched = _world(settings)
        place = zlib.crc32(watched.entity.encode()) % 1000
        watching = WatchingCamera(lambda: WorldClient(watched.address, watched.entity), place=place)
        return InWorld(watching, watched)
    if options.type == "virtual":
        from device_drivers.camera.virtual import VirtualCamera
        from device_drivers.virtual.client import WorldClient

        world = _world(settings)
        seed = zlib.crc32(world.entity.encode()) % 1000
        camera = VirtualCamera(lambda: WorldClient(world.address, world.entity), seed=seed)
        return InWorld(camera, world)
    return _real_camera("camera", options)


def _side(options: DriverSettings, settings: Settings) -> Driver:
    if options.type == "virtual":
        from device_drivers.camera.rim import RimCamera

        return RimCamera(seed=zlib.crc32(settings.device.id.encode()) % 1000)
    return _real_camera("side", options)


def _real_camera(name: str, options: DriverSettings) -> Driver:
    from device_drivers.camera.opencv import Camera

    if isinstance(options, FileDriver):
        if options.path is None:
            raise DriverUnknownError(f"drivers.{name}.path: missing; the recording to play")
        return Camera(options.path)
    if isinstance(options, RtspDriver):
        return Camera(options.url, frames_per_s=options.frames_per_s)
    assert isinstance(options, V4l2Driver), "the settings check what a camera may be"
    return Camera(
        options.device,
        frames_per_s=options.frames_per_s,
        width_px=options.width_px,
        height_px=options.height_px,
        exposure=options.exposure,
        focus=options.focus,
    )


def _scanner(options: DriverSettings, settings: Settings) -> Driver:
    if isinstance(options, SerialScannerDriver):
        from device_drivers.scanner.serial import SerialScanner

        return SerialScanner(options.path, options.baud)
    if options.type == "virtual":
        from device_drivers.scanner.virtual import VirtualScanner

        return VirtualScanner(settings.device.folder / "scanner")
    from device_drivers.scanner.hid import HidScanner

    assert isinstance(options, HidrawDriver), "the settings check what a scanner may be"
    return HidScanner(options.path)


def _scale(options: DriverSettings, settings: Settings) -> Driver:
    if isinstance(options, HidrawDriver):
        from device_drivers.scale.hid import HidScale

        return HidScale(options.path, division_g=options.division_g)
    if isinstance(options, ToledoDriver):
        from device_drivers.scale.lines import Toledo8217
        from device_drivers.scale.serial import SerialScale

        return SerialScale(options.path, Toledo8217(options.unit), options.baud, division_g=options.division_g)
    if isinstance(options, SicsDriver):
        from device_drivers.scale.lines import MtSics
        from device_drivers.scale.serial import SerialScale

        return SerialScale(options.path, MtSics(), options.baud, division_g=options.division_g)
    if isinstance(options, LoadCellDriver):
        from functools import partial

        from smbus2 import SMBus

        from device_drivers.scale.load_cell import LoadCell

        return LoadCell(
            partial(SMBus, options.bus), counts_per_g=options.counts_per_g, zero=options.zero, most_g=options.most_g
        )
    from device_drivers.scale.virtual import VirtualScale

    assert isinstance(options, VirtualDriver), "the settings check what a scale may be"
    return VirtualScale(seed=zlib.crc32(settings.device.id.encode()) % 1000, division_g=options.division_g)


def _wheels(options: DriverSettings, settings: Settings) -> Driver:
    from device_drivers.wheels.odometry import Axle

    if isinstance(options, EvdevDriver):
        from device_drivers.wheels.evdev import EvdevWheels, opened

        axle = Axle(options.ticks_per_m, options.track_m)
        return EvdevWheels(opened(options.left), opened(options.right), axle)
    from device_drivers.virtual.client import WorldClient
    from device_drivers.wheels.virtual import VirtualWheels

    world = _world(settings)
    return InWorld(VirtualWheels(lambda: WorldClient(world.address, world.entity)), world)


def _speaker(options: DriverSettings, settings: Settings) -> Driver:
    if options.type == "alsa":
        from device_drivers.speaker.alsa import AlsaSpeaker

        return AlsaSpeaker(options.device)
    from device_drivers.speaker.sink import FileSpeaker

    return FileSpeaker(settings.device.folder / "sounds" if options.type == "virtual" else _path(options))


def _path(options: DriverSettings) -> Path | None:
    return options.path if isinstance(options, FileDriver) else None


def _labels(options: DriverSettings, settings: Settings) -> Driver:
    if options.type == "ble":
        return _connected_labels(settings)
    if options.type == "vendor":
        from functools import partial

        from device_drivers.labels.gatt.bluez import own_bluetooth
        from device_drivers.labels.vendor.driver import VendorLabels

        return VendorLabels(partial(own_bluetooth, pairs=False), settings.device.folder / "makers-labels")
    if isinstance(options, HciDriver):
        return _controller_labels(options, settings)
    from device_drivers.labels.pawr.driver import PawrLabels
    from device_drivers.labels.pawr.loss import Loss
    from device_drivers.labels.register import Register
    from device_drivers.labels.virtual.radio import VirtualRadio
    from firmware_specs.frames.pawr import Timing

    folder, timing = settings.device.folder, Timing(groups=LABEL_GROUPS)
    radio = VirtualRadio(folder / "panels", timing, loss=Loss(down=0.01, up=0.01))
    return PawrLabels(radio, Register(folder / "labels.sqlite3", LABEL_GROUPS), timing)


def _controller_labels(options: HciDriver, settings: Settings) -> Driver:
    from functools import partial

    from device_drivers.labels.pawr.controller import ControllerLabels, controller
    from device_drivers.labels.register import Register
    from firmware_specs.frames.pawr import Timing

    folder, timing = settings.device.folder, Timing(groups=LABEL_GROUPS)
    opened = partial(controller, options.transport, timing, options.address, str(folder / "bonds.json"))
    return ControllerLabels(opened, Register(folder / "labels.sqlite3", LABEL_GROUPS), timing)


def _connected_labels(settings: Settings) -> Driver:
    # The machine's own Bluetooth has no Periodic Advertising with Responses.
    from device_drivers.labels.gatt.bluez import own_bluetooth
    from device_drivers.labels.gatt.driver import GattLabels
    from device_drivers.labels.register import Register

    register = Register(settings.device.folder / "labels.sqlite3", LABEL_GROUPS)
    return GattLabels(own_bluetooth, register)


_BUILDERS: dict[str, Callable[[DriverSettings, Settings], Driver]] = {
    "beacons": _beacons,
    "camera": _camera,
    "side": _side,
    "scanner": _scanner,
    "scale": _scale,
    "wheels": _wheels,
    "speaker": _speaker,
    "labels": _labels,
}
