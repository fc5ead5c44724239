"""A price book as it is read: a table that many books share, under the few rows in which this one differs."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_specs.desired import Row
from firmware_specs.pricebook.delta import Delta, hidden
from firmware_specs.pricebook.table import Table, table_bytes

NOTHING: Final = Delta.of()
"""What differs between a table and itself."""


class Pricebook(Mapping[str, Row]):
    """The rows of a book, by GTIN. Never changes; a look-up costs the same for ten products and for a million.

    Args:
        table: the table.
        delta: what differs from it.
    """

    def __init__(self, table: Table, delta: Delta = NOTHING) -> None:
        self.table = table
        self.patch = Table(table_bytes(delta.columns))
        self.gone = delta.gone
        self._hidden = hidden(table, delta)
        self._count = len(table) - len(self._hidden) + len(self.patch)
        self._differs = bool(len(self.patch) or self.gone)
        # Bound once, for the look-up.
        self._place, self._row = table.place, table.row

    @classmethod
    def of(cls, rows: Iterable[Row]) -> "Pricebook":
        """Return the book of some rows. Raises BookError for a product that stands there twice, or does not fit."""
        return cls(Table.of(rows))

    def __getitem__(self, gtin: str) -> Row:
        found = self.get(gtin)
        if found is None:
            raise KeyError(gtin)
        return found

    # Every unit that is scanned asks for this: `Mapping.get` would raise and catch for each unknown code.
    def get(self, gtin: str, default: Row | None = None) -> Row | None:  # type: ignore[override]
        """Return a product's row."""
        if self._differs:
            at = self.patch.place(gtin)
            if at is not None:
                return self.patch.row(at, gtin)
            if gtin in self.gone:
                return default
        at = self._place(gtin)
        return default if at is None else self._row(at, gtin)

    def __contains__(self, gtin: object) -> bool:
        return gtin in self.patch or (gtin not in self.gone and gtin in self.table)

    def __iter__(self) -> Iterator[str]:
        hidden = {*self.patch, *self.gone}
        return heapq.merge((gtin for gtin in self.table if gtin not in hidden), self.patch)

    def __len__(self) -> int:
        return self._count

    def raised(self) -> tuple[str, ...]:
        """Return the products whose price is above its floor: those whose charge depends on a release."""
        kept = np.setdiff1d(self.table.raised, self._hidden, assume_unique=True)
        gtins = np.concatenate([self.table.columns.gtin[kept], self.patch.columns.gtin[self.patch.raised]])
        return tuple(f"{gtin:014d}" for gtin in np.sort(gtins).tolist())

    def prices(self, gtins: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the price of each of some products, in minor units; 0 for one that is not in the book."""
        found = np.zeros(len(gtins), np.int64)
        for table, is_hidden in ((self.table, True), (self.patch, False)):
            places = table.places(gtins)
            if is_hidden:
                places = np.where(np.isin(places, self._hidden), -1, places)
            is_there = places >= 0
            found[is_there] = table.columns.numbers["price_minor"][places[is_there]]
        return found

    def repriced(self, before: "Pricebook") -> frozenset[str]:
        """Return the products of this book whose price or floor may differ from the book before; no others do."""
        found = {*before.patch, *before.gone}
        if self.table is not before.table:
            found |= _repriced(self.table, before.table)
        return frozenset({*self.patch, *(gtin for gtin in found if gtin in self)})

    def differing(self, other: "Pricebook") -> tuple[str, ...]:
        """Return the products of this book whose rows are not the same in the other, by GTIN; costs what differs."""
        if self.table is other.table:
            candidates = {*self.patch, *other.patch, *self.gone, *other.gone}
        else:
            # Of two tables every row is looked at.
            candidates = set(self)
        return tuple(sorted(gtin for gtin in candidates if gtin in self and other.get(gtin) != self[gtin]))

    def search(self, words: Sequence[str], offset: int, limit: int) -> tuple[int, list[Row]]:
        """Return how many products match all words in lower case (as `Table.matching` does), and a page of them."""
        found = (
            self.table.columns.gtin[np.setdiff1d(_all_matching(self.table, words), self._hidden, assume_unique=True)],
            self.patch.columns.gtin[_all_matching(self.patch, words)],
        )
        gtins = np.sort(np.concatenate(found))
        return len(gtins), [self[f"{gtin:014d}"] for gtin in gtins[offset : offset + limit].tolist()]

    def of_category(self, category: str) -> Iterator[Row]:
        """Yield the products of a category, by GTIN."""
        found = []
        for table, without in ((self.table, self._hidden), (self.patch, self._hidden[:0])):
            texts = table.columns.texts["category"]
            if category in texts:
                places = np.flatnonzero(table.columns.places["category"] == texts.index(category))
                found.append(table.columns.gtin[np.setdiff1d(places, without, assume_unique=True)])
        for gtin in np.sort(np.concatenate(found)).tolist() if found else ():
            yield self[f"{gtin:014d}"]

    def cheapest(self) -> Row | None:
        """Return the product of the lowest price; None for an empty book."""
        found = []
        for table, without in ((self.table, self._hidden), (self.patch, self._hidden[:0])):
            prices = np.delete(table.columns.numbers["price_minor"], without)
            if len(prices):
                at = np.delete(np.arange(len(table)), without)[int(prices.argmin())]
                found.append(table.row(int(at)))
        return min(found, key=lambda row: (row.price_minor, row.gtin), default=None)

    def categories(self) -> tuple[str, ...]:
        """Return every category that a product of the table or the patch has, sorted."""
        return tuple(sorted({*self.table.columns.texts["category"], *self.patch.columns.texts["category"]} - {""}))

    def rows(self) -> Iterator[Row]:
        """Return every row, by GTIN."""
        return (self[gtin] for gtin in self)


def _all_matching(table: Table, words: Sequence[str]) -> "NDArray[np.int64]":
    places = np.arange(len(table), dtype=np.int64)
    for word in words:
        places = np.intersect1d(places, table.matching(word), assume_unique=True)
    return places


def _repriced(now: Table, before: Table) -> set[str]:
    _, here, there = np.intersect1d(now.columns.gtin, before.columns.gtin, assume_unique=True, return_indices=True)
    same = np.ones(len(here), bool)
    for name in ("price_minor", "floor_minor"):
        same &= now.columns.numbers[name][here] == before.columns.numbers[name][there]
    known = np.zeros(len(now), bool)
    known[here[same]] = True
    return {f"{gtin:014d}" for gtin in now.columns.gtin[~known].tolist()}
