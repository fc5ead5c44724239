"""Codes from a hand-held scanner: every pull of its trigger counts, and what came cut is told, not sold."""

import logging
import time
from collections.abc import Callable

from device_drivers.api import CodeScanned
from edge_agent.roles.reading import Read
from firmware_specs.gtin import GtinError
from firmware_specs.symbology import from_scanner

logger = logging.getLogger(__name__)


class Scanning:
    """Turns what scanners send into reads.

    Args:
        on_read: called with each.
        monotonic_s: monotonic seconds, the clock of `CodeScanned.scanned_s`.
    """

    def __init__(self, on_read: Callable[[Read], None], *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._on_read = on_read
        self._monotonic_s = monotonic_s
        self.cut = 0

    def take(self, scanned: CodeScanned) -> None:
        """Take one code; one whose check digit is wrong lost something on its way, and is counted."""
        try:
            symbology, text = from_scanner(scanned.text)
        except GtinError as exc:
            self.cut += 1
            logger.warning("a scanner's code is not whole: %s", exc)
            return
        self._on_read(Read(text, symbology, max(0.0, (self._monotonic_s() - scanned.scanned_s) * 1000)))
