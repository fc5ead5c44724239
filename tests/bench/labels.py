"""Shelf labels: drawn, told over the air, served by a gateway that is killed, and the price law under chaos."""

import anyio.to_thread

from tests.bench import labels_air, labels_draw, labels_law, labels_restart
from tests.bench.frame import Report

NAME = "labels"
ABOUT = "labels drawn and read back, a shop of them on the air, a killed gateway, the price law under chaos"


async def run() -> Report:
    """Measure each part."""
    rows = labels_draw.measure() + labels_air.measure()
    # It brings an event loop of its own.
    rows += await anyio.to_thread.run_sync(labels_restart.measure)
    return Report(tuple(rows + labels_law.measure()))
