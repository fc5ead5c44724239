"""A table of prices: one run of bytes that a device maps into memory and reads where they lie.

    "AISLEPB1" · header length u32 · header (JSON) · GTINs · records · the names of each language

Each part begins at a multiple of 64. GTINs are int64, ascending. A record is all else of one product, in
one place so that a look-up touches little memory: the numbers (uint32), the places in the dictionaries
(uint16), and for each language where the name ends (uint32); it begins where the record before ends, so a
record of zeros stands first. The header tells rows, languages and dictionaries. The same rows always give
the same bytes, so a table is named by its SHA-256.
"""

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import accumulate
from mmap import mmap
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from firmware_specs.desired import Row
from firmware_specs.pricebook.columns import NUMBERS, SEPARATOR, TEXTS, BookError, Columns, columns_of

MAGIC: Final = b"AISLEPB1"
_ALIGN: Final = 64
_MOST_HEADER: Final = 16 * 1024 * 1024
_PIECE: Final = 1024 * 1024
_BLOCK: Final = 64
"""Of so many GTINs the first is kept in memory, for the search: 0.6 MB for a million."""

_FIELDS: Final = len(NUMBERS) + len(TEXTS)


class _Header(Struct, frozen=True):
    rows: int
    languages: tuple[str, ...]
    texts: dict[str, tuple[str, ...]]
    names_bytes: dict[str, int]


def lay_out(columns: Columns) -> Iterator[bytes]:
    """Return the bytes of a table, piece by piece, so that nobody needs to hold them all."""
    header = _Header(
        rows=len(columns.gtin),
        languages=columns.languages,
        texts=dict(columns.texts),
        names_bytes={language: len(columns.names[language]) for language in columns.languages},
    )
    head = msgspec.json.encode(header, order="deterministic")
    start = MAGIC + len(head).to_bytes(4, "little") + head
    yield _padded(start)
    for piece in _pieces(columns):
        yield _padded(piece)


def table_bytes(columns: Columns) -> bytes:
    """Return the bytes of a table."""
    return b"".join(lay_out(columns))


class Table(Mapping[str, Row]):
    """A table in `data`: bytes, or a file mapped into memory. Products by their 14 digits.

    Raises BookError where the bytes are no table. What the columns hold is not looked at again: the bytes
    were checked when they were made, and their SHA-256 when they came.
    """

    def __init__(self, data: bytes | mmap) -> None:
        view = memoryview(data)
        if bytes(view[:8]) != MAGIC:
            raise BookError("these bytes are no table of prices: they do not begin with AISLEPB1")
        size = int.from_bytes(view[8:12], "little")
        if size > _MOST_HEADER or 12 + size > len(view):
            raise BookError(f"the table's header of {size} bytes is cut off")
        try:
            header = msgspec.json.decode(view[12 : 12 + size], type=_Header)
        except msgspec.DecodeError as exc:
            raise BookError(f"the table's header cannot be read: {exc}") from exc
        self.columns: Final = _columns(view, _aligned(12 + size), header)
        texts = self.columns.texts
        # What a look-up touches, bound once: each is a view, none a copy.
        self._find = self.columns.gtin.searchsorted
        self._gtin = self.columns.gtin.data
        self._firsts = self.columns.gtin[::_BLOCK].tolist()
        self._count = header.rows
        self._fields = slice(len(header.languages), len(header.languages) + _FIELDS)
        self._record = _reader(header.languages)
        self._records = view[_records_begin(12 + size, header) :]
        self._size = _record_type(header.languages).itemsize
        self._categories, self._units, self._measures = texts["category"], texts["unit"], texts["measure"]
        self._promotions = tuple(tuple(text.split(SEPARATOR)) if text else () for text in texts["promotions"])
        # Both hand out slices as bytes, which decode faster than views do.
        self._data = data
        sizes = [len(self.columns.names[language]) for language in header.languages]
        begins = accumulate((_aligned(size) for size in sizes), initial=_names_begin(12 + size, header))
        ends = len(header.languages) + _FIELDS
        self._names = tuple(
            (place, ends + place, language, begin)
            for place, (language, begin) in enumerate(zip(header.languages, begins, strict=False))
        )

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Table":
        """Return the table of some rows. Raises BookError for a product that stands there twice, or does not fit."""
        return cls(table_bytes(columns_of(rows)))

    def place(self, gtin: str) -> int | None:
        """Return a product's place in the columns; None for one that is not there."""
        if len(gtin) != 14 or not gtin.isdigit() or not gtin.isascii():
            return None
        key = int(gtin)
        # Two short searches instead of a long one: the first stays in the cache, the second within a page.
        end = bisect_right(self._firsts, key) * _BLOCK
        if not end:
            return None
        at = bisect_left(self._gtin, key, end - _BLOCK, end if end < self._count else self._count)
        return at if at < self._count and self._gtin[at] == key else None

    @cached_property
    def raised(self) -> NDArray[np.int64]:
        """The places of the products whose price is above its floor; looked up once, books share their table."""
        numbers = self.columns.numbers
        return np.flatnonzero(numbers["price_minor"] > numbers["floor_minor"])

    def places(self, gtins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the place of each of some GTINs; -1 for one that is not there."""
        if not self._count:
            return np.full(len(gtins), -1, np.int64)
        at = self._find(gtins)
        is_there = self.columns.gtin[np.minimum(at, self._count - 1)] == gtins
        return np.where(is_there, at, -1).astype(np.int64)

    def row(self, at: int, gtin: str | None = None) -> Row:
        """Return the row at a place from 0 on; `gtin` saves writing it out again where it is known."""
        found = self._record(self._records, at * self._size)
        data, name = self._data, {}
        for first, last, language, begin in self._names:
            start, end = found[first], found[last]
            if end > start:
                name[language] = data[begin + start : begin + end].decode("utf-8", "replace")
        price, floor, member, was, content, category, unit, measure, promotions = found[self._fields]
        return Row(
            gtin=f"{self._gtin[at]:014d}" if gtin is None else gtin,
            name=name,
            price_minor=price,
            floor_minor=floor,
            member_minor=member,
            was_minor=was,
            content_milli=content,
            category=self._categories[category],
            unit=self._units[unit],
            measure=self._measures[measure],
            promotions=self._promotions[promotions],
        )

    def __getitem__(self, gtin: str) -> Row:
        at = self.place(gtin)
        if at is None:
            raise KeyError(gtin)
        return self.row(at, gtin)

    def __contains__(self, gtin: object) -> bool:
        return isinstance(gtin, str) and self.place(gtin) is not None

    def __iter__(self) -> Iterator[str]:
        return (f"{gtin:014d}" for gtin in self._gtin)

    def __len__(self) -> int:
        return self._count

    def matching(self, word: str) -> NDArray[np.int64]:
        """Return the places, ascending, of the products of whose names, category or GTIN a lower-case word is a part.

        Letters beyond ASCII match as they are written.
        """
        if not word:
            return np.arange(self._count, dtype=np.int64)
        columns = self.columns
        found = [np.flatnonzero(np.isin(columns.places["category"], _holding(columns.texts["category"], word)))]
        sought = word.encode()
        for language in columns.languages:
            starts = np.fromiter(_occurrences(memoryview(columns.names[language]), sought), np.int64)
            ends = columns.name_ends[language]
            at = ends.searchsorted(starts, side="right")
            # An occurrence that runs into the next name is none.
            found.append(at[starts + len(sought) <= ends[at]])
        if word.isascii() and word.isdigit() and len(word) <= 14:
            found.append(_with_digits(columns.gtin, word))
        return np.unique(np.concatenate(found)).astype(np.int64)


def _occurrences(names: memoryview, sought: bytes) -> Iterator[int]:
    # Piece by piece, so that no lower-case copy of all names is ever made.
    for start in range(0, len(names), _PIECE):
        piece = bytes(names[start : start + _PIECE + len(sought) - 1]).lower()
        at = piece.find(sought)
        while at >= 0:
            yield start + at
            at = piece.find(sought, at + 1)


def _holding(texts: tuple[str, ...], word: str) -> list[int]:
    return [place for place, text in enumerate(texts) if word in text.lower()]


def _with_digits(gtin: NDArray[np.int64], digits: str) -> NDArray[np.int64]:
    value, size = int(digits), 10 ** len(digits)
    is_found = np.zeros(len(gtin), bool)
    for place in range(15 - len(digits)):
        is_found |= (gtin // 10**place) % size == value
    return np.flatnonzero(is_found)


def _record_type(languages: Iterable[str]) -> "np.dtype[Any]":
    fields = [(name, "<u4") for name in NUMBERS] + [(name, "<u2") for name in TEXTS]
    return np.dtype([*fields, *((f"end.{language}", "<u4") for language in languages)])


def _reader(languages: tuple[str, ...]) -> "Callable[[memoryview, int], tuple[int, ...]]":
    # The ends of the record before, then all of this one.
    ends = f"{len(languages)}I"
    before = f"{len(NUMBERS) * 4 + len(TEXTS) * 2}x{ends}"
    return struct.Struct(f"<{before}{len(NUMBERS)}I{len(TEXTS)}H{ends}").unpack_from


def _pieces(columns: Columns) -> Iterator[bytes]:
    yield columns.gtin.astype("<i8", copy=False).tobytes()
    records = np.zeros(len(columns.gtin) + 1, _record_type(columns.languages))
    for name in NUMBERS:
        records[name][1:] = columns.numbers[name]
    for name in TEXTS:
        records[name][1:] = columns.places[name]
    for language in columns.languages:
        records[f"end.{language}"][1:] = columns.name_ends[language]
    yield records.tobytes()
    for language in columns.languages:
        yield bytes(columns.names[language])


def _columns(view: memoryview, at: int, header: _Header) -> Columns:
    def take(kind: "np.dtype[Any]", count: int) -> "NDArray[Any]":
        nonlocal at
        size = count * kind.itemsize
        if count < 0 or at + size > len(view):
            raise BookError("the table ends before its last part does")
        found = np.frombuffer(view, kind, count, at)
        at = _aligned(at + size)
        return found

    if set(header.texts) != set(TEXTS) or set(header.names_bytes) != set(header.languages):
        raise BookError("the table's header does not name the parts that it should")
    gtin = take(np.dtype("<i8"), header.rows)
    records = take(_record_type(header.languages), header.rows + 1)[1:]
    return Columns(
        gtin=gtin,
        numbers={name: records[name] for name in NUMBERS},
        places={name: records[name] for name in TEXTS},
        texts=header.texts,
        name_ends={language: records[f"end.{language}"] for language in header.languages},
        names={language: take(np.dtype("u1"), header.names_bytes[language]).data for language in header.languages},
    )


def _records_begin(head_bytes: int, header: _Header) -> int:
    return _aligned(_aligned(head_bytes) + 8 * header.rows)


def _names_begin(head_bytes: int, header: _Header) -> int:
    records = (header.rows + 1) * _record_type(header.languages).itemsize
    return _aligned(_records_begin(head_bytes, header) + records)


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN


def _padded(piece: bytes) -> bytes:
    return piece + bytes(_aligned(len(piece)) - len(piece))
