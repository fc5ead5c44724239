"""Shelf labels: how fast they are drawn and checked, and how fast a shop of them is told."""

from tests.bench import labels_air
from tests.bench.frame import Report

NAME = "labels"
ABOUT = "a shop's labels on the air"


async def run() -> Report:
    """Measure each part."""
    return Report(tuple(labels_air.measure()))
