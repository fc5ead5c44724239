"""The journey's step with a model: spoilt weights are refused, whole ones reach the devices, and are taken back."""

import json
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

import httpx

from cloud_broker.demo.cast import STORE
from cloud_broker.demo.people import StepFailedError, Visitor, poll

DEVICES: Final = ("gateway-1", "speaker-1")
"""Who looks for people: on photos of shelves, and before a speaker."""

TASK: Final = "detector"
_SHIPPED: Final = Path(__file__).parents[2] / "vision" / "models"


class Giver(Protocol):
    """What this step needs of the journey."""

    hq: Visitor

    async def state(self, device: str) -> dict[str, Any]:
        """Return what a device's own page shows."""


async def pushed(giver: Giver) -> dict[str, Any]:
    """Give the store the next version of a model, see devices look with it, and have them go back."""
    manifest = json.loads((_SHIPPED / f"{TASK}.json").read_text("utf-8"))
    manifest["version"] += 1
    weights = (_SHIPPED / f"{TASK}.onnx").read_bytes()
    spoilt = await _added(giver, manifest, weights[:-1] + bytes([weights[-1] ^ 1]))
    if spoilt.status_code != 422 or "hash" not in spoilt.text:
        raise StepFailedError(f"weights with another hash were answered {spoilt.status_code}: {spoilt.text[:200]}")
    added = await _added(giver, manifest, weights)
    if added.is_error:
        raise StepFailedError(f"the model was not taken: {added.text[:300]}")
    await giver.hq.put(f"/api/stores/{STORE}/models", {"name": manifest["name"], "version": manifest["version"]})
    for device in DEVICES:
        await poll(f"{device} looks with it", partial(giver.state, device), partial(_looks_with, manifest), within_s=30)
    said = await poll(
        "devices say so", partial(_told, giver, manifest), lambda it: it["using"] >= len(DEVICES), within_s=30
    )
    await giver.hq.delete(f"/api/stores/{STORE}/models/{TASK}")
    for device in DEVICES:
        await poll(f"{device} goes back", partial(giver.state, device), lambda it: it["models"] == [], within_s=30)
    await giver.hq.delete(f"/api/models/{manifest['name']}/{manifest['version']}")
    return {"model": f"{manifest['name']} {manifest['version']}", "bytes": len(weights), "using": said["using"]}


def _looks_with(manifest: dict[str, Any], state: dict[str, Any]) -> bool:
    return [(one["version"], one["trouble"]) for one in state["models"]] == [(manifest["version"], "")]


async def _told(giver: Giver, manifest: dict[str, Any]) -> dict[str, Any]:
    models = await giver.hq.get("/api/models")
    mine = next(one for one in models if (one["name"], one["version"]) == (manifest["name"], manifest["version"]))
    told: dict[str, Any] = next(one for one in mine["stores"] if one["store"] == STORE)
    return told


async def _added(giver: Giver, manifest: dict[str, Any], weights: bytes) -> httpx.Response:
    files = {
        "manifest": (f"{TASK}.json", json.dumps(manifest).encode(), "application/json"),
        "weights": (f"{TASK}.onnx", weights, "application/octet-stream"),
    }
    return await giver.hq.http.post("/api/models", files=files)
