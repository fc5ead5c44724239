"""The journey: the steps of `run` through the pages' own API and event stream, each timed, none simulated here.

Steps that do not disturb each other run at the same time. The result is one JSON line.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx

from cloud_broker.bus.mqtt import Address, MqttBus, Tls
from cloud_broker.bus.port import Message
from cloud_broker.clock import now_ms
from cloud_broker.demo import (
    audience_steps,
    basket_steps,
    label_steps,
    model_steps,
    price_steps,
    shelf_steps,
    survey_steps,
    teach_steps,
)
from cloud_broker.demo.cast import CAST, STORE, Part
from cloud_broker.demo.people import StepFailedError, Visitor, Watcher, poll
from cloud_broker.demo.props import centre, melody
from cloud_broker.demo.stage import Stage
from firmware_specs import topics
from firmware_specs.kinds import kinds

OUTAGE_S = 20.0
OFFLINE_WITHIN_S = 10.0


@dataclass
class Journey:
    """One run of the check on a stage that stands."""

    stage: Stage
    manager: Visitor
    associate: Visitor
    tech: Visitor
    hq: Visitor
    live: Watcher
    devices: httpx.AsyncClient
    results: list[dict[str, Any]] = field(default_factory=list)

    async def run(self) -> bool:
        """Run every step; return whether all held."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._with_carts)
            group.start_soon(self._chain, ("2 code", self.code), ("17 wrong item", self.wrong_item))
            group.start_soon(self._chain, ("3 price down", self.price_down), ("3 price up", self.price_up))
            group.start_soon(self._chain, ("4 sound", self.sound))
            group.start_soon(self._chain, ("6 enrol", self.enrol), ("19 new model", self.pushed))
            group.start_soon(self._chain, ("7 offline", self.offline))
            group.start_soon(
                self._chain,
                ("9 planned price", self.planned),
                ("10 promotion", self.promotion),
                ("12 weighed", self.weighed),
                ("13 shelf label", self.paired),
                ("16 shelf photo", self.audited),
            )
        await self._chain(("11 price list", self.price_list))
        await self._chain(("8 outage", self.outage))
        self.results.sort(key=lambda result: int(str(result["step"]).split()[0]))
        return all(result["ok"] for result in self.results)

    async def _with_carts(self) -> None:
        await self._chain(("1 position", self.position))
        async with anyio.create_task_group() as group:
            group.start_soon(self._chain, ("5 offer", self.offer))
            group.start_soon(self._chain, ("18 taught item", self.taught))
        async with anyio.create_task_group() as group:
            # Two carts leave the entrance and one comes back, while the third is surveyed elsewhere.
            group.start_soon(self._chain, ("14 survey", self.survey))
            group.start_soon(self._chain, ("15 audience", self.audience))

    async def _chain(self, *steps: tuple[str, Callable[[], Awaitable[dict[str, Any]]]]) -> None:
        for name, step in steps:
            started_s = anyio.current_time()
            result: dict[str, Any] = {"step": name, "ok": True}
            try:
                result |= await step()
            except StepFailedError as exc:
                result |= {"ok": False, "why": str(exc)}
            except httpx.HTTPError as exc:
                result |= {"ok": False, "why": f"{type(exc).__name__}: {exc}"}
            result["took_s"] = round(anyio.current_time() - started_s, 2)
            self.results.append(result)
            self.stage.tell(f"{'ok  ' if result['ok'] else 'FAIL'} {name} {result}")

    # -- the devices' own pages

    async def state(self, device: str) -> dict[str, Any]:
        """Return what a device's own page shows."""
        answer = await self.devices.get(f"{self.stage.places.url(device)}/api/state")
        answer.raise_for_status()
        state: dict[str, Any] = answer.json()
        return state

    async def tell(self, device: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask a device for something, as its own page does; return what it says. Raises StepFailedError."""
        answer = await self.devices.post(f"{self.stage.places.url(device)}{path}", json=body, headers={"x-aisle": "1"})
        if answer.is_error:
            raise StepFailedError(f"{device} {path}: {answer.text[:200]}")
        said: dict[str, Any] = answer.json()
        return said

    async def scan_at(self, device: str, gtin: str, since_ms: int) -> None:
        """Hold a product before a cart's camera until the cart has read it; as a person does, once more if need be."""

        def has_read(state: dict[str, Any]) -> bool:
            code = state["last_code"]
            return code is not None and code["gtin"] == gtin and code["at_ms"] >= since_ms

        for last in (False, True):
            await self.tell(device, "/api/virtual/show", {"gtin": gtin})
            try:
                await poll(f"{device} read {gtin}", lambda: self.state(device), has_read, within_s=8)
            except StepFailedError:
                if last:
                    raise
            else:
                return

    async def scan_by_hand(self, device: str, gtin: str) -> int:
        """Scan a product with a device's hand-held scanner, which types; return after how many ms it was taken."""
        since_ms = now_ms()
        await self.tell(device, "/api/virtual/scan", {"code": gtin.removeprefix("0")})

        def has_taken(state: dict[str, Any]) -> bool:
            code = state["last_code"]
            return code is not None and code["gtin"] == gtin and code["at_ms"] >= since_ms

        await poll(f"{device} took {gtin} from its scanner", lambda: self.state(device), has_taken, within_s=8)
        return now_ms() - since_ms

    async def own_price(self, device: str, gtin: str) -> int:
        """What a cart or till would charge now, by its own page."""
        answer = await self.devices.get(f"{self.stage.places.url(device)}/api/products", params={"q": gtin})
        answer.raise_for_status()
        items = answer.json()["items"]
        return int(items[0]["price_minor"]) if items else -1

    async def _price(self, gtin: str) -> int:
        found = await self.manager.get(f"/api/stores/{STORE}/products", q=gtin)
        return int(found["items"][0]["price_minor"])

    # -- the steps

    async def position(self) -> dict[str, Any]:
        """A cart hears beacons, computes where it is, and the map moves it."""
        site = await self.manager.get(f"/api/stores/{STORE}/site")
        target = centre(next(zone["polygon"] for zone in site["zones"] if zone["id"] == "produce"))
        since = self.live.now
        await self.tell("cart-1", "/api/virtual/walk", {"x_m": target[0], "y_m": target[1]})
        first = await self.live.until(
            "cart-1's position on the map", "position", lambda it: it["device"] == "cart-1", within_s=20, since=since
        )
        there = await self.live.until(
            "cart-1 within 3 m of where it walked",
            "position",
            lambda it: it["device"] == "cart-1" and math.dist((it["x_m"], it["y_m"]), target) < 3.0,
            within_s=40,
            since=since,
        )
        return {
            "delay_ms": now_ms() - there["at_ms"],
            "moved_m": round(math.dist((first["x_m"], first["y_m"]), (there["x_m"], there["y_m"])), 2),
            "off_m": round(math.dist((there["x_m"], there["y_m"]), target), 2),
        }

    async def code(self) -> dict[str, Any]:
        """A cart's camera reads a barcode; name and price come from the cart's own book."""
        found = await self.manager.get(f"/api/stores/{STORE}/products", limit=60)
        product = found["items"][-1]
        since = self.live.now
        shown_s = anyio.current_time()
        await self.tell("cart-2", "/api/virtual/show", {"gtin": product["gtin"]})
        read = await self.live.until(
            f"cart-2 read {product['gtin']}",
            "code",
            lambda it: it["device"] == "cart-2" and it["gtin"] == product["gtin"],
            within_s=15,
            since=since,
        )
        if read["price_minor"] != product["price_minor"]:
            raise StepFailedError(f"cart-2 says {read['price_minor']}, the book {product['price_minor']}")
        state = await self.state("cart-2")
        if state["last_code"]["name"] != product["name"]:
            raise StepFailedError(f"cart-2 shows {state['last_code']} for {product['name']}")
        seen = await self._in_view("cart-2", product["gtin"])
        return {
            "latency_ms": round((anyio.current_time() - shown_s) * 1000),
            "price_minor": read["price_minor"],
            "look_ms": seen["look_ms"],
        }

    async def _in_view(self, device: str, gtin: str) -> dict[str, Any]:
        # The camera's view on the cart's own page, with the code outlined in it.
        address = self.stage.places.url(device)

        async def view() -> dict[str, Any]:
            answer = await self.devices.get(f"{address}/api/camera")
            answer.raise_for_status()
            said: dict[str, Any] = answer.json()
            return said

        def outlined(said: dict[str, Any]) -> bool:
            return any(code["gtin"] == gtin and len(code["corners"]) == 4 for code in said["codes"])

        await self.tell(device, "/api/virtual/show", {"gtin": gtin})
        seen: dict[str, Any] = await poll(f"{device} outlines {gtin} in its view", view, outlined, within_s=8)
        return seen

    async def _hanging(self) -> str:
        labels = (await self.manager.get(f"/api/stores/{STORE}/snapshot"))["labels"]
        return str(labels[3]["gtin"])

    async def _change(self, gtin: str, price_minor: int) -> dict[str, Any]:
        since = self.live.now
        made = await self.manager.post(
            f"/api/stores/{STORE}/prices", {"gtin": gtin, "price_minor": price_minor, "reason": "journey"}
        )
        done = await self.live.until(
            f"everybody confirmed change {made['id']} of {gtin} to {price_minor}",
            "change",
            lambda it: it["id"] == made["id"] and it["state"] == "confirmed",
            within_s=30,
            since=since,
        )
        for device in ("till-1", "cart-3"):
            charged = await self.own_price(device, gtin)
            if charged != price_minor:
                raise StepFailedError(f"{device} would charge {charged}, not {price_minor}")
        return done

    def _times(self, done: dict[str, Any], key: str, kinds: tuple[str, ...]) -> list[int]:
        return [each[key] for each in done["devices"] if each["kind"] in kinds]

    async def price_down(self) -> dict[str, Any]:
        """A lower price: every cart and till charges it before a label is armed."""
        gtin = await self._hanging()
        was = await self._price(gtin)
        done = await self._change(gtin, was - 100 if was > 200 else was - 1)
        held = max(self._times(done, "held_ms", ("cart", "till")))
        charged = max(self._times(done, "charged_ms", ("cart", "till")))
        armed = min(label["armed_ms"] for label in done["labels"])
        if armed < charged:
            raise StepFailedError(
                f"a label was armed {charged - armed} ms before every cart and till charged the price"
            )
        return {
            "held_ms": held - done["made_ms"],
            "charged_ms": charged - done["made_ms"],
            "armed_ms": armed - done["made_ms"],
            "shown_ms": max(label["shown_ms"] for label in done["labels"]) - done["made_ms"],
            "confirmed_ms": done["confirmed_ms"] - done["made_ms"],
        }

    async def price_up(self) -> dict[str, Any]:
        """A higher price: every label has proved it before anybody charges it."""
        gtin = await self._hanging()
        was = await self._price(gtin)
        done = await self._change(gtin, was + 150)
        shown = max(label["shown_ms"] for label in done["labels"])
        charged = min(self._times(done, "charged_ms", ("cart", "till")))
        if charged < shown:
            raise StepFailedError(f"somebody charged {shown - charged} ms before every label had proved the price")
        return {
            "shown_ms": shown - done["made_ms"],
            "released_ms": done["released_ms"] - done["made_ms"],
            "charged_ms": charged - done["made_ms"],
            "confirmed_ms": done["confirmed_ms"] - done["made_ms"],
        }

    async def sound(self) -> dict[str, Any]:
        """An uploaded sound plays at its time, and the record of what sounded arrives."""
        asset = await self.manager.upload(f"/api/stores/{STORE}/assets", "chime.wav", melody(), "Journey chime")
        since = self.live.now
        due_ms = now_ms() + 4000
        slot = await self.manager.post(
            f"/api/stores/{STORE}/schedule",
            {"asset_sha256": asset["sha256"], "start_ms": due_ms, "devices": ["speaker-1"]},
        )
        play = await self.live.until(
            "speaker-1's play record", "play", lambda it: it["item"] == slot["id"], within_s=20, since=since
        )
        if not play["complete"] or play["device"] != "speaker-1" or play["asset_sha256"] != asset["sha256"]:
            raise StepFailedError(f"the record does not fit: {play}")
        if play["level_dbfs"] < -60 or abs(play["duration_s"] - asset["duration_s"]) > 0.05:
            raise StepFailedError(f"what sounded is not what was planned: {play}")
        return {
            "level_dbfs": round(play["level_dbfs"], 1),
            "sounded_sha256": play["sounded_sha256"],
            "late_ms": round(play["at_ms"] - play["duration_s"] * 1000 - due_ms),
        }

    async def offer(self) -> dict[str, Any]:
        """A cart enters a zone of 1.5 m; the offer is on its screen and the decision is recorded."""
        site = await self.manager.get(f"/api/stores/{STORE}/site")
        polygons = {zone["id"]: zone["polygon"] for zone in site["zones"]}
        target, start = centre(polygons["tasting"]), centre(polygons["entrance"])
        arrives = await self.tell("cart-1", "/api/virtual/walk", {"x_m": start[0], "y_m": start[1]})
        await anyio.sleep(arrives["takes_s"])
        offer = f"journey-{now_ms()}"
        await self.manager.put(
            f"/api/stores/{STORE}/offers/{offer}",
            {
                "id": offer,
                "zone": "tasting",
                "when": "enter",
                "probability": 0.5,
                "headline": {"en": "Taste it now", "zh": "现在试吃"},
            },
        )
        since = self.live.now
        arrives = await self.tell("cart-1", "/api/virtual/walk", {"x_m": target[0], "y_m": target[1]})
        radius_m = math.dist((polygons["tasting"][0]["x_m"], polygons["tasting"][0]["y_m"]), target)
        way_m = math.dist(start, target)
        enters_ms = now_ms() + round(1000 * arrives["takes_s"] * (1 - radius_m / way_m))
        decided = await self.live.until(
            f"cart-1's decision on {offer}",
            "offer",
            lambda it: it["offer"] == offer and it["device"] == "cart-1",
            within_s=40,
            since=since,
        )
        state = await poll(
            "the offer on cart-1's screen",
            lambda: self.state("cart-1"),
            lambda it: it["offer"] is not None and it["offer"]["offer"] == offer,
            within_s=5,
        )
        recorded = await self.manager.get(f"/api/stores/{STORE}/decisions")
        if not any(each["offer"] == offer and each["outcome"] == decided["outcome"] for each in recorded):
            raise StepFailedError(f"no record of the decision on {offer}")
        return {
            "outcome": decided["outcome"],
            "probability": round(decided["probability"], 3),
            "after_entering_s": round((decided["at_ms"] - enters_ms) / 1000, 1),
            "delay_ms": now_ms() - decided["at_ms"],
            "on_screen": state["offer"]["offer"],
        }

    async def survey(self) -> dict[str, Any]:
        """See `survey_steps`."""
        return await survey_steps.surveyed(self)

    async def audience(self) -> dict[str, Any]:
        """See `audience_steps`."""
        return await audience_steps.heard(self)

    async def planned(self) -> dict[str, Any]:
        """See `price_steps`."""
        return await price_steps.planned(self)

    async def promotion(self) -> dict[str, Any]:
        """See `price_steps`."""
        return await price_steps.promotion(self)

    async def weighed(self) -> dict[str, Any]:
        """See `price_steps`."""
        return await price_steps.weighed(self)

    async def paired(self) -> dict[str, Any]:
        """See `label_steps`."""
        return await label_steps.paired(self) | await label_steps.redrawn(self)

    async def price_list(self) -> dict[str, Any]:
        """See `price_steps`."""
        return await price_steps.price_list(self)

    async def enrol(self) -> dict[str, Any]:
        """A claim on the tech's page lets a new device in; it works."""
        name = f"Journey speaker {now_ms() % 100_000}"
        claim = await self.tech.post(f"/api/stores/{STORE}/claims", {"kind": "speaker", "name": name})
        since = self.live.now
        key = f"new-{now_ms()}"
        await self.stage.bring_on(Part(key, "speaker", name), claim["code"])
        device = await self.live.until(
            "the new device online", "device", lambda it: it["name"] == name and it["online"], within_s=20, since=since
        )
        command = await self.tech.post(f"/api/devices/{device['id']}/commands", {"name": "locate", "arguments": {}})
        detail = await poll(
            "the new device's answer to `locate`",
            lambda: self.tech.get(f"/api/devices/{device['id']}"),
            lambda it: any(each["id"] == command["id"] and each["state"] == "done" for each in it["commands"]),
            within_s=10,
        )
        again = await self.tech.http.post(
            "/enrol", json={"claim": claim["code"], "csr_pem": "x", "serial": "journey-thief"}
        )
        if again.status_code != 403:
            raise StepFailedError("a used claim code was taken again")
        await self.stage.dismiss(key)
        return {
            "device": device["id"],
            "matters": sorted(detail["reported"]),
            "refused": await self._speak_for_another(key, device["id"]),
        }

    async def _speak_for_another(self, key: str, device: str) -> str:
        """With the new device's own certificate, publish on a cart's topic: the broker refuses, HQ sees it."""
        folder = self.stage.places.agent(key)
        tls = Tls(folder / "ca.pem", folder / "device.pem", folder / "device.key")
        bus = MqttBus(Address.parse(self.stage.settings.broker.address, tls), device)
        linked = anyio.Event()

        async def on_link(_: bool) -> None:
            linked.set()

        async def on_message(_: Message) -> None:
            return

        since = self.live.now
        async with anyio.create_task_group() as group:
            group.start_soon(bus.run, (), on_message, on_link)
            await linked.wait()
            await bus.publish(Message(topics.upward("cart-1", "price"), b"{}"))
            group.cancel_scope.cancel()
        seen = await self.live.until(
            f"{device} refused on cart-1's topic",
            "security",
            lambda it: it["device"] == device and it["kind"] == "topic-refused",
            within_s=10,
            since=since,
        )
        return str(seen["kind"])

    async def audited(self) -> dict[str, Any]:
        """A photo of a shelf becomes tasks, and the next one closes them."""
        return await shelf_steps.audited(self)

    async def wrong_item(self) -> dict[str, Any]:
        """A cart notices what is not what was scanned."""
        return await basket_steps.weighed(self)

    async def taught(self) -> dict[str, Any]:
        """An item is taught by a few frames, and known to every cart after."""
        return await teach_steps.taught(self)

    async def pushed(self) -> dict[str, Any]:
        """A model is given to the store, tried by its devices, used, and taken back."""
        return await model_steps.pushed(self)

    async def offline(self) -> dict[str, Any]:
        """A killed agent is shown offline, and shown again when it returns."""
        fleet = await self.hq.get("/api/fleet")
        since = self.live.now
        killed_s = anyio.current_time()
        self.stage.kill("speaker-4")
        await self.live.until(
            "speaker-4 offline",
            "device",
            lambda it: it["id"] == "speaker-4" and not it["online"],
            within_s=OFFLINE_WITHIN_S,
            since=since,
        )
        offline_s = anyio.current_time() - killed_s
        since = self.live.now
        await self.stage.revive("speaker-4")
        back = await self.live.until(
            "speaker-4 back",
            "device",
            lambda it: it["id"] == "speaker-4" and it["online"],
            within_s=20,
            since=since,
        )
        return {"devices": fleet["devices"], "offline_after_s": round(offline_s, 2), "score": back["score"]}

    async def outage(self) -> dict[str, Any]:
        """The broker is killed under traffic; all that was said meanwhile arrives, once, in order."""
        found = await self.manager.get(f"/api/stores/{STORE}/products", limit=8)
        gtins = [item["gtin"] for item in found["items"]]
        await self.tell("cart-2", "/api/virtual/auto", {"on": False})
        before = await self.hq.get("/api/devices/cart-2/basket")
        last = max((line["id"] for line in before), default=0)
        down_ms = now_ms()
        await self.stage.kill_broker()
        down_s = anyio.current_time()
        said: list[str] = []
        while anyio.current_time() - down_s < OUTAGE_S - 3:
            gtin = gtins[len(said) % len(gtins)]
            await self.scan_at("cart-2", gtin, down_ms)
            said.append(gtin)
        await anyio.sleep(max(0.0, OUTAGE_S - (anyio.current_time() - down_s)))
        offline = await self.state("cart-2")
        if offline["online"]:
            raise StepFailedError("cart-2 thinks that the broker is there")
        await self.stage.start_broker()
        up_s = anyio.current_time()
        streams = await poll(
            "everything that every device said is durable",
            self._durable,
            lambda it: it["behind"] == 0,
            within_s=30,
        )
        caught_up_s = anyio.current_time() - up_s

        def added(lines: list[dict[str, Any]]) -> list[str]:
            new = [line["gtin"] for line in lines if line["id"] > last and line["kind"] == "line-added"]
            return [gtin for gtin in new if gtin in gtins]

        # Durable comes first, applied a moment later.
        lines = await poll(
            "what cart-2 said is applied",
            lambda: self.hq.get("/api/devices/cart-2/basket"),
            lambda it: len(added(it)) >= len(said),
            within_s=10,
        )
        arrived = added(lines)
        if arrived != said:
            raise StepFailedError(f"said {said}, arrived {arrived}")
        if streams["disorder"] or streams["lost"]:
            raise StepFailedError(f"not in order: {streams['disorder']}; lost: {streams['lost']}")
        await self.tell("cart-2", "/api/virtual/auto", {"on": True})
        return {
            "outage_s": OUTAGE_S,
            "read_meanwhile": len(said),
            "caught_up_s": round(caught_up_s, 2),
            "devices": streams["devices"],
            "events_checked": streams["checked"],
            "lost": streams["lost"],
            "doubled": len(arrived) - len(said),
        }

    async def _durable(self) -> dict[str, Any]:
        """Compare what every device has said on the streams that never drop with what the cloud has on disk."""
        behind = lost = checked = 0
        disorder = []
        for part in CAST:
            own = (await self.state(part.key))["streams"]
            cloud = {each["stream"]: each for each in await self.hq.get(f"/api/devices/{part.key}/streams")}
            for name, policy in kinds()[part.kind].streams.items():
                if policy.when_full != "refuse-work" or not own[name]["last"]:
                    continue
                stream = cloud.get(name, {"seq": 0, "lost": 0, "checked": 0, "in_order": True})
                behind += max(0, own[name]["last"] - stream["seq"])
                lost += stream["lost"]
                checked += stream["checked"]
                if not stream["in_order"]:
                    disorder.append(f"{part.key}/{name}")
        return {"behind": behind, "lost": lost, "checked": checked, "disorder": disorder, "devices": len(CAST)}
