"""Where this device is: beacons heard, through the positioning engine, to a position five times a second."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from device_drivers.api import AdvertHeard, WheelsRolled
from device_drivers.received import Receptions
from edge_agent.app import Held, MatterRefusedError, Surroundings
from edge_agent.outbox import OutboxFullError
from edge_agent.roles.matter import matter_of
from edge_agent.roles.surveying import Surveying
from firmware_specs.desired import Site, SiteSurvey
from firmware_specs.events import BeaconSeen, BeaconsHeard, PositionFixed
from positioning import Move, Packet, Tracker, build
from positioning.store import Adverts, plan_of, survey_of

EVERY_S: Final = 0.2
"""How often the device's own screen shows where it is, and offers are decided on."""

SAY_S: Final = 0.5
"""How often the cloud hears of it: a map elsewhere glides from one to the next."""
REPORT_S: Final = 30.0
"""How often a device says how well it hears each beacon."""

LEAST_FOLLOWED: Final = 0.12
WHOLE_SIGMAS: Final = 1.4
"""Of a step that is small against the uncertainty, so much is shown; one of so many standard deviations is whole."""

LOST_S: Final = 5.0
"""After so long without a beacon the device does not say any more where it is."""


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
    """Hears beacons and wheels and computes positions, one at each `tick`, `EVERY_S` apart; says one every `SAY_S`.

    Args:
        monotonic_s: monotonic seconds, the clock of `AdvertHeard.heard_s`.
    """

    def __init__(self, surroundings: Surroundings, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._surroundings = surroundings
        self._monotonic_s = monotonic_s
        self._tracker: Tracker | None = None
        self._adverts = Adverts({})
        self._heard: dict[str, float] = {}
        self._receptions = Receptions()
        self._reported_s = monotonic_s()
        self._said_s = self._rolled_s = float("-inf")
        self._survey: SiteSurvey | None = None
        self.site: Site | None = None
        self.fix: Fix | None = None
        self.surveying = Surveying(surroundings, lambda: self.site, monotonic_s)

    def take_site(self, held: Held) -> None:
        """Take a site into use; the belief starts anew. Raises MatterRefusedError."""
        site = matter_of(held, Site)
        self._begin(held, site, self._survey)

    def take_survey(self, held: Held) -> None:
        """Take what the beacons sound like into use; the belief starts anew. Raises MatterRefusedError."""
        survey = matter_of(held, SiteSurvey)
        if self.site is not None:
            self._begin(held, self.site, survey)
        self._survey = survey

    def _begin(self, held: Held, site: Site, survey: SiteSurvey | None) -> None:
        try:
            model, adverts = build(plan_of(site), survey_of(site, survey)), Adverts.of(site)
        except ValueError as exc:
            raise MatterRefusedError(f"{held.manifest.matter} {held.manifest.version}: {exc}") from exc
        self.site, self._adverts = site, adverts
        self._tracker, self._heard = Tracker(model), {}

    def hear(self, advert: AdvertHeard) -> None:
        """Take what a beacon of the site said; other advertisements are nothing."""
        beacon = self._adverts.name(advert.address, advert.manufacturer, advert.service_data)
        # Telemetry names nobody: it belongs to the frame heard from the same address before.
        self._receptions.hear(advert, is_label=beacon is not None)
        if beacon is not None and self._tracker is not None:
            packet = Packet(beacon, advert.rssi_dbm, advert.heard_s)
            self._tracker.hear(packet)
            self.surveying.hear(packet)
            self._heard[beacon] = advert.heard_s

    def roll(self, told: WheelsRolled) -> None:
        """Take what the wheels told."""
        self._rolled_s = told.rolled_s
        if self._tracker is not None:
            self._tracker.move(Move(told.moved_m, told.heading_rad), told.rolled_s)

    def tick(self) -> Fix | None:
        """Compute where the device is, and say it now and then; None while no beacon of the site is heard."""
        if self._tracker is None:
            return None
        now_s = self._monotonic_s()
        if now_s - self._reported_s >= REPORT_S:
            self._report(now_s)
        if now_s - max(self._heard.values(), default=float("-inf")) > LOST_S:
            self.fix = None
            return None
        where = self._tracker.estimate(now_s)
        beacons_heard = sum(now_s - heard_s <= SAY_S for heard_s in self._heard.values())
        x_m, y_m = where.x_m, where.y_m
        if self.fix is not None and self.fix.level == where.level and now_s - self._rolled_s > LOST_S:
            x_m, y_m = _settled(self.fix, x_m, y_m, where.sigma_m)
        self.surveying.place(where.x_m, where.y_m)
        self.fix = Fix(x_m, y_m, where.level, where.sigma_m, beacons_heard, where.zones)
        if now_s - self._said_s >= SAY_S - EVERY_S / 2:
            self._said_s = now_s
            self._say(self.fix)
        return self.fix

    def _report(self, now_s: float) -> None:
        """Say how well each beacon of the site was heard, those included that were not heard at all."""
        assert self.site is not None
        assert self._tracker is not None
        ill = self._tracker.estimate(now_s).unhealthy
        heard = {one.key: one for one in self._receptions.report(now_s)}
        self._reported_s = now_s
        beacons = []
        for beacon in self.site.beacons:
            one = heard.get(beacon.key)
            if one is not None:
                beacons.append(
                    BeaconSeen(
                        beacon=beacon.id,
                        received=one.received,
                        expected=one.expected,
                        rssi_dbm=one.rssi_dbm,
                        age_s=round(one.age_s, 1),
                        battery_mv=one.battery_mv,
                        ill=ill.get(beacon.id, ""),
                    )
                )
            elif beacon.id in ill:
                beacons.append(BeaconSeen(beacon=beacon.id, received=0, ill=ill[beacon.id]))
        with suppress(OutboxFullError):
            self._surroundings.say(BeaconsHeard(at_ms=self._surroundings.now_ms(), beacons=beacons))

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


def _settled(before: Fix, x_m: float, y_m: float, sigma_m: float) -> tuple[float, float]:
    """Return where to show a device without wheels: a small step is noise and hardly followed, a large one is whole.

    Only the dot is held still; the probabilities of zones are the engine's own.
    """
    away_m = math.hypot(x_m - before.x_m, y_m - before.y_m)
    follow = min(1.0, max(LEAST_FOLLOWED, (away_m / max(WHOLE_SIGMAS * sigma_m, 1e-3)) ** 2))
    return before.x_m + follow * (x_m - before.x_m), before.y_m + follow * (y_m - before.y_m)
