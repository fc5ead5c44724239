"""The journey's step at the shelf: a label that flashes to be found, and one that is given to another product."""

from typing import Any, Protocol

from cloud_broker.clock import now_ms
from cloud_broker.demo.cast import STORE
from cloud_broker.demo.people import StepFailedError, Visitor, Watcher, poll


class AtShelf(Protocol):
    """What this step needs of the journey."""

    tech: Visitor
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
