"""Many real devices in one process: each enrols, then runs as an agent with its own outbox, link and pages."""

import argparse
import json
import logging
import resource
import signal
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from edge_agent.agent import Agent
from edge_agent.enrol import enrol
from edge_agent.settings import read_settings


async def be(cloud: str, claims: list[str], folder: Path, http_port: int) -> None:
    """Enrol and run one device for each claim until SIGTERM; prints a JSON line when all are up."""
    async with anyio.create_task_group() as group:
        group.start_soon(_until_told, group.cancel_scope, name="signals")
        for number, claim in enumerate(claims):
            config = await anyio.to_thread.run_sync(
                partial(enrol, cloud, claim, folder / f"device-{number}", http_port=http_port)
            )
            # No camera: nothing is sold, only prices are followed.
            settings = read_settings(config).model_copy(update={"drivers": {}})
            await group.start(Agent(settings).run, name=f"device {number}")
        print(json.dumps({"ready": True, "devices": len(claims)}), flush=True)


async def _until_told(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()
            return


def main() -> None:
    """Read the claims, one a line, and be so many devices."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cloud", required=True)
    parser.add_argument("--claims", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--http-port", type=int, default=0, help="of a lone device")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Two databases, two links and a server for each: more files than a shell allows by default.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    anyio.run(be, options.cloud, options.claims.read_text().split(), options.folder, options.http_port)


if __name__ == "__main__":
    main()
