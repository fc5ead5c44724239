"""`cloud-broker demo`: raise the curtain, then keep the store alive, or walk the journey and say how it went."""

import argparse
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import httpx

from cloud_broker.bus.port import BusError
from cloud_broker.demo.check import Journey
from cloud_broker.demo.people import PATIENCE_S, Visitor, Watcher
from cloud_broker.demo.places import PlaceTakenError, open_places, seed_of
from cloud_broker.demo.process import ChildFailedError
from cloud_broker.demo.stage import Stage
from cloud_broker.failures import leaves


def _teller() -> Callable[[str], None]:
    started_s = anyio.current_time()

    def tell(text: str) -> None:
        sys.stderr.write(f"[{anyio.current_time() - started_s:5.1f} s] {text}\n")
        sys.stderr.flush()

    return tell


async def check(stage: Stage) -> dict[str, object]:
    """Walk the journey on a stage that stands; return what happened."""
    passwords = {person["name"]: person["password"] for person in stage.people}

    def visitor(name: str) -> Visitor:
        return Visitor(stage.settings.public_url, name, passwords[name])

    started_s = anyio.current_time()
    async with (
        visitor("manager") as manager,
        visitor("associate") as associate,
        visitor("tech") as tech,
        visitor("hq") as hq,
        httpx.AsyncClient(timeout=PATIENCE_S) as devices,
        anyio.create_task_group() as group,
    ):
        live = Watcher()

        async def follow(*, task_status: anyio.abc.TaskStatus[None]) -> None:
            await live.follow(hq, "/api/live", task_status=task_status)

        await group.start(follow)
        journey = Journey(stage, manager, associate, tech, hq, live, devices)
        ok = await journey.run()
        group.cancel_scope.cancel()
    return {"ok": ok, "seconds": round(anyio.current_time() - started_s, 1), "steps": journey.results}


def _welcome(stage: Stage) -> None:
    url = stage.settings.public_url
    out = sys.stdout.write
    out("\nThe store is open. Ctrl-C closes it.\n\n")
    out(f"  pages           {url}   (manager, tech, HQ: one tap signs in)\n")
    for name, what in (
        ("cart-1", "a cart's screen"),
        ("till-1", "the till"),
        ("screen-1", "a wayfinding screen"),
        ("gateway-1", "the gateway"),
    ):
        out(f"  {what:<15} {stage.places.url(name)}\n")
    out(f"  shelf photos    {stage.places.folder / 'shelf'}   (for the store associate's tasks)\n")
    out(f"  logs            {stage.places.folder / 'logs'}\n\n")
    sys.stdout.flush()


def run_demo(arguments: argparse.Namespace) -> int:
    """Run the demo; 0 when it ended well, 1 when a step failed or the stage could not be set."""
    code = 0

    async def main() -> None:
        nonlocal code
        tell = _teller()
        places = open_places(Path(arguments.folder), pages_port=arguments.port, fresh=arguments.fresh)
        stage = Stage(places, seed_of(places.folder, arguments.seed), tell)
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                    async for _ in signals:
                        tell("closing the store")
                        group.cancel_scope.cancel()
                        return

            group.start_soon(watch, name="signals")
            try:
                await stage.raise_curtain(group)
                if arguments.check:
                    result = await check(stage)
                    sys.stdout.write(json.dumps(result) + "\n")
                    code = 0 if result["ok"] else 1
                    group.cancel_scope.cancel()
                else:
                    _welcome(stage)
                    await anyio.sleep_forever()
            finally:
                await stage.clear()

    failures: list[BaseException] = []
    try:
        anyio.run(main)
    except* (PlaceTakenError, ChildFailedError, BusError) as failed:
        failures += leaves(failed)
    for failure in failures:
        sys.stderr.write(f"{failure}\n")
    return 1 if failures else code
