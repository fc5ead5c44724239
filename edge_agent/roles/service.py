"""Whether a cart or till may sell: not out of service, and after that only by the store's newest price book.

While a till is out of service nobody waits for it: labels may have come down meanwhile. So it begins again only
when the cloud, heard anew, names no newer book than the one that it charges by.
"""

import logging
from collections.abc import Callable
from typing import Final

import anyio
import msgspec

from edge_agent.app import Surroundings

logger = logging.getLogger(__name__)

TAKEN_OUT: Final = "taken-out"
AWAITING_BOOK: Final = "awaiting-book"

LOOK_S: Final = 0.2
_SERVICE: Final = "service"


class OutOfServiceError(Exception):
    """Nothing is sold here now; the text says why."""


class _Seen(msgspec.Struct, frozen=True):
    # The configuration last looked at, and whether the books must be looked at before anything is sold.
    version: int = 0
    was_out: bool = False


class Service:
    """Says whether a device may sell.

    Args:
        is_current: whether the book in force is the store's newest, as the cloud has just said.
    """

    def __init__(self, surroundings: Surroundings, is_current: Callable[[], bool]) -> None:
        self._surroundings = surroundings
        self._is_current = is_current
        remembered = surroundings.recall(_SERVICE)
        self._seen = _Seen() if remembered is None else msgspec.json.decode(remembered, type=_Seen)

    @property
    def out(self) -> str | None:
        """Why nothing may be sold now: `taken-out`, `awaiting-book`, or None when all is well."""
        configuration = self._surroundings.configuration
        # One that was missed, the device being off or away, may have taken it out of service.
        missed = 0 < self._seen.version < configuration.version - 1
        was_out = self._seen.was_out or missed or not configuration.in_service
        if was_out and configuration.in_service and self._is_current():
            was_out = False
        if (seen := _Seen(configuration.version, was_out)) != self._seen:
            if was_out != self._seen.was_out:
                logger.info("%s", "sells nothing any more" if was_out else "sells again")
            self._seen = seen
            self._surroundings.remember(_SERVICE, msgspec.json.encode(seen))
        if not configuration.in_service:
            return TAKEN_OUT
        return AWAITING_BOOK if was_out else None

    def check(self) -> None:
        """Raises OutOfServiceError."""
        match self.out:
            case "taken-out":
                raise OutOfServiceError("out of service: put it back into service on the page of the store's devices")
            case "awaiting-book":
                raise OutOfServiceError("waiting for the newest price book: it sells again once the cloud was reached")

    async def run(self) -> None:
        """Show it when it changes, until cancelled."""
        before = self.out
        while True:
            await anyio.sleep(LOOK_S)
            if self.out != before:
                before = self.out
                self._surroundings.changed()
