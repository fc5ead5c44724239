"""The columns of a table of prices: one array for each field, all in the order of their GTINs.

Money is in minor units, little-endian, at most 2³²−1. Texts that many products share (category, unit,
measure, promotions) stand once in a dictionary, sorted, and rows hold their places; names stand one
behind the other in UTF-8, one run for each language, and rows hold where theirs ends.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from firmware_specs.desired import Row

NUMBERS = ("price_minor", "floor_minor", "member_minor", "was_minor", "content_milli")
"""Columns of uint32: money, and the content in thousandths of the measure."""

TEXTS = ("category", "unit", "measure", "promotions")
"""Columns of uint16: places in the dictionary of that name."""

MOST_NUMBER = 2**32 - 1
MOST_TEXTS = 2**16
MOST_ROWS = 2**24
SEPARATOR = "\n"
"""Stands between the ids of a row's promotions; no text may hold it."""


class BookError(ValueError):
    """Bytes or rows that make no price book; the text names what and where."""


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns of a table.

    `gtin`: shape (n,), int64, ascending. `numbers[name]`: shape (n,), uint32. `places[name]`: shape (n,), uint16,
    into `texts[name]`. `name_ends[language]`: shape (n,), uint32, where each name ends in `names[language]`.
    """

    gtin: NDArray[np.int64]
    numbers: Mapping[str, NDArray[np.uint32]]
    places: Mapping[str, NDArray[np.uint16]]
    texts: Mapping[str, tuple[str, ...]]
    name_ends: Mapping[str, NDArray[np.uint32]]
    names: Mapping[str, bytes | memoryview]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the names, sorted."""
        return tuple(sorted(self.names))

    def check(self) -> None:
        """Raise BookError where a reader would be led astray."""
        count = len(self.gtin)
        if count > MOST_ROWS:
            raise BookError(f"{count} products: at most {MOST_ROWS}")
        if count and (self.gtin[0] < 0 or self.gtin[-1] >= 10**14):
            raise BookError("a GTIN has more than 14 digits")
        if not bool(np.all(self.gtin[1:] > self.gtin[:-1])):
            at = int(np.argmax(self.gtin[1:] <= self.gtin[:-1]))
            raise BookError(f"product {self.gtin[at + 1]:014d} stands there twice, or out of order")
        if count and int(self.numbers["price_minor"].min()) < 1:
            at = int(self.numbers["price_minor"].argmin())
            raise BookError(f"product {self.gtin[at]:014d} has no price")
        if count and int(self.numbers["floor_minor"].min()) < 1:
            at = int(self.numbers["floor_minor"].argmin())
            raise BookError(f"product {self.gtin[at]:014d} has no floor")
        for name, places in self.places.items():
            if count and int(places.max()) >= len(self.texts[name]):
                raise BookError(f"a row names {name} {int(places.max())}, there are {len(self.texts[name])}")
        for language, ends in self.name_ends.items():
            size = len(self.names[language])
            if bool(np.any(ends[1:] < ends[:-1])) or (int(ends[-1]) if count else 0) != size:
                raise BookError(f"the names in {language!r} do not end where their {size} bytes do")


def columns_of(rows: Iterable[Row]) -> Columns:
    """Return rows as columns. Raises BookError for a product that stands there twice, or does not fit."""
    ordered = sorted(rows, key=lambda row: row.gtin)
    languages = sorted({language for row in ordered for language in row.name})
    gtin = np.fromiter((int(row.gtin) for row in ordered), np.int64, len(ordered))
    texts = {name: tuple(sorted({text_of(row, name) for row in ordered})) for name in TEXTS}
    for name, found in texts.items():
        if len(found) > MOST_TEXTS:
            raise BookError(f"{len(found)} different texts of {name}: at most {MOST_TEXTS}")
    known = {name: {text: place for place, text in enumerate(found)} for name, found in texts.items()}
    names = {language: [row.name.get(language, "").encode() for row in ordered] for language in languages}
    columns = Columns(
        gtin=gtin,
        numbers={name: _numbers(ordered, name) for name in NUMBERS},
        places={
            name: np.fromiter((known[name][text_of(row, name)] for row in ordered), np.uint16, len(ordered))
            for name in TEXTS
        },
        texts=texts,
        name_ends={language: ends_of(found) for language, found in names.items()},
        names={language: b"".join(found) for language, found in names.items()},
    )
    columns.check()
    return columns


def text_of(row: Row, name: str) -> str:
    """Return a row's text as its dictionary has it; `name` is one of `TEXTS`."""
    if name == "promotions":
        return SEPARATOR.join(row.promotions)
    text: str = getattr(row, name)
    return text


def _numbers(rows: list[Row], name: str) -> NDArray[np.uint32]:
    for row in rows:
        if not 0 <= getattr(row, name) <= MOST_NUMBER:
            raise BookError(f"product {row.gtin}: {name} is {getattr(row, name)}, at most {MOST_NUMBER}")
    return np.fromiter((getattr(row, name) for row in rows), np.uint32, len(rows))


def ends_of(names: Sequence[bytes]) -> NDArray[np.uint32]:
    """Return where each name ends when they stand one behind the other. Raises BookError for too many bytes."""
    ends = np.cumsum(np.fromiter((len(name) for name in names), np.int64, len(names)))
    if len(ends) and int(ends[-1]) > MOST_NUMBER:
        raise BookError(f"the names take {int(ends[-1])} bytes: at most {MOST_NUMBER}")
    return ends.astype(np.uint32)


def dictionary_of(
    name: str, known: Sequence[str], places: NDArray[np.int64]
) -> tuple[tuple[str, ...], NDArray[np.uint16]]:
    """Return the dictionary of those texts of `known` that `places` name, and where they stand in it."""
    used = np.unique(places).tolist()
    texts = sorted({known[place] for place in used})
    if len(texts) > MOST_TEXTS:
        raise BookError(f"{len(texts)} different texts of {name}: at most {MOST_TEXTS}")
    place_of = {text: place for place, text in enumerate(texts)}
    moved = np.zeros(len(known), np.uint16)
    moved[used] = [place_of[known[place]] for place in used]
    return tuple(texts), moved[places]


def without_unused_languages(columns: Columns) -> Columns:
    """Return columns without the languages in which no product has a name."""
    languages = [language for language in columns.languages if len(columns.names[language])]
    if len(languages) == len(columns.languages):
        return columns
    ends = {language: columns.name_ends[language] for language in languages}
    return replace(columns, name_ends=ends, names={language: columns.names[language] for language in languages})
