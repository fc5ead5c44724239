"""The demo's cloud before its first device: people, products, map, labels and offers."""

import json
import secrets
from pathlib import Path
from typing import Any

from msgspec import to_builtins
from sqlalchemy import Connection, func, select, update

from cloud_broker.accounts import add_account
from cloud_broker.demo import cast
from cloud_broker.offers.rules import put_offer
from cloud_broker.registry.desired import Publisher
from cloud_broker.shelves.bays import check_sold, find_bay, keep_fronts, put_bay, read_plan
from cloud_broker.state.tables import stores
from cloud_broker.stores.files import check_store
from cloud_broker.stores.opening import open_store
from cloud_broker.stores.tables import numbered
from cloud_broker.stores.written import Head, OwnCodes
from firmware_specs.bays import Bay
from firmware_specs.desired import Offer, Site
from firmware_specs.wire import decode


def accounts(folder: Path) -> tuple[dict[str, str], ...]:
    """Return the demo's people with their passwords, drawn on the first call and kept in its folder."""
    path = folder / "people.json"
    if not path.exists():
        people = [{"name": name, "role": role, "password": secrets.token_urlsafe(9)} for name, role in cast.PEOPLE]
        path.write_text(json.dumps(people))
        path.chmod(0o600)
    return tuple(json.loads(path.read_text()))


def seed(
    connection: Connection,
    publisher: Publisher,
    *,
    people: tuple[dict[str, str], ...],
    site: bytes,
    survey: bytes | None = None,
    catalogue: list[dict[str, Any]],
    gateway_url: str,
    local_broker: str,
) -> None:
    """Fill an empty cloud; on a filled one only the addresses are brought up to date."""
    store = cast.STORE
    if connection.execute(select(func.count()).select_from(stores)).scalar():
        connection.execute(update(stores).values(gateway_url=gateway_url, local_broker=local_broker))
        return
    floor = decode(site, Site)
    written = check_store(
        Head(
            id=store,
            name=cast.STORE_NAME,
            currency=cast.CURRENCY,
            gateway_url=gateway_url,
            local_broker=local_broker,
            codes=OwnCodes(sets=["china-13", "china-18"], currency_number="156"),
        ),
        to_builtins(floor),
        numbered(catalogue),
        numbered(_labels(floor, catalogue)),
        None if survey is None else json.loads(survey),
    )
    open_store(connection, publisher, written)
    for person in people:
        scope = ["*"] if person["role"] == "hq" else [store]
        add_account(connection, person["name"], person["password"], person["role"], scope)
    for offer in _offers(floor, catalogue):
        put_offer(connection, publisher, store, offer)


def _labels(site: Site, catalogue: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Hang labels along the long fronts of the shelves, evenly."""
    rows = []
    for number in range(cast.LABELS):
        shelf = site.shelves[number % len(site.shelves)]
        place = number // len(site.shelves)
        per_shelf = -(-cast.LABELS // len(site.shelves))
        along = (place + 0.5) / per_shelf
        if shelf.width_m >= shelf.depth_m:
            x_m, y_m = shelf.x_m + shelf.width_m * along, shelf.y_m + (shelf.depth_m if place % 2 else 0.0)
        else:
            x_m, y_m = shelf.x_m + (shelf.width_m if place % 2 else 0.0), shelf.y_m + shelf.depth_m * along
        model = cast.LABEL_MODELS[number % len(cast.LABEL_MODELS)]
        rows.append(
            {
                "id": f"label-{number + 1:02d}",
                # A locally administered address (IEEE 802), as a tag out of the box would carry; its third byte
                # tells the virtual shop which panel the tag has.
                "address": f"E6:5A:{model:02X}:00:{(number + 1) >> 8:02X}:{(number + 1) & 0xFF:02X}",
                "panel": cast.LABEL_PANELS[model],
                "gtin": catalogue[number % len(catalogue)]["gtin"],
                "x_m": round(x_m, 2),
                "y_m": round(y_m, 2),
            }
        )
    return rows


def seed_bay(connection: Connection, publisher: Publisher, folder: Path) -> None:
    """Give the store its bay, once, by the planogram and the pictures in a folder."""
    if find_bay(connection, cast.STORE, cast.BAY) is not None:
        return
    plan = read_plan((folder / "000000.csv").read_bytes(), "mm")
    check_sold(connection, cast.STORE, plan)
    pictures = {path.name: path.read_bytes() for path in (folder / "products").iterdir()}
    fronts = keep_fronts(publisher.blobs, plan, pictures)
    put_bay(
        connection, publisher, cast.STORE, Bay(id=cast.BAY, name=cast.BAY_NAME, planogram=plan, fronts=fronts), "aisle"
    )


def _offers(site: Site, catalogue: list[dict[str, Any]]) -> list[Offer]:
    """One offer for each department, with a product of the catalogue."""
    offers = []
    departments = [zone for zone in site.zones if zone.id not in ("entrance", "checkout", "tasting")]
    for zone in departments:
        product = next((each for each in catalogue if each["category"] == zone.id), catalogue[0])
        headline = {
            "en": f"In {zone.name.get('en', zone.id)}: try our {product['name']['en']}",
            "zh": f"{zone.name.get('zh', zone.id)}推荐：{product['name']['zh']}",
        }
        offers.append(
            Offer(
                id=f"welcome-{zone.id}",
                zone=zone.id,
                headline=headline,
                gtin=product["gtin"],
                dwell_s=1.0,
                cooldown_s=60.0,
                per_trip=2,
            )
        )
    return offers
