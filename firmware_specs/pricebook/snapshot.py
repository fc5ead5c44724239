"""A table on the wire: the same columns, each made easy to compress, then compressed with Zstandard (RFC 8878).

    "AISLEPW1" · header length u32 · header (JSON) · one frame for each column

GTINs are told as differences, floors as what is missing to the price, names by their lengths, and numbers
of several bytes plane by plane: all first bytes, then all second bytes, and so on.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, TypeVar

import msgspec
import numpy as np
import zstandard
from msgspec import Meta, Struct
from numpy.typing import NDArray

from firmware_specs.pricebook.columns import MOST_ROWS, NUMBERS, TEXTS, BookError, Columns
from firmware_specs.pricebook.table import lay_out

MAGIC: Final = b"AISLEPW1"
LEVEL_NUMBERS: Final = 9
LEVEL_NAMES: Final = 9
_MOST_HEADER: Final = 16 * 1024 * 1024
_MOST_NAMES: Final = 2**30

T = TypeVar("T", np.int64, np.uint32, np.uint16)

_Size = Annotated[int, Meta(ge=0, le=2**40)]


class _Header(Struct, frozen=True):
    rows: Annotated[int, Meta(ge=0, le=MOST_ROWS)]
    texts: dict[str, tuple[str, ...]]
    names_bytes: dict[str, Annotated[int, Meta(ge=0, le=_MOST_NAMES)]]
    frames: list[_Size]


def pack(columns: Columns) -> bytes:
    """Return the snapshot of a table."""
    # One thread: the same table gives the same bytes everywhere.
    numbers, names = (zstandard.ZstdCompressor(level=level) for level in (LEVEL_NUMBERS, LEVEL_NAMES))
    price = columns.numbers["price_minor"]
    frames = [numbers.compress(_planes(np.diff(columns.gtin, prepend=0)))]
    for name in NUMBERS:
        told = price - columns.numbers[name] if name == "floor_minor" else columns.numbers[name]
        frames.append(numbers.compress(_planes(told)))
    frames += [numbers.compress(_planes(columns.places[name])) for name in TEXTS]
    for language in columns.languages:
        frames.append(numbers.compress(_planes(np.diff(columns.name_ends[language], prepend=np.uint32(0)))))
        frames.append(names.compress(bytes(columns.names[language])))
    header = _Header(
        rows=len(columns.gtin),
        texts=dict(columns.texts),
        names_bytes={language: len(columns.names[language]) for language in columns.languages},
        frames=[len(frame) for frame in frames],
    )
    head = msgspec.json.encode(header)
    return b"".join((MAGIC, len(head).to_bytes(4, "little"), head, *frames))


def unpack(data: "bytes | memoryview") -> Columns:
    """Return the columns in a snapshot, checked. Raises BookError on bytes that are none."""
    view = memoryview(data)
    if bytes(view[:8]) != MAGIC:
        raise BookError("these bytes are no snapshot of a price book: they do not begin with AISLEPW1")
    size = int.from_bytes(view[8:12], "little")
    if size > _MOST_HEADER or 12 + size > len(view):
        raise BookError(f"the snapshot's header of {size} bytes is cut off")
    try:
        header = msgspec.json.decode(view[12 : 12 + size], type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BookError(f"the snapshot's header cannot be read: {exc}") from exc
    if set(header.texts) != set(TEXTS):
        raise BookError(f"the snapshot's dictionaries are {sorted(header.texts)}, expected {sorted(TEXTS)}")
    languages = tuple(sorted(header.names_bytes))
    if len(header.frames) != 1 + len(NUMBERS) + len(TEXTS) + 2 * len(languages):
        raise BookError(f"the snapshot has {len(header.frames)} frames, its header speaks of another number")
    columns = _columns(header, languages, _frames(view[12 + size :], header.frames))
    columns.check()
    return columns


def unpack_table(data: "bytes | memoryview") -> Iterator[bytes]:
    """Return the bytes of the table in a snapshot, piece by piece. Raises BookError."""
    return lay_out(unpack(data))


def _frames(view: memoryview, sizes: list[int]) -> Callable[[int], bytes]:
    decompressor = zstandard.ZstdDecompressor()
    if sum(sizes) != len(view):
        raise BookError(f"the snapshot's frames take {len(view)} bytes, its header says {sum(sizes)}")
    at, left = 0, list(reversed(sizes))

    def take(expected: int) -> bytes:
        nonlocal at
        size = left.pop()
        frame = view[at : at + size]
        at += size
        try:
            # The frame says how much comes out of it: never more than the header allows is made.
            if zstandard.frame_content_size(frame) != expected:
                raise BookError(f"a column unpacks to another size than the {expected} bytes that its rows take")
            return decompressor.decompress(frame)
        except zstandard.ZstdError as exc:
            raise BookError(f"a column of the snapshot is damaged: {exc}") from exc

    return take


def _columns(header: _Header, languages: tuple[str, ...], take: Callable[[int], bytes]) -> Columns:
    rows = header.rows
    gtin = np.cumsum(_from_planes(take(8 * rows), np.int64))
    numbers: dict[str, NDArray[np.uint32]] = {}
    for name in NUMBERS:
        told = _from_planes(take(4 * rows), np.uint32)
        numbers[name] = numbers["price_minor"] - told if name == "floor_minor" else told
    places = {name: _from_planes(take(2 * rows), np.uint16) for name in TEXTS}
    ends, names = {}, {}
    for language in languages:
        lengths = _from_planes(take(4 * rows), np.uint32)
        ends[language] = np.cumsum(lengths, dtype=np.uint64).astype(np.uint32)
        names[language] = take(header.names_bytes[language])
    return Columns(gtin, numbers, places, header.texts, ends, names)


def _planes(values: "NDArray[Any]") -> bytes:
    little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return np.ascontiguousarray(little.view(np.uint8).reshape(len(values), values.itemsize).T).tobytes()


def _from_planes(data: bytes, kind: type[T]) -> "NDArray[T]":
    little = np.dtype(kind).newbyteorder("<")
    planes = np.frombuffer(data, np.uint8).reshape(little.itemsize, -1)
    return np.ascontiguousarray(planes.T).view(little).reshape(-1).astype(kind, copy=False)
