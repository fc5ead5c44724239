"""Where this device is: beacons heard, through the positioning engine, to a position twice a second."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from device_drivers.api import AdvertHeard
from edge_agent.app import Held, MatterRefusedError, Surroundings
from edge_agent.outbox import OutboxFullError
from edge_agent.roles.matter import matter_of
from firmware_specs.desired import Site
from firmware_specs.events import PositionFixed
from positioning import Packet, RadioMap, State, build, estimate, packet_from_advert, start, step, zone_probability

EVERY_S: Final = 0.5
LOST_S: Final = 5.0
"""After so long without a beacon the device does not say any more where it is."""

MOST_PACKETS: Final = 2_000
"""How many packets may wait for a step; older ones go first."""


@dataclass(frozen=True, slots=True)
class Fix:
    """Where the device is, in metres, and the probability that it stands in each zone."""

    x_m: float
    y_m: float
    level: str
    sigma_m: float
    beacons_heard: int
    zones: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """Return `position` of the local API."""
        return {"x_m": self.x_m, "y_m": self.y_m, "level": self.level, "sigma_m": self.sigma_m}


class Whereabouts:
    """Hears beacons and computes positions; says one at each `tick`, `EVERY_S` apart.

    Args:
        monotonic_s: monotonic seconds, the clock of `AdvertHeard.heard_s`.
    """

    def __init__(self, surroundings: Surroundings, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._surroundings = surroundings
        self._monotonic_s = monotonic_s
        self._model: RadioMap | None = None
        self._state: State | None = None
        self._packets: deque[Packet] = deque(maxlen=MOST_PACKETS)
        self._heard_s = float("-inf")
        self.site: Site | None = None
        self.fix: Fix | None = None

    def take_site(self, held: Held) -> None:
        """Take a site into use; the belief starts anew. Raises MatterRefusedError."""
        site = matter_of(held, Site)
        try:
            self._model = build(site)
        except ValueError as exc:
            raise MatterRefusedError(f"site {site.version}: {exc}") from exc
        self.site = site
        self._state = None

    def hear(self, advert: AdvertHeard) -> None:
        """Keep what a beacon said for the next step; other advertisements are nothing."""
        packet = packet_from_advert(advert.manufacturer, advert.rssi_dbm, advert.heard_s)
        if packet is not None:
            self._packets.append(packet)

    def tick(self) -> Fix | None:
        """Compute and say where the device is; None, and nothing said, while no beacon of the site is heard."""
        if self._model is None or self.site is None:
            return None
        now_s = self._monotonic_s()
        packets, self._packets = self._packets, deque(maxlen=MOST_PACKETS)
        before = self._state if self._state is not None else start(self._model, now_s)
        self._state = state = step(self._model, before, packets, now_s)
        where = estimate(self._model, state)
        if where.beacons_heard:
            self._heard_s = now_s
        if now_s - self._heard_s > LOST_S:
            self.fix = None
            return None
        model = self._model
        zones = {
            zone.id: zone_probability(model, state, zone.polygon)
            for zone in self.site.zones
            if zone.level == self.site.level
        }
        self.fix = Fix(where.x_m, where.y_m, model.level, where.sigma_m, where.beacons_heard, zones)
        self._say(self.fix)
        return self.fix

    def _say(self, fix: Fix) -> None:
        event = PositionFixed(
            at_ms=self._surroundings.now_ms(),
            x_m=round(fix.x_m, 3),
            y_m=round(fix.y_m, 3),
            level=fix.level,
            sigma_m=round(fix.sigma_m, 3),
            beacons_heard=fix.beacons_heard,
        )
        try:
            self._surroundings.say(event)
        except OutboxFullError:
            # A newer position follows in half a second.
            return
