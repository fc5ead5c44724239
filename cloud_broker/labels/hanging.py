"""Labels that come and go: a new one is hung beside another, a broken one is replaced, one is taken down."""

import re
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from cloud_broker.clock import now_ms
from cloud_broker.labels.pairing import PairingRefusedError, product_of
from cloud_broker.labels.plan import find_label, publish_plan
from cloud_broker.labels.templates import usual_template
from cloud_broker.registry.desired import Publisher
from cloud_broker.state.tables import labels
from vision.panel import Panel

BESIDE_M: Final = 0.3
"""How far from its neighbour a new label is taken to hang."""

_ADDRESS = re.compile(r"[0-9A-F]{12}")
_NUMBER = re.compile(r"label-([0-9]{1,6})")


def hang(
    connection: Connection,
    publisher: Publisher,
    store: str,
    *,
    address: str,
    product: str,
    panel: str,
    beside: str | None = None,
) -> Row[Any]:
    """Hang a new label, its address and product as scanned, and return it joined with its product.

    Without `beside` it hangs beside another label of the product. Raises PairingRefusedError.
    """
    gtin, free = product_of(connection, store, product), _free_address(connection, store, address)
    try:
        template = usual_template(Panel.from_text(panel))
    except ValueError as exc:
        raise PairingRefusedError("panel", str(exc)) from exc
    hanging = list(connection.execute(select(labels).where(labels.c.store == store)))
    neighbour = next((row for row in hanging if row.id == beside), None)
    if beside is None:
        neighbour = next((row for row in hanging if row.gtin == gtin), None)
    if neighbour is None:
        raise PairingRefusedError("beside", "say beside which label it hangs, by the name or code of that one")
    numbers = [int(found[1]) for row in hanging if (found := _NUMBER.fullmatch(row.id))]
    name = f"label-{max(numbers, default=0) + 1:02d}"
    connection.execute(
        insert(labels).values(
            store=store,
            id=name,
            address=free,
            gtin=gtin,
            x_m=neighbour.x_m + BESIDE_M,
            y_m=neighbour.y_m,
            panel=panel,
            template=template,
            state="pending",
            since_ms=now_ms(),
        )
    )
    publish_plan(connection, publisher, store)
    return find_label(connection, store, name)


def replace(connection: Connection, publisher: Publisher, store: str, label: str, address: str) -> Row[Any]:
    """Put other hardware in a label's place; what the old one showed is believed of the new one no longer.

    Raises PairingRefusedError, UnknownError.
    """
    find_label(connection, store, label)
    free = _free_address(connection, store, address)
    connection.execute(
        update(labels)
        .where(labels.c.store == store, labels.c.id == label)
        .values(
            address=free,
            state="pending",
            price_minor=None,
            book_version=None,
            image_sha256=None,
            reason="",
            cause="",
            since_ms=now_ms(),
        )
    )
    publish_plan(connection, publisher, store)
    return find_label(connection, store, label)


def take_down(connection: Connection, publisher: Publisher, store: str, label: str) -> None:
    """Take a label off the shelf: from now on it binds nobody's price. Raises UnknownError."""
    find_label(connection, store, label)
    connection.execute(delete(labels).where(labels.c.store == store, labels.c.id == label))
    publish_plan(connection, publisher, store)


def _free_address(connection: Connection, store: str, scanned: str) -> str:
    bare = scanned.strip().replace(":", "").upper()
    if not _ADDRESS.fullmatch(bare):
        raise PairingRefusedError("address", f"{scanned[:40]!r} is no label's address, such as F0:00:00:00:00:03")
    address = ":".join(bare[at : at + 2] for at in range(0, 12, 2))
    taken = connection.execute(select(labels.c.id).where(labels.c.store == store, labels.c.address == address)).scalar()
    if taken is not None:
        raise PairingRefusedError("address", f"{address} is {taken} already: no two labels may have one address")
    return address
