"""What a cart or till charges now: its books under the price law, what it confirms, and what it announces."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import anyio
from msgspec.structs import replace

from cloud_broker.bus.port import BusError, Message
from edge_agent.app import Held, Surroundings
from edge_agent.roles.announcer import Announcer
from edge_agent.roles.books.opened import Opened
from edge_agent.roles.books.shelf import BookShelf
from edge_agent.roles.permits import Permits
from edge_agent.roles.saying import Saying
from firmware_specs import topics
from firmware_specs.desired import Row
from firmware_specs.leases import Confirmation
from firmware_specs.rules.price_law import Charge, charge
from firmware_specs.wire import encode

logger = logging.getLogger(__name__)

CONFIRM_S: Final = 5.0
TICK_S: Final = 0.1

_BAD_SIGNATURE: Final = "bad-signature"
_CLOCK: Final = "clock-disagrees"


@dataclass(frozen=True, slots=True)
class Priced:
    """A product and what is charged for one unit of it now."""

    row: Row
    charge: Charge
    book_version: int


class Pricing:
    """The prices of a device that charges.

    Args:
        leased: whether totals are firm only under a lease (carts).
        monotonic_s: monotonic seconds.
    """

    def __init__(
        self, surroundings: Surroundings, *, leased: bool, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._surroundings = surroundings
        self._leased = leased
        self._monotonic_s = monotonic_s
        self._shelf = BookShelf(surroundings)
        self._permits = Permits(
            store=surroundings.store,
            device=surroundings.device,
            signing_key=surroundings.signing_key,
            now_ms=surroundings.now_ms,
            monotonic_s=monotonic_s,
        )
        self._saying = Saying(surroundings)
        self._announcer = Announcer(surroundings, self._saying, monotonic_s)
        self._told = False
        """Whether the difference to the book before was told."""
        self._confirmed: tuple[int, int] | None = None
        self._due_s = 0.0
        store = surroundings.store
        self._take: Final = {
            topics.local_to(store, "delegation"): self._permits.on_delegation,
            topics.local_to(store, "releases"): self._permits.on_releases,
        }
        if leased:
            self._take[topics.local_to(store, "lease", surroundings.device)] = self._permits.on_lease

    @property
    def local_filters(self) -> tuple[str, ...]:
        """The store-local topics that prices depend on."""
        return tuple(self._take)

    @property
    def book(self) -> Opened | None:
        """The book in force now."""
        self._switch()
        return self._shelf.in_force

    @property
    def is_current(self) -> bool:
        """Whether no newer book counts now than the one in force, as the cloud has just said."""
        head, book, newest = self._surroundings.head("pricebook"), self.book, self._shelf.newest
        if head is None or book is None or newest is None or newest.version < head.version:
            return False
        return book.version >= head.version or head.effective_ms > self._surroundings.now_ms()

    @property
    def is_firm(self) -> bool:
        """Whether a total named now is final."""
        book = self.book
        return book is not None and (not self._leased or self._permits.is_leased(book.version))

    async def prepare(self, held: Held) -> None:
        """Bring in what an edition needs. Raises as `Role.prepare` does."""
        await self._shelf.prepare(held)

    def take_book(self, held: Held) -> None:
        """Hold a book from now on. Raises MatterRefusedError."""
        self._shelf.take(held)
        newest = self._shelf.newest
        if newest is not None:
            self._announcer.holds(newest)
        self.refresh()

    def take_local(self, message: Message) -> bool:
        """Take a store-local message about prices; return whether it was one."""
        take = self._take.get(message.topic)
        if take is None:
            return False
        before = self._permits.refused
        take(message.payload)
        is_bad = self._permits.refused > before
        self._saying.fault(_BAD_SIGNATURE, f"{message.topic}: {self._permits.last_refusal}" if is_bad else None)
        late = "leases come from another time than this device's clock shows" if self._permits.is_late else None
        self._saying.fault(_CLOCK, late)
        self.refresh()
        return True

    def price(self, gtin: str) -> Priced | None:
        """Return what is charged for a product now; None for one that the book does not know."""
        book = self.book
        row = None if book is None else book.rows.get(gtin)
        if book is None or row is None:
            return None
        return Priced(row, self._charge(book)(row), book.version)

    def refresh(self) -> None:
        """Switch books when it is time, and say what changed."""
        self._switch()
        book = self._shelf.in_force
        if book is not None:
            if not self._told:
                # The power may have gone between a switch and its announcement.
                self._tell_switch()
            self._announcer.raised(book, self._charge(book))
            if self._announcer.settle():
                self._shelf.forget_before()

    def state(self) -> dict[str, Any]:
        """Return `book` and `lease` of the local API."""
        book = self.book
        expires_ms = self._permits.lease_expires_ms
        lease = {"holds": self.is_firm, "expires_ms": expires_ms or 0}
        return {
            "book": None if book is None else book.as_json(),
            "lease": lease if self._leased else None,
        }

    def confirmation(self) -> Confirmation | None:
        """Return what this device confirms to its gateway; None while it holds no book in force."""
        book, newest = self.book, self._shelf.newest
        if book is None or newest is None:
            return None
        return Confirmation(
            device=self._surroundings.device,
            book_version=newest.version,
            effective_ms=newest.effective_ms,
            at_ms=self._surroundings.now_ms(),
            in_force_version=book.version,
        )

    async def run(self) -> None:
        """Switch books in time and confirm them until cancelled."""
        while True:
            firm = self.is_firm
            self.refresh()
            await self._confirm()
            await anyio.sleep(TICK_S)
            if firm != self.is_firm:
                self._surroundings.changed()

    async def _confirm(self) -> None:
        said, bus = self.confirmation(), self._surroundings.local
        if said is None or bus is None:
            return
        versions = (said.book_version, said.in_force_version)
        if versions == self._confirmed and self._monotonic_s() < self._due_s:
            return
        topic = topics.local_from(self._surroundings.store, self._surroundings.device, "confirm")
        try:
            await bus.publish(Message(topic, encode(said), retain=True))
        except BusError:
            # The bus itself says once that it is away; the gateway lets our lease run out.
            return
        self._confirmed, self._due_s = versions, self._monotonic_s() + CONFIRM_S

    def _switch(self) -> None:
        if not self._shelf.switch() or self._shelf.in_force is None:
            return
        logger.info("price book %d is in force", self._shelf.in_force.version)
        self._tell_switch()
        self._surroundings.changed()

    def _tell_switch(self) -> None:
        self._told = True
        before, now = self._shelf.before, self._shelf.in_force
        if before is not None and now is not None:
            self._announcer.switched(before, now, self._charge(now))

    def _charge(self, book: Opened) -> Callable[[Row], Charge]:
        releases, now_ms = self._permits.releases(), self._surroundings.now_ms()
        by_product = {} if releases is None else {each.gtin: each for each in releases.releases}

        def price(row: Row) -> Charge:
            release = by_product.get(row.gtin)
            mine = None if releases is None or release is None else replace(releases, releases=[release])
            return charge(row, mine, now_ms, book_version=book.since.get(row.gtin, book.version))

        return price
