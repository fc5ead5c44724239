"""Which product a label belongs to, as a field tech says it: scan the product, scan the label."""

import re
from typing import Any

from sqlalchemy import Connection, Row, select, update

from cloud_broker.clock import now_ms
from cloud_broker.labels.plan import find_label, publish_plan
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError, of_store
from cloud_broker.state.tables import labels, products
from firmware_specs.gtin import GtinError, normal

_ADDRESS = re.compile(r"[0-9A-F]{12}")


class PairingRefusedError(ValueError):
    """A code that names no product or no label; `field` is the one at fault."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


def pair(connection: Connection, publisher: Publisher, store: str, product: str, label: str) -> tuple[Row[Any], str]:
    """Give a label to a product, both as scanned; return the label joined with its product, and the product before.

    The label shows its old picture until the gateway has brought it to the new one; until then it counts for both.
    Raises PairingRefusedError.
    """
    gtin = product_of(connection, store, product)
    row = _label_of(connection, store, label)
    if row.gtin != gtin:
        connection.execute(
            update(labels)
            .where(labels.c.store == store, labels.c.id == row.id)
            .values(
                gtin=gtin,
                state="pending",
                price_minor=None,
                book_version=None,
                image_sha256=None,
                reason="",
                since_ms=now_ms(),
            )
        )
        publish_plan(connection, publisher, store)
    return find_label(connection, store, row.id), row.gtin


def product_of(connection: Connection, store: str, scanned: str) -> str:
    """Return the GTIN of a product that the store sells, as it was scanned. Raises PairingRefusedError."""
    try:
        gtin = normal(scanned.strip())
    except GtinError as exc:
        raise PairingRefusedError("product", f"this is no product's code: {exc}") from exc
    where = (products.c.store == store, products.c.gtin == gtin, products.c.gone.is_(False))
    if connection.execute(select(products.c.gtin).where(*where)).first() is None:
        raise PairingRefusedError("product", f"this store does not sell {gtin}: take it into the price list first")
    return gtin


def _label_of(connection: Connection, store: str, scanned: str) -> Row[Any]:
    text = scanned.strip()
    bare = text.replace(":", "").upper()
    which = labels.c.id == text.lower()
    if _ADDRESS.fullmatch(bare):
        which |= labels.c.address == ":".join(bare[at : at + 2] for at in range(0, 12, 2))
    row = connection.execute(select(labels).where(labels.c.store == store, which)).first()
    if row is None:
        raise PairingRefusedError(
            "label", f"no label {text[:40]!r} hangs in this store: scan the code on the label itself, or hang it first"
        )
    return row


def gateway_of(connection: Connection, store: str) -> str:
    """Return the gateway of a store. Raises UnknownError."""
    found = next((row.id for row in of_store(connection, store) if row.kind == "gateway"), None)
    if found is None:
        raise UnknownError(f"store {store!r} has no gateway, and so no labels that anybody can reach")
    return str(found)
