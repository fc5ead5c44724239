"""The product search of a device, from its own book; a product's shelf is where a label of it hangs."""

from collections.abc import Callable
from typing import Any

from edge_agent.app import Held
from edge_agent.roles.books.opened import Opened
from edge_agent.roles.matter import matter_of
from firmware_specs.desired import LabelPlace, LabelPlan, Row

MOST_ITEMS = 200


class Catalogue:
    """Finds products. `book` gives the book in force, `price_minor` what is charged for one of its products now."""

    def __init__(self, book: Callable[[], Opened | None], price_minor: Callable[[str], int | None]) -> None:
        self._book = book
        self._price_minor = price_minor
        self._hanging: dict[str, list[LabelPlace]] = {}

    def take_labels(self, held: Held) -> None:
        """Learn where the labels hang. Raises MatterRefusedError."""
        hanging: dict[str, list[LabelPlace]] = {}
        for place in matter_of(held, LabelPlan).labels:
            hanging.setdefault(place.gtin, []).append(place)
        self._hanging = hanging

    def find(self, query: str, offset: int, limit: int) -> dict[str, Any]:
        """Return a page of the products of whose names, category or GTIN every word of the query is a part."""
        book = self._book()
        if book is None:
            return {"total": 0, "items": []}
        total, page = book.rows.search(query.lower().split(), offset, min(limit, MOST_ITEMS))
        return {"total": total, "items": [self._item(row) for row in page]}

    def _item(self, row: Row) -> dict[str, Any]:
        hanging = self._hanging.get(row.gtin, [])
        price_minor = self._price_minor(row.gtin)
        return {
            "gtin": row.gtin,
            "name": row.name,
            "price_minor": row.price_minor if price_minor is None else price_minor,
            "category": row.category,
            "unit": row.unit,
            "measure": row.measure,
            "labels": len(hanging),
            "shelf": {"x_m": hanging[0].x_m, "y_m": hanging[0].y_m} if hanging else None,
        }
