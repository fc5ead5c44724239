"""The journey's step with a technician: a leg of a survey walked with a cart, and what the map and beacons promise."""

from typing import Any, Protocol

import anyio

from cloud_broker.demo.cast import STORE
from cloud_broker.demo.people import StepFailedError, Visitor, poll

CART = "cart-1"
MOST_P75_M = 2.0
"""The demo's store was surveyed in its own radio: with wheels, three of four answers are promised well within this."""


class Technician(Protocol):
    """What this step needs of the journey."""

    tech: Visitor

    async def state(self, device: str) -> dict[str, Any]:
        """Return what a device's own page shows."""

    async def tell(self, device: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask a device for something, as its own page does."""


async def surveyed(walker: Technician) -> dict[str, Any]:
    """A cart is taken out of service, walks one leg of a survey, and the cloud has it; then it sells again."""
    await walker.tech.patch(f"/api/devices/{CART}", {"in_service": False})
    await poll(
        f"{CART} is out of service",
        lambda: walker.state(CART),
        lambda it: it["out_of_service"] == "taken-out",
        within_s=10,
    )
    try:
        leg = await _leg(walker)
    finally:
        await walker.tech.patch(f"/api/devices/{CART}", {"in_service": True})
    promise = await walker.tech.get(f"/api/stores/{STORE}/promise")
    p75_m = promise["levels"][0]["p75_m"]
    if p75_m > MOST_P75_M:
        raise StepFailedError(f"the surveyed store promises {p75_m} m")
    beacons = await poll(
        "devices say how they hear the beacons",
        lambda: walker.tech.get(f"/api/stores/{STORE}/beacons"),
        lambda it: all(beacon["state"] != "unheard" for beacon in it),
        within_s=60,
    )
    rates = [beacon["rate"] for beacon in beacons if beacon["rate"] is not None]
    return {
        **leg,
        "promised_p75_m": p75_m,
        "beacons_ill": sum(beacon["state"] == "ill" for beacon in beacons),
        "received": round(sum(rates) / max(1, len(rates)), 2),
    }


async def _leg(walker: Technician) -> dict[str, Any]:
    survey = (await walker.tell(CART, "/api/survey/start", {}))["survey"]
    leg: dict[str, Any] = {}
    for x_m, y_m in ((12.0, 3.0), (17.0, 3.0)):
        arrives = await walker.tell(CART, "/api/virtual/walk", {"x_m": x_m, "y_m": y_m})
        await anyio.sleep(arrives["takes_s"] + 0.3)
        leg = await walker.tell(CART, "/api/survey/at", {"x_m": x_m, "y_m": y_m})
    await walker.tell(CART, "/api/survey/finish", {})
    await poll(
        f"the leg of {survey} has arrived",
        lambda: walker.tech.get(f"/api/stores/{STORE}/surveys"),
        lambda it: any(each["id"] == survey and each["legs"] == 1 for each in it),
        within_s=15,
    )
    await walker.tech.delete(f"/api/stores/{STORE}/surveys/{survey}")
    return {"survey": survey, "packets": leg["packets"]}
