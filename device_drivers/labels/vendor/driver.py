"""Labels of two makers behind the machine's own Bluetooth: told like others, served when their time comes."""

import logging
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from device_drivers.api import (
    ConfigureLabel,
    Deed,
    DeviceRefusedError,
    DeviceUnreachableError,
    LabelAnswered,
    LoadImage,
    Signal,
    TellLabel,
)
from device_drivers.labels.flash import Flash
from device_drivers.labels.gatt.bleak_link import BleakLink
from device_drivers.labels.gatt.link import Link
from device_drivers.labels.vendor import atc, gicisky
from device_drivers.labels.vendor.held import HeldLabel
from firmware_specs.frames.esl import absolute_time_ms
from firmware_specs.frames.label_image import LabelObject
from vision.image import LabelImage

logger = logging.getLogger(__name__)

Connect = Callable[[str], AbstractAsyncContextManager[BleakLink]]

LOOK_S: Final = 0.05
SESSIONS: Final = 2
AGAIN_S: Final = (1.0, 3.0, 10.0, 30.0)
"""How long after a failure a picture is sent again; the last for all further ones."""

LOW_MV: Final = 2_500
"""Below, a refresh may not come to its end."""

_ADDRESS = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2}){5}")


@dataclass(frozen=True, slots=True)
class Maker:
    """A protocol: how a picture is packed and sent, and what an advertisement tells of the battery, in millivolts."""

    packed: Callable[[LabelImage], bytes]
    send: Callable[[Link, str, bytes], Awaitable[None]]
    battery_mv: Callable[[bytes], int]


MAKERS: Final = {
    gicisky.COMPANY: Maker(
        gicisky.packed, gicisky.send, lambda advert: gicisky.Advert.from_bytes(advert).battery_dv * 100
    ),
    atc.COMPANY: Maker(atc.packed, atc.send, lambda advert: atc.Advert.from_bytes(advert).battery_mv),
}
"""By the company that their advertisements name."""


@dataclass(slots=True)
class _Served:
    label: HeldLabel
    failures: int = 0
    again_s: float = 0.0
    is_busy: bool = False
    disk: anyio.Lock = field(default_factory=anyio.Lock)

    async def keep(self) -> None:
        """Put what the label holds on the disk: a picture sent and a command told may come at the same moment."""
        async with self.disk:
            await anyio.to_thread.run_sync(self.label.keep, self.label.to_keep())


class VendorLabels:
    """The driver.

    Args:
        radio: gives, while it is on, what opens a link to an address, unpaired.
        folder: where what is held for labels lies.
        now_ms: UTC milliseconds.
    """

    def __init__(
        self,
        radio: Callable[[], AbstractAsyncContextManager[Connect]],
        folder: Path,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._radio = radio
        self._folder = folder
        self._now_ms = now_ms
        self._served: dict[str, _Served] = {}
        self._emit: Callable[[Signal], None] = lambda signal: None
        self._connect: Connect | None = None
        self._sessions = anyio.CapacityLimiter(SESSIONS)

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Send what is due until cancelled. Raises DeviceUnreachableError when there is no Bluetooth."""
        self._emit = emit
        self._folder.mkdir(parents=True, exist_ok=True)
        async with self._radio() as connect, anyio.create_task_group() as tasks:
            self._connect = connect
            try:
                while True:
                    for address, served in list(self._served.items()):
                        image = served.label.due(anyio.current_time(), absolute_time_ms(self._now_ms()))
                        if image is not None and not served.is_busy and anyio.current_time() >= served.again_s:
                            served.is_busy = True
                            tasks.start_soon(self._serve, connect, address, served, image, name=f"label {address}")
                    await anyio.sleep(LOOK_S)
            finally:
                self._connect = None

    async def do(self, deed: Deed) -> None:
        """Hold a picture, or answer for a label. Raises DeviceRefusedError."""
        if not isinstance(deed, TellLabel | LoadImage | ConfigureLabel):
            raise DeviceRefusedError(f"a label radio has no deed {type(deed).__name__}")
        if self._connect is None:
            raise DeviceUnreachableError("the label radio is off")
        address = deed.address.upper()
        if not _ADDRESS.fullmatch(address):
            raise DeviceRefusedError(f"{address[:40]!r} is no Bluetooth address such as F0:00:00:00:00:01")
        match deed:
            case LoadImage(_, slot, image):
                await self._load(address, slot, image)
            case TellLabel(_, command):
                await self._tell(address, command)

    async def _load(self, address: str, slot: int, image: bytes) -> None:
        try:
            served = self._held(address)
            served.label.load(slot, image)
        except ValueError as exc:
            raise DeviceRefusedError(f"label {address}: {exc}") from exc
        await served.keep()

    async def _tell(self, address: str, command: bytes) -> None:
        if len(command) < 2:
            raise DeviceRefusedError(f"{command.hex()!r} is no command of the ESL Service")
        served = self._held(address)
        absolute_ms = absolute_time_ms(self._now_ms())
        answer = served.label.tag.tell(command[:1] + b"\0" + command[2:], anyio.current_time(), absolute_ms)
        await served.keep()
        if answer is not None:
            self._emit(LabelAnswered(address, answer))

    def _held(self, address: str) -> _Served:
        if address not in self._served:
            self._served[address] = _Served(HeldLabel(Flash(self._folder, address)))
        return self._served[address]

    async def _serve(self, connect: Connect, address: str, served: _Served, image: bytes) -> None:
        label = served.label
        try:
            async with self._sessions, connect(address) as link:
                maker, advert = _maker_of(address, link)
                label.is_low(maker.battery_mv(advert) < LOW_MV)
                assert label.panel is not None
                picture = LabelImage.from_bytes(label.panel, LabelObject.from_bytes(image).planes)
                await maker.send(link, address, maker.packed(picture))
        except (DeviceRefusedError, DeviceUnreachableError, ValueError) as exc:
            if not served.failures:
                logger.warning("label %s did not take its picture: %s", address, exc)
            served.again_s = anyio.current_time() + AGAIN_S[min(served.failures, len(AGAIN_S) - 1)]
            served.failures += 1
        else:
            if served.failures:
                logger.info("label %s has taken its picture", address)
            served.failures = 0
            label.sent(image)
            await served.keep()
        finally:
            served.is_busy = False


def _maker_of(address: str, link: BleakLink) -> tuple[Maker, bytes]:
    for company, advert in link.manufacturer_data.items():
        if company in MAKERS:
            return MAKERS[company], advert
    raise DeviceRefusedError(f"label {address} is of no maker that this driver knows")
