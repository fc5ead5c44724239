"""`cloud-broker pricebook …` and `basket price`: books as folders, lists into stores, baskets from files."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine

from cloud_broker.clock import now_ms
from cloud_broker.prices.current import Library
from cloud_broker.prices.folder import Folder, FolderError, differences, read_folder, write_folder
from cloud_broker.prices.imports import check_lines, check_rows, read_list
from cloud_broker.prices.rollback import rollback
from cloud_broker.prices.rows import Put, put_rows
from cloud_broker.registry.authority import open_keys
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError
from cloud_broker.settings import Settings
from cloud_broker.state.engine import make_engine, migrate, reading
from cloud_broker.stores.tables import Rows, TableError
from firmware_specs.desired import Row
from firmware_specs.pricebook.columns import BookError
from firmware_specs.rules.promotions import PriceRequest, PromotionError, price_basket
from firmware_specs.rules.selling import NotSoldError

MOST_SHOWN = 1_000


class CommandError(Exception):
    """What was asked cannot be done; the text names the thing and the remedy."""


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run one of the commands; return its exit status: 0, or 2 with the reason on stderr."""
    deeds: dict[str, Callable[[argparse.Namespace, Settings], dict[str, Any]]] = {
        "build": _build,
        "diff": _diff,
        "show": _show,
        "import": _import,
        "rollback": _rollback,
        "price": _price,
    }
    try:
        answer = deeds[arguments.deed](arguments, settings)
    except (CommandError, FolderError, BookError, UnknownError, PromotionError, NotSoldError) as exc:
        sys.stderr.write(f"{exc.args[0] if isinstance(exc, UnknownError) else exc}\n")
        return 2
    sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return 0


def _build(arguments: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    rows, rejected = check_lines(_rows(arguments.list), arguments.currency)
    if rejected and not arguments.skip_rejected:
        shown = "\n".join(f"row {each.row}: {each.reason}" for each in rejected[:20])
        raise CommandError(
            f"{arguments.list}: {len(rejected)} rows are wrong; correct them, or leave them out with --skip-rejected\n"
            f"{shown}"
        )
    before = read_folder(Path(arguments.before)) if arguments.before else None
    now = now_ms()
    made = write_folder(
        Path(arguments.out),
        rows,
        open_keys(settings.folder / "keys").signer,
        store=arguments.store,
        currency=arguments.currency,
        effective_ms=now if arguments.effective_ms is None else arguments.effective_ms,
        made_ms=now,
        before=before,
    )
    return _about(made) | {"rejected": len(rejected)}


def _diff(arguments: argparse.Namespace, _: Settings) -> dict[str, Any]:
    before, now = read_folder(Path(arguments.before)), read_folder(Path(arguments.now))
    found = list(differences(before.book, now.book))
    return {
        "from": before.manifest.version,
        "to": now.manifest.version,
        "new": sum(old is None for old, _ in found),
        "gone": sum(row is None for _, row in found),
        "changed": sum(old is not None and row is not None for old, row in found),
        "products": [
            {"before": None if old is None else _row(old), "now": None if row is None else _row(row)}
            for old, row in found[:MOST_SHOWN]
        ],
    }


def _show(arguments: argparse.Namespace, _: Settings) -> dict[str, Any]:
    found = read_folder(Path(arguments.folder))
    words = (arguments.find or "").lower().split()
    total, rows = found.book.search(words, 0, arguments.limit)
    return _about(found) | {"matching": total, "products": [_row(row) for row in rows]}


def _import(arguments: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    engine, library = _open(settings)
    rows = _rows(arguments.list)
    with reading(engine) as connection:
        checked = check_rows(connection, library, arguments.store, rows, progress=_progress)
    with engine.begin() as connection:
        put = put_rows(
            connection, library.publisher, arguments.store, checked.news, by="cli", reason=f"import of {arguments.list}"
        )
    for each in checked.rejected:
        sys.stderr.write(f"row {each.row}: {each.reason}\n")
    return _put(put) | {"rows": checked.rows, "rejected": len(checked.rejected)}


def _rollback(arguments: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    engine, library = _open(settings)
    with engine.begin() as connection:
        return _put(rollback(connection, library, arguments.store, arguments.version, by="cli", now_ms=now_ms()))


def _price(arguments: argparse.Namespace, _: Settings) -> dict[str, Any]:
    try:
        data = Path(arguments.file).read_bytes()
        asked = msgspec.json.decode(data, type=PriceRequest)
    except OSError as exc:
        raise CommandError(f"{arguments.file}: {exc.strerror}") from exc
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise CommandError(f"{arguments.file}: {exc}") from exc
    priced = price_basket(asked)
    answer: dict[str, Any] = msgspec.to_builtins(priced)
    return answer


def _rows(path: str) -> Rows:
    try:
        return read_list(Path(path))
    except TableError as exc:
        raise CommandError(f"{path}: {exc}") from exc


def _open(settings: Settings) -> tuple[Engine, Library]:
    engine = make_engine(settings.url)
    migrate(engine)
    keys = open_keys(settings.folder / "keys")
    return engine, Library(Publisher.at(settings.folder, keys.signer))


def _about(found: Folder) -> dict[str, Any]:
    edition = found.edition
    return {
        "store": edition.store,
        "version": edition.version,
        "currency": edition.currency,
        "effective_ms": found.manifest.effective_ms,
        "rows": len(found.book),
        "table": edition.table,
        "snapshot_bytes": edition.snapshot.size,
        "delta_bytes": edition.books[-1].delta.size,
        "step_bytes": [step.delta.size for step in edition.steps],
    }


def _row(row: Row) -> dict[str, Any]:
    value: dict[str, Any] = msgspec.to_builtins(row)
    return value | {"unit_price_minor": row.unit_price_minor}


def _put(put: Put) -> dict[str, Any]:
    return {
        "new": put.new,
        "edited": put.edited,
        "repriced": put.repriced,
        "gone": put.gone,
        "book_version": put.version,
    }


def _progress(done: int, of: int) -> None:
    sys.stderr.write(f"{done} of {of} rows looked at\n")
