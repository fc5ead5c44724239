"""What a shelf must look like: which product stands where, as people write it (CSV) and as space planners do (PSA).

Shelves are counted from the top, positions from the left, both from 1; millimetres, x to the right from the bay's left
edge, heights up from its floor.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from firmware_specs.gtin import GtinError, normal

COLUMNS: Final = (
    "shelf",
    "position",
    "gtin",
    "name",
    "facings",
    "x_mm",
    "shelf_mm",
    "width_mm",
    "height_mm",
    "picture",
)
"""Of the CSV. `shelf_mm` is the height of the board; without `x_mm` products stand side by side from the left.

A line of 0 facings is a product that belongs elsewhere: it is told by name where it stands in a wrong place.
"""

MM: Final = {"in": 25.4, "cm": 10.0, "mm": 1.0}

_MOST_FACINGS: Final = 5_000
_LARGEST_MM: Final = 20_000.0
_PSA_FIRST: Final = "PROSPACE SCHEMATIC FILE"


class PlanogramError(ValueError):
    """A planogram that cannot be used; the text names the line and what to do."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product of a shelf; `picture` is the file that shows its front, empty where the planogram names none."""

    gtin: str
    name: str
    width_mm: float
    height_mm: float
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Facing:
    """One pack in the front row, as planned; `left_mm` and `board_mm` are its lower left corner."""

    shelf: int
    position: int
    product: Product
    left_mm: float
    board_mm: float


@dataclass(frozen=True, slots=True)
class Planogram:
    """A bay's facings, by shelf and from the left, its size, and `others` that may stand there by mistake."""

    facings: tuple[Facing, ...]
    width_mm: float
    height_mm: float
    others: tuple[Product, ...] = ()

    @property
    def products(self) -> tuple[Product, ...]:
        """Each planned product once, in the order of the shelves."""
        return tuple(dict.fromkeys(facing.product for facing in self.facings))

    @property
    def known(self) -> tuple[Product, ...]:
        """Each product that may be recognised once."""
        return tuple(dict.fromkeys((*self.products, *self.others)))


def decode_planogram(data: bytes, *, unit: str = "in") -> Planogram:
    """Return the planogram in a file's bytes, as `read_planogram` does. Raises PlanogramError."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        # Space planners write the code page of Western Windows.
        text = data.decode("cp1252", "replace")
    return read_planogram(text, unit=unit)


def picture_files(gtin: str) -> tuple[str, ...]:
    """Return the names that the picture of a product's front may have where the planogram names none."""
    short = gtin.lstrip("0")
    return tuple(f"{code}.{kind}" for code in (gtin, short.zfill(13), short) for kind in ("png", "jpg", "jpeg", "webp"))


def read_planogram(text: str, *, unit: str = "in") -> Planogram:
    """Return the planogram in a CSV or PSA file. `unit` is what a PSA file measures in, it does not say.

    Raises PlanogramError.
    """
    lines = text.lstrip("\ufeff")
    rows, others = (_psa(lines, MM[unit]), ()) if lines.startswith(_PSA_FIRST) else _csv(lines)
    facings = tuple(sorted(rows, key=lambda one: (one.shelf, one.left_mm)))
    if not facings:
        raise PlanogramError("the planogram has no facings")
    numbered, last = [], (0, 0)
    for facing in facings:
        last = (facing.shelf, last[1] + 1 if last[0] == facing.shelf else 1)
        numbered.append(Facing(facing.shelf, last[1], facing.product, facing.left_mm, facing.board_mm))
    width = max(one.left_mm + one.product.width_mm for one in numbered)
    height = max(one.board_mm + one.product.height_mm for one in numbered)
    return Planogram(tuple(numbered), width, height, others)


def _csv(text: str) -> tuple[list[Facing], tuple[Product, ...]]:
    rows = csv.DictReader(io.StringIO(text))
    missing = {"shelf", "gtin", "shelf_mm", "width_mm", "height_mm"} - set(rows.fieldnames or ())
    if missing:
        raise PlanogramError(f"the first line has to name the columns; missing: {', '.join(sorted(missing))}")
    facings: list[Facing] = []
    ends: dict[int, float] = {}
    known: dict[str, Product] = {}
    try:
        for number, row in enumerate(rows, 2):
            if not any(row.values()):
                continue
            product = _product(number, row)
            if known.setdefault(product.gtin, product) != product:
                raise PlanogramError(f"line {number}: {product.gtin} has another name, size or picture than before")
            count = int(_number(number, "facings", row.get("facings") or "1", 0, 200))
            if count == 0:
                continue
            shelf = int(_number(number, "shelf", row["shelf"], 1, 100))
            left = _number(number, "x_mm", row.get("x_mm") or str(ends.get(shelf, 0.0)), 0, _LARGEST_MM)
            board = _number(number, "shelf_mm", row["shelf_mm"], 0, _LARGEST_MM)
            facings += [Facing(shelf, 0, product, left + turn * product.width_mm, board) for turn in range(count)]
            ends[shelf] = left + count * product.width_mm
            if len(facings) > _MOST_FACINGS:
                raise PlanogramError(f"line {number}: more than {_MOST_FACINGS} facings; give one bay at a time")
    except csv.Error as exc:
        raise PlanogramError(f"is no CSV: {exc}") from exc
    planned = {one.product.gtin for one in facings}
    return facings, tuple(product for gtin, product in known.items() if gtin not in planned)


def _product(number: int, row: Mapping[str, str | None]) -> Product:
    width, height = (_number(number, side, row[side], 5, _LARGEST_MM) for side in ("width_mm", "height_mm"))
    name, picture = ((row.get(column) or "").strip() for column in ("name", "picture"))
    return Product(_gtin(number, row["gtin"]), name, width, height, picture)


def _psa(text: str, mm: float) -> list[Facing]:
    # Of each record a few columns: names and places as the planners' own documentation of the format counts them.
    products: dict[str, Product] = {}
    boards: list[float] = []
    placed: list[tuple[int, str, float, float, int]] = []
    for number, cells in _psa_records(text):
        kind = cells[0]
        if kind == "Product":
            key = cells[1] or cells[2]
            gtin = next((one for one in (cells[2], cells[1]) if one.isdigit() and 8 <= len(one) <= 14), cells[2])
            width = _number(number, "width", cells[5], 0.1, _LARGEST_MM) * mm
            height = _number(number, "height", cells[6], 0.1, _LARGEST_MM) * mm
            products[key] = Product(_gtin(number, gtin), cells[3].strip(), width, height)
        elif kind == "Fixture":
            boards.append(
                (
                    _number(number, "y", cells[6], 0, _LARGEST_MM)
                    + _number(number, "height", cells[7] or "0", 0, _LARGEST_MM)
                )
                * mm
            )
        elif kind == "Position":
            across, up = (
                _number(number, axis, cells[place], 0, _LARGEST_MM) * mm for axis, place in (("x", 4), ("y", 6))
            )
            placed.append(
                (number, cells[1] or cells[2], across, up, int(_number(number, "facings", cells[14] or "1", 1, 200)))
            )
    levels = sorted({round(board, 1) for board in boards} or {round(up, 1) for _, _, _, up, _ in placed}, reverse=True)
    facings: list[Facing] = []
    for number, key, across, up, count in placed:
        product = products.get(key)
        if product is None:
            raise PlanogramError(f"line {number}: position of product {key!r}, which no Product line describes")
        board = min(levels, key=lambda level, up=up: abs(level - up))  # type: ignore[misc]
        shelf = levels.index(board) + 1
        facings += [Facing(shelf, 0, product, across + turn * product.width_mm, board) for turn in range(count)]
    return facings


def _psa_records(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), 1):
        cells = next(csv.reader([line], escapechar="\\", quoting=csv.QUOTE_NONE), [""])
        needed = {"Product": 8, "Fixture": 8, "Position": 15}.get(cells[0])
        if needed is None:
            continue
        if len(cells) < needed:
            raise PlanogramError(f"line {number}: a {cells[0]} of {len(cells)} columns, at least {needed} are needed")
        yield number, cells


def _gtin(number: int, text: str | None) -> str:
    try:
        return normal((text or "").strip())
    except GtinError as exc:
        raise PlanogramError(f"line {number}: {exc}") from exc


def _number(number: int, column: str, text: str | None, least: float, most: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise PlanogramError(f"line {number}: {column} is {(text or '')[:40]!r}, it has to be {least:g} to {most:g}")
    return value
