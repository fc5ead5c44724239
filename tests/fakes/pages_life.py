"""Life in the fake store: carts walk and scan, offers fire, sounds play, prices travel."""

import anyio

from firmware_specs.instore import own_key
from tests.fakes.pages_plan import ZONES, Json, now_ms
from tests.fakes.pages_store import Store, device, state

FULL = 9
WEIGHED = own_key(10061)


async def travel(store: Store, made: Json) -> None:
    """Let a change be confirmed, in the order of the price law."""

    async def step(targets: list[Json], key: str) -> None:
        for one in targets:
            await anyio.sleep(store.chance.uniform(0.1, 0.35))
            one[key] = now_ms()
            store.tell("change", made)

    async def labels(key: str, state: str) -> None:
        for one in made["labels"]:
            await anyio.sleep(store.chance.uniform(0.2, 0.5))
            one[key] = now_ms()
            label = store.labels[one["label"]]
            label |= {"state": state, "since_ms": now_ms()}
            if state == "shown":
                label |= {
                    "price_minor": made["to_minor"],
                    "image_sha256": f"{store.book_version:064x}",
                    "book_version": made["book_version"],
                }
            store.tell("label", label)
            store.tell("change", made)

    chargers = [one for one in made["devices"] if one["kind"] != "gateway"]
    await step(made["devices"], "held_ms")
    if made["direction"] == "down":
        await step(chargers, "charged_ms")
    await labels("prepared_ms", "pending")
    await labels("armed_ms", "armed")
    await labels("shown_ms", "shown")
    if made["direction"] == "up":
        made["released_ms"] = now_ms()
        store.tell("change", made)
        await step(chargers, "charged_ms")
    if made["state"] == "published":
        made |= {"state": "confirmed", "confirmed_ms": now_ms()}
        store.tell("change", made)


def zone_at(x_m: float, y_m: float) -> str | None:
    return next((key for key, _, _, (x0, y0, x1, y1) in ZONES if x0 <= x_m <= x1 and y0 <= y_m <= y1), None)


async def live(store: Store) -> None:
    """Walk the carts, scan, offer, play, fail a little: for ever."""
    route = [
        (3.9, 4.2),
        (3.9, 11.0),
        (7.2, 11.0),
        (7.2, 4.2),
        (12.2, 4.2),
        (12.2, 11.8),
        (16.2, 11.4),
        (16.2, 4.2),
        (22.0, 4.2),
        (22.0, 2.0),
        (3.9, 2.0),
    ]
    at = {f"cart-{n}": n * 3.2 for n in (1, 2, 3)}
    turn = 0
    while True:
        await anyio.sleep(0.4)
        turn += 1
        for id_, progress in at.items():
            if id_ == "cart-1" and not store.auto:
                continue
            at[id_] = progress = (progress + 0.09) % len(route)
            (x0, y0), (x1, y1) = route[int(progress)], route[(int(progress) + 1) % len(route)]
            part = progress % 1
            position = {
                "device": id_,
                "x_m": round(x0 + (x1 - x0) * part + store.chance.gauss(0, 0.08), 2),
                "y_m": round(y0 + (y1 - y0) * part + store.chance.gauss(0, 0.08), 2),
                "level": "1",
                "sigma_m": round(store.chance.uniform(0.5, 1.1), 2),
                "at_ms": now_ms(),
            }
            store.positions[id_] = position
            store.tell("position", position)
        if turn % 9 == 0:
            # The cart of the cart's page stops by itself before its basket overflows.
            carts = [id_ for id_ in at if id_ != "cart-1" or sum(store.basket.values()) < FULL]
            scan(store, store.chance.choice(carts), store.chance.choice(list(store.products)))
        if turn % 23 == 0:
            decide(store, store.chance.choice(list(at)))
        if turn % 40 == 0:
            play(store)
        if turn % 5 == 0:
            one = store.chance.choice([one for one in store.devices.values() if one["online"]])
            one |= {"last_seen_ms": now_ms(), "events": one["events"] + 17}
            store.tell("device", one)
        store.tell("state", state(store))


def scan(store: Store, cart: str, code: str) -> None:
    product = store.products[code]
    store.tell(
        "code",
        {
            "device": cart,
            "gtin": code,
            "name": product["name"],
            "price_minor": product["price_minor"],
            "book_version": store.book_version,
            "at_ms": now_ms(),
        },
    )
    store.tell(
        "basket",
        {
            "device": cart,
            "trip": "trip",
            "kind": "line-added",
            "gtin": code,
            "price_minor": product["price_minor"],
            "quantity": 1,
            "at_ms": now_ms(),
        },
    )
    if cart == "cart-1" and store.trip:
        store.basket[code] = store.basket.get(code, 0) + 1
        store.last_code = {
            "gtin": code,
            "name": product["name"],
            "price_minor": product["price_minor"],
            "known": True,
            "pack": None,
            "refused": None,
            "at_ms": now_ms(),
        }


def weigh(store: Store, weight_g: int) -> None:
    """Put a bag of lychees into the basket of the cart's page."""
    pack = {"weight_g": weight_g, "count": None, "each_minor": 3980, "measure": "kg"}
    name, price_minor = {"zh": "妃子笑荔枝", "en": "Lychees"}, (2 * weight_g * 3980 + 1000) // 2000
    line = {"gtin": WEIGHED, "name": name, "quantity": 1, "price_minor": price_minor, "line_minor": price_minor}
    store.packs.append({**line, "pack": pack})
    store.last_code = {
        "gtin": WEIGHED,
        "name": name,
        "price_minor": price_minor,
        "known": True,
        "pack": pack,
        "refused": None,
        "at_ms": now_ms(),
    }


def turn_away(store: Store, reason: str) -> None:
    """Show on the cart's page why a code is not sold."""
    store.last_code = {
        "gtin": "2210061000003",
        "name": {},
        "price_minor": None,
        "known": False,
        "pack": None,
        "refused": reason,
        "at_ms": now_ms(),
    }


def decide(store: Store, cart: str) -> None:
    offer = store.chance.choice(list(store.offers.values()))
    shown = store.chance.random() > 0.25
    decision = {
        "device": cart,
        "trip": "trip",
        "offer": offer["id"],
        "zone": offer["zone"],
        "outcome": "shown" if shown else "withheld",
        "reason": "" if shown else "holdout",
        "headline": offer["headline"],
        "probability": round(store.chance.uniform(0.6, 0.98), 2),
        "at_ms": now_ms(),
    }
    store.decisions.insert(0, decision)
    store.tell("offer", decision)
    if cart == "cart-1" and shown:
        store.offer = {
            "offer": offer["id"],
            "headline": offer["headline"],
            "gtin": offer["gtin"],
            "zone": offer["zone"],
            "at_ms": now_ms(),
        }


def play(store: Store) -> None:
    asset = store.chance.choice(store.assets)
    due = now_ms() - round(asset["duration_s"] * 1000) - store.chance.randrange(2, 30)
    record = {
        "device": store.chance.choice(["speaker-1", "speaker-2", "broadcast-1"]),
        "item": "slot-1",
        "title": asset["title"],
        "asset_sha256": asset["sha256"],
        "sounded_sha256": asset["sha256"],
        "due_ms": due,
        "at_ms": now_ms(),
        "duration_s": asset["duration_s"],
        "level_dbfs": round(store.chance.uniform(-21, -17), 1),
        "complete": True,
    }
    store.plays.insert(0, record)
    store.tell("play", record)


async def appear(store: Store, claim: Json) -> None:
    await anyio.sleep(12)
    if claim["state"] != "open":
        return
    id_ = store.id(claim["kind"])
    store.devices[id_] = device(store, id_, claim["kind"], claim["name"])
    claim |= {"state": "used", "device": id_}
    store.tell("device", store.devices[id_])
