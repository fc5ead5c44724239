"""`python -m device_drivers.virtual --site SITE.json`: one virtual store until it is stopped.

When it listens it prints one line on stdout: {"ready": true, "address": "host:port"}.
"""

import argparse
import json
import logging
import sys
import time
from pathlib import Path

import anyio
import msgspec

from device_drivers.virtual.beacons import advertising_data
from device_drivers.virtual.protocol import parse_address
from device_drivers.virtual.server import WorldServer
from device_drivers.virtual.world import Goods, World
from firmware_specs.desired import Site
from firmware_specs.gtin import normal


class _Sold(msgspec.Struct, frozen=True):
    """A row of the products file; other keys are left alone."""

    gtin: str
    name: dict[str, str]


def read_goods(data: bytes) -> tuple[Goods, ...]:
    """Return the goods in a products file; raises ValueError, which names the place, on anything else."""
    rows = msgspec.json.decode(data, type=list[_Sold])
    return tuple(Goods(normal(row.gtin), row.name.get("zh", ""), row.name.get("en", "")) for row in rows)


async def _serve(world: World, host: str, port: int) -> None:
    server = WorldServer(world, time.monotonic)
    async with anyio.create_task_group() as tasks:
        address = await tasks.start(server.run, host, port, name="virtual world")
        print(json.dumps({"ready": True, "address": address}), flush=True)


def main() -> None:
    """Read the arguments and serve; exits with one sentence, 2 on wrong input and 1 when it cannot listen."""
    parser = argparse.ArgumentParser(prog="device_drivers.virtual", description="One virtual store.")
    parser.add_argument("--site", type=Path, required=True, help="a Site as JSON")
    parser.add_argument("--products", type=Path, help='[{"gtin": "…", "name": {"zh": "…", "en": "…"}}, …] as JSON')
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--listen", default="127.0.0.1:0", help="host:port; port 0 takes a free one")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Bumble tells of every HCI packet it has a worry with; what matters here we say ourselves.
    logging.getLogger("bumble").setLevel(logging.WARNING)
    try:
        host, port = parse_address(arguments.listen)
        site = msgspec.json.decode(arguments.site.read_bytes(), type=Site)
        goods = read_goods(arguments.products.read_bytes()) if arguments.products else ()
        for beacon in site.beacons:
            advertising_data(beacon)
    except (OSError, ValueError) as exc:
        parser.error(str(exc))
    try:
        anyio.run(_serve, World(site, goods, arguments.seed), host, port)
    except* OSError as group:
        parser.exit(1, f"cannot listen on {arguments.listen}: {group.exceptions[0]}\n")
    except* KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
