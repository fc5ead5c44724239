"""The port that every driver implements: signals in, deeds out. This page is the driver author's manual.

A driver connects inside `run`, never on import, and runs until it is cancelled. It calls `emit` for
everything it senses, from the event loop, without waiting; the agent bounds and orders what follows.
A driver that loses its device raises `DeviceUnreachableError` out of `run`; the agent's supervisor
says so once and starts it again with back-off. `do` carries out one deed and returns when the device
has accepted it, or raises `DeviceRefusedError`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class DriverError(Exception):
    """The base of all that a driver may raise."""


class DeviceUnreachableError(DriverError):
    """The device is not there: unplugged, out of reach, switched off."""


class DeviceRefusedError(DriverError):
    """The device is there and said no; the text carries its own code."""


class LabelBondedElsewhereError(DeviceRefusedError):
    """A label belongs to another access point, and takes nothing from this one."""


class WrongPanelError(DeviceRefusedError):
    """A picture for another panel than the label has; the text names both."""


@dataclass(frozen=True, slots=True)
class AdvertHeard:
    """A Bluetooth advertisement, as received.

    `manufacturer` maps company identifiers to payloads, `service_data` 16-bit UUIDs to payloads;
    `heard_s` is monotonic seconds.
    """

    address: str
    rssi_dbm: int
    manufacturer: dict[int, bytes]
    service_data: dict[int, bytes]
    heard_s: float


@dataclass(frozen=True, slots=True)
class FrameTaken:
    """A camera frame: uint8 of shape (height, width, 3), BGR; `taken_s` is monotonic seconds."""

    pixels: NDArray[np.uint8]
    taken_s: float


@dataclass(frozen=True, slots=True)
class CameraReported:
    """How a camera does since its last report: frames taken, dropped for newer ones, and the mean time between two."""

    frames: int
    dropped: int
    frame_ms: float


@dataclass(frozen=True, slots=True)
class CodeScanned:
    """A code as a scanner sent it, whole, perhaps with its symbology identifier before it; `scanned_s` is monotonic."""

    text: str
    scanned_s: float


@dataclass(frozen=True, slots=True)
class LabelAnswered:
    """A label's response to a command, the ESL TLV as received."""

    address: str
    response: bytes


@dataclass(frozen=True, slots=True)
class LabelSilent:
    """A command was said to a label again and again, and never answered; it is not said any more."""

    address: str


@dataclass(frozen=True, slots=True)
class SoundEnded:
    """A sound went out, to its end or until it was cut.

    `sounded_sha256` is over the 16-bit little-endian samples that left; `level_dbfs` their RMS.
    """

    ticket: str
    sounded_sha256: str
    frames: int
    duration_s: float
    level_dbfs: float
    complete: bool


@dataclass(frozen=True, slots=True)
class WheelsRolled:
    """What wheels have told since the last such signal.

    `moved_m` is the way in metres, `heading_rad` its direction, 0 along +x and counter-clockwise, which may be off by
    a constant; `rolled_s` is monotonic seconds.
    """

    moved_m: float
    heading_rad: float
    rolled_s: float


@dataclass(frozen=True, slots=True)
class WeightRead:
    """What a scale says: grams, None where it cannot say; `read_s` is monotonic seconds.

    `is_stable` is the scale's own word, None for one that has none; a `fault` says why it cannot weigh. `division_g`
    is the division that it is verified for in trade (OIML R 76); 0 for one that may only check.
    """

    grams: float | None
    read_s: float
    is_stable: bool | None = None
    fault: str = ""
    division_g: float = 0.0


Signal = (
    AdvertHeard
    | CameraReported
    | CodeScanned
    | FrameTaken
    | LabelAnswered
    | LabelSilent
    | SoundEnded
    | WeightRead
    | WheelsRolled
)


@dataclass(frozen=True, slots=True)
class LoadImage:
    """Write an image into one of a label's slots; `image` is a `LabelObject`, refused for another panel."""

    address: str
    slot: int
    image: bytes


@dataclass(frozen=True, slots=True)
class TellLabel:
    """Send one ESL command TLV to a label; the answer comes as `LabelAnswered`.

    Its ESL ID is 0: the driver puts in the one that the label was given. A later command takes its place, and
    one that is not answered is said again; so it must be one that may be carried out twice.
    """

    address: str
    command: bytes


@dataclass(frozen=True, slots=True)
class ConfigureLabel:
    """Give a label its address, its keys and the time once more: its clock is off, or it has forgotten us."""

    address: str


@dataclass(frozen=True, slots=True)
class PlaySound:
    """Play samples: int16 of shape (frames, channels) at `rate_hz`, `gain_db` at most 0; `ticket` names the playing."""

    ticket: str
    samples: NDArray[np.int16]
    rate_hz: int
    gain_db: float


Deed = LoadImage | TellLabel | ConfigureLabel | PlaySound


class Driver(Protocol):
    """One device or one radio."""

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Sense until cancelled.

        Raises DeviceUnreachableError when the device is lost or cannot be opened.
        """

    async def do(self, deed: Deed) -> None:
        """Carry out one deed.

        Raises DeviceRefusedError when the device says no, or when this driver has no such deed;
        DeviceUnreachableError when it is not there.
        """
