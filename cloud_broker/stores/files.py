"""Reads a store file and the files it names, and finds everything that is wrong before anything is done."""

import json
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError

from cloud_broker.stores.floor import check_site
from cloud_broker.stores.tables import Row, Rows, TableError, decimal, read_json, read_rows, read_text, whole
from cloud_broker.stores.written import LANGUAGES, Head, Label, OwnCodes, Product, StoreFile, sentences
from cloud_broker.surveys.publish import check_survey, read_survey
from firmware_specs.desired import Site
from firmware_specs.instore import InStoreError, StoreProfile, key_of
from firmware_specs.surveyed import Survey

M = TypeVar("M", bound=BaseModel)
P = TypeVar("P", Product, Label)

MOST_SHOWN = 30


class StoreFileError(ValueError):
    """A store that cannot be opened: a line for each wrong place, with its file, row and key."""

    def __init__(self, wrong: Sequence[str]) -> None:
        more = [f"… and {len(wrong) - MOST_SHOWN} more"] * (len(wrong) > MOST_SHOWN)
        super().__init__("\n".join([*wrong[:MOST_SHOWN], *more]))
        self.wrong = tuple(wrong)


@dataclass(frozen=True, slots=True)
class Store:
    """A store as written, every part checked against the others."""

    head: Head
    site: Site
    products: tuple[Product, ...]
    labels: tuple[Label, ...]
    survey: Survey | None = None


def read_store(path: Path) -> Store:
    """Return the store in a store file. Raises StoreFileError with all that is wrong in it and its tables."""
    written = _written(path, StoreFile)
    wrong: list[str] = []
    folder = path.parent

    def taken(name: Path, read: Callable[[Path], Any], instead: Any) -> Any:
        try:
            return read(folder / name)
        except TableError as exc:
            wrong.append(f"{name}: {exc}")
            return instead

    def products(file: Path) -> Rows:
        columns = ("gtin", *(f"name_{language}" for language in LANGUAGES), "price_minor")
        return read_rows(file, required=columns, optional=("category", "unit", "measure"), typed=_product_cells)

    def labels(file: Path) -> Rows:
        return read_rows(
            file, required=("id", "address", "gtin", "x_m", "y_m"), optional=("panel",), typed=_label_cells
        )

    raw_site = taken(written.site, read_json, None)
    product_rows: Rows | None = taken(written.products, products, None)
    label_rows: Rows = taken(written.labels, labels, []) if written.labels is not None else []
    raw_survey = taken(written.survey, read_json, None) if written.survey is not None else None
    names = (str(written.site), str(written.products), str(written.labels), str(written.survey))
    # What could not be read at all is said above; the rest is checked all the same.
    return _checked(
        Head.model_validate(written.model_dump(exclude={"site", "products", "labels", "survey"})),
        raw_site,
        product_rows,
        label_rows,
        raw_survey,
        names=names,
        wrong=wrong,
    )


def read_codes(path: Path) -> OwnCodes:
    """Return how a store prints its own codes, from TOML or JSON. Raises StoreFileError."""
    return _written(path, OwnCodes)


def _written(path: Path, of: type[M]) -> M:
    try:
        text = read_text(path)
        return of.model_validate(tomllib.loads(text) if path.suffix == ".toml" else json.loads(text))
    except ValidationError as exc:
        raise StoreFileError([f"{path}: {line}" for line in sentences(exc)]) from exc
    except TableError as exc:
        raise StoreFileError([f"{path}: {exc}"]) from exc
    except (ValueError, RecursionError) as exc:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise StoreFileError([f"{path}: not {kind}: {exc}"]) from exc


def check_store(head: Head, site: Any, products: Rows, labels: Rows, survey: Any = None) -> Store:
    """Return a store from what its files would hold. Raises StoreFileError as `read_store` does."""
    names = ("site", "products", "labels", "survey")
    return _checked(head, site, products, labels, survey, names=names, wrong=[])


def _checked(
    head: Head,
    site: Any,
    products: Rows | None,
    labels: Rows,
    raw_survey: Any,
    *,
    names: tuple[str, str, str, str],
    wrong: list[str],
) -> Store:
    floor: Site | None = None
    if site is not None:
        floor, complaints = check_site(head.id, head.name, site)
        if complaints:
            wrong += [f"{names[0]}: {line}" for line in complaints]
            floor = None
    profile = head.codes.profile(head.id)
    sold = _keyed(_models(Product, products or [], names[1], wrong), names[1], profile, wrong)
    if products == []:
        wrong.append(f"{names[1]}: no products; a store sells at least one")
    hung = _keyed(_models(Label, labels, names[2], wrong), names[2], profile, wrong)
    _refuse_doubles(((number, row.gtin) for number, row in sold), names[1], "gtin", wrong)
    _refuse_doubles(((number, row.id) for number, row in hung), names[2], "id", wrong)
    _refuse_doubles(((number, row.address) for number, row in hung), names[2], "address", wrong)
    gtins = {row.gtin for _, row in sold}
    for number, row in hung:
        # A wrong row among the products has been named: its labels are not wrong because of it.
        if gtins and len(sold) == len(products or []) and row.gtin not in gtins:
            wrong.append(f"{names[2]}, row {number}: gtin: {row.gtin} is not among the products")
        if floor is not None and not (0 <= row.x_m <= floor.width_m and 0 <= row.y_m <= floor.height_m):
            wrong.append(
                f"{names[2]}, row {number}: x_m, y_m: ({row.x_m:g}, {row.y_m:g}) lies outside the store, "
                f"which is {floor.width_m:g} x {floor.height_m:g} m"
            )
    heard = None if raw_survey is None else _survey(raw_survey, floor, names[3], wrong)
    if wrong or floor is None:
        # Without a floor something above says why.
        raise StoreFileError(wrong)
    return Store(head, floor, tuple(row for _, row in sold), tuple(row for _, row in hung), heard)


def _survey(raw: Any, floor: Site | None, name: str, wrong: list[str]) -> Survey | None:
    try:
        survey = read_survey(raw)
    except msgspec.ValidationError as exc:
        wrong.append(f"{name}: {exc}")
        return None
    if floor is not None:
        wrong += [f"{name}: {line}" for line in check_survey(floor, survey)]
    return survey


def _models(of: type[M], rows: Rows, name: str, wrong: list[str]) -> list[tuple[int, M]]:
    found: list[tuple[int, M]] = []
    for number, row in rows:
        try:
            found.append((number, of.model_validate(row)))
        except ValidationError as exc:
            wrong += [f"{name}, row {number}: {line}" for line in sentences(exc)]
    return found


def _keyed(rows: list[tuple[int, P]], name: str, profile: StoreProfile, wrong: list[str]) -> list[tuple[int, P]]:
    found: list[tuple[int, P]] = []
    for number, row in rows:
        try:
            found.append((number, row.model_copy(update={"gtin": key_of(row.gtin, profile)})))
        except InStoreError as exc:
            wrong.append(f"{name}, row {number}: gtin: {exc}")
    return found


def _refuse_doubles(values: Iterable[tuple[int, str]], name: str, key: str, wrong: list[str]) -> None:
    first: dict[str, int] = {}
    for number, value in values:
        if first.setdefault(value, number) != number:
            wrong.append(f"{name}, row {number}: {key}: {value} stands in row {first[value]} already")


def _product_cells(cells: Row) -> Row:
    row = {key: cell for key, cell in cells.items() if not key.startswith("name_")}
    row["name"] = {key[5:]: cell for key, cell in cells.items() if key.startswith("name_") and cell}
    return {**row, "price_minor": whole(cells["price_minor"])}


def _label_cells(cells: Row) -> Row:
    # An empty cell in a column that may be absent says as little as the absent column.
    said = {name: cell for name, cell in cells.items() if name != "panel" or cell}
    return {**said, "x_m": decimal(cells["x_m"]), "y_m": decimal(cells["y_m"])}
