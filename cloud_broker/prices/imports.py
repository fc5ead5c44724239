"""Price lists from elsewhere (CSV, JSON, an ERP's feed): each row is checked, the good ones become one book.

A row that is wrong is rejected with its number, the field and the remedy; the product keeps its old price.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from pydantic import AfterValidator, Field, ValidationError
from sqlalchemy import Connection

from cloud_broker.clock import now_ms
from cloud_broker.prices.current import Library
from cloud_broker.registry.devices import find_store
from cloud_broker.stores.codes import codes_of
from cloud_broker.stores.tables import Row, Rows, numbered, read_rows, whole
from cloud_broker.stores.written import LANGUAGES, Gtin, Names, Written, sentences
from firmware_specs import desired
from firmware_specs.gtin import is_variable_measure
from firmware_specs.instore import InStoreError, StoreProfile, key_of

ABSURD_FACTOR: Final = 100
"""A price this many times higher or lower than before is never taken from a list."""

MOST_MINOR: Final = 10**9
REQUIRED: Final = ("gtin", "price_minor")
OPTIONAL: Final = (
    "currency",
    *(f"name_{language}" for language in LANGUAGES),
    "category",
    "unit",
    "member_minor",
    "content_milli",
    "measure",
)
_WHOLE: Final = ("price_minor", "member_minor", "content_milli")
_KEPT: Final = ("name", "category", "unit", "measure", "member_minor", "content_milli")
"""What a line may leave as it is."""

_STEP: Final = 10_000

Progress = Callable[[int, int], None]
"""Hears how many rows of how many were looked at."""


def _text(value: str) -> str:
    if "\n" in value or "\x00" in value:
        raise ValueError("holds a line break or NUL: leave it out")
    return value


Short = Annotated[str, Field(max_length=200), AfterValidator(_text)]


class Line(Written):
    """One row of a price list. What is left out stays as it is; a new product needs a name."""

    gtin: Gtin
    price_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    name: Names | None = None
    category: Short | None = None
    unit: Short | None = None
    member_minor: Annotated[int, Field(ge=0, le=MOST_MINOR)] | None = None
    content_milli: Annotated[int, Field(ge=0, le=2**32 - 1)] | None = None
    measure: Short | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken, as its list counts."""

    row: int
    gtin: str
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A list, looked at: what it would change, and what is wrong with it."""

    rows: int
    news: tuple[desired.Row, ...]
    rejected: tuple[Rejected, ...]


def read_list(path: Path) -> Rows:
    """Return the rows of a CSV or JSON file. Raises TableError for a file of another shape."""
    return read_rows(path, required=REQUIRED, optional=OPTIONAL, typed=_cells)


def rows_of(body: Any) -> Rows:
    """Return the rows of a feed: an array of objects, or an object whose `items` is one. Raises TableError."""
    return numbered(body.get("items") if isinstance(body, dict) else body)


def check_rows(
    connection: Connection,
    library: Library,
    store: str,
    rows: Rows,
    *,
    progress: Progress = lambda done, of: None,
) -> Checked:
    """Check every row against the store's book, for `put_rows` afterwards. Raises UnknownError for an unknown store."""
    currency = find_store(connection, store).currency
    profile = codes_of(connection, library.publisher, store)
    standing = library.current(connection, store, now_ms())
    good, rejected = _checked(rows, standing, currency, profile, progress)
    news = tuple(row for row in good if standing.get(row.gtin) != row)
    return Checked(len(rows), news, rejected)


def check_lines(rows: Rows, currency: str) -> tuple[tuple[desired.Row, ...], tuple[Rejected, ...]]:
    """Check the rows of a list by itself, where there is no book before it."""
    return _checked(rows, {}, currency, StoreProfile(store="none"), lambda done, of: None)


def _checked(
    rows: Rows, standing: Mapping[str, desired.Row], currency: str, profile: StoreProfile, progress: Progress
) -> tuple[tuple[desired.Row, ...], tuple[Rejected, ...]]:
    good: dict[str, desired.Row] = {}
    first: dict[str, int] = {}
    doubled: set[str] = set()
    rejected: list[Rejected] = []
    for done, (number, raw) in enumerate(rows):
        if done % _STEP == 0:
            progress(done, len(rows))
        try:
            line = Line.model_validate(raw)
            line = line.model_copy(update={"gtin": key_of(line.gtin, profile)})
        except (ValidationError, InStoreError) as exc:
            reason = "; ".join(sentences(exc)) if isinstance(exc, ValidationError) else f"gtin: {exc}"
            rejected.append(Rejected(number, str(raw.get("gtin", ""))[:40], reason[:500]))
            continue
        reason = _why_not(line, standing.get(line.gtin), currency)
        if line.gtin in first:
            reason = f"gtin: {line.gtin} stands in row {first[line.gtin]} already; neither is taken"
            if good.pop(line.gtin, None) is not None:
                doubled.add(line.gtin)
        elif not reason:
            good[line.gtin] = _row(line, standing.get(line.gtin))
        first.setdefault(line.gtin, number)
        if reason:
            rejected.append(Rejected(number, line.gtin, reason))
    progress(len(rows), len(rows))
    rejected += [Rejected(first[gtin], gtin, f"gtin: {gtin} stands there again; neither is taken") for gtin in doubled]
    return tuple(good.values()), tuple(sorted(rejected, key=lambda each: each.row))


def rejected_csv(rejected: tuple[Rejected, ...]) -> Iterator[str]:
    """Yield the rejected rows as CSV, line by line."""
    for cells in (("row", "gtin", "reason"), *((each.row, each.gtin, each.reason) for each in rejected)):
        text = io.StringIO()
        csv.writer(text).writerow([_harmless(cell) for cell in cells])
        yield text.getvalue()


def _harmless(cell: object) -> object:
    # A spreadsheet would take such a text for a formula.
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell


def _why_not(line: Line, product: desired.Row | None, currency: str) -> str:
    if line.currency not in (None, currency):
        return f"currency: {line.currency}, the store's is {currency}"
    if line.member_minor and line.member_minor >= line.price_minor:
        return f"member_minor: {line.member_minor} is not below price_minor {line.price_minor}"
    if line.content_milli and is_variable_measure(line.gtin):
        return "content_milli: leave it out: what is in a pack of variable measure stands in its code"
    if product is None:
        return "" if line.name else f"name: the store does not know {line.gtin}, so it needs a name"
    low, high = sorted((line.price_minor, product.price_minor))
    if high >= low * ABSURD_FACTOR:
        return (
            f"price_minor: {product.price_minor} → {line.price_minor} is {high // low} times: correct it, "
            "or change this price by hand"
        )
    return ""


def _row(line: Line, product: desired.Row | None) -> desired.Row:
    said = {name: value for name in _KEPT if (value := getattr(line, name)) is not None}
    if is_variable_measure(line.gtin) and line.measure:
        # The price buys one measure; what a pack holds is weighed.
        said["unit"] = line.measure
    if product is None:
        return desired.Row(gtin=line.gtin, price_minor=line.price_minor, floor_minor=line.price_minor, **said)
    if line.price_minor != product.price_minor:
        # A struck-out price belongs to the reduction that it was shown for.
        said |= {"price_minor": line.price_minor, "was_minor": 0}
    return msgspec.structs.replace(product, **said)


def _cells(cells: Row) -> Row:
    row: Row = {key: cell for key, cell in cells.items() if cell and not key.startswith("name_")}
    names = {key[5:]: cell for key, cell in cells.items() if key.startswith("name_") and cell}
    if names:
        row["name"] = names
    return {**row, **{key: whole(cells[key]) for key in _WHOLE if cells.get(key)}}
