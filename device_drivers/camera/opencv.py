"""A real camera, or a recording of one: a video or a picture behaves like a camera at its own speed."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import anyio

from device_drivers.api import CameraReported, Deed, DeviceRefusedError, FrameTaken, Signal
from device_drivers.camera.film import Wishes, opened

REPORT_S: Final = 5.0


class Camera:
    """A camera by device path or index, a stream by its URL (RTSP), or a recorded file, which starts again at its end.

    Of a camera that is faster than `frames_per_s` the newest frame is taken and older ones are dropped.
    """

    def __init__(
        self,
        source: int | str | Path,
        *,
        frames_per_s: float = 10.0,
        width_px: int = 640,
        height_px: int = 480,
        exposure: float | None = None,
        focus: float | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._period_s = 1.0 / frames_per_s
        self._wishes = Wishes(width_px, height_px, exposure, focus)
        self._monotonic_s = monotonic_s
        self._reading = anyio.CapacityLimiter(1)

    async def run(self, emit: Callable[[Signal], None]) -> None:
        """Take frames until cancelled.

        Raises DeviceUnreachableError when it cannot be opened or gives no more frames.
        """
        film = await anyio.to_thread.run_sync(opened, self._source, self._wishes, limiter=self._reading)
        try:
            due_s = reported_s = anyio.current_time()
            frames = dropped = 0
            while True:
                pixels, older = await anyio.to_thread.run_sync(film.newest, self._period_s, limiter=self._reading)
                emit(FrameTaken(pixels, self._monotonic_s()))
                frames, dropped = frames + 1, dropped + older
                now_s = anyio.current_time()
                if now_s - reported_s >= REPORT_S:
                    emit(CameraReported(frames, dropped, (now_s - reported_s) * 1000 / frames))
                    reported_s, frames, dropped = now_s, 0, 0
                due_s = max(due_s + self._period_s, now_s)
                if not film.is_live:
                    await anyio.sleep_until(due_s)
        finally:
            film.close()

    async def do(self, deed: Deed) -> None:
        """Raises DeviceRefusedError: a camera only looks."""
        raise DeviceRefusedError(f"a camera has no deed {type(deed).__name__}")
