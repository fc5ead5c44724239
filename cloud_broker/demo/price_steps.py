"""The journey's further steps: prices for later, promotions, price lists and the way back."""

from typing import Any, Protocol

from cloud_broker.clock import now_ms
from cloud_broker.demo.cast import STORE
from cloud_broker.demo.people import StepFailedError, Visitor, Watcher, poll
from firmware_specs.gtin import with_check_digit

AHEAD_MS = 5_000
"""So long before its time a price is planned here: long enough for every device to hold its book."""


class Walker(Protocol):
    """What these steps need of the journey."""

    manager: Visitor
    live: Watcher

    async def state(self, device: str) -> dict[str, Any]:
        """Return what a device's own page shows."""

    async def tell(self, device: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask a device for something, as its own page does."""

    async def scan_by_hand(self, device: str, gtin: str) -> int:
        """Scan a product with a device's hand-held scanner; return after how many ms it was taken."""

    async def own_price(self, device: str, gtin: str) -> int:
        """Return what a cart or till would charge now."""

    async def scan_at(self, device: str, gtin: str, since_ms: int) -> None:
        """Hold a product before a camera until it was read."""


async def planned(walker: Walker) -> dict[str, Any]:
    """A price for later is held by all ahead of its time, comes on it, and another is taken back before its own."""
    first, second = await _products(walker, 7, 9)
    was = first["price_minor"]
    at_ms = now_ms() + AHEAD_MS
    tried = await walker.manager.post(
        f"/api/stores/{STORE}/prices/try", {"gtin": first["gtin"], "price_minor": was - 20}
    )
    made = await _plan(walker, first["gtin"], was - 20, at_ms)
    undone = await _plan(walker, second["gtin"], second["price_minor"] - 20, at_ms)
    await walker.manager.post(f"/api/changes/{undone['id']}/undo", {})
    version = (await walker.manager.get(f"/api/stores/{STORE}/books"))[0]["version"]
    await poll(
        "every cart and till holds the planned book",
        lambda: walker.manager.get(f"/api/stores/{STORE}/books/holders"),
        lambda found: all(
            (each["version"] or 0) >= version for each in found if each["kind"] in ("cart", "till") and each["online"]
        ),
        within_s=AHEAD_MS / 1000,
    )
    held_ms = now_ms()
    since = walker.live.now
    done = await walker.live.until(
        f"everybody confirmed the planned price of {first['gtin']}",
        "change",
        lambda it: it["id"] == made["id"] and it["state"] == "confirmed",
        within_s=40,
        since=since,
    )
    charged = [each["charged_ms"] for each in done["devices"] if each["kind"] in ("cart", "till")]
    if min(charged) < at_ms - 50:
        raise StepFailedError(f"somebody charged the planned price {at_ms - min(charged)} ms early")
    for device in ("till-1", "cart-3"):
        if (found := await walker.own_price(device, first["gtin"])) != was - 20:
            raise StepFailedError(f"{device} would charge {found}, not the planned {was - 20}")
        if (found := await walker.own_price(device, second["gtin"])) != second["price_minor"]:
            raise StepFailedError(f"{device} would charge {found}: a price that was taken back")
    return {
        "lawful_was_minor": tried["details"][0]["lawful_was_minor"],
        "ahead_ms": at_ms - held_ms,
        "late_ms": max(charged) - at_ms,
    }


async def promotion(walker: Walker) -> dict[str, Any]:
    """A promotion comes off the till's total with its reason, and the ledger has it once."""
    (product,) = await _products(walker, 11)
    name = f"journey-{now_ms()}"
    body = {
        "name": {"en": "Half price today", "zh": "今日半价"},
        "starts_ms": now_ms() - 1000,
        "ends_ms": now_ms() + 600_000,
        "rule": {
            "rule": "each-unit",
            "products": {"gtins": [product["gtin"]]},
            "effect": {"effect": "percent-off", "percent_bp": 5000},
        },
    }
    path = f"/api/stores/{STORE}/promotions/{name}"
    since_ms = now_ms()
    await walker.manager.put(path, {"promotion": body})
    await walker.tell("till-1", "/api/trip/start", {})
    await walker.scan_at("till-1", product["gtin"], since_ms)
    state = await poll(
        "the promotion on till-1",
        lambda: walker.state("till-1"),
        lambda it: it["saving_minor"] > 0,
        within_s=8,
    )
    (discount,) = state["discounts"]
    if state["total_minor"] + state["saving_minor"] != product["price_minor"] or discount["promotion"] != name:
        raise StepFailedError(f"the till's total does not add up: {state['total_minor']}, {state['discounts']}")
    await walker.tell("till-1", "/api/trip/close", {})
    booked = await poll(
        "the ledger's entry",
        lambda: walker.manager.get(f"/api/stores/{STORE}/promotions"),
        lambda found: any(each["promotion"]["id"] == name and each["uses"] == 1 for each in found),
        within_s=8,
    )
    await walker.manager.delete(path)
    saving = next(each["saving_minor"] for each in booked if each["promotion"]["id"] == name)
    return {"total_minor": state["total_minor"], "saving_minor": saving, "text": discount["text"]["en"]}


async def weighed(walker: Walker) -> dict[str, Any]:
    """A bag from the scale costs its weight times the price of a kilogram; one that was not weighed is not sold.

    And what the till's hand-held scanner types is worth what its camera reads.
    """
    (product,) = (await walker.manager.get(f"/api/stores/{STORE}/products", q="Lychees"))["items"]
    since_ms = now_ms()
    await walker.tell("till-1", "/api/trip/start", {})
    await walker.scan_at("till-1", product["gtin"], since_ms)
    state = await walker.state("till-1")
    (line,) = state["basket"]
    pack = line["pack"]
    # Half a fen up, as the scale does.
    owed = (2 * pack["weight_g"] * product["price_minor"] + 1000) // 2000
    if (pack["each_minor"], line["line_minor"], state["total_minor"]) != (product["price_minor"], owed, owed):
        raise StepFailedError(f"{pack['weight_g']} g at {product['price_minor']} cost {owed}, the till says {line}")
    # Item 10061 on a label without a weight.
    empty = with_check_digit("221006100000")
    await walker.scan_at("till-1", empty, since_ms)
    state = await walker.state("till-1")
    if (state["last_code"]["refused"], state["total_minor"]) != ("not-weighed", owed):
        raise StepFailedError(f"the till says {state['last_code']} of a bag that was not weighed")
    (other,) = await _products(walker, 14)
    scanner_ms = await walker.scan_by_hand("till-1", other["gtin"])
    state = await walker.state("till-1")
    if state["total_minor"] != owed + other["price_minor"]:
        raise StepFailedError(f"the till's total is {state['total_minor']} after {other} was scanned by hand")
    await walker.tell("till-1", "/api/trip/close", {})
    return {
        "weight_g": pack["weight_g"],
        "each_minor": pack["each_minor"],
        "total_minor": owed,
        "refused": "not-weighed",
        "scanner_ms": scanner_ms,
    }


async def price_list(walker: Walker) -> dict[str, Any]:
    """A price list is taken row by row, wrong rows are named, and the book before comes back."""
    (product,) = await _products(walker, 13)
    before = next(
        each["version"] for each in await walker.manager.get(f"/api/stores/{STORE}/books") if each["state"] == "current"
    )
    text = f"gtin,price_minor\n{product['gtin']},{product['price_minor'] + 30}\n{product['gtin'][:-1]}x,5\n"
    job = f"journey-{now_ms()}"
    answer = await walker.manager.upload(f"/api/stores/{STORE}/imports/{job}", "list.csv", text.encode(), "")
    if (answer["repriced"], answer["rejected_count"]) != (1, 1):
        raise StepFailedError(f"the list was taken otherwise than written: {answer}")
    back = await walker.manager.post(f"/api/stores/{STORE}/books/{before}/rollback", {})
    await poll(
        "the price before on till-1",
        lambda: walker.own_price("till-1", product["gtin"]),
        lambda found: found == product["price_minor"],
        within_s=8,
    )
    return {"rejected": answer["rejected"][0]["reason"], "back_to": before, "repriced": back["repriced"]}


def _holds(device: dict[str, Any], version: int) -> bool:
    charges = device["kind"] in ("cart", "till") and device["online"]
    return not charges or (device["version"] or 0) >= version


async def _products(walker: Walker, *places: int) -> list[dict[str, Any]]:
    # Apart from those that the other steps change at the same time.
    found = (await walker.manager.get(f"/api/stores/{STORE}/products", limit=60))["items"]
    return [found[-place] for place in places]


async def _plan(walker: Walker, gtin: str, price_minor: int, at_ms: int) -> dict[str, Any]:
    body = {"gtin": gtin, "price_minor": price_minor, "reason": "journey, for later", "effective_ms": at_ms}
    made: dict[str, Any] = await walker.manager.post(f"/api/stores/{STORE}/prices", body)
    if made["state"] != "planned":
        raise StepFailedError(f"the price of {gtin} is {made['state']}, not planned")
    return made
