"""When an offer may fire: zone, dwell, cooldown, once per trip, holdout; pure, replayable, each with its reason."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from firmware_specs.desired import Offer, Point, Zone
from firmware_specs.rules.stays import ZoneStay, followed

SCREEN_MS = 8_000
"""One offer at a time: another is decided only when the last has had the screen for so long."""


ENTERED_MS = 10_000
"""For so long somebody who came in may still be welcomed, where another offer had the screen."""


@dataclass(frozen=True, slots=True)
class OfferState:
    """All that a cart remembers to decide on offers during one trip."""

    trip: str
    stays: Mapping[str, ZoneStay] = field(default_factory=dict)
    """By offer: each has a probability of its own from which on the shopper counts as being there."""
    shown_ms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    on_screen_ms: int | None = None
    """When the last offer took the screen."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on one offer; `outcome` is `shown` or `withheld`."""

    offer: Offer
    outcome: str
    reason: str
    probability: float


def contains(polygon: list[Point], x_m: float, y_m: float) -> bool:
    """Return whether the point lies inside the polygon (even-odd rule)."""
    inside = False
    for here, there in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (here.y_m > y_m) != (there.y_m > y_m):
            crossing = here.x_m + (y_m - here.y_m) / (there.y_m - here.y_m) * (there.x_m - here.x_m)
            inside ^= x_m < crossing
    return inside


def withheld(trip: str, offer: Offer) -> bool:
    """Return whether this trip is in the offer's holdout: a hash, so that every device agrees."""
    digest = hashlib.sha256(f"{trip}/{offer.id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < offer.holdout


def decide(
    state: OfferState,
    offers: Iterable[Offer],
    zones: Iterable[Zone],
    in_zone: Mapping[str, float],
    now_ms: int,
) -> tuple[OfferState, tuple[Decision, ...]]:
    """Return the next state and the decisions made at `now_ms`.

    Args:
        state: what the trip remembers.
        offers: rules held by the cart.
        zones: the site's zones; an offer of an unknown zone never fires.
        in_zone: zone id → probability that the shopper stands in it now.
        now_ms: UTC milliseconds.
    """
    known = {zone.id for zone in zones}
    offers = sorted((offer for offer in offers if offer.zone in known), key=lambda offer: offer.id)
    likely = {offer.id: in_zone.get(offer.zone, 0.0) for offer in offers}
    limits = {offer.id: offer.probability for offer in offers}
    stays, left = followed(state.stays, limits, likely, now_ms)
    shown = dict(state.shown_ms)
    decisions = []
    on_screen_ms = state.on_screen_ms
    for offer in offers:
        before = shown.get(offer.id, ())
        reason = _fires(offer, stays.get(offer.id), left.get(offer.id), before, now_ms)
        if reason is None:
            continue
        if len(before) >= offer.per_trip or (before and now_ms - before[-1] < offer.cooldown_s * 1000):
            continue
        is_withheld = withheld(state.trip, offer)
        if not is_withheld and on_screen_ms is not None and now_ms - on_screen_ms < SCREEN_MS:
            continue
        shown[offer.id] = (*before, now_ms)
        # Of who left, the probability says how surely.
        probability = 1 - likely[offer.id] if offer.when == "exit" else likely[offer.id]
        if is_withheld:
            decisions.append(Decision(offer, "withheld", "this trip is in the holdout", probability))
        else:
            decisions.append(Decision(offer, "shown", reason, probability))
            on_screen_ms = now_ms
    return replace(state, stays=stays, shown_ms=shown, on_screen_ms=on_screen_ms), tuple(decisions)


def _fires(
    offer: Offer, stay: ZoneStay | None, left: ZoneStay | None, before: tuple[int, ...], now_ms: int
) -> str | None:
    """Return why an offer may fire now, None where it may not."""
    if offer.when == "exit":
        if left is None or left.sure_ms - left.since_ms < offer.dwell_s * 1000:
            return None
        return f"left {offer.zone} after {(left.sure_ms - left.since_ms) / 1000:g} s"
    if stay is None or stay.sure_ms != now_ms:
        return None
    if offer.when == "enter":
        is_new = now_ms - stay.since_ms <= ENTERED_MS and not (before and before[-1] >= stay.since_ms)
        return f"entered {offer.zone}" if is_new else None
    return f"in {offer.zone} for {offer.dwell_s:g} s" if now_ms - stay.since_ms >= offer.dwell_s * 1000 else None
