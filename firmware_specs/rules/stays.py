"""Who is in a zone, told from its probability: entered when it is reached, left when it has been far below for a while.

Between the two limits nothing changes: a belief that swings about one number would enter and leave for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LEAVE_SHARE = 0.5
"""Below so much of the probability that counts as entering, a shopper counts as gone."""

GAP_MS = 2_000
"""A stay survives this long without the shopper being seen in the zone."""

LATE_MS = 5_000
"""Who was last seen longer ago than that left at a time that nobody knows: no exit is told."""


@dataclass(frozen=True, slots=True)
class ZoneStay:
    """A stay: since when, when last above the lower limit, and when last above the upper one."""

    since_ms: int
    seen_ms: int
    sure_ms: int


def followed(
    stays: Mapping[str, ZoneStay], limits: Mapping[str, float], likely: Mapping[str, float], now_ms: int
) -> tuple[dict[str, ZoneStay], dict[str, ZoneStay]]:
    """Return the stays that go on or begin at `now_ms`, and those that have just ended.

    Args:
        stays: those before, by what watches the zone.
        limits: the probability from which on a shopper counts as being there, by the same.
        likely: the zone's probability now; what is not named is not there.
        now_ms: UTC milliseconds; a time a little before the last one changes nothing.
    """
    going, left = {}, {}
    for watch, limit in limits.items():
        probability = likely.get(watch, 0.0)
        stay = stays.get(watch)
        if stay is not None and now_ms < stay.seen_ms <= now_ms + GAP_MS:
            going[watch] = stay
            continue
        if stay is not None and now_ms < stay.seen_ms:
            # The clock was set back: what is remembered lies in a time that has not come.
            stay = None
        is_gone = stay is not None and now_ms - stay.seen_ms > GAP_MS
        if stay is not None and is_gone and now_ms - stay.seen_ms <= LATE_MS:
            left[watch] = stay
        if stay is None or is_gone:
            if probability >= limit:
                going[watch] = ZoneStay(now_ms, now_ms, now_ms)
        elif probability >= limit:
            going[watch] = ZoneStay(stay.since_ms, now_ms, now_ms)
        elif probability >= LEAVE_SHARE * limit:
            going[watch] = ZoneStay(stay.since_ms, now_ms, stay.sure_ms)
        else:
            going[watch] = stay
    return going, left
