"""The label plan of a store: which label hangs where, for which product; and how a label looks to a page."""

from typing import Any

from sqlalchemy import Connection, Row, select

from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.tables import label_templates, labels, products
from firmware_specs import desired
from firmware_specs.desired import LabelPlace, LabelPlan, LabelTemplate
from vision.labels.content import LabelContent, content_of


def publish_plan(connection: Connection, publisher: Publisher, store: str) -> None:
    """Make the store's labels the next version of `labels`."""
    places = [
        LabelPlace(id=row.id, address=row.address, gtin=row.gtin, x_m=row.x_m, y_m=row.y_m, template=row.template)
        for row in connection.execute(select(labels).where(labels.c.store == store).order_by(labels.c.id))
    ]
    own = connection.execute(select(label_templates).where(label_templates.c.store == store))
    used = {place.template for place in places}
    templates = [LabelTemplate(name=row.name, body=row.body) for row in own if row.name in used]
    publisher.publish(
        connection,
        store,
        "labels",
        lambda version: LabelPlan(store=store, version=version, labels=places, templates=templates),
    )


def view(row: Row[Any]) -> dict[str, Any]:
    """Return a label, joined with its product, as the API shows it."""
    return {
        "id": row.id,
        "address": row.address,
        "gtin": row.gtin,
        "name": row.name,
        "x_m": row.x_m,
        "y_m": row.y_m,
        "state": row.state,
        "price_minor": row.price_minor,
        "target_minor": row.target_minor,
        "book_version": row.book_version,
        "image_sha256": row.image_sha256,
        "since_ms": row.since_ms,
        "reason": row.reason,
        "cause": row.cause,
        "panel": row.panel,
        "template": row.template,
    }


def joined(connection: Connection, store: str, label: str | None = None) -> list[Row[Any]]:
    """Return labels with their products, by id."""
    query = (
        select(
            labels,
            products.c.name,
            products.c.unit,
            products.c.was_minor,
            products.c.content_milli,
            products.c.measure,
            products.c.price_minor.label("target_minor"),
        )
        .join(products, (products.c.store == labels.c.store) & (products.c.gtin == labels.c.gtin))
        .where(labels.c.store == store)
        .order_by(labels.c.id)
    )
    if label is not None:
        query = query.where(labels.c.id == label)
    return list(connection.execute(query))


def drawn(row: Row[Any], currency: str) -> LabelContent:
    """Return what a label says that has proved a price; its other words are those of the product now."""
    product = desired.Row(
        gtin=row.gtin,
        name=row.name,
        price_minor=row.price_minor,
        floor_minor=0,
        unit=row.unit,
        was_minor=row.was_minor,
        content_milli=row.content_milli,
        measure=row.measure,
    )
    return content_of(product, currency)


def find_label(connection: Connection, store: str, label: str) -> Row[Any]:
    """Return a label joined with its product. Raises UnknownError."""
    rows = joined(connection, store, label)
    if not rows:
        raise UnknownError(f"no label {label!r} in store {store!r}")
    return rows[0]
