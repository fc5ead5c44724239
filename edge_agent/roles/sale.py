"""A trip and its basket, as a cart or a till keeps it over power cuts: codes in, lines and a total out."""

import logging
import secrets
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec

from edge_agent.app import Surroundings
from edge_agent.outbox import OutboxFullError
from edge_agent.roles.basket import Basket, Unit, pack_json
from edge_agent.roles.codes import Codes, Found
from edge_agent.roles.pricing import Pricing
from edge_agent.roles.promoting import Promoting, discounts, uses
from edge_agent.roles.reading import Read
from edge_agent.roles.service import Service
from firmware_specs.events import BasketClosed, CodeRead, CodeRefused, Event, LineAdded, LineRemoved
from firmware_specs.rules.promotions import Priced
from firmware_specs.rules.selling import NotSoldError

logger = logging.getLogger(__name__)

_TRIP: Final = "trip"
MOST_COUPONS: Final = 20
MOST_TEXT: Final = 100


class Witness(Protocol):
    """What looks on while goods are scanned."""

    @property
    def unresolved(self) -> int:
        """Questions of this trip that are open."""

    def added(self, unit: Unit) -> None:
        """Take note of a unit that was scanned."""

    def ended(self) -> None:
        """Take note that the trip ended."""


class NoTripError(Exception):
    """There is no trip, or nothing of this product in its basket."""


class _Kept(msgspec.Struct, frozen=True):
    trip: str
    units: tuple[Unit, ...]
    coupons: list[str] = []


class Sale:
    """One trip at a time. Work that a full outbox cannot record is refused and changes nothing.

    Out of service nothing is begun, added or closed; what is in the basket stays there.

    Args:
        on_trip: called with the id of each trip that begins; ids are random and name nobody.
        witness: looks on, where there is one.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        pricing: Pricing,
        on_trip: Callable[[str], None],
        witness: Witness | None = None,
    ) -> None:
        self._witness = witness
        self._surroundings = surroundings
        self._pricing = pricing
        self._on_trip = on_trip
        self._service = Service(surroundings, lambda: pricing.is_current)
        self._last_code: dict[str, Any] | None = None
        self._said_full = False
        self._basket = Basket()
        self._coupons: list[str] = []
        self._refused: set[str] = set()
        self.codes: Final = Codes(surroundings, pricing)
        self.promoting: Final = Promoting(self._category)
        self.trip: str | None = None
        kept = surroundings.noted(_TRIP)
        if kept:
            value = msgspec.json.decode(kept, type=_Kept)
            self.trip = value.trip
            self._basket = Basket(value.units)
            self._coupons = list(value.coupons)

    @property
    def basket(self) -> Basket:
        """The basket, no unit of it dearer than what is charged now."""
        return self._basket.lowered(self.codes.now)

    @property
    def service(self) -> Service:
        """Whether anything may be sold."""
        return self._service

    def start(self) -> str:
        """Begin a trip with an empty basket, in place of the one under way; return its id.

        Raises OutOfServiceError.
        """
        self._service.check()
        trip = f"t-{secrets.token_hex(8)}"
        self._coupons, self._refused = [], set()
        if self._witness is not None:
            self._witness.ended()
        self._keep(trip, Basket())
        self._on_trip(trip)
        self._surroundings.changed()
        return trip

    def take(self, read: Read) -> None:
        """Take a code that came into view: name and price from the own book, one unit into the basket."""
        if self._service.out is not None:
            return
        try:
            found = self.codes.find(read)
        except NotSoldError as exc:
            self._turn_away(read, exc)
            return
        if found is None:
            return
        unit = found.unit
        now_ms = self._surroundings.now_ms()
        trip = self.trip if self.trip is not None else self.start()
        code = CodeRead(
            at_ms=now_ms,
            trip=trip,
            gtin=found.gtin,
            symbology=read.symbology,
            price_minor=None if unit is None else unit.price_minor,
            book_version=found.book_version,
            read_ms=read.read_ms,
        )
        if not self._said(code, *([] if unit is None else [self._line(trip, unit, found.book_version)])):
            return
        self._put_in(trip, found)

    def add_weighed(self, gtin: str, weight_g: int) -> None:
        """Put in a product without a code that this device weighed itself.

        Raises NotSoldError, OutOfServiceError, OutboxFullError; then nothing changed.
        """
        self._service.check()
        found = self.codes.weighed(gtin, weight_g)
        assert found.unit is not None
        trip = self.trip if self.trip is not None else self.start()
        self._surroundings.say(self._line(trip, found.unit, found.book_version))
        self._put_in(trip, found)

    def remove(self, gtin: str, price_minor: int | None = None) -> None:
        """Take one unit out of the basket, where a price is named one that costs it.

        Raises NoTripError, OutboxFullError; then nothing changed.
        """
        if self.trip is None:
            raise NoTripError("there is no trip: start one or scan a product")
        basket = self.basket
        try:
            place = basket.place(gtin, price_minor)
        except KeyError as exc:
            raise NoTripError(f"nothing of {gtin[:40]} is in the basket at that price") from exc
        removed = LineRemoved(
            at_ms=self._surroundings.now_ms(),
            trip=self.trip,
            gtin=gtin,
            quantity=1,
            price_minor=basket.units[place].price_minor,
        )
        self._surroundings.say(removed)
        self._keep(self.trip, self._basket.without(place))
        self._surroundings.changed()

    def close(self) -> BasketClosed:
        """End the trip with its total. Raises NoTripError, OutboxFullError, OutOfServiceError; then nothing changed."""
        self._service.check()
        if self.trip is None:
            raise NoTripError("there is no trip to close")
        basket = self.basket
        priced = self._priced(basket)
        closed = BasketClosed(
            at_ms=self._surroundings.now_ms(),
            trip=self.trip,
            total_minor=priced.total_minor,
            lines=len(basket.lines),
            provisional=not self._pricing.is_firm,
            saving_minor=priced.saving_minor,
            uses=uses(priced),
            unresolved=0 if self._witness is None else self._witness.unresolved,
        )
        self._surroundings.say(closed)
        if self._witness is not None:
            self._witness.ended()
        self.trip, self._basket, self._coupons, self._last_code = None, Basket(), [], None
        self._surroundings.note(_TRIP, b"")
        self._surroundings.changed()
        return closed

    def state(self) -> dict[str, Any]:
        """Return the trip and its basket as the local API shows them."""
        basket = self.basket
        priced = self._priced(basket)
        return {
            "trip": self.trip,
            "basket": [line.as_json() for line in basket.lines],
            "total_minor": priced.total_minor,
            "saving_minor": priced.saving_minor,
            "discounts": discounts(priced),
            "coupons": list(self._coupons),
            "provisional": not self._pricing.is_firm,
            "last_code": self._last_code,
            "out_of_service": self._service.out,
        }

    def present(self, coupon: str) -> None:
        """Present a coupon's code for this trip; whether it is good for anything shows in the total.

        Raises NoTripError, OutOfServiceError.
        """
        self._service.check()
        if self.trip is None:
            raise NoTripError("there is no trip: start one or scan a product")
        if coupon not in self._coupons and len(self._coupons) < MOST_COUPONS:
            self._coupons.append(coupon)
            self._keep(self.trip, self._basket)
        self._surroundings.changed()

    def _line(self, trip: str, unit: Unit, book_version: int) -> LineAdded:
        return LineAdded(
            at_ms=self._surroundings.now_ms(),
            trip=trip,
            gtin=unit.gtin,
            quantity=1,
            price_minor=unit.price_minor,
            book_version=book_version,
            provisional=not self._pricing.is_firm,
            weight_g=unit.pack.weight_g,
        )

    def _put_in(self, trip: str, found: Found) -> None:
        unit = found.unit
        if unit is not None:
            self._keep(trip, self._basket.add(unit))
            if self._witness is not None:
                self._witness.added(unit)
        self._last_code = {
            "gtin": found.gtin,
            "name": {} if unit is None else unit.name,
            "price_minor": None if unit is None else unit.price_minor,
            "known": unit is not None,
            "pack": None if unit is None else pack_json(unit),
            "refused": None,
            "at_ms": self._surroundings.now_ms(),
        }
        self._surroundings.changed()

    def _priced(self, basket: Basket) -> Priced:
        return self.promoting.price(self.trip, basket, self._coupons, self._surroundings.now_ms())

    def _category(self, gtin: str) -> str:
        priced = self._pricing.price(gtin)
        return "" if priced is None else priced.row.category

    def _turn_away(self, read: Read, why: NotSoldError) -> None:
        now_ms = self._surroundings.now_ms()
        trip = self.trip if self.trip is not None else self.start()
        text = read.text[:MOST_TEXT]
        if text not in self._refused:
            refused = CodeRefused(
                at_ms=now_ms,
                trip=trip,
                text=text,
                symbology=read.symbology,
                reason=why.reason,
                detail=str(why),
            )
            if not self._said(refused):
                return
            self._refused.add(text)
        self._last_code = {
            "gtin": text,
            "name": {},
            "price_minor": None,
            "known": False,
            "pack": None,
            "refused": why.reason,
            "at_ms": now_ms,
        }
        self._surroundings.changed()

    def _said(self, *events: Event) -> bool:
        try:
            for event in events:
                self._surroundings.say(event)
        except OutboxFullError:
            self._refuse()
            return False
        self._said_full = False
        return True

    def _keep(self, trip: str, basket: Basket) -> None:
        self.trip, self._basket = trip, basket
        # In one commit with what was said of it: a trip that a power cut brings back is the one the cloud knows.
        self._surroundings.note(_TRIP, msgspec.json.encode(_Kept(trip, basket.units, self._coupons)))

    def _refuse(self) -> None:
        if not self._said_full:
            logger.warning("the outbox is full, nothing is scanned until the cloud has taken what is there")
        self._said_full = True
