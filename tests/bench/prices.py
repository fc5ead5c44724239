"""The price book and its promotions: bytes, seconds, memory, and what crashes leave."""

import tempfile
from pathlib import Path

from tests.bench import baskets, book, book_change, book_crash, book_spread, gtin_census
from tests.bench.frame import Report

NAME = "prices"
ABOUT = "a million products on one device, what changes cost, baskets under 3,000 promotions, crashes, real GTINs"


async def run() -> Report:
    """Measure each part."""
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        rows = await book.measure(folder)
    rows += await book_spread.measure()
    rows += await book_change.measure()
    rows += await book_crash.measure()
    rows += await baskets.measure()
    census = await gtin_census.measure()
    return Report(
        (*rows, *census.rows),
        (
            "the catalogue's names are put together from words: real ones take about a quarter more on the wire",
            "a basket's time is the least of three, since others may be at work on the machine",
            *census.notes,
        ),
    )
