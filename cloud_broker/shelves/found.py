"""What an audit asks people to do: one task for each product of a bay that does not stand as planned."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cloud_broker.tasks.tasks import Wanted
from firmware_specs.bays import Bay
from firmware_specs.events import Place, ShelfAudited

Names = dict[str, str]
"""By language."""

KINDS = ("stock", "place")
"""The kinds of task that photos open and close."""


def wanted(audit: ShelfAudited, bay: Bay, names: Mapping[str, Names]) -> Iterator[Wanted]:
    """Yield the tasks of an audit; `names` are the products' by their GTIN."""

    def one(kind: str, cause: str, gtin: str, detail: str, **facts: Any) -> Wanted:
        told = {"bay_name": bay.name, "name": names.get(gtin, {}), **facts}
        return Wanted(kind, f"{bay.id}:{gtin}", cause, detail, bay.id, gtin, told)

    for product in audit.products:
        gone = len(product.gaps)
        if gone:
            is_all = gone >= product.planned
            yield one(
                "stock",
                "out-of-stock" if is_all else "gap",
                product.gtin,
                f"{gone} of {product.planned} facings are empty: {_at(product.gaps)}",
                missing=gone,
                planned=product.planned,
                places=_places(product.gaps),
            )
        if product.wrong:
            seen = sorted({place.seen for place in product.wrong if place.seen is not None})
            yield one(
                "place",
                "wrong",
                product.gtin,
                f"something else stands in its place: {_at(product.wrong)}",
                places=_places(product.wrong),
                seen=[{"gtin": gtin, "name": names.get(gtin, {})} for gtin in seen],
            )
    beside: dict[str, list[int]] = {}
    for place in audit.extra:
        beside.setdefault(place.seen or "", []).append(place.shelf)
    for gtin, shelves in beside.items():
        # What is wrong in a planned place was told there: one task is enough for one product.
        if gtin and not any(product.gtin == gtin and product.wrong for product in audit.products):
            told = f"stands where nothing is planned: shelf {', '.join(map(str, sorted(set(shelves))))}"
            yield one("place", "extra", gtin, told, shelves=sorted(set(shelves)))


def _places(places: Sequence[Place]) -> list[list[int]]:
    return [[place.shelf, place.position] for place in places]


def _at(places: Sequence[Place]) -> str:
    return ", ".join(f"shelf {place.shelf} position {place.position}" for place in places)
