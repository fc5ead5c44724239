"""The port to one connected label: its characteristics by 16-bit UUID, and channels to write objects over."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Channel(Protocol):
    """An LE credit-based channel."""

    @property
    def mtu(self) -> int:
        """The longest SDU that the other side takes, bytes."""

    async def send(self, sdu: bytes) -> None:
        """Send one SDU. Raises DeviceUnreachableError when the link is gone."""


class Link(Protocol):
    """An encrypted connection. Every method raises DeviceUnreachableError when it is gone.

    What the other side refuses is DeviceRefusedError.
    """

    async def read(self, uuid: int) -> bytes:
        """Return a characteristic's value."""

    async def write(self, uuid: int, data: bytes) -> None:
        """Write a characteristic and wait for the answer."""

    async def heed(self, uuid: int, heard: Callable[[bytes], None]) -> None:
        """Call `heard` with each notification or indication of a characteristic from now on."""

    def channel(self, psm: int) -> AbstractAsyncContextManager[Channel]:
        """Open a channel."""
