"""How devices talk to the virtual world: frames of a 4-byte big-endian length and a MessagePack message.

A connection opens with `Hello`. What carries an `id` is answered under it, by the answer named in its
docstring or by `Refused`. Who listens gets `Heard` unasked. Sans-io: `pack` and `Unpacker` know no socket.
"""

import struct
from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

MAX_FRAME_BYTES = 64 * 1024
_LENGTH = struct.Struct(">I")

T = TypeVar("T")


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    pass


class Hello(_Message, frozen=True):
    """Who is there, whether it steers itself when it is new, and whether it wants to hear the air."""

    entity: str
    is_auto: bool
    listens: bool


class GetPose(_Message, frozen=True):
    """Answered by `PoseIs`."""

    id: int


class GetView(_Message, frozen=True):
    """Answered by `ViewIs`."""

    id: int


class GetPeople(_Message, frozen=True):
    """Answered by `PeopleAre`."""

    id: int


class Walk(_Message, frozen=True):
    """Answered by `Done` with the seconds that the way takes."""

    id: int
    path: list[tuple[float, float]]
    speed_mps: float


class Show(_Message, frozen=True):
    """Answered by `Done`."""

    id: int
    gtin: str
    seconds: float


class Auto(_Message, frozen=True):
    """Answered by `Done`."""

    id: int
    on: bool


class PoseIs(_Message, frozen=True):
    """Metres and radians."""

    id: int
    x_m: float
    y_m: float
    heading_rad: float
    moving: bool


class ViewIs(_Message, frozen=True):
    """What the camera sees: (gtin, English name, Chinese name, seed), or nothing."""

    id: int
    product: tuple[str, str, str, int] | None


class PeopleAre(_Message, frozen=True):
    """Who stands before a camera: (0 at its left edge to 1 at its right, metres away, seed) each."""

    id: int
    people: list[tuple[float, float, int]]


class Done(_Message, frozen=True):
    """Accepted; `takes_s` is how long it goes on."""

    id: int
    takes_s: float = 0.0


class Refused(_Message, frozen=True):
    """Not accepted; the reason in words."""

    id: int
    reason: str


class Heard(_Message, frozen=True):
    """An advertising PDU, as this receiver hears it."""

    rssi_dbm: int
    pdu: bytes


Asked = GetPose | GetView | GetPeople | Walk | Show | Auto
ToWorld = Hello | Asked
Answer = PoseIs | ViewIs | PeopleAre | Done | Refused
FromWorld = Answer | Heard

_encoder = msgspec.msgpack.Encoder()


def pack(message: ToWorld | FromWorld) -> bytes:
    """Return a message in its frame."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


class Unpacker(Generic[T]):
    """Cuts a byte stream into messages."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[T]) -> None:
        self._decoder = decoder
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[T]:
        """Yield the messages that are complete now; raises ValueError on bytes that are none."""
        self._held += data
        at = 0
        try:
            while len(self._held) - at >= _LENGTH.size:
                (size,) = _LENGTH.unpack_from(self._held, at)
                if size > MAX_FRAME_BYTES:
                    raise ValueError(f"frame of {size} bytes: at most {MAX_FRAME_BYTES} are allowed")
                end = at + _LENGTH.size + size
                if len(self._held) < end:
                    break
                body = bytes(self._held[at + _LENGTH.size : end])
                at = end
                yield self._decoded(body)
        finally:
            del self._held[:at]

    def _decoded(self, body: bytes) -> T:
        try:
            return self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise ValueError(f"not a message of the virtual world: {exc}") from exc


def world_unpacker() -> Unpacker[ToWorld]:
    """Return what reads the world's side of a connection."""
    return Unpacker(msgspec.msgpack.Decoder(ToWorld))


def client_unpacker() -> Unpacker[FromWorld]:
    """Return what reads a client's side of a connection."""
    return Unpacker(msgspec.msgpack.Decoder(FromWorld))


def parse_address(address: str) -> tuple[str, int]:
    """Return host and port of "host:port"; raises ValueError on anything else."""
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"address {address!r}: host:port is needed")
    return host.strip("[]"), int(port)
