"""A table and a delta made into the next table: the same bytes that its rows would give, without making the rows."""

import numpy as np
from numpy.typing import NDArray

from firmware_specs.pricebook.columns import NUMBERS, TEXTS, Columns, dictionary_of, without_unused_languages
from firmware_specs.pricebook.delta import Delta, hidden
from firmware_specs.pricebook.table import Table


def merge(table: Table, delta: Delta) -> Columns:
    """Return the columns of a table with a delta put into it. Raises BookError where it does not fit."""
    old, new = table.columns, delta.columns
    kept = np.ones(len(table), bool)
    kept[hidden(table, delta)] = False
    gtin = np.concatenate([old.gtin[kept], new.gtin])
    # Stable, and both parts are ascending: nearly in order already.
    order = np.argsort(gtin, kind="stable")
    texts, places_of = {}, {}
    for name in TEXTS:
        texts[name], places_of[name] = _texts(old, new, name, kept, order)
    languages = sorted({*old.languages, *new.languages})
    names = {language: _names(old, new, language, kept, order) for language in languages}
    merged = Columns(
        gtin=gtin[order],
        numbers={name: np.concatenate([old.numbers[name][kept], new.numbers[name]])[order] for name in NUMBERS},
        places=places_of,
        texts=texts,
        name_ends={language: ends for language, (ends, _) in names.items()},
        names={language: found for language, (_, found) in names.items()},
    )
    merged.check()
    return without_unused_languages(merged)


def _texts(
    old: Columns, new: Columns, name: str, kept: "NDArray[np.bool_]", order: "NDArray[np.int64]"
) -> "tuple[tuple[str, ...], NDArray[np.uint16]]":
    known = (*old.texts[name], *new.texts[name])
    places = np.concatenate(
        [old.places[name][kept].astype(np.int64), new.places[name].astype(np.int64) + len(old.texts[name])]
    )
    texts, found = dictionary_of(name, known, places)
    return texts, found[order]


def _names(
    old: Columns, new: Columns, language: str, kept: "NDArray[np.bool_]", order: "NDArray[np.int64]"
) -> "tuple[NDArray[np.uint32], bytes]":
    old_starts, old_ends, old_names = _runs(old, language)
    new_starts, new_ends, new_names = _runs(new, language)
    starts = np.concatenate([old_starts[kept], new_starts + len(old_names)])[order]
    ends = np.concatenate([old_ends[kept], new_ends + len(old_names)])[order]
    # Names that stood behind each other and still do are copied in one piece.
    breaks = np.flatnonzero(starts[1:] != ends[:-1]) + 1
    firsts, lasts = [0, *breaks.tolist()], [*(breaks - 1).tolist(), len(starts) - 1]
    pieces = []
    if len(starts):
        for start, end in zip(starts[firsts].tolist(), ends[lasts].tolist(), strict=True):
            pieces.append(_cut(old_names, new_names, start, end))
    return np.cumsum(ends - starts).astype(np.uint32), b"".join(pieces)


def _cut(old: memoryview, new: memoryview, start: int, end: int) -> bytes:
    # A run may go from the last old name into the first new one.
    return bytes(old[start:end]) + bytes(new[max(0, start - len(old)) : max(0, end - len(old))])


def _runs(columns: Columns, language: str) -> "tuple[NDArray[np.int64], NDArray[np.int64], memoryview]":
    if language not in columns.names:
        nothing = np.zeros(len(columns.gtin), np.int64)
        return nothing, nothing, memoryview(b"")
    ends = columns.name_ends[language].astype(np.int64)
    return np.concatenate([[0], ends[:-1]])[: len(ends)], ends, memoryview(columns.names[language])
