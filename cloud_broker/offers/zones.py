"""Whether a zone is large enough for an offer, at the accuracy that a store's beacons and survey promise."""

from cloud_broker.surveys.floors import Floors
from positioning.events import LEAST_PRECISION, LEAST_RECALL


class ZoneUnfitError(ValueError):
    """A zone that is too small for this store's accuracy; the text says how large it must be."""


def refuse_unfit(floors: Floors, name: str, at_least: float) -> None:
    """Raise ZoneUnfitError for a zone whose events would be worth too little."""
    zone = floors.zone(name)
    if zone is None:
        known = ", ".join(sorted(zone.id for zone in floors.model.site.zones)) or "none"
        raise ZoneUnfitError(f"there is no zone {name!r}; the zones are {known}")
    (now,) = floors.worth([zone], at_least)
    if now.is_enough:
        return
    larger = floors.larger(zone, at_least)
    remedy = f"it would do with {larger.size}" if larger is not None else "survey the store, or add beacons near it"
    raise ZoneUnfitError(
        f"zone {name!r} of {now.size} is too small for how well carts know where they are: of ten visits "
        f"{10 * now.recall:.0f} would be noticed ({10 * LEAST_RECALL:.0f} are needed), of ten noticed "
        f"{10 * now.precision:.0f} would be visits ({10 * LEAST_PRECISION:.0f} are needed); {remedy}"
    )
