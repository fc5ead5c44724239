"""Tables that people keep in a spreadsheet (CSV) or a program writes (JSON), as rows with their numbers.

In a CSV the header is row 1, as a spreadsheet counts; in JSON the first object is row 1.
"""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Rows = list[tuple[int, Row]]

MOST_BYTES = 64 * 1024 * 1024


class TableError(ValueError):
    """A file that is no such table; the text says what was expected."""


def read_text(path: Path) -> str:
    """Return a file's text. Raises TableError when it cannot be read or is not UTF-8."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TableError(f"larger than {MOST_BYTES // 2**20} MiB")
        # Spreadsheets put a byte order mark in front.
        return path.read_text("utf-8-sig")
    except OSError as exc:
        raise TableError(str(exc.strerror or exc)) from exc
    except UnicodeDecodeError as exc:
        raise TableError(f"not UTF-8 at byte {exc.start}: save it as CSV UTF-8") from exc


def read_json(path: Path) -> Any:
    """Return what a JSON file holds. Raises TableError."""
    try:
        return json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as exc:
        raise TableError(f"not JSON: {exc}") from exc


def read_rows(path: Path, *, required: Sequence[str], optional: Sequence[str], typed: Callable[[Row], Row]) -> Rows:
    """Return the rows of a CSV or JSON file. `typed` makes a CSV row's texts into what they mean.

    Raises TableError on a file of another shape; what stands in a row is for the caller to check.
    """
    if path.suffix.lower() == ".json":
        return numbered(read_json(path))
    if path.suffix.lower() != ".csv":
        raise TableError("expected a name that ends in .csv or .json")
    return _csv_rows(read_text(path), required, optional, typed)


def numbered(rows: Any) -> Rows:
    """Return the objects of a JSON array with their numbers. Raises TableError."""
    if not isinstance(rows, list):
        raise TableError("expected an array of objects")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise TableError(f"row {number}: expected an object")
    return list(enumerate(rows, 1))


def _csv_rows(text: str, required: Sequence[str], optional: Sequence[str], typed: Callable[[Row], Row]) -> Rows:
    try:
        lines = list(csv.reader(text.splitlines(keepends=True), strict=True))
    except csv.Error as exc:
        raise TableError(f"not CSV: {exc}") from exc
    header = [cell.strip() for cell in lines[0]] if lines else []
    known = {*required, *optional}
    missing = [name for name in required if name not in header]
    strange = sorted({name for name in header if name not in known or header.count(name) > 1})
    if missing or strange:
        wrong = [f"no column {', '.join(missing)}"] * bool(missing)
        wrong += [f"unknown or doubled: {', '.join(map(repr, strange))}"] * bool(strange)
        raise TableError(f"row 1: {'; '.join(wrong)}; the columns are {', '.join([*required, *optional])}")
    rows: Rows = []
    for number, cells in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise TableError(f"row {number}: {len(cells)} cells, the header has {len(header)}")
        rows.append((number, typed({name: cell.strip() for name, cell in zip(header, cells, strict=True)})))
    return rows


def whole(text: str) -> int | str:
    """Return a cell's whole number, or its text where it is none."""
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) < 20 else text


def decimal(text: str) -> float | str:
    """Return a cell's decimal number, or its text where it is none."""
    try:
        return float(text)
    except ValueError:
        return text
