"""Shelf labels: how fast a shop of them is told, how a gateway comes back, and whether the price law ever breaks."""

import anyio.to_thread

from tests.bench import labels_air, labels_law, labels_restart
from tests.bench.frame import Report

NAME = "labels"
ABOUT = "a shop's labels on the air, a gateway killed amid a change, the price law under chaos"


async def run() -> Report:
    """Measure each part."""
    rows = labels_air.measure()
    # It brings an event loop of its own.
    rows += await anyio.to_thread.run_sync(labels_restart.measure)
    return Report(tuple(rows + labels_law.measure()))
