"""How a delta codes its numbers: close to their entropy, by whole arrays.

Places are coded as gaps by Rice's code: the low bits as they are, the rest in unary; for places drawn evenly
that is within a twentieth of a bit of the limit (R. F. Rice, JPL Publication 79-22). Values, which often
repeat, are coded as ranks in a list of the distinct ones, the most frequent first, one byte each where that
is enough. Streams of bytes are Zstandard frames (RFC 8878) where that is smaller.
"""

from typing import Final

import numpy as np
import zstandard
from msgspec import Struct
from numpy.typing import NDArray

from firmware_specs.pricebook.columns import BookError

LEVEL: Final = 19
MOST_BYTES: Final = 64 * 1024 * 1024
"""The most that one stream may unpack to."""

_PLAIN, _FRAME = b"\0", b"\1"
_ESCAPE: Final = 255
_MOST_SHIFT: Final = 48


class Ascending(Struct, frozen=True, array_like=True):
    """Ascending numbers from 0 on: how many, the low bits of each gap, and the rest of each in unary."""

    count: int
    shift: int
    low: bytes
    unary: bytes


class Values(Struct, frozen=True, array_like=True):
    """Numbers of any sign: the distinct ones as zigzag planes, each one's rank, and what a byte cannot hold of it."""

    distinct: bytes
    ranks: bytes
    rest: bytes


def squeeze(data: bytes) -> bytes:
    """Return bytes as a stream."""
    frame = zstandard.ZstdCompressor(level=LEVEL).compress(data)
    return _FRAME + frame if len(frame) < len(data) else _PLAIN + data


def unsqueeze(stream: bytes) -> bytes:
    """Return the bytes in a stream. Raises BookError."""
    if stream[:1] == _PLAIN:
        return stream[1:]
    if stream[:1] != _FRAME:
        raise BookError("a stream begins with neither 0 nor 1")
    try:
        size = zstandard.frame_content_size(stream[1:])
        if not 0 <= size <= MOST_BYTES:
            raise BookError(f"a stream unpacks to {size} bytes: at most {MOST_BYTES}")
        return zstandard.ZstdDecompressor().decompress(stream[1:])
    except zstandard.ZstdError as exc:
        raise BookError(f"a stream is damaged: {exc}") from exc


def code_ascending(values: "NDArray[np.int64]") -> Ascending:
    """Return ascending numbers, each once, as gaps."""
    count = len(values)
    gaps = np.diff(values, prepend=-1) - 1
    mean = float(gaps.mean()) if count else 0.0
    # The best shift for geometric gaps lies where half of them are shorter.
    shift = max(0, int(np.log2(max(1.0, mean * 0.6931))))
    bits = (gaps[:, None] >> np.arange(shift, dtype=np.int64)) & 1
    ends = np.cumsum((gaps >> shift) + 1) - 1
    unary = np.zeros(int(ends[-1]) + 1 if count else 0, np.uint8)
    unary[ends] = 1
    return Ascending(count, shift, np.packbits(bits.astype(np.uint8)).tobytes(), squeeze(np.packbits(unary).tobytes()))


def decode_ascending(said: Ascending, bound: int) -> "NDArray[np.int64]":
    """Return ascending numbers below `bound`. Raises BookError."""
    count, shift = said.count, said.shift
    if not 0 <= count <= bound or not 0 <= shift <= _MOST_SHIFT:
        raise BookError(f"the delta speaks of {count} products, there are {bound}")
    if len(said.low) != -(-count * shift // 8):
        raise BookError(f"the delta has {len(said.low)} bytes of low bits for {count} numbers")
    ends = np.flatnonzero(np.unpackbits(np.frombuffer(unsqueeze(said.unary), np.uint8)))
    if len(ends) != count:
        raise BookError(f"the delta has {len(ends)} gaps for {count} numbers")
    bits = np.unpackbits(np.frombuffer(said.low, np.uint8), count=count * shift).reshape(count, shift)
    low = (bits.astype(np.int64) << np.arange(shift, dtype=np.int64)).sum(axis=1, dtype=np.int64)
    high = np.diff(ends, prepend=-1) - 1
    if count and int(high.max()) > bound >> shift:
        raise BookError("the delta names a product that the table does not have")
    values = np.cumsum((high << shift) + low + 1) - 1
    # A sum that overflows comes back smaller.
    if count and (values.min() < 0 or values.max() >= bound or np.any(values[1:] <= values[:-1])):
        raise BookError("the delta names a product that the table does not have")
    return np.asarray(values, np.int64)


def code_values(values: "NDArray[np.int64]") -> Values:
    """Return numbers of 48 bits at most, with their sign, as ranks."""
    distinct, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    order = np.lexsort((distinct, -counts))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    ranks = rank[places]
    rest = ranks[ranks >= _ESCAPE] - _ESCAPE
    listed = distinct[order]
    return Values(
        squeeze(_planes((listed << 1) ^ (listed >> 63))),
        squeeze(np.minimum(ranks, _ESCAPE).astype(np.uint8).tobytes()),
        squeeze(_planes(rest)),
    )


def decode_values(said: Values, count: int) -> "NDArray[np.int64]":
    """Return `count` numbers. Raises BookError."""
    ranks = np.frombuffer(unsqueeze(said.ranks), np.uint8).astype(np.int64)
    if len(ranks) != count:
        raise BookError(f"the delta has {len(ranks)} numbers for {count} rows")
    escaped = ranks == _ESCAPE
    rest = _from_planes(unsqueeze(said.rest))
    if len(rest) != int(escaped.sum()):
        raise BookError(f"the delta has {len(rest)} long ranks for {int(escaped.sum())} rows")
    ranks[escaped] += rest
    zigzag = _from_planes(unsqueeze(said.distinct))
    if count and int(ranks.max()) >= len(zigzag):
        raise BookError("the delta ranks a number that it does not list")
    listed = (zigzag >> 1) ^ -(zigzag & 1)
    return np.asarray(listed[ranks] if count else np.zeros(0, np.int64), np.int64)


def code_bits(bits: "NDArray[np.bool_]") -> bytes:
    """Return a mark for each row as a stream."""
    return squeeze(np.packbits(bits).tobytes())


def decode_bits(stream: bytes, count: int) -> "NDArray[np.bool_]":
    """Return a mark for each of `count` rows. Raises BookError."""
    data = unsqueeze(stream)
    if len(data) != -(-count // 8):
        raise BookError(f"the delta has {len(data)} bytes of marks for {count} rows")
    return np.unpackbits(np.frombuffer(data, np.uint8), count=count).astype(bool)


def _planes(values: "NDArray[np.int64]") -> bytes:
    # All first bytes, then all second bytes, up to the last that any number needs; how many that are comes first.
    width = max(1, -(-int(values.max(initial=0)).bit_length() // 8))
    planes = values.astype("<i8").view(np.uint8).reshape(len(values), 8)[:, :width].T
    return bytes([width]) + np.ascontiguousarray(planes).tobytes()


def _from_planes(data: bytes) -> "NDArray[np.int64]":
    width = data[0] if data else 0
    if not 1 <= width <= 7 or (len(data) - 1) % width:
        raise BookError(f"the delta has {len(data)} bytes for numbers of {width} bytes")
    whole = np.zeros(((len(data) - 1) // width, 8), np.uint8)
    whole[:, :width] = np.frombuffer(data, np.uint8, offset=1).reshape(width, len(whole)).T
    return whole.view("<i8").reshape(len(whole))
