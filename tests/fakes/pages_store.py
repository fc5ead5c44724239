"""What the fake page server remembers of its store, filled with something that has already happened."""

import io
import math
import random
import struct
import wave
from dataclasses import dataclass, field
from typing import Any

import anyio

from tests.fakes.pages_plan import DEVICES, KINDS, PRODUCTS, Json, gtin, name, now_ms, site

SCREEN_AT = {"x_m": 12.0, "y_m": 1.2, "level": "1", "sigma_m": 0.0}


@dataclass
class Store:
    """All that the fake knows; changed in place by the handlers and by `live`."""

    chance: random.Random = field(default_factory=lambda: random.Random(7))
    site: Json = field(default_factory=site)
    products: dict[str, Json] = field(default_factory=dict)
    labels: dict[str, Json] = field(default_factory=dict)
    devices: dict[str, Json] = field(default_factory=dict)
    positions: dict[str, Json] = field(default_factory=dict)
    changes: list[Json] = field(default_factory=list)
    past: dict[str, list[Json]] = field(default_factory=dict)
    books: list[Json] = field(default_factory=list)
    rows: dict[int, dict[str, Json]] = field(default_factory=dict)
    baskets: list[dict[str, int]] = field(default_factory=list)
    imports: dict[str, Json] = field(default_factory=dict)
    promotions: dict[str, Json] = field(default_factory=dict)
    templates: dict[str, Json] = field(default_factory=dict)
    tasks: list[Json] = field(default_factory=list)
    bays: list[Json] = field(default_factory=list)
    models: list[Json] = field(default_factory=list)
    awaited: Json | None = None
    photos: list[Json] = field(default_factory=list)
    questions: list[Json] = field(default_factory=list)
    taught: list[str] = field(default_factory=list)
    lessons: dict[str, int] = field(default_factory=dict)
    assets: list[Json] = field(default_factory=list)
    audio: dict[str, bytes] = field(default_factory=dict)
    slots: list[Json] = field(default_factory=list)
    plays: list[Json] = field(default_factory=list)
    offers: dict[str, Json] = field(default_factory=dict)
    decisions: list[Json] = field(default_factory=list)
    claims: list[Json] = field(default_factory=list)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    security: list[Json] = field(default_factory=list)
    letters: list[Json] = field(default_factory=list)
    sessions: dict[str, Json] = field(default_factory=dict)
    streams: set[Any] = field(default_factory=set)
    broken: dict[str, int] = field(default_factory=dict)
    basket: dict[str, int] = field(default_factory=dict)
    packs: list[Json] = field(default_factory=list)
    """Lines of goods that were weighed."""

    last_code: Json | None = None
    offer: Json | None = None
    trip: str | None = "trip-1"
    online: bool = True
    local_online: bool = True
    auto: bool = True
    survey: Json | None = None
    cameras: int = 0
    surveys: list[Json] = field(
        default_factory=lambda: [
            {
                "id": f"survey-{number}", "device": f"cart-{number}", "device_name": f"Cart {number}",
                "legs": 40 + number,
                "since_ms": now_ms() - 3_600_000 * number, "until_ms": now_ms() - 3_000_000 * number,
                "is_used": number == 2,
            }
            for number in (1, 2)
        ]
    )  # fmt: skip
    own: str = "cart-1"
    book_version: int = 41
    serial: int = 0

    def number(self) -> int:
        self.serial += 1
        return self.serial

    def id(self, prefix: str) -> str:
        return f"{prefix}-{self.number()}"

    def tell(self, type_: str, data: Json) -> None:
        for stream in list(self.streams):
            try:
                stream.send_nowait((type_, data))
            except (anyio.WouldBlock, anyio.BrokenResourceError, anyio.ClosedResourceError):
                self.streams.discard(stream)


def device(store: Store, id_: str, kind: str, title: str) -> Json:
    names = {key: name(zh, en) for key, zh, en, _ in KINDS}
    return {
        "id": id_,
        "kind": kind,
        "kind_name": names[kind],
        "name": title,
        "store": "demo",
        "online": True,
        "since_ms": now_ms() - 7_300_000,
        "last_seen_ms": now_ms(),
        "in_service": True,
        "health": {
            "uptime_s": 7300 + store.chance.randrange(9000),
            "outbox_depth": 0,
            "dropped": 0,
            "clock_offset_s": round(store.chance.uniform(-0.04, 0.04), 3),
            "disk_free_bytes": store.chance.randrange(6, 28) * 10**9,
            "rss_bytes": store.chance.randrange(60, 120) * 10**6,
            "drivers": {"beacons": "ready", "camera": "ready"} if kind == "cart" else {},
        },
        "faults": [],
        "book_version": store.book_version if kind in ("cart", "till", "gateway", "screen") else None,
        "agent_version": "0.1.0",
        "score": 100,
        "enrolled_ms": now_ms() - 86_400_000 * 3,
        "events": store.chance.randrange(500, 90_000),
    }


def filled() -> Store:
    """Return a store with products, labels, devices and something that has already happened."""
    store = Store()
    for number, (category, zh, en, price_minor) in enumerate(PRODUCTS, 1):
        code = gtin(number)
        store.products[code] = {
            "gtin": code,
            "name": name(zh, en),
            "price_minor": price_minor,
            "category": category,
            "unit": "",
            "labels": 0,
            "member_minor": 0,
            "was_minor": 0,
            "unit_price_minor": None,
            "measure": "",
        }
    codes = list(store.products)
    spots = [
        (shelf["x_m"] + (shelf["width_m"] + 0.2 if side else -0.2), shelf["y_m"] + 0.6 + 1.05 * step)
        for shelf in store.site["shelves"][:6]
        for side in (0, 1)
        for step in range(3)
    ]
    spots += [
        (shelf["x_m"] + 1 + step * 1.2, shelf["y_m"] - 0.2) for shelf in store.site["shelves"][6:] for step in range(2)
    ]
    for number, (x_m, y_m) in enumerate(spots[:40], 1):
        product = store.products[codes[(number - 1) % len(codes)]]
        product["labels"] += 1
        store.labels[f"label-{number}"] = {
            "id": f"label-{number}",
            "address": f"F0:00:00:00:00:{number:02X}",
            "gtin": product["gtin"],
            "name": product["name"],
            "x_m": x_m,
            "y_m": y_m,
            "state": "shown",
            "price_minor": product["price_minor"],
            "target_minor": product["price_minor"],
            "book_version": 41,
            "image_sha256": f"{number:064x}",
            "since_ms": now_ms() - 600_000 - number * 1000,
            "reason": "",
            "cause": "",
            "panel": "296x128 bw" if number % 3 else "296x128 bwr",
            "template": "standard" if number % 3 else "offer-bwr",
        }
    store.labels["label-7"] |= {"state": "failed", "reason": "no answer for 90 s", "cause": "silent"}
    store.labels["label-9"] |= {"state": "service", "reason": "the label needs service", "cause": "service"}
    store.tasks = [
        {
            "id": number,
            "store": "demo",
            "kind": "label",
            "about": name,
            "bay": "",
            "gtin": "",
            "facts": {},
            "owner": "tech",
            "escalated_to": "",
            "proof": None,
            "cause": store.labels[name]["cause"],
            "detail": store.labels[name]["reason"],
            "opened_ms": now_ms() - age_ms,
            "due_ms": now_ms() - age_ms + 4 * 3_600_000,
            "taken_by": "",
            "closed_ms": None,
        }
        for number, (name, age_ms) in enumerate((("label-7", 5 * 3_600_000), ("label-9", 1_200_000)), 1)
    ]
    store.labels["label-12"] |= {"state": "unknown", "price_minor": None, "image_sha256": None}
    for id_, kind, title in DEVICES:
        store.devices[id_] = device(store, id_, kind, title)
    store.devices["speaker-3"] |= {
        "online": False,
        "score": 20,
        "since_ms": now_ms() - 260_000,
        "last_seen_ms": now_ms() - 265_000,
        "faults": [{"fault": "offline", "detail": "last will received", "since_ms": now_ms() - 260_000}],
    }
    store.devices["cart-2"] |= {
        "score": 72,
        "faults": [{"fault": "camera-dark", "detail": "mean luminance 3 of 255", "since_ms": now_ms() - 90_000}],
    }
    for id_, headline_zh, headline_en, zone, index in (
        ("milk-duo", "鲜牛奶今日特价，买二更划算", "Fresh milk: better by two today", "dairy", 1),
        ("fruit-day", "本周水果新鲜到店", "This week's fruit is in", "fresh", 5),
        ("tea-time", "无糖茶饮，会员日价", "Sugar-free tea at members' day price", "drinks", 15),
    ):
        store.offers[id_] = {
            "id": id_,
            "zone": zone,
            "headline": name(headline_zh, headline_en),
            "gtin": gtin(index),
            "dwell_s": 1.5,
            "cooldown_s": 60,
            "per_trip": 1,
            "holdout": 0.1,
            "probability": 0.6,
        }
    for title, seconds in (("闭店提醒", 9), ("牛奶促销", 14)):
        add_sound(store, title, tone(seconds), "manager")
    store.slots.append(
        {
            "id": "slot-1",
            "title": "牛奶促销",
            "asset_sha256": store.assets[1]["sha256"],
            "start_ms": now_ms() - 3_600_000,
            "every_s": 900,
            "until_ms": now_ms() + 20_000_000,
            "devices": [],
            "plays": 16,
        }
    )
    store.security.append(
        {
            "id": "sec-1",
            "at_ms": now_ms() - 500_000,
            "device": "cart-2",
            "kind": "spoke-for-another",
            "detail": "tried to publish aisle/1/d/cart-1/e/position; refused by the broker",
        }
    )
    store.letters.append(
        {
            "id": "dl-1",
            "at_ms": now_ms() - 400_000,
            "device": "sensor-9",
            "topic": "aisle/1/d/sensor-9/e/position",
            "reason": "batch of version 9; this server reads up to 1",
            "bytes_hex": bytes(range(60)).hex(),
        }
    )
    done = change(store, gtin(6), 650, "manager", "促销")
    done["made_ms"] -= 900_000
    done["effective_ms"] = done["made_ms"]
    for one in done["devices"]:
        one["held_ms"] = done["made_ms"] + 320
        one["charged_ms"] = done["made_ms"] + 700 if one["kind"] != "gateway" else None
    for one in done["labels"]:
        one["prepared_ms"] = done["made_ms"] + 900
        one["armed_ms"], one["shown_ms"] = done["made_ms"] + 1100, done["made_ms"] + 3300
    done |= {"state": "confirmed", "confirmed_ms": done["made_ms"] + 3400}
    for label in store.labels.values():
        if label["gtin"] == gtin(6):
            label |= {"state": "shown", "price_minor": 650, "target_minor": 650}
    return store


def tone(seconds: float) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(i / 8))) for i in range(int(seconds * 16_000))))
    return buffer.getvalue()


def add_sound(store: Store, title: str, content: bytes, by: str) -> Json:
    sha = f"{abs(hash((title, len(content)))):064x}"[:64]
    asset = {
        "id": store.id("asset"),
        "sha256": sha,
        "title": title,
        "bytes": len(content),
        "duration_s": len(content) / 32_000,
        "rate_hz": 16_000,
        "channels": 1,
        "uploaded_ms": now_ms(),
        "by": by,
    }
    store.assets.append(asset)
    store.audio[sha] = content
    return asset


def change(store: Store, code: str, price_minor: int, by: str, reason: str) -> Json:
    """Change one price now, as a book of its own."""
    store.book_version += 1
    made = noted(store, code, price_minor, by, reason, version=store.book_version)
    apply(store, made)
    return made


def noted(
    store: Store,
    code: str,
    price_minor: int,
    by: str,
    reason: str,
    *,
    version: int,
    group: str | None = None,
    made_ms: int | None = None,
    effective_ms: int | None = None,
    from_minor: int | None = None,
) -> Json:
    """Note a change; with a time to come it is planned and nothing else happens."""
    made_ms = made_ms or now_ms()
    product = store.products[code]
    before_minor = product["price_minor"] if from_minor is None else from_minor
    made = {
        "id": store.number(),
        "gtin": code,
        "name": product["name"],
        "from_minor": before_minor,
        "to_minor": price_minor,
        "direction": "up" if price_minor > before_minor else "down",
        "book_version": version,
        "effective_ms": effective_ms or made_ms,
        "made_ms": made_ms,
        "by": by,
        "reason": reason,
        "group": group or f"group-{store.serial}",
        "state": "planned" if effective_ms else "published",
        "devices": [
            {"device": one["id"], "kind": one["kind"], "held_ms": None, "charged_ms": None}
            for one in store.devices.values()
            if one["kind"] in ("gateway", "cart", "till")
        ],
        "labels": [
            {"label": one["id"], "prepared_ms": None, "armed_ms": None, "shown_ms": None}
            for one in store.labels.values()
            if one["gtin"] == code
        ],
        "released_ms": None,
        "confirmed_ms": None,
    }
    store.changes.insert(0, made)
    return made


def apply(store: Store, made: Json) -> None:
    """Let a change count from now on: its product costs the new price, its labels have to show it."""
    for earlier in store.changes:
        if earlier["gtin"] == made["gtin"] and earlier is not made and earlier["state"] == "published":
            earlier["state"] = "superseded"
            store.tell("change", earlier)
    made["state"] = "published"
    store.products[made["gtin"]]["price_minor"] = made["to_minor"]
    for label in store.labels.values():
        if label["gtin"] == made["gtin"]:
            label |= {"state": "pending", "target_minor": made["to_minor"], "since_ms": now_ms()}
            store.tell("label", label)


def state(store: Store) -> Json:
    basket = [
        {
            "gtin": code,
            "name": store.products[code]["name"],
            "quantity": quantity,
            "price_minor": store.products[code]["price_minor"],
            "line_minor": quantity * store.products[code]["price_minor"],
            "pack": None,
        }
        for code, quantity in store.basket.items()
    ]
    basket += store.packs
    own = store.devices[store.own]
    return {
        "basket_check": {
            "status": "rest",
            "fault": "",
            "grams": 3_412,
            "expected_g": 1_040,
            "awaited": store.awaited,
            "questions": store.questions,
        }
        if own["kind"] == "cart"
        else None,
        "taught": 1,
        "device": store.own,
        "kind": own["kind"],
        "kind_name": own["kind_name"],
        "store": "demo",
        "name": own["name"],
        "now_ms": now_ms(),
        "online": store.online,
        "local_online": store.local_online,
        "site": store.site,
        "position": SCREEN_AT if own["kind"] == "screen" else store.positions.get("cart-1"),
        "book": {"version": store.book_version, "currency": "CNY", "effective_ms": 0},
        "lease": {"holds": store.local_online, "expires_ms": now_ms() + 240_000},
        "trip": store.trip,
        "basket": basket,
        "total_minor": sum(line["line_minor"] for line in basket),
        "provisional": not store.local_online,
        "last_code": store.last_code,
        "offer": store.offer,
        "offers": list(store.offers.values()),
        "health": own["health"],
        "survey": store.survey,
        "out_of_service": "taken-out" if store.survey else None,
        "virtual": True,
    }
