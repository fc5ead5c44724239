"""The journey's step with an item that is taught: a cart's own frames, tried at once, and known to every cart after."""

from functools import partial
from typing import Any, Final, Protocol

import anyio
import httpx

from cloud_broker.demo.cast import STORE
from cloud_broker.demo.people import StepFailedError, Visitor, poll
from cloud_broker.demo.stage import Stage

CART: Final = "cart-1"
"""It walks, and nobody holds anything to its camera but this step."""

FRAMES: Final = 5
_BETWEEN_S: Final = 0.35


class Teacher(Protocol):
    """What this step needs of the journey."""

    stage: Stage
    associate: Visitor
    devices: httpx.AsyncClient

    async def state(self, device: str) -> dict[str, Any]:
        """Return what a device's own page shows."""

    async def tell(self, device: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask a device for something, as its own page does."""


async def taught(teacher: Teacher) -> dict[str, Any]:
    """Teach a product by frames of a cart's camera; then ask another frame of the cart what it shows."""
    found = await teacher.associate.get(f"/api/stores/{STORE}/snapshot")
    gtin = str(found["labels"][7]["gtin"])
    shown = await teacher.associate.post(f"/api/stores/{STORE}/pass", {})
    headers = {"x-aisle": "1", "x-aisle-pass": shown["staff_pass"]}
    at = f"{shown['url']}/api/items/{gtin}"
    empty = (await _frames(teacher, 1))[0]
    frames = await _held_up(teacher, gtin, FRAMES + 1)
    await _sent(teacher, f"{at}/pictures?of=empty", empty, headers)
    for frame in frames[:FRAMES]:
        told = await _sent(teacher, f"{at}/pictures", frame, headers)
    if told["problem"] is not None:
        raise StepFailedError(f"{FRAMES} frames of {gtin} teach nothing: {told['problem']}")
    tried = await _sent(teacher, f"{at}/try", frames[FRAMES], headers)
    await _sent(teacher, f"{at}/learn", b"", headers)
    for cart in (CART, "cart-3"):
        await poll(f"{cart} knows {gtin}", partial(teacher.state, cart), _knows, within_s=20)
    await _held_up(teacher, gtin, 1)
    seen = await teacher.tell(CART, "/api/recognise", {})
    if tried["top"][0]["gtin"] != gtin or seen["top"][0]["gtin"] != gtin:
        raise StepFailedError(f"{gtin} was taught; tried: {tried}; seen by {CART}: {seen}")
    return {"gtin": gtin, "tried": tried["top"][0]["p"], "seen": seen["top"][0]["p"]}


def _knows(state: dict[str, Any]) -> bool:
    return bool(state["taught"] >= 1)


async def _held_up(teacher: Teacher, gtin: str, count: int) -> list[bytes]:
    await teacher.tell(CART, "/api/virtual/show", {"gtin": gtin})
    address = teacher.stage.places.url(CART)

    async def view() -> Any:
        answer = await teacher.devices.get(f"{address}/api/camera")
        answer.raise_for_status()
        return answer.json()

    await poll(f"{CART} sees {gtin}", view, lambda it: any(c["gtin"] == gtin for c in it["codes"]), within_s=8)
    return await _frames(teacher, count)


async def _frames(teacher: Teacher, count: int) -> list[bytes]:
    found = []
    for number in range(count):
        if number:
            await anyio.sleep(_BETWEEN_S)
        answer = await teacher.devices.get(f"{teacher.stage.places.url(CART)}/api/camera.jpg")
        answer.raise_for_status()
        found.append(answer.content)
    return found


async def _sent(teacher: Teacher, address: str, data: bytes, headers: dict[str, str]) -> Any:
    answer = await teacher.devices.post(address, content=data, headers=headers, timeout=30)
    if answer.is_error:
        raise StepFailedError(f"the gateway says: {answer.text[:300]}")
    return answer.json()
