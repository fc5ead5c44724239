"""Offers on a cart: the rules it holds decide, every decision is recorded, the shopper sees one at a time."""

from typing import Any, Final

import msgspec

from edge_agent.app import Held, Surroundings
from edge_agent.outbox import OutboxFullError
from edge_agent.roles.matter import matter_of
from edge_agent.roles.whereabouts import Fix
from firmware_specs.desired import Offers, Zone
from firmware_specs.events import OfferDecided
from firmware_specs.rules.offers import Decision, OfferState, decide

_SHOWN: Final = "offers-shown"


class _Kept(msgspec.Struct, frozen=True):
    trip: str
    shown_ms: dict[str, list[int]]


class Offering:
    """Decides on the offers of a trip at each position. What was shown counts over a restart."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._offers: Offers | None = None
        self._state: OfferState | None = None
        self._on_screen: dict[str, Any] | None = None

    def take_offers(self, held: Held) -> None:
        """Take the store's offers into use. Raises MatterRefusedError."""
        self._offers = matter_of(held, Offers)

    def begin(self, trip: str) -> None:
        """Begin a trip: nothing was shown yet."""
        self._state, self._on_screen = OfferState(trip), None

    def resume(self, trip: str) -> None:
        """Go on with a trip that a restart interrupted."""
        self.begin(trip)
        remembered = self._surroundings.recall(_SHOWN)
        if not remembered:
            return
        kept = msgspec.json.decode(remembered, type=_Kept)
        if kept.trip == trip:
            self._state = OfferState(trip, shown_ms={offer: tuple(at_ms) for offer, at_ms in kept.shown_ms.items()})

    def end(self) -> None:
        """End the trip."""
        self._state = self._on_screen = None

    def dismiss(self) -> None:
        """Take the offer off the screen."""
        self._on_screen = None

    def decide(self, fix: Fix, zones: list[Zone]) -> None:
        """Decide at a position; show and record what fires. A full outbox refuses: nothing fires then."""
        if self._state is None or self._offers is None:
            return
        now_ms = self._surroundings.now_ms()
        state, decisions = decide(self._state, self._offers.offers, zones, fix.zones, now_ms)
        for decision in decisions:
            try:
                self._surroundings.say(_event(decision, state.trip, now_ms))
            except OutboxFullError:
                return
            if decision.outcome == "shown":
                self._on_screen = {
                    "offer": decision.offer.id,
                    "headline": decision.offer.headline,
                    "gtin": decision.offer.gtin,
                    "zone": decision.offer.zone,
                    "at_ms": now_ms,
                }
        self._state = state
        if decisions:
            kept = _Kept(state.trip, {offer: list(at_ms) for offer, at_ms in state.shown_ms.items()})
            self._surroundings.remember(_SHOWN, msgspec.json.encode(kept))
            self._surroundings.changed()

    def state(self) -> dict[str, Any]:
        """Return `offer` and `offers` of the local API."""
        offers = [] if self._offers is None else msgspec.to_builtins(self._offers.offers)
        return {"offer": self._on_screen, "offers": offers}


def _event(decision: Decision, trip: str, now_ms: int) -> OfferDecided:
    return OfferDecided(
        at_ms=now_ms,
        trip=trip,
        offer=decision.offer.id,
        zone=decision.offer.zone,
        outcome=decision.outcome,
        reason=decision.reason,
        probability=min(1.0, max(0.0, decision.probability)),
    )
