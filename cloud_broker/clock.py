"""The cloud's wall clock, in the contract's unit."""

import time


def now_ms() -> int:
    """Return UTC milliseconds."""
    return time.time_ns() // 1_000_000
