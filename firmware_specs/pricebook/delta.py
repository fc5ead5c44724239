"""What differs from a table: the rows of a newer book that are new or changed, and the products that are gone.

    "AISLEPD1" · SHA-256 of the table (32 bytes) · a stream (`coding`) of the MessagePack array of

    places of changed products, places of products that are gone, GTINs of new ones, numbers, texts, names

Numbers and texts say, for each column, in which of the changed and then the new rows it differs from what is
expected, and how. What is expected is the table's own row, an empty one for a new product; and for a floor
the lower of price and floor before wherever the price changes. So a price change costs little more than a
byte, and its place another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from firmware_specs.desired import Row
from firmware_specs.pricebook.coding import (
    Ascending,
    Values,
    code_ascending,
    code_bits,
    code_values,
    decode_ascending,
    decode_bits,
    decode_values,
    squeeze,
    unsqueeze,
)
from firmware_specs.pricebook.columns import (
    MOST_NUMBER,
    NUMBERS,
    TEXTS,
    BookError,
    Columns,
    columns_of,
    dictionary_of,
    ends_of,
    without_unused_languages,
)
from firmware_specs.pricebook.table import Table

MAGIC: Final = b"AISLEPD1"
_HEAD: Final = len(MAGIC) + 32

Places = NDArray[np.int64]


class _Numbers(Struct, frozen=True, array_like=True):
    differs: bytes
    by: Values


class _Texts(Struct, frozen=True, array_like=True):
    differs: bytes
    texts: bytes


class _Body(Struct, frozen=True, array_like=True):
    changed: Ascending
    gone: Ascending
    new: Ascending
    numbers: list[_Numbers]
    texts: list[_Texts]
    names: dict[str, _Texts]


@dataclass(frozen=True, slots=True)
class Delta:
    """The rows of a book that differ from its table, as columns, and the GTINs of the table that it no longer has."""

    columns: Columns
    gone: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rows: Iterable[Row] = (), gone: frozenset[str] = frozenset()) -> "Delta":
        """Return the delta of some rows. Raises BookError for a product that stands there twice, or does not fit."""
        return cls(columns_of(rows), gone)


def pack(table: Table, sha256: str, delta: Delta) -> bytes:
    """Return a delta from the table of that hash. Raises BookError for a product gone without having been there."""
    names_gone = sorted(delta.gone)
    gone = table.places(np.array([int(gtin) for gtin in names_gone], np.int64))
    if np.any(gone < 0):
        raise BookError(f"product {names_gone[int(gone.argmin())]} cannot be gone: the table does not have it")
    now, old = delta.columns, table.columns
    places = table.places(now.gtin)
    # The changed rows, then the new ones.
    order = np.concatenate([np.flatnonzero(places >= 0), np.flatnonzero(places < 0)])
    changed, new = places[places >= 0], now.gtin[places < 0]
    price = now.numbers["price_minor"][order].astype(np.int64)
    languages = [name for name in old.languages if any(_names(old, name, changed))]
    nothing = [b""] * len(new)
    body = _Body(
        changed=code_ascending(changed),
        gone=code_ascending(gone),
        new=code_ascending(new),
        numbers=[
            _numbers(now.numbers[name][order].astype(np.int64) - _expected(old, name, changed, price))
            for name in NUMBERS
        ],
        texts=[_texts(_words(now, name, order), [*_words(old, name, changed), *nothing]) for name in TEXTS],
        names={
            language: _texts(_names(now, language, order), [*_names(old, language, changed), *nothing])
            for language in sorted({*now.languages, *languages})
        },
    )
    return MAGIC + bytes.fromhex(sha256) + squeeze(msgspec.msgpack.encode(body))


def hidden(table: Table, delta: Delta) -> Places:
    """Return the places, ascending, of the table's rows that a delta replaces or removes."""
    gone = np.array(sorted(int(gtin) for gtin in delta.gone), np.int64)
    places = table.places(np.union1d(delta.columns.gtin, gone))
    return places[places >= 0]


def base_of(data: bytes) -> str:
    """Return the SHA-256 of the table that a delta is from. Raises BookError on bytes that are no delta."""
    if data[: len(MAGIC)] != MAGIC or len(data) < _HEAD:
        raise BookError("these bytes are no delta of a price book: they do not begin with AISLEPD1")
    return data[len(MAGIC) : _HEAD].hex()


def unpack(table: Table, sha256: str, data: bytes) -> Delta:
    """Return what a delta says against the table of that hash.

    Raises BookError on bytes that are no delta, on one from another table, and on what the table contradicts.
    """
    found = base_of(data)
    if found != sha256:
        raise BookError(f"the delta is from table {found[:12]}, this is table {sha256[:12]}")
    try:
        body = msgspec.msgpack.decode(unsqueeze(data[_HEAD:]), type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise BookError(f"the delta is damaged: {exc}") from exc
    if len(body.numbers) != len(NUMBERS) or len(body.texts) != len(TEXTS):
        raise BookError(f"the delta has {len(body.numbers)} numbers and {len(body.texts)} texts for each row")
    changed = decode_ascending(body.changed, len(table))
    gone = decode_ascending(body.gone, len(table))
    new = decode_ascending(body.new, 10**14)
    if np.any(table.places(new) >= 0):
        raise BookError("the delta calls a product new that the table has")
    if len(np.intersect1d(changed, gone, assume_unique=True)):
        raise BookError("the delta calls a product both changed and gone")
    columns = _patched(table.columns, body, changed, new)
    columns.check()
    return Delta(columns, frozenset(f"{gtin:014d}" for gtin in table.columns.gtin[gone].tolist()))


def _patched(old: Columns, body: _Body, changed: Places, new: Places) -> Columns:
    gtin = np.concatenate([old.gtin[changed], new])
    order = np.argsort(gtin, kind="stable")
    numbers: dict[str, NDArray[np.int64]] = {}
    for name, number in zip(NUMBERS, body.numbers, strict=True):
        values = _expected(old, name, changed, numbers.get("price_minor", np.zeros(len(gtin), np.int64)))
        differs = decode_bits(number.differs, len(gtin))
        values[differs] += decode_values(number.by, int(differs.sum()))
        if len(gtin) and (values.min() < 0 or values.max() > MOST_NUMBER):
            raise BookError(f"the delta makes a {name} that is below 0 or above {MOST_NUMBER}")
        numbers[name] = values
    texts, places = {}, {}
    for name, said in zip(TEXTS, body.texts, strict=True):
        texts[name], found = _patched_words(old, name, changed, said, len(gtin))
        places[name] = found[order]
    names, ends = {}, {}
    for language, said in sorted(body.names.items()):
        pieces = [*_names(old, language, changed), *[b""] * len(new)]
        for place, text in zip(*_differing(said, len(gtin)), strict=True):
            pieces[place] = text.encode()
        pieces = [pieces[at] for at in order.tolist()]
        names[language], ends[language] = b"".join(pieces), ends_of(pieces)
    return without_unused_languages(
        Columns(
            gtin=gtin[order],
            numbers={name: found[order].astype(np.uint32) for name, found in numbers.items()},
            places=places,
            texts=texts,
            name_ends=ends,
            names=names,
        )
    )


def _expected(old: Columns, name: str, changed: Places, price: "NDArray[np.int64]") -> "NDArray[np.int64]":
    found = np.zeros(len(price), np.int64)
    found[: len(changed)] = old.numbers[name][changed]
    if name != "floor_minor":
        return found
    was = np.zeros(len(price), np.int64)
    was[: len(changed)] = old.numbers["price_minor"][changed]
    # The price law's `next_floor` without a proof; a new product has no floor yet, its price is one.
    lower = np.where(was > 0, np.minimum(was, found), price)
    return np.where(price != was, lower, found)


def _numbers(by: "NDArray[np.int64]") -> _Numbers:
    return _Numbers(code_bits(by != 0), code_values(by[by != 0]))


def _words(columns: Columns, name: str, places: Places) -> list[bytes]:
    texts = columns.texts[name]
    return [texts[place].encode() for place in columns.places[name][places].tolist()]


def _names(columns: Columns, language: str, places: Places) -> list[bytes]:
    if language not in columns.names:
        return [b""] * len(places)
    ends, names = columns.name_ends[language], columns.names[language]
    starts = np.where(places > 0, ends[places - 1], 0)
    return [bytes(names[start:end]) for start, end in zip(starts.tolist(), ends[places].tolist(), strict=True)]


def _texts(now: Sequence[bytes], before: Sequence[bytes]) -> _Texts:
    differs = np.fromiter((one != other for one, other in zip(now, before, strict=True)), bool, len(now))
    some = [now[at].decode("utf-8", "replace") for at in np.flatnonzero(differs).tolist()]
    return _Texts(code_bits(differs), squeeze(msgspec.msgpack.encode(some)))


def _patched_words(
    old: Columns, name: str, changed: Places, said: _Texts, count: int
) -> "tuple[tuple[str, ...], NDArray[np.uint16]]":
    marks, some = _differing(said, count)
    known = (*old.texts[name], "", *some)
    # A new product has no text.
    places = np.full(count, len(old.texts[name]), np.int64)
    places[: len(changed)] = old.places[name][changed]
    places[marks] = len(old.texts[name]) + 1 + np.arange(len(some))
    return dictionary_of(name, known, places)


def _differing(said: _Texts, count: int) -> tuple[list[int], list[str]]:
    """Return which rows have another text than expected, and which."""
    places = np.flatnonzero(decode_bits(said.differs, count)).tolist()
    try:
        some = msgspec.msgpack.decode(unsqueeze(said.texts), type=list[str])
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise BookError(f"the texts of the delta are damaged: {exc}") from exc
    if len(places) != len(some):
        raise BookError(f"the delta brings {len(some)} texts for {len(places)} rows")
    return places, some
