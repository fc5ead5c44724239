"""Opens a store: its rows and everything that its devices follow, in the caller's one transaction."""

from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from cloud_broker.labels.plan import publish_plan
from cloud_broker.labels.templates import usual_template
from cloud_broker.prices.book import publish_book
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import publish_roster
from cloud_broker.state import tables
from cloud_broker.stores.codes import publish_codes
from cloud_broker.stores.files import Store
from cloud_broker.stores.written import Label, OwnCodes, Product
from cloud_broker.surveys.publish import publish_survey
from firmware_specs.gtin import is_variable_measure
from vision.panel import Panel


class StoreExistsError(ValueError):
    """A store of this id is there already."""


def open_store(connection: Connection, publisher: Publisher, store: Store) -> None:
    """Put a new store into the cloud, with its site, price book, labels and roster.

    Raises StoreExistsError; then, as with any other error, the caller's transaction must not be committed.
    """
    head = store.head
    if connection.execute(select(tables.stores.c.id).where(tables.stores.c.id == head.id)).first() is not None:
        raise StoreExistsError(f"store {head.id!r} is there already: nothing was changed")
    connection.execute(insert(tables.stores).values(**head.model_dump(exclude={"codes"})))
    connection.execute(insert(tables.products), [_product(head.id, product) for product in store.products])
    if store.labels:
        connection.execute(insert(tables.labels), [_label(head.id, label) for label in store.labels])
    publisher.publish(connection, head.id, "site", lambda version: msgspec.structs.replace(store.site, version=version))
    if store.survey is not None:
        publish_survey(connection, publisher, head.id, store.survey)
    if head.codes != OwnCodes():
        publish_codes(connection, publisher, head.codes.profile(head.id))
    publish_plan(connection, publisher, head.id)
    publish_roster(connection, publisher, head.id)
    publish_book(connection, publisher, head.id, by="aisle", reason="the store was opened")


def _label(store: str, label: Label) -> dict[str, Any]:
    return {"store": store, **label.model_dump(), "template": usual_template(Panel.from_text(label.panel))}


def _product(store: str, product: Product) -> dict[str, Any]:
    words = " ".join([*product.name.values(), product.category, product.gtin]).lower()
    return {
        "store": store,
        **product.model_dump(),
        # What is weighed is bought by its measure.
        "unit": (is_variable_measure(product.gtin) and product.measure) or product.unit,
        "search": words,
        # Nothing has hung on a shelf yet, so no label can show less.
        "floor_minor": product.price_minor,
        "book_version": 1,
        "row_version": 1,
    }
