"""How long a price takes to reach a whole store, until the last device has confirmed that it charges it."""

import json
import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import anyio

from cloud_broker.demo.people import StepFailedError, poll
from tests.bench.frame import Report, Row, middle, say
from tests.bench.load import bare_broker
from tests.bench.store import PRICE_MINOR, STORE, Store, gtin, store

NAME = "fanout"
ABOUT = "seconds from a price change to its last confirmation by 200 devices"

DEVICES = 200
CROWDS = 2
ROUNDS = 5
LONGEST_S = 60
LOOK_S = 0.05
"""How often the API is asked; the figure for all is up to this much too high."""


@dataclass(frozen=True, slots=True)
class Took:
    """One change, in seconds: from its making until half of the tills charge it, and all do (by their clocks);

    from the manager's request until the API says that everybody has confirmed.
    """

    half_s: float
    all_s: float
    confirmed_s: float


async def change(at: Store, price_minor: int) -> Took:
    """Change one product's price in the manager's name, and wait until everybody has confirmed."""
    body = {"gtin": gtin(1), "price_minor": price_minor, "reason": "bench", "confirm_large": False}
    began_s = time.monotonic()
    made = await at.manager.post(f"/api/stores/{STORE}/prices", body)

    async def look() -> Any:
        return await at.manager.get(f"/api/changes/{made['id']}")

    done = await poll(
        f"change {made['id']}", look, lambda answer: answer["state"] == "confirmed", within_s=LONGEST_S, every_s=LOOK_S
    )
    confirmed_s = time.monotonic() - began_s
    if len(done["devices"]) != DEVICES:
        raise RuntimeError(f"{len(done['devices'])} devices were concerned, not {DEVICES}")
    charged = sorted(
        (each["charged_ms"] - done["made_ms"]) / 1000 for each in done["devices"] if each["kind"] == "till"
    )
    return Took(charged[len(charged) // 2], charged[-1], confirmed_s)


async def ours(folder: Path) -> dict[str, list[Took]]:
    """Change a price down and up, alternating, in a store of one gateway and its tills."""
    took: dict[str, list[Took]] = {"down": [], "up": []}
    async with store(folder, tills=DEVICES - 1, crowds=CROWDS) as found:

        async def fleet() -> Any:
            return await found.manager.get("/api/devices", store=STORE)

        await poll(
            "all devices online",
            fleet,
            lambda devices: sum(each["online"] and each["book_version"] is not None for each in devices) == DEVICES,
            within_s=120,
            every_s=1.0,
        )
        say("changing prices")
        for number in range(ROUNDS + 1):
            for direction, price_minor in (("down", PRICE_MINOR - 100), ("up", PRICE_MINOR)):
                measured = await change(found, price_minor)
                say(
                    f"{direction}: half after {measured.half_s:.2f} s, all confirmed after {measured.confirmed_s:.2f} s"
                )
                # The first of each finds caches cold and connections fresh.
                if number:
                    took[direction].append(measured)
    return took


async def plain(folder: Path) -> list[float]:
    """Return seconds until as many bare aiomqtt clients have answered a retained price; nothing is kept or signed."""
    took = []
    quiet = logging.getLogger("paho")
    quiet.setLevel(logging.ERROR)
    async with bare_broker(folder) as broker, anyio.create_task_group() as group:

        async def device(number: int, *, task_status: anyio.abc.TaskStatus[None]) -> None:
            async with aiomqtt.Client("127.0.0.1", broker.port, identifier=f"till-{number}", logger=quiet) as client:
                await client.subscribe("price", qos=1)
                task_status.started()
                async for message in client.messages:
                    assert isinstance(message.payload, bytes)
                    version = json.loads(message.payload)["version"]
                    await client.publish(f"charged/{number}", str(version), qos=1)

        for number in range(DEVICES):
            await group.start(device, number)
        async with aiomqtt.Client("127.0.0.1", broker.port, identifier="cloud", logger=quiet) as cloud:
            await cloud.subscribe("charged/+", qos=1)
            answers = aiter(cloud.messages)
            for version in range(ROUNDS + 1):
                began_s = time.monotonic()
                await cloud.publish("price", json.dumps({"version": version, "price": 9.0}), qos=1, retain=True)
                for _ in range(DEVICES):
                    await anext(answers)
                took.append(time.monotonic() - began_s)
        group.cancel_scope.cancel()
    return took[1:]


async def run() -> Report:
    """Measure both on this machine, one after the other."""
    with tempfile.TemporaryDirectory(prefix="aisle-bench-") as scratch:
        bare_s = middle(await plain(Path(scratch, "plain")))
        try:
            took = await ours(Path(scratch, "store"))
        except StepFailedError as exc:
            raise RuntimeError(f"the store did not do what it should: {exc}") from exc
    peer = "aiomqtt, retained and answered, nothing durable or signed"
    rows = []
    for direction, found in took.items():
        rows += [
            Row(f"{direction}: half of the tills charge it", "s", middle([each.half_s for each in found])),
            Row(f"{direction}: all tills charge it", "s", middle([each.all_s for each in found])),
            Row(
                f"{direction}: the cloud has it from all",
                "s",
                middle([each.confirmed_s for each in found]),
                peer,
                bare_s,
                limit="a product that hangs on no label; a label adds its panel's refresh",
            ),
        ]
    notes = (
        f"one gateway and {DEVICES - 1} tills, real agents with certificates in {CROWDS + 1} processes; 1,000 prices",
        f"median of {ROUNDS}, down and up alternating; devices, brokers and cloud share this machine's cores",
    )
    return Report(tuple(rows), notes)
