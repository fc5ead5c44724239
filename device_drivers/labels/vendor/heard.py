"""What a label says while one waits for an answer of a kind."""

from collections import deque

import anyio

from device_drivers.api import DeviceUnreachableError


class Answers:
    """Notifications of one label, in order. What is not waited for is dropped."""

    def __init__(self, name: str, answer_s: float) -> None:
        self._name = name
        self._answer_s = answer_s
        self._heard: deque[bytes] = deque(maxlen=64)
        self._woken = anyio.Event()

    def hear(self, data: bytes) -> None:
        """Take a notification."""
        self._heard.append(data)
        self._woken.set()

    async def next(self, *kinds: int, of_bytes: int = 1) -> bytes:
        """Return the next that begins with one of `kinds`, big-endian. Raises DeviceUnreachableError."""
        with anyio.move_on_after(self._answer_s):
            while True:
                while self._heard:
                    data = self._heard.popleft()
                    if int.from_bytes(data[:of_bytes], "big") in kinds and len(data) >= of_bytes:
                        return data
                self._woken = anyio.Event()
                await self._woken.wait()
        raise DeviceUnreachableError(f"label {self._name} does not answer within {self._answer_s:g} s")
