"""The books of a store: which there are, who holds them, back to an earlier one; price lists from elsewhere."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, File, Query, UploadFile
from fastapi.responses import StreamingResponse
from sqlalchemy import select

from cloud_broker.api.auth import Manager, Staff, need_store
from cloud_broker.api.bodies.books import Book, Holder, Import, ImportProgress
from cloud_broker.api.bodies.common import Id
from cloud_broker.api.context import Cloud, Context
from cloud_broker.api.errors import ApiError
from cloud_broker.clock import now_ms
from cloud_broker.live import Notice
from cloud_broker.prices.book import MATTER
from cloud_broker.prices.imports import Checked, check_rows, read_list, rejected_csv, rows_of
from cloud_broker.prices.rollback import rollback
from cloud_broker.prices.rows import Put, put_rows
from cloud_broker.prices.running import Running
from cloud_broker.registry.devices import UnknownError, find_store, of_store
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import books, reported
from cloud_broker.stores.tables import Rows, TableError

router = APIRouter(tags=["prices"])

HOLDING = ("cart", "till", "gateway", "screen")


@router.get("/api/stores/{store}/books", response_model=list[Book])
def all_books(
    store: str, cloud: Cloud, person: Staff, limit: int = Query(default=50, ge=1, le=500)
) -> list[dict[str, Any]]:
    """Return the store's books, newest first; `state` is planned, current or past. What was taken back is left out."""
    need_store(person, store)
    now = now_ms()
    with reading(cloud.engine) as connection:
        rows = connection.execute(
            select(books).where(books.c.store == store).order_by(books.c.version.desc()).limit(limit)
        ).all()
    # Every edition names its planned books anew: one of an earlier edition was made again, or taken back.
    newest = max((row.made_ms for row in rows), default=0)
    current = max((row.version for row in rows if row.effective_ms <= now), default=0)
    return [
        {
            "version": row.version,
            "effective_ms": row.effective_ms,
            "made_ms": row.made_ms,
            "by": row.by,
            "reason": row.reason,
            "state": "current" if row.version == current else "planned" if row.effective_ms > now else "past",
        }
        for row in rows
        if row.effective_ms <= now or row.made_ms == newest
    ]


@router.get("/api/stores/{store}/books/holders", response_model=list[Holder])
def holders(store: str, cloud: Cloud, person: Staff) -> list[dict[str, Any]]:
    """Return which book each device holds; pages follow it by the `device` event."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        devices = [row for row in of_store(connection, store) if row.kind in HOLDING]
        # A screen charges nothing and confirms nothing to the price law; it reports what it applied.
        applied = dict(
            connection.execute(
                select(reported.c.device, reported.c.version).where(
                    reported.c.matter == MATTER, reported.c.applied.is_(True)
                )
            )
            .tuples()
            .all()
        )
    return [
        {
            "device": row.id,
            "name": row.name,
            "kind": row.kind,
            "online": row.online,
            "version": applied.get(row.id) if row.book_version is None else row.book_version,
        }
        for row in devices
    ]


@router.post("/api/stores/{store}/books/{version}/rollback", response_model=Import)
def back(store: str, version: int, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Make the rows of an earlier book the store's own again, as a new book."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        put = rollback(connection, cloud.library, store, version, by=person.name, now_ms=now_ms())
    _tell(cloud, store, put)
    return _result(Checked(put.new + put.edited + put.repriced, (), ()), put)


@router.post("/api/stores/{store}/imports/{job}", response_model=Import)
def import_file(
    store: str,
    job: Id,
    cloud: Cloud,
    person: Manager,
    file: Annotated[UploadFile, File(description="CSV or JSON: gtin, price_minor, name_en, name_zh, …")],
) -> dict[str, Any]:
    """Take a price list: good rows become one book, wrong ones are told. `job` is the sender's own id for it."""
    need_store(person, store)
    running = _begin(cloud, store, job)
    suffix = Path(file.filename or "").suffix.lower()
    with tempfile.NamedTemporaryFile(suffix=suffix) as kept:
        shutil.copyfileobj(file.file, kept)
        kept.flush()
        try:
            rows = read_list(Path(kept.name))
        except TableError as exc:
            running.state = "failed"
            raise ApiError(422, "unreadable", f"{file.filename}: {exc}", "file") from exc
    return _import(cloud, store, running, rows, person.name, f"import of {file.filename}"[:500])


@router.post("/api/stores/{store}/feed/{job}", response_model=Import)
def feed(
    store: str, job: Id, cloud: Cloud, person: Manager, body: Annotated[list[dict[str, Any]], Body(max_length=100_000)]
) -> dict[str, Any]:
    """Take price lines from an ERP: the same fields as a list, in JSON."""
    need_store(person, store)
    running = _begin(cloud, store, job)
    return _import(cloud, store, running, rows_of(json.loads(json.dumps(body))), person.name, "feed")


@router.get("/api/stores/{store}/imports/{job}", response_model=ImportProgress)
def progress(store: str, job: str, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Return how far an import is."""
    running = _find(cloud, store, job, person)
    return {"state": running.state, "done": running.done, "of": running.of, "rejected": len(running.rejected)}


@router.get("/api/stores/{store}/imports/{job}/rejected.csv", responses={200: {"content": {"text/csv": {}}}})
def rejected(store: str, job: str, cloud: Cloud, person: Manager) -> StreamingResponse:
    """Return the rows that were not taken, with the reason, as CSV."""
    running = _find(cloud, store, job, person)

    def lines() -> Iterator[bytes]:
        # A spreadsheet knows UTF-8 by this mark.
        yield "\ufeff".encode()
        for line in rejected_csv(running.rejected):
            yield line.encode()

    headers = {"Content-Disposition": f'attachment; filename="rejected-{job}.csv"'}
    return StreamingResponse(lines(), media_type="text/csv", headers=headers)


def _begin(cloud: Context, store: str, job: str) -> Running:
    with reading(cloud.engine) as connection:
        find_store(connection, store)
    running = cloud.imports.begin(job, store)
    if running is None:
        raise ApiError(409, "known", f"import {job} was sent before: ask how far it is, or take another id", "job")
    return running


def _find(cloud: Context, store: str, job: str, person: Manager) -> Running:
    need_store(person, store)
    running = cloud.imports.find(job)
    if running is None or running.store != store:
        raise UnknownError(f"no import {job[:63]} of store {store}")
    return running


def _import(cloud: Context, store: str, running: Running, rows: Rows, by: str, reason: str) -> dict[str, Any]:
    def heard(done: int, of: int) -> None:
        running.done, running.of = done, of

    try:
        running.state = "checking"
        with reading(cloud.engine) as connection:
            checked = check_rows(connection, cloud.library, store, rows, progress=heard)
        running.rejected = checked.rejected
        running.state = "publishing"
        with cloud.engine.begin() as connection:
            put = put_rows(connection, cloud.publisher, store, checked.news, by=by, reason=reason)
    except BaseException:
        running.state = "failed"
        raise
    running.state = "done"
    _tell(cloud, store, put)
    return _result(checked, put)


def _tell(cloud: Context, store: str, put: Put) -> None:
    if put.version is not None:
        cloud.send()
        cloud.tell(Notice("book", store, {"version": put.version}))


def _result(checked: Checked, put: Put) -> dict[str, Any]:
    changed = put.new + put.edited + put.repriced
    return {
        "rows": checked.rows,
        "new": put.new,
        "edited": put.edited,
        "repriced": put.repriced,
        "gone": put.gone,
        "unchanged": checked.rows - len(checked.rejected) - changed,
        "rejected": [{"row": each.row, "gtin": each.gtin, "reason": each.reason} for each in checked.rejected[:100]],
        "rejected_count": len(checked.rejected),
        "group": put.group,
        "book_version": put.version,
    }
