"""The bays of a store: planograms as people upload them, checked against what the store sells, and pushed."""

import io
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec
from PIL import Image
from sqlalchemy import Connection, delete, insert, select

from cloud_broker.blobs.store import BlobStore
from cloud_broker.clock import now_ms
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state import tables
from cloud_broker.state.tables import bays
from firmware_specs.bays import MOST_FRONT_BYTES, Bay, Bays, Front
from firmware_specs.planogram import Planogram, PlanogramError, Product, decode_planogram, picture_files

MOST_PLAN_BYTES: Final = 4 * 2**20
_MOST_PX: Final = 40_000_000
_MOST_NAMED: Final = 5


class BayError(ValueError):
    """A bay that cannot be; `field` names what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def read_plan(data: bytes, unit: str) -> Planogram:
    """Return the planogram in an uploaded file. Raises BayError."""
    if len(data) > MOST_PLAN_BYTES:
        raise BayError("plan", f"at most {MOST_PLAN_BYTES // 2**20} MiB: give one bay at a time")
    try:
        return decode_planogram(data, unit=unit)
    except PlanogramError as exc:
        raise BayError("plan", str(exc)) from exc


def check_sold(connection: Connection, store: str, plan: Planogram) -> None:
    """Raise BayError for a planogram that names what the store does not sell."""
    known = {product.gtin for product in plan.known}
    where = (tables.products.c.store == store, tables.products.c.gone.is_(False), tables.products.c.gtin.in_(known))
    sold = set(connection.execute(select(tables.products.c.gtin).where(*where)).scalars())
    strange = [product for product in plan.known if product.gtin not in sold]
    if strange:
        named = ", ".join(f"{one.gtin} {one.name}".strip() for one in strange[:_MOST_NAMED])
        more = f" and {len(strange) - _MOST_NAMED} more" if len(strange) > _MOST_NAMED else ""
        raise BayError("plan", f"not in the store's price book: {named}{more}; import them, or take them out")


def keep_fronts(blobs: BlobStore, plan: Planogram, pictures: Mapping[str, bytes]) -> list[Front]:
    """Keep the picture of every product that may be recognised; slow, so outside of any transaction.

    Args:
        pictures: files by their names: as the planogram names them, or by GTIN. Raises BayError.
    """
    named = {PurePosixPath(name.replace("\\", "/")).name.lower(): data for name, data in pictures.items()}
    fronts = []
    for product in plan.known:
        found = next((named[name] for name in _names(product) if name in named), None)
        if found is None:
            raise BayError(
                "pictures", f"no picture of {product.gtin} {product.name}: add {product.gtin}.png, or name its file"
            )
        _check_picture(product, found)
        fronts.append(Front(gtin=product.gtin, sha256=blobs.put(found), size=len(found)))
    return fronts


def put_bay(connection: Connection, publisher: Publisher, store: str, bay: Bay, by: str) -> None:
    """Make a bay the store's, in place of the one of its id."""
    connection.execute(delete(bays).where(bays.c.store == store, bays.c.id == bay.id))
    connection.execute(
        insert(bays).values(store=store, id=bay.id, body=msgspec.to_builtins(bay), by=by, made_ms=now_ms())
    )
    _publish(connection, publisher, store)


def remove_bay(connection: Connection, publisher: Publisher, store: str, bay: str) -> None:
    """Take a bay out. Raises UnknownError."""
    if not connection.execute(delete(bays).where(bays.c.store == store, bays.c.id == bay)).rowcount:
        raise UnknownError(f"no bay {bay!r} in store {store!r}")
    _publish(connection, publisher, store)


def find_bay(connection: Connection, store: str, bay: str) -> Bay | None:
    """Return a bay, or None."""
    body = connection.execute(select(bays.c.body).where(bays.c.store == store, bays.c.id == bay)).scalar()
    return None if body is None else msgspec.convert(body, Bay)


def names_of(connection: Connection, store: str, bay: Bay) -> dict[str, dict[str, str]]:
    """Return what a bay's products are called, by their GTIN: as the price book has it, else as the planogram."""
    known = {product.gtin: {"en": product.name} for product in bay.planogram.known if product.name}
    table = tables.products
    query = select(table.c.gtin, table.c.name).where(
        table.c.store == store, table.c.gtin.in_([product.gtin for product in bay.planogram.known])
    )
    return known | {row.gtin: row.name for row in connection.execute(query)}


def views(connection: Connection, store: str) -> list[dict[str, Any]]:
    """Return the bays of a store as the API shows them, each with its last audits, the newest first."""
    rows = connection.execute(select(bays).where(bays.c.store == store).order_by(bays.c.id)).all()
    return [_view(connection, store, row.body, row.by, row.made_ms) for row in rows]


def _view(connection: Connection, store: str, body: dict[str, Any], by: str, made_ms: int) -> dict[str, Any]:
    bay = msgspec.convert(body, Bay)
    table = tables.audits
    query = select(table).where(table.c.store == store, table.c.bay == bay.id).order_by(table.c.at_ms.desc()).limit(30)
    return {
        "id": bay.id,
        "name": bay.name,
        "facings": len(bay.planogram.facings),
        "shelves": len({facing.shelf for facing in bay.planogram.facings}),
        "products": len(bay.planogram.products),
        "by": by,
        "made_ms": made_ms,
        "audits": [audit_view(row) for row in connection.execute(query)],
    }


def audit_view(row: Any) -> dict[str, Any]:
    """Return an audit as the API shows it."""
    return {name: getattr(row, name) for name in ("id", "bay", "by", "at_ms", "facings", "right", "gaps", "wrong")}


def _publish(connection: Connection, publisher: Publisher, store: str) -> None:
    rows = connection.execute(select(bays.c.body).where(bays.c.store == store).order_by(bays.c.id)).scalars()
    all_bays = [msgspec.convert(body, Bay) for body in rows]
    publisher.publish(connection, store, "bays", lambda version: Bays(store=store, version=version, bays=all_bays))


def _names(product: Product) -> list[str]:
    own = [PurePosixPath(product.picture.replace("\\", "/")).name.lower()] if product.picture else []
    return [*own, *picture_files(product.gtin)]


def _check_picture(product: Product, data: bytes) -> None:
    which = f"the picture of {product.gtin} {product.name}"
    if len(data) > MOST_FRONT_BYTES:
        raise BayError("pictures", f"{which}: at most {MOST_FRONT_BYTES // 2**20} MiB; make it smaller")
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.format not in ("PNG", "JPEG", "WEBP"):
                raise BayError("pictures", f"{which} is {picture.format}: give PNG, JPEG or WebP")
            if picture.width * picture.height > _MOST_PX:
                raise BayError("pictures", f"{which} has {picture.width} × {picture.height} pixels: make it smaller")
            picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as exc:
        if isinstance(exc, BayError):
            raise
        raise BayError("pictures", f"{which} cannot be read: give PNG, JPEG or WebP") from exc
