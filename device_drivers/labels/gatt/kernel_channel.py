"""LE credit-based channels of the Linux kernel, beside a connection that bleak holds through BlueZ.

Python's sockets know no address type of L2CAP, so the address is written by hand: `struct sockaddr_l2` of the kernel's
`include/net/bluetooth/l2cap.h` (family, PSM, address with the last byte first, CID, address type).
"""

import ctypes
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import anyio
import anyio.to_thread
from bleak import BleakClient
from bleak.exc import BleakError

AF_BLUETOOTH: Final = 31
BTPROTO_L2CAP: Final = 0
SOL_BLUETOOTH: Final = 274
BT_SNDMTU: Final = 12
BT_RCVMTU: Final = 13
LE_PUBLIC: Final = 1
LE_RANDOM: Final = 2

OPENED_S: Final = 20.0
RECEIVED: Final = 512
"""SDUs that we would take; a label sends none over this channel."""

_ANY: Final = "00:00:00:00:00:00"


class KernelChannel:
    """See `Channel`."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self.mtu: int = struct.unpack("<H", connected.getsockopt(SOL_BLUETOOTH, BT_SNDMTU, 2))[0]

    async def send(self, sdu: bytes) -> None:
        """See `Channel.send`; waits while the label gives no credit. Raises OSError."""
        await anyio.to_thread.run_sync(self._socket.sendall, sdu, abandon_on_cancel=True)


@asynccontextmanager
async def kernel_channel(client: BleakClient, psm: int) -> AsyncIterator[KernelChannel]:
    """Open a channel to the device of a connected client. Raises BleakError."""
    opened = None
    with anyio.move_on_after(OPENED_S):
        opened = await anyio.to_thread.run_sync(_opened, client.address, psm, abandon_on_cancel=True)
    if opened is None:
        raise BleakError(f"{client.address}: no channel was opened within {OPENED_S:g} s")
    try:
        yield KernelChannel(opened)
    finally:
        opened.close()


def address_type(address: str) -> int:
    """Return what an address most likely is: a static random one has its two upper bits set (Core, 6.B.1.3.2.1)."""
    return LE_RANDOM if int(address[:2], 16) >> 6 == 0b11 else LE_PUBLIC


def sockaddr_l2(address: str, psm: int, kind: int) -> bytes:
    """Return an address for the kernel. Raises ValueError for what is none."""
    own = bytes.fromhex(address.replace(":", ""))
    if len(own) != 6:
        raise ValueError(f"{address[:40]!r} is no Bluetooth address")
    return struct.pack("<HH6sHBx", AF_BLUETOOTH, psm, own[::-1], 0, kind)


def _opened(address: str, psm: int) -> socket.socket:
    likely = address_type(address)
    other = LE_PUBLIC if likely == LE_RANDOM else LE_RANDOM
    try:
        return _connected(address, psm, likely)
    except OSError:
        try:
            return _connected(address, psm, other)
        except OSError as exc:
            raise BleakError(f"{address}: no channel: {exc}") from exc


def _connected(address: str, psm: int, kind: int) -> socket.socket:
    libc = ctypes.CDLL(None, use_errno=True)
    made = socket.socket(AF_BLUETOOTH, socket.SOCK_SEQPACKET, BTPROTO_L2CAP)
    try:
        for call, where in (
            (libc.bind, sockaddr_l2(_ANY, 0, LE_PUBLIC)),
            (libc.connect, sockaddr_l2(address, psm, kind)),
        ):
            if call is libc.connect:
                made.setsockopt(SOL_BLUETOOTH, BT_RCVMTU, struct.pack("<H", RECEIVED))
            if call(made.fileno(), where, len(where)):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    except OSError:
        made.close()
        raise
    return made
