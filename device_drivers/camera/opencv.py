"""A real camera through OpenCV, or a recording of one: a video or a picture behaves like a camera at its own speed."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import anyio
import cv2
import numpy as np
from numpy.typing import NDArray

from device_drivers.api import Deed, DeviceRefusedError, DeviceUnreachableError, FrameTaken, Signal

Pixels = NDArray[np.uint8]

PICTURES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".webp"})
RECORDED_FRAMES_PER_S = 25.0
"""For a recording that does not say its speed."""


class V4l2Camera:
    """A camera by device path or index, or a recorded file, which starts again at its end.

    Of a camera that is faster than `frames_per_s` the newest frame is taken and older ones are dropped.
    """

    def __init__(
        self,
        source: int | str | Path,
        *,
        frames_per_s: float = 10.0,
        width_px: int = 640,
        height_px: int = 480,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._period_s = 1.0 / frames_per_s
        self._size_px = (width_px, height_px)
        self._monotonic_s = monotonic_s
        self._reading = anyio.CapacityLimiter(1)

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Take frames until cancelled.

        Raises DeviceUnreachableError when it cannot be opened or gives no more frames.
        """
        film = await anyio.to_thread.run_sync(self._open, limiter=self._reading)
        try:
            due_s = anyio.current_time()
            while True:
                pixels = await anyio.to_thread.run_sync(film.newest, self._period_s, limiter=self._reading)
                emit(FrameTaken(pixels, self._monotonic_s()))
                due_s = max(due_s + self._period_s, anyio.current_time())
                if not film.is_live:
                    await anyio.sleep_until(due_s)
        finally:
            film.close()

    async def do(self, deed: Deed) -> None:
        """Raises DeviceRefusedError: a camera only looks."""
        raise DeviceRefusedError(f"a camera has no deed {type(deed).__name__}")

    def _open(self) -> "_Film":
        source = self._source
        if isinstance(source, int) or str(source).startswith("/dev/"):
            return _open_live(source if isinstance(source, int) else str(source), self._size_px)
        file = Path(source)
        if not file.is_file():
            raise DeviceUnreachableError(f"no camera and no recording at {file}")
        if file.suffix.lower() in PICTURES:
            return _open_picture(file)
        return _open_video(file)


class _Film(Protocol):
    @property
    def is_live(self) -> bool:
        """Whether it keeps its own time."""

    def newest(self, period_s: float) -> Pixels:
        """Return the frame that is newest after `period_s`; blocks. Raises DeviceUnreachableError."""

    def close(self) -> None:
        """Let go of the device."""


@dataclass(frozen=True, slots=True)
class _Still:
    pixels: Pixels
    is_live: bool = False

    def newest(self, period_s: float) -> Pixels:
        return self.pixels.copy()

    def close(self) -> None:
        """A picture in memory holds nothing."""


class _Video:
    is_live = False

    def __init__(self, file: Path, capture: cv2.VideoCapture) -> None:
        self._file = file
        self._capture = capture
        self._frames_per_s = capture.get(cv2.CAP_PROP_FPS) or RECORDED_FRAMES_PER_S
        self._skip = 0.0

    def newest(self, period_s: float) -> Pixels:
        # Between two frames taken, so many of the recording's went by.
        self._skip += max(0.0, period_s * self._frames_per_s - 1.0)
        while self._skip >= 1.0:
            self._capture.grab()
            self._skip -= 1.0
        pixels = _read(self._capture)
        if pixels is None:
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            pixels = _read(self._capture)
        if pixels is None:
            raise DeviceUnreachableError(f"{self._file} gives no frames")
        return pixels

    def close(self) -> None:
        self._capture.release()


class _Live:
    is_live = True

    def __init__(self, name: str, capture: cv2.VideoCapture) -> None:
        self._name = name
        self._capture = capture

    def newest(self, period_s: float) -> Pixels:
        # Grabbing empties the driver's queue; only the last frame is converted.
        until_s = time.monotonic() + period_s
        while self._capture.grab():
            if time.monotonic() >= until_s:
                is_there, pixels = self._capture.retrieve()
                if is_there:
                    return np.asarray(pixels, np.uint8)
                break
        raise DeviceUnreachableError(f"camera {self._name} gives no more frames")

    def close(self) -> None:
        self._capture.release()


def _open_live(source: int | str, size_px: tuple[int, int]) -> _Film:
    capture = cv2.VideoCapture(source, cv2.CAP_V4L2) if isinstance(source, int) else _by_path(source)
    if not capture.isOpened():
        capture.release()
        raise DeviceUnreachableError(f"camera {source} cannot be opened")
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_px[0])
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_px[1])
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return _Live(str(source), capture)


def _by_path(path: str) -> cv2.VideoCapture:
    if not Path(path).exists():
        raise DeviceUnreachableError(f"camera {path} is not plugged in")
    return cv2.VideoCapture(path, cv2.CAP_V4L2)


def _open_picture(file: Path) -> _Film:
    pixels = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if pixels is None:
        raise DeviceUnreachableError(f"{file} is not a picture")
    return _Still(np.asarray(pixels, np.uint8))


def _open_video(file: Path) -> _Film:
    capture = cv2.VideoCapture(str(file))
    if not capture.isOpened():
        capture.release()
        raise DeviceUnreachableError(f"{file} is not a video that can be read")
    return _Video(file, capture)


def _read(capture: cv2.VideoCapture) -> Pixels | None:
    is_there, pixels = capture.read()
    return np.asarray(pixels, np.uint8) if is_there else None
