"""Codes as scanners sent them, made into the units of a basket by the rows of a price book."""

from datetime import UTC, datetime

from firmware_specs.instore import StoreProfile
from firmware_specs.rules.price_law import charge
from firmware_specs.rules.promotions.model import PriceRequest, Unit
from firmware_specs.rules.selling import NotSoldError, cost_of, goods_of, not_in_book, pack_of


def scanned_units(request: PriceRequest) -> list[Unit]:
    """Return a unit for each scan, at what is charged without a release; days are those of UTC.

    Raises NotSoldError for a code that is not sold, or whose product is not among the rows.
    """
    rows = {row.gtin: row for row in request.rows or ()}
    profile = request.codes or StoreProfile(store="none")
    today = datetime.fromtimestamp(request.basket.now_ms / 1000, UTC).date()
    units = []
    for scan in request.scans:
        found = goods_of(scan.text, scan.symbology, profile, today=today)
        row = None if found is None else rows.get(found.key)
        if found is None or row is None:
            reason = None if found is None else not_in_book(found)
            raise reason or NotSoldError("not-known", f"{scan.text[:40]!r} is no product among the rows")
        charged = charge(row, None, request.basket.now_ms, book_version=0)
        cost = cost_of(row, charged.price_minor, pack_of(found))
        units.append(Unit(gtin=row.gtin, price_minor=cost.total_minor, category=row.category, quantity=scan.count))
    return units
