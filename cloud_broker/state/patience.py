"""Waiting out a database that is away: a hiccup must end no process and lose no message."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from sqlalchemy.exc import OperationalError

from cloud_broker.readings.port import ReadingsError

logger = logging.getLogger(__name__)

T = TypeVar("T")

LONGEST_S = 10.0


async def patiently(
    what: str, work: Callable[..., T], *arguments: Any, limiter: anyio.CapacityLimiter | None = None
) -> T:
    """Return what `work` returns, run in a thread; where storage fails, try again until it works.

    `work` must leave nothing half done when it raises, as a transaction does. Says once that storage
    left and once that it is back.
    """
    delay_s = 0.2
    away = False
    while True:
        try:
            done = await anyio.to_thread.run_sync(work, *arguments, limiter=limiter)
        except (OperationalError, ReadingsError) as exc:
            if not away:
                logger.warning("storage is away for %s: %s", what, exc)
                away = True
            await anyio.sleep(delay_s)
            delay_s = min(LONGEST_S, delay_s * 2)
            continue
        if away:
            logger.info("storage is back for %s", what)
        return done
