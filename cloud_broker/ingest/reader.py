"""A small MQTT 5 reader for the hot path: subscribe, collect, acknowledge when told to.

Not a client library: it subscribes with QoS 1, never acknowledges by itself, and publishes with QoS 0.
aiomqtt costs about ten times more per message and acknowledges before anything is stored (DECISIONS.md).
Packet layouts: MQTT Version 5.0, OASIS Standard, section 3.
"""

import asyncio
import struct
from collections.abc import Callable, Sequence
from typing import Any

import anyio
from msgspec import Struct

from cloud_broker.bus.mqtt import Address
from cloud_broker.bus.port import BusUnavailableError

MAX_WAITING = 20_000
"""Stop reading from the socket while this many messages wait for their commit."""

_CONNACK, _PUBLISH, _SUBACK, _DISCONNECT = 2, 3, 9, 14
_PINGREQ = b"\xc0\x00"


class Delivery(Struct, frozen=True, gc=False):
    """A message as it came: topic and payload bytes, and the packet identifier to acknowledge it with."""

    topic: bytes
    payload: bytes
    packet_id: bytes


def _varint(number: int) -> bytes:
    """Return a Variable Byte Integer (1.5.5)."""
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | 0x80 if number else digit)
        if not number:
            return bytes(out)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _packet(kind: int, body: bytes) -> bytes:
    return bytes((kind,)) + _varint(len(body)) + body


def connect_packet(client_id: str, *, keepalive_s: int, session_expiry_s: int, receive_maximum: int) -> bytes:
    """Return a CONNECT that resumes the session (3.1)."""
    properties = struct.pack(">BIBH", 0x11, session_expiry_s, 0x21, receive_maximum)
    variable = _string("MQTT") + bytes((5, 0)) + struct.pack(">H", keepalive_s) + _varint(len(properties)) + properties
    return _packet(0x10, variable + _string(client_id))


def subscribe_packet(filters: Sequence[str]) -> bytes:
    """Return a SUBSCRIBE with QoS 1 for each filter, packet identifier 1 (3.8)."""
    return _packet(0x82, b"\x00\x01\x00" + b"".join(_string(each) + b"\x01" for each in filters))


def publish_packet(topic: str, payload: bytes) -> bytes:
    """Return a QoS 0 PUBLISH (3.3)."""
    return _packet(0x30, _string(topic) + b"\x00" + payload)


def parse_packets(buffer: bytes, deliveries: list[Delivery]) -> tuple[list[tuple[int, bytes]], int]:
    """Take every whole packet from `buffer`.

    Publishes are appended to `deliveries`; returns the other packets as (type, body) and the count of
    bytes used. Raises BusUnavailableError on bytes that are no MQTT.
    """
    others: list[tuple[int, bytes]] = []
    position, size = 0, len(buffer)
    while size - position >= 2:
        length = buffer[position + 1]
        start = position + 2
        if length & 0x80:
            length &= 0x7F
            shift = 7
            while True:
                if start >= size:
                    return others, position
                digit = buffer[start]
                start += 1
                length |= (digit & 0x7F) << shift
                if not digit & 0x80:
                    break
                shift += 7
                if shift > 21:
                    raise BusUnavailableError("malformed packet length from the broker")
        end = start + length
        if end > size:
            break
        head = buffer[position]
        if head >> 4 == _PUBLISH:
            at = start + 2 + (buffer[start] << 8 | buffer[start + 1])
            topic = buffer[start + 2 : at]
            packet_id = b""
            if head & 0x06:
                packet_id = buffer[at : at + 2]
                at += 2
            properties = buffer[at]
            at += 1
            if properties & 0x80:
                properties &= 0x7F
                shift = 7
                while True:
                    digit = buffer[at]
                    at += 1
                    properties |= (digit & 0x7F) << shift
                    if not digit & 0x80:
                        break
                    shift += 7
            deliveries.append(Delivery(topic, buffer[at + properties : end], packet_id))
        else:
            others.append((head >> 4, buffer[start:end]))
        position = end
    return others, position


class _Connection(asyncio.Protocol):
    """The socket's side: parses, wakes the reader, holds back when too much waits."""

    def __init__(self, on_control: Callable[[int, bytes], None], wake: Callable[[], None]) -> None:
        self.deliveries: list[Delivery] = []
        self.transport: asyncio.Transport | None = None
        self.lost: Exception | None = None
        self.heard = False
        self._rest = b""
        self._on_control = on_control
        self._wake = wake

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard = True
        buffer = self._rest + data if self._rest else data
        try:
            others, used = parse_packets(buffer, self.deliveries)
        except (BusUnavailableError, IndexError) as exc:
            self._fail(BusUnavailableError(f"the broker sent bytes that are no MQTT: {exc}"))
            return
        self._rest = buffer[used:]
        for kind, body in others:
            self._on_control(kind, body)
        if self.deliveries:
            if len(self.deliveries) > MAX_WAITING and self.transport is not None:
                self.transport.pause_reading()
            self._wake()

    def take(self) -> list[Delivery]:
        """Return all that waits and read on."""
        taken, self.deliveries = self.deliveries, []
        if self.transport is not None and len(taken) > MAX_WAITING:
            self.transport.resume_reading()
        return taken

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(BusUnavailableError(f"the broker closed the connection: {exc or 'end of stream'}"))

    def _fail(self, exc: Exception) -> None:
        self.lost = self.lost or exc
        if self.transport is not None:
            self.transport.abort()
        self._wake()


class Reader:
    """One connection to a broker, from CONNECT to its loss.

    Use as an async context manager; `collect` returns what has come, `acknowledge` answers it.
    """

    def __init__(
        self,
        address: Address,
        client_id: str,
        filters: Sequence[str],
        *,
        keepalive_s: int = 30,
        session_expiry_s: int = 86_400,
        receive_maximum: int = 65_535,
    ) -> None:
        self._address = address
        self._hello = connect_packet(
            client_id,
            keepalive_s=keepalive_s,
            session_expiry_s=session_expiry_s,
            receive_maximum=receive_maximum,
        )
        self._filters = tuple(filters)
        self._keepalive_s = keepalive_s
        self._wake = asyncio.Event()
        self._answers: dict[int, bytes] = {}
        self._connection: _Connection
        self._pinged_s = 0.0
        self._heard_s = asyncio.get_running_loop().time()

    async def __aenter__(self) -> "Reader":
        loop = asyncio.get_running_loop()
        tls = self._address.tls
        arguments: dict[str, Any] = {"ssl": tls.client_context()} if tls is not None else {}
        try:
            _, self._connection = await loop.create_connection(
                lambda: _Connection(self._control, self._wake.set), self._address.host, self._address.port, **arguments
            )
        except OSError as exc:
            raise BusUnavailableError(f"broker {self._address}: {exc}") from exc
        try:
            with anyio.fail_after(10):
                answer = await self._ask(self._hello, _CONNACK)
                if answer[1] != 0:
                    raise BusUnavailableError(f"broker {self._address} refused us: reason 0x{answer[1]:02x}")
                granted = await self._ask(subscribe_packet(self._filters), _SUBACK)
                if any(code >= 0x80 for code in granted[-len(self._filters) :]):
                    raise BusUnavailableError(f"broker {self._address} refused the subscription")
        except TimeoutError as exc:
            await self.__aexit__()
            raise BusUnavailableError(f"broker {self._address} did not answer in 10 s") from exc
        except BusUnavailableError:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connection.transport is not None:
            self._connection.transport.abort()

    def _control(self, kind: int, body: bytes) -> None:
        self._answers[kind] = body
        if kind == _DISCONNECT:
            reason = body[0] if body else 0
            self._connection.lost = BusUnavailableError(f"the broker sent us away: reason 0x{reason:02x}")
        self._wake.set()

    async def _ask(self, packet: bytes, answer: int) -> bytes:
        self._write(packet)
        while answer not in self._answers:
            self._check()
            self._wake.clear()
            await self._wake.wait()
        return self._answers.pop(answer)

    def _check(self) -> None:
        if self._connection.lost is not None:
            raise self._connection.lost

    def _write(self, data: bytes) -> None:
        transport = self._connection.transport
        if transport is not None and not transport.is_closing():
            transport.write(data)

    async def collect(self, wait_s: float) -> list[Delivery]:
        """Return what has come, after at most `wait_s` without anything.

        Raises BusUnavailableError when the connection is lost.
        """
        now_s = asyncio.get_running_loop().time()
        if self._connection.heard:
            self._connection.heard, self._heard_s = False, now_s
        elif now_s - self._heard_s > self._keepalive_s:
            # Pings are answered within milliseconds: a peer that is silent for so long is gone.
            raise BusUnavailableError(f"broker {self._address} is silent for {self._keepalive_s} s")
        if now_s - self._pinged_s > self._keepalive_s / 3:
            self._pinged_s = now_s
            self._write(_PINGREQ)
        if not self._connection.deliveries:
            self._check()
            self._wake.clear()
            with anyio.move_on_after(wait_s):
                await self._wake.wait()
        return self._connection.take()

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Send a PUBACK for each, in one write (3.4)."""
        self._write(b"".join([b"\x40\x02" + each.packet_id for each in deliveries if each.packet_id]))

    def publish(self, packets: Sequence[bytes]) -> None:
        """Send ready QoS 0 packets in one write."""
        if packets:
            self._write(b"".join(packets))
