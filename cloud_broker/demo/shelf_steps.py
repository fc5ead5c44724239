"""The journey's step with a shelf: a photo becomes tasks, one is taken, and the next photo closes them."""

from typing import Any, Protocol

import httpx

from cloud_broker.demo.cast import BAY, STORE
from cloud_broker.demo.people import StepFailedError, Visitor, Watcher
from cloud_broker.demo.stage import Stage


class Auditor(Protocol):
    """What this step needs of the journey."""

    stage: Stage
    associate: Visitor
    live: Watcher
    devices: httpx.AsyncClient


async def audited(auditor: Auditor) -> dict[str, Any]:
    """Photograph the bay as it is, see to what is wrong, and photograph it again."""
    found = await _photographed(auditor, "before")
    since = auditor.live.now
    await auditor.live.until("the photo is in the cloud's books", "shelf", _is_of(found), within_s=15)
    tasks = [task for task in await auditor.associate.get(f"/api/stores/{STORE}/tasks") if task["bay"] == BAY]
    if not tasks or found["right"] == found["facings"]:
        raise StepFailedError(f"{found['gaps']} gaps and {found['wrong']} wrong places became {len(tasks)} tasks")
    taken = await auditor.associate.post(f"/api/stores/{STORE}/tasks/{tasks[0]['id']}/take", {"taken": True})
    again = await _photographed(auditor, "after")
    for task in tasks:
        await auditor.live.until(
            f"task {task['id']} is closed by the next photo",
            "task",
            lambda it, wanted=task["id"]: it["id"] == wanted and it["closed_ms"] is not None,  # type: ignore[misc]
            within_s=15,
            since=since,
        )
    if again["right"] != again["facings"]:
        raise StepFailedError(f"all stands in its place, but the second photo shows {again['right']} of it")
    return {
        "facings": found["facings"],
        "gaps": found["gaps"],
        "wrong": found["wrong"],
        "tasks": len(tasks),
        "taken_by": taken["taken_by"],
        "took_ms": found["took_ms"],
    }


def _is_of(found: dict[str, Any]) -> Any:
    return lambda it: it.get("audit") == found["audit"]


async def _photographed(auditor: Auditor, when: str) -> dict[str, Any]:
    shown = await auditor.associate.post(f"/api/stores/{STORE}/pass", {})
    photo = (auditor.stage.places.shelf(when) / "000000.png").read_bytes()
    answer = await auditor.devices.post(
        f"{shown['url']}/api/bays/{BAY}/photos",
        content=photo,
        headers={"x-aisle": "1", "x-aisle-pass": shown["staff_pass"]},
        timeout=30,
    )
    if answer.is_error:
        raise StepFailedError(f"the gateway says of the photo: {answer.text[:300]}")
    said: dict[str, Any] = answer.json()
    return said
