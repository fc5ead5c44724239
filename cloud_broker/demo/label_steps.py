"""The journey's step at the shelf: a label that flashes, one for another product, and one drawn by another template."""

from typing import Any, Protocol

from cloud_broker.clock import now_ms
from cloud_broker.demo.cast import STORE
from cloud_broker.demo.people import StepFailedError, Visitor, Watcher, poll


class AtShelf(Protocol):
    """What this step needs of the journey."""

    tech: Visitor
    manager: Visitor
    live: Watcher


async def paired(walker: AtShelf) -> dict[str, Any]:
    """Two scans give a label to another product, which it then shows and proves; and back. Its light flashes."""
    labels = (await walker.tech.get(f"/api/stores/{STORE}/snapshot"))["labels"]
    label = labels[-1]
    other = next(each for each in reversed(labels) if each["gtin"] != label["gtin"])
    flashed = await walker.tech.post(f"/api/labels/{label['id']}/flash", {"store": STORE})
    began_ms = now_ms()
    shown = [await _pair(walker, label["address"], gtin) for gtin in (other["gtin"], label["gtin"])]
    if shown[0]["image_sha256"] == shown[1]["image_sha256"]:
        raise StepFailedError(f"label {label['id']} proved the same picture for two products")
    took_ms = now_ms() - began_ms
    device = flashed["device"]
    done = await poll(
        f"{device} has let {label['id']} flash",
        lambda: walker.tech.get(f"/api/devices/{device}"),
        lambda found: any(each["id"] == flashed["id"] and each["state"] == "done" for each in found["commands"]),
        within_s=20,
    )
    detail = next(each["detail"] for each in done["commands"] if each["id"] == flashed["id"])
    return {"label": label["id"], "there_and_back_ms": took_ms, "flashed": detail}


async def redrawn(walker: AtShelf) -> dict[str, Any]:
    """A manager makes a template of one that comes along; a label is drawn by it, proves that, and goes back."""
    at = f"/api/stores/{STORE}/templates"
    usual = next(each for each in await walker.manager.get(at) if each["name"] == "offer-bwr")
    elements = [*usual["template"]["elements"], {"kind": "line", "box": [0, 92, 296, 1], "colour": "red"}]
    body = usual["template"] | {"title": {"zh": "本店", "en": "House"}, "elements": elements}
    await walker.manager.put(f"{at}/house", {"template": body})
    labels = (await walker.manager.get(f"/api/stores/{STORE}/snapshot"))["labels"]
    label = next(each for each in labels if each["template"] == "offer-bwr" and each["state"] == "shown")
    began_ms = now_ms()
    shown = [await _use(walker, at, name, label["id"]) for name in ("house", "offer-bwr")]
    if shown[0]["image_sha256"] == shown[1]["image_sha256"]:
        raise StepFailedError(f"label {label['id']} proved the same picture for two templates")
    took_ms = now_ms() - began_ms
    await walker.manager.delete(f"{at}/house")
    return {"redrawn": label["id"], "redrawn_and_back_ms": took_ms}


async def _use(walker: AtShelf, at: str, name: str, label: str) -> dict[str, Any]:
    since = walker.live.now
    await walker.manager.post(f"{at}/{name}/use", {"labels": [label]})
    return await walker.live.until(
        f"label {label} shows the template {name}",
        "label",
        lambda it: it["id"] == label and it["template"] == name and it["state"] == "shown",
        within_s=30,
        since=since,
    )


async def _pair(walker: AtShelf, address: str, gtin: str) -> dict[str, Any]:
    since = walker.live.now
    made = await walker.tech.post(
        "/api/labels/pair", {"store": STORE, "product": gtin, "label": address.replace(":", "")}
    )
    return await walker.live.until(
        f"label {made['label']['id']} shows {gtin}",
        "label",
        lambda it: it["id"] == made["label"]["id"] and it["gtin"] == gtin and it["state"] == "shown",
        within_s=30,
        since=since,
    )
