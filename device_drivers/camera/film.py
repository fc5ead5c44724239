"""Where a camera gets its frames, through OpenCV: a device, a stream on the network, a picture or a video in a file."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.api import DeviceUnreachableError

Pixels = NDArray[np.uint8]

PICTURES: Final = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
RECORDED_FRAMES_PER_S: Final = 25.0
"""For a recording that does not say its speed."""

_STREAM_MS: Final = 5_000
"""A stream that says nothing for so long has ended."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a camera should take pictures; `exposure` and `focus` are in its own units, None leaves it to itself."""

    width_px: int
    height_px: int
    exposure: float | None = None
    focus: float | None = None


class Film(Protocol):
    """Frames, one after the other."""

    @property
    def is_live(self) -> bool:
        """Whether it keeps its own time."""

    def newest(self, period_s: float) -> tuple[Pixels, int]:
        """Return the frame that is newest after `period_s`, and how many older ones were dropped for it; blocks.

        Raises DeviceUnreachableError.
        """

    def close(self) -> None:
        """Let go of the device."""


def opened(source: int | str | Path, wishes: Wishes) -> Film:
    """Return the frames of a device by index or path, of a stream by URL, or of a file; blocks.

    Raises DeviceUnreachableError.
    """
    if isinstance(source, int) or str(source).startswith("/dev/"):
        return _device(source if isinstance(source, int) else str(source), wishes)
    if str(source).startswith(("rtsp://", "rtsps://")):
        return _stream(str(source))
    file = Path(source)
    if not file.is_file():
        raise DeviceUnreachableError(f"no camera and no recording at {file}")
    return _picture(file) if file.suffix.lower() in PICTURES else _video(file)


@dataclass(frozen=True, slots=True)
class _Still:
    pixels: Pixels
    is_live: bool = False

    def newest(self, period_s: float) -> tuple[Pixels, int]:
        return self.pixels.copy(), 0

    def close(self) -> None:
        """A picture in memory holds nothing."""


class _Video:
    is_live = False

    def __init__(self, file: Path, capture: cv2.VideoCapture) -> None:
        self._file = file
        self._capture = capture
        self._frames_per_s = capture.get(cv2.CAP_PROP_FPS) or RECORDED_FRAMES_PER_S
        self._skip = 0.0

    def newest(self, period_s: float) -> tuple[Pixels, int]:
        # Between two frames taken, so many of the recording's went by.
        self._skip += max(0.0, period_s * self._frames_per_s - 1.0)
        dropped = int(self._skip)
        for _ in range(dropped):
            self._capture.grab()
        self._skip -= dropped
        pixels = _frame(self._capture)
        if pixels is None:
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            pixels = _frame(self._capture)
        if pixels is None:
            raise DeviceUnreachableError(f"{self._file} gives no frames")
        return pixels, dropped

    def close(self) -> None:
        self._capture.release()


class _Live:
    is_live = True

    def __init__(self, name: str, capture: cv2.VideoCapture) -> None:
        self._name = name
        self._capture = capture

    def newest(self, period_s: float) -> tuple[Pixels, int]:
        # Grabbing empties the driver's queue; only the last frame is converted.
        until_s = time.monotonic() + period_s
        dropped = 0
        while self._capture.grab():
            if time.monotonic() >= until_s:
                is_there, pixels = self._capture.retrieve()
                if is_there:
                    return np.asarray(pixels, np.uint8), dropped
                break
            dropped += 1
        raise DeviceUnreachableError(f"camera {self._name} gives no more frames")

    def close(self) -> None:
        self._capture.release()


def _device(source: int | str, wishes: Wishes) -> Film:
    if isinstance(source, str) and not Path(source).exists():
        raise DeviceUnreachableError(f"camera {source} is not plugged in")
    capture = cv2.VideoCapture(source, cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise DeviceUnreachableError(f"camera {source} cannot be opened")
    # Motion JPEG: uncompressed, USB 2 carries a picture of 1080 lines five times a second.
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, wishes.width_px)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wishes.height_px)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    if wishes.exposure is not None:
        # V4L2_CID_EXPOSURE_AUTO: 1 is manual.
        capture.set(cv2.CAP_PROP_AUTO_EXPOSURE, 1)
        capture.set(cv2.CAP_PROP_EXPOSURE, wishes.exposure)
    if wishes.focus is not None:
        capture.set(cv2.CAP_PROP_AUTOFOCUS, 0)
        capture.set(cv2.CAP_PROP_FOCUS, wishes.focus)
    return _Live(str(source), capture)


def _stream(url: str) -> Film:
    # Names and passwords are nobody's business in a log.
    parts = urlsplit(url)
    name = f"{parts.scheme}://{parts.hostname}{parts.path}"
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _STREAM_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _STREAM_MS]
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)
    if not capture.isOpened():
        capture.release()
        raise DeviceUnreachableError(f"camera {name} cannot be reached, or does not let us in")
    return _Live(name, capture)


def _picture(file: Path) -> Film:
    pixels = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if pixels is None:
        raise DeviceUnreachableError(f"{file} is not a picture")
    return _Still(np.asarray(pixels, np.uint8))


def _video(file: Path) -> Film:
    capture = cv2.VideoCapture(str(file))
    if not capture.isOpened():
        capture.release()
        raise DeviceUnreachableError(f"{file} is not a video that can be read")
    return _Video(file, capture)


def _frame(capture: cv2.VideoCapture) -> Pixels | None:
    is_there, pixels = capture.read()
    return np.asarray(pixels, np.uint8) if is_there else None
