"""The journey's step with a promo speaker that sees: silent in an empty aisle, heard by who comes."""

import math
from typing import Any, Final, Protocol

from cloud_broker.clock import now_ms
from cloud_broker.demo.cast import STORE
from cloud_broker.demo.people import StepFailedError, Visitor, Watcher, poll
from cloud_broker.demo.props import centre, melody

SPEAKER: Final = "speaker-1"
CARTS: Final = ("cart-2", "cart-3")
"""The other one is on a survey meanwhile, away from the entrance."""
OUT_OF_SIGHT_M: Final = 8.0
_AHEAD_MS: Final = 2_000


class Promoter(Protocol):
    """What this step needs of the journey."""

    manager: Visitor
    live: Watcher

    async def state(self, device: str) -> dict[str, Any]:
        """Return what a device's own page shows."""

    async def tell(self, device: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask a device for something, as its own page does."""


async def heard(promoter: Promoter) -> dict[str, Any]:
    """Everybody leaves the entrance, and a promo there is withheld; somebody comes, and the next one sounds."""
    site = await promoter.manager.get(f"/api/stores/{STORE}/site")
    places = {zone["id"]: centre(zone["polygon"]) for zone in site["zones"]}
    door = places["entrance"]
    # Out of the camera's sight, and not a step farther: they have to come back.
    away_m = {at: math.dist(at, door) for at in places.values()}
    far = min((at for at in away_m if away_m[at] > OUT_OF_SIGHT_M), key=lambda at: away_m[at])
    try:
        for cart in CARTS:
            await promoter.tell(cart, "/api/virtual/walk", {"x_m": far[0], "y_m": far[1]})
        await _until(promoter, "nobody")
        asset = await promoter.manager.upload(f"/api/stores/{STORE}/assets", "promo.wav", melody(), "Journey promo")
        before = (await promoter.state(SPEAKER))["withheld"]
        silent = await _planned(promoter, asset)
        await poll(
            "the promo is withheld", lambda: promoter.state(SPEAKER), lambda it: it["withheld"] > before, within_s=15
        )
        await promoter.tell(CARTS[0], "/api/virtual/walk", {"x_m": door[0], "y_m": door[1]})
        await _until(promoter, "near")
        since = promoter.live.now
        sounds = await _planned(promoter, asset)
        play = await promoter.live.until(
            "the promo sounds for who came", "play", lambda it: it["item"] == sounds, within_s=20, since=since
        )
        plays = await promoter.manager.get(f"/api/stores/{STORE}/plays?limit=50")
    finally:
        for cart in CARTS:
            await promoter.tell(cart, "/api/virtual/auto", {"on": True})
    if any(each["item"] == silent for each in plays):
        raise StepFailedError("a promo for people who are near played while nobody was there")
    return {"withheld": silent, "heard": sounds, "level_dbfs": round(play["level_dbfs"], 1)}


async def _planned(promoter: Promoter, asset: dict[str, Any]) -> str:
    slot = await promoter.manager.post(
        f"/api/stores/{STORE}/schedule",
        {
            "asset_sha256": asset["sha256"],
            "start_ms": now_ms() + _AHEAD_MS,
            "devices": [SPEAKER],
            "audience": "near",
        },
    )
    return str(slot["id"])


async def _until(promoter: Promoter, near: str) -> None:
    await poll(
        f"{SPEAKER} sees {near}",
        lambda: promoter.state(SPEAKER),
        lambda it: it["audience"]["sees"] and it["audience"]["near"] == near,
        within_s=60,
    )
