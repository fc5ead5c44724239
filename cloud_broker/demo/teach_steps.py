"""The journey's step with an item that is taught: a cart's own frames, tried at once, and known to every cart after."""

from functools import partial
from typing import Any, Final, Protocol

import httpx

from cloud_broker.demo.cast import STORE
from cloud_broker.demo.people import StepFailedError, Visitor, poll
from cloud_broker.demo.stage import Stage

CART: Final = "cart-1"
"""It walks, and nobody holds anything to its camera but this step."""

FRAMES: Final = 5
_GRAMS: Final = 515.0


class Teacher(Protocol):
    """What this step needs of the journey."""

    stage: Stage
    associate: Visitor
    manager: Visitor
    devices: httpx.AsyncClient

    async def state(self, device: str) -> dict[str, Any]:
        """Return what a device's own page shows."""

    async def tell(self, device: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask a device for something, as its own page does."""


async def taught(teacher: Teacher) -> dict[str, Any]:
    """Teach a product by frames of a cart's camera; then ask another frame of the cart what it shows."""
    (product,) = (await teacher.manager.get(f"/api/stores/{STORE}/products", q="Lychees"))["items"]
    gtin = str(product["gtin"])
    shown = await teacher.associate.post(f"/api/stores/{STORE}/pass", {})
    headers = {"x-aisle": "1", "x-aisle-pass": shown["staff_pass"]}
    at = f"{shown['url']}/api/items/{gtin}"
    empty = await _frame(teacher)
    # Held up anew for each, as another hand would: who knows a thing from one side knows it from one side.
    frames = [await _held_up(teacher, gtin) for _ in range(FRAMES + 1)]
    await _sent(teacher, f"{at}/pictures?of=empty", empty, headers)
    for frame in frames[:FRAMES]:
        told = await _sent(teacher, f"{at}/pictures", frame, headers)
    if told["problem"] is not None:
        raise StepFailedError(f"{FRAMES} frames of {gtin} teach nothing: {told['problem']}")
    tried = await _sent(teacher, f"{at}/try", frames[FRAMES], headers)
    await _sent(teacher, f"{at}/learn", b"", headers)
    for cart in (CART, "cart-3"):
        await poll(f"{cart} knows {gtin}", partial(teacher.state, cart), _knows, within_s=20)
    await _held_up(teacher, gtin)
    seen = await teacher.tell(CART, "/api/recognise", {})
    if tried["top"][0]["gtin"] != gtin or seen["top"][0]["gtin"] != gtin:
        raise StepFailedError(f"{gtin} was taught; tried: {tried}; seen by {CART}: {seen}")
    # The shopper says that it is this; into the basket with it, where it is weighed, and seen to go by the rim.
    await teacher.tell(CART, "/api/basket/add", {"gtin": gtin})
    await teacher.tell(CART, "/api/virtual/put", {"grams": _GRAMS, "gtin": gtin})
    owed = round(product["price_minor"] * _GRAMS / 1000)
    weighed = await poll(f"{CART} sells {_GRAMS:g} g of it", partial(teacher.state, CART), _sold, within_s=15)
    line = next(one for one in weighed["basket"] if _is_weighed(one))
    if line["line_minor"] != owed:
        raise StepFailedError(f"{_GRAMS:g} g at {product['price_minor']} a kilogram cost {owed}, the cart says {line}")
    passed = await poll(f"{CART} sees {gtin} go in", partial(teacher.state, CART), _saw, within_s=15)
    sight = passed["basket_check"]["sight"]
    if sight["gtin"] != gtin or not sight["inward"]:
        raise StepFailedError(f"{gtin} was put in, and the side camera saw {sight}")
    await teacher.tell(CART, "/api/virtual/put", {"grams": -_GRAMS})
    chances = {"tried": tried["top"][0]["p"], "seen": seen["top"][0]["p"], "by_the_rim": sight["p"]}
    return {"gtin": gtin, "weighed_minor": owed, **chances}


def _is_weighed(line: dict[str, Any]) -> bool:
    return line["pack"] is not None and line["pack"]["weight_g"] == _GRAMS


def _sold(state: dict[str, Any]) -> bool:
    return any(_is_weighed(line) for line in state["basket"])


def _saw(state: dict[str, Any]) -> bool:
    return state["basket_check"]["sight"] is not None


def _knows(state: dict[str, Any]) -> bool:
    return bool(state["taught"] >= 1)


async def _held_up(teacher: Teacher, gtin: str) -> bytes:
    await teacher.tell(CART, "/api/virtual/show", {"gtin": gtin})
    address = teacher.stage.places.url(CART)

    async def view() -> Any:
        answer = await teacher.devices.get(f"{address}/api/camera")
        answer.raise_for_status()
        return answer.json()

    before = (await view())["frame"]
    await poll(
        f"{CART} sees {gtin}",
        view,
        # The bag's code names its weight, too, so that it is another with each bag.
        lambda it: it["frame"] > before and bool(it["codes"]),
        within_s=10,
    )
    return await _frame(teacher)


async def _frame(teacher: Teacher) -> bytes:
    answer = await teacher.devices.get(f"{teacher.stage.places.url(CART)}/api/camera.jpg")
    answer.raise_for_status()
    return answer.content


async def _sent(teacher: Teacher, address: str, data: bytes, headers: dict[str, str]) -> Any:
    answer = await teacher.devices.post(address, content=data, headers=headers, timeout=30)
    if answer.is_error:
        raise StepFailedError(f"the gateway says: {answer.text[:300]}")
    return answer.json()
