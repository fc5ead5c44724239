"""The journey's step with a cart that weighs: an honest item is left alone, a wrong or an unscanned one is not."""

from typing import Any, Final, Protocol

import anyio

from cloud_broker.demo.cast import STORE
from cloud_broker.demo.people import StepFailedError, Visitor, Watcher, poll

CART: Final = "cart-2"
_QUIET_S: Final = 6.5
"""So long what the cart has scanned by itself may still be on its way into the basket."""

_WRONG_G: Final = 90.0
_UNSCANNED_G: Final = 730.0


class Weigher(Protocol):
    """What this step needs of the journey."""

    manager: Visitor
    live: Watcher

    async def state(self, device: str) -> dict[str, Any]:
        """Return what a device's own page shows."""

    async def tell(self, device: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask a device for something, as its own page does."""

    async def scan_by_hand(self, device: str, gtin: str) -> int:
        """Scan a product with a device's hand-held scanner."""


async def weighed(weigher: Weigher) -> dict[str, Any]:
    """Put in what was scanned; scan one thing and put in another; put something in that nobody scanned."""
    await weigher.tell(CART, "/api/virtual/auto", {"on": False})
    try:
        return await _tried(weigher)
    finally:
        await weigher.tell(CART, "/api/virtual/auto", {"on": True})


async def _tried(weigher: Weigher) -> dict[str, Any]:
    honest, swapped = await _heavy(weigher)
    await anyio.sleep(_QUIET_S)
    await weigher.scan_by_hand(CART, honest)
    right_g = (await weigher.state(CART))["basket_check"]["expected_g"]
    await weigher.tell(CART, "/api/virtual/put", {"grams": right_g})
    await poll("the scale comes to rest", lambda: weigher.state(CART), _has(right_g), within_s=15)
    since, began_s = weigher.live.now, anyio.current_time()
    await weigher.scan_by_hand(CART, swapped)
    await weigher.tell(CART, "/api/virtual/put", {"grams": _WRONG_G})
    asked = await weigher.live.until(
        f"{CART} asks about {swapped}", "basket-check", lambda it: it["device"] == CART, within_s=20, since=since
    )
    noticed_s = anyio.current_time() - began_s
    if (asked["verdict"], asked["gtin"]) != ("please-check", swapped):
        raise StepFailedError(f"{swapped} was swapped, and the cart asks {asked}")
    await weigher.tell(CART, "/api/basket/answer", {"question": asked["id"], "answer": "remove"})
    since = weigher.live.now
    await weigher.tell(CART, "/api/virtual/put", {"grams": _UNSCANNED_G})
    late = await weigher.live.until(
        f"{CART} asks for a scan",
        "basket-check",
        lambda it: it["device"] == CART and it["verdict"] == "please-scan" and it["answer"] is None,
        within_s=25,
        since=since,
    )
    await weigher.tell(CART, "/api/virtual/put", {"grams": -_UNSCANNED_G})
    done = await weigher.live.until(
        "what was taken out again is asked for no more",
        "basket-check",
        lambda it: it["id"] == late["id"] and it["answer"] is not None,
        within_s=15,
        since=since,
    )
    basket = (await weigher.state(CART))["basket"]
    if any(line["gtin"] == swapped for line in basket) or not any(line["gtin"] == honest for line in basket):
        raise StepFailedError(f"the basket should hold {honest} and not {swapped}: {basket}")
    questions = await weigher.manager.get(f"/api/stores/{STORE}/basket-questions")
    if any(each["gtin"] == honest for each in questions if each["device"] == CART):
        raise StepFailedError(f"an honest {honest} was asked about")
    return {"noticed_s": round(noticed_s, 1), "odds": asked["odds"], "answers": ["removed", done["answer"]]}


async def _heavy(weigher: Weigher) -> tuple[str, str]:
    """Return two products of a kilogram or more, by what is written on them."""
    found = await weigher.manager.get(f"/api/stores/{STORE}/products", limit=100)
    heavy = [each["gtin"] for each in found["items"] if each["unit"].endswith(" kg") and each["unit"] != "0 kg"]
    if len(heavy) < 2:
        raise StepFailedError("the store has no two products of a kilogram")
    return heavy[0], heavy[1]


def _has(grams: float) -> Any:
    return lambda it: it["basket_check"]["grams"] is not None and it["basket_check"]["grams"] > grams - 30
