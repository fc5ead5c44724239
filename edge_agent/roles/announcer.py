"""Says each book once and each change of a charged price once, also over restarts and a full outbox."""

from collections.abc import Callable
from typing import Final

import msgspec

from edge_agent.app import Surroundings
from edge_agent.roles.books.opened import Opened
from edge_agent.roles.saying import Saying
from firmware_specs.desired import Row
from firmware_specs.events import BookHeld, Event, PriceCharged
from firmware_specs.rules.price_law import Charge

GRACE_S: Final = 5.0
"""After a start releases need a moment to arrive; until then a fall-back to the floor is not announced."""

_ANNOUNCED: Final = "announced"

PriceOf = Callable[[Row], Charge]


class _Announced(msgspec.Struct, frozen=True):
    # The newest book announced as held, and the last announced price of each product above its floor.
    held: int = -1
    raised: dict[str, int] = {}


class Announcer:
    """What a device has said about its prices. What a full outbox refuses is said later, in order.

    Args:
        monotonic_s: monotonic seconds.
    """

    def __init__(self, surroundings: Surroundings, saying: Saying, monotonic_s: Callable[[], float]) -> None:
        self._surroundings = surroundings
        self._monotonic_s = monotonic_s
        self._started_s = monotonic_s()
        self._ticket = 0
        self._saying = saying
        remembered = surroundings.recall(_ANNOUNCED)
        self._remembered = _Announced() if remembered is None else msgspec.json.decode(remembered, type=_Announced)
        self._held_version = self._remembered.held
        self._charged = dict(self._remembered.raised)

    def holds(self, book: Opened) -> None:
        """Say once that the device holds a book."""
        if book.version <= self._held_version:
            return
        self._held_version = book.version
        now_ms = self._surroundings.now_ms()
        effective_ms = book.effective_ms
        self._say(BookHeld(at_ms=now_ms, version=book.version, sha256=book.sha256, effective_ms=effective_ms))

    def switched(self, before: Opened, now: Opened, price: PriceOf) -> None:
        """Say what is charged for each product whose price, or charge, differs from the book before."""
        for gtin in sorted(now.rows.repriced(before.rows) | {gtin for gtin in self._charged if gtin in now.rows}):
            row, old = now.rows[gtin], before.rows.get(gtin)
            if old is not None and old.price_minor == row.price_minor:
                if gtin in now.since or self._charged.get(gtin, row.price_minor) == row.price_minor:
                    continue
            self._announce(row, price(row), now)
        self._charged = {gtin: charged for gtin, charged in self._charged.items() if gtin in now.since}

    def raised(self, now: Opened, price: PriceOf) -> None:
        """Say each change of a charge where releases decide: of the prices that stand above their floor."""
        early = self._monotonic_s() < self._started_s + GRACE_S
        for gtin in now.since:
            row = now.rows[gtin]
            charged = price(row)
            falls_back = early and charged.reason == "awaiting-release"
            if self._charged.get(gtin) != charged.price_minor and not falls_back:
                self._announce(row, charged, now)

    def settle(self) -> bool:
        """Return whether all that was said is on disk; note it then, so that it is not said again."""
        self._saying.flush()
        if not self._saying.is_durable(self._ticket):
            return False
        announced = _Announced(self._held_version, dict(self._charged))
        if announced != self._remembered:
            self._surroundings.remember(_ANNOUNCED, msgspec.json.encode(announced))
            self._remembered = announced
        return True

    def _announce(self, row: Row, charged: Charge, now: Opened) -> None:
        self._charged[row.gtin] = charged.price_minor
        self._say(
            PriceCharged(
                at_ms=self._surroundings.now_ms(),
                gtin=row.gtin,
                price_minor=charged.price_minor,
                book_version=now.version,
                reason=charged.reason,
            )
        )

    def _say(self, event: Event) -> None:
        self._ticket = self._saying.say(event)
