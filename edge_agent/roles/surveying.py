"""A survey walked with this device: a technician taps where the device stands, and what is heard between is kept.

Each leg goes to the cloud as soon as it is walked, through the outbox, so that a flat battery costs one leg.
"""

import math
import secrets
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import anyio
import anyio.to_thread

from edge_agent.app import Surroundings
from firmware_specs.desired import Site
from firmware_specs.events import SurveyLegDropped, SurveyLegWalked
from firmware_specs.surveyed import Survey, SurveyPoint, SurveyWalk, TrackPoint, WalkPacket
from positioning import Packet, build
from positioning.promise import promise_of
from positioning.readings import POINT_M, points_of
from positioning.store import plan_of

CARRIED_M: Final = 1.0
LEAST_LEG_S: Final = 0.5
LEAST_ANSWERS: Final = 20
MOST_POINTS: Final = 1_500
"""Of one leg, which must fit into one message; a longer one is gathered more coarsely."""
MOST_FIXES: Final = 20_000
MOST_PACKETS: Final = 200_000
"""Of one leg: an hour beside fifty beacons; more of them are not kept."""


class SurveyError(Exception):
    """A tap that cannot be taken; the text says what would do."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg as it was said."""

    number: int
    start: tuple[float, float]
    end: tuple[float, float]
    duration_s: float
    packets: int
    points: tuple[SurveyPoint, ...]
    errors_m: tuple[float, ...]
    """How far off the device believed itself to be on the way, by the map in force: every survey is a check walk."""


@dataclass(frozen=True, slots=True)
class Walked:
    """A survey so far: where the last tap was and when, and the legs that count."""

    id: str
    at: tuple[float, float] | None = None
    at_s: float = 0.0
    legs: tuple[Leg, ...] = ()
    said: int = 0


class Surveying:
    """One survey at a time.

    Args:
        site: the store as the device holds it; None before it came.
        monotonic_s: the clock of packets.
    """

    def __init__(
        self, surroundings: Surroundings, site: Callable[[], Site | None], monotonic_s: Callable[[], float]
    ) -> None:
        self._surroundings = surroundings
        self._site = site
        self._monotonic_s = monotonic_s
        self._walked: Walked | None = None
        self._packets: list[Packet] = []
        self._fixes: list[tuple[float, float, float]] = []
        self._promise: dict[str, Any] | None = None
        self._promised = 0
        self._changed = anyio.Event()

    def hear(self, packet: Packet) -> None:
        """Take a packet of one of the store's beacons."""
        if self._walked is not None and self._walked.at is not None and len(self._packets) < MOST_PACKETS:
            self._packets.append(packet)

    def place(self, x_m: float, y_m: float) -> None:
        """Take where the device believes to be now."""
        if self._walked is not None and self._walked.at is not None and len(self._fixes) < MOST_FIXES:
            self._fixes.append((self._monotonic_s(), x_m, y_m))

    def start(self) -> str:
        """Begin a survey; return its id. Raises SurveyError."""
        if self._site() is None:
            raise SurveyError("the store's map has not come yet: wait until it is shown")
        self._walked = Walked(f"survey-{secrets.token_hex(6)}")
        self._forget()
        self._promise, self._promised = None, 0
        self._surroundings.changed()
        return self._walked.id

    def at(self, x_m: float, y_m: float) -> dict[str, Any]:
        """Take a tap: the device stands here now. Raises SurveyError, OutboxFullError; nothing is lost then."""
        walked, site, now_s = self._under_way(), self._site(), self._monotonic_s()
        assert site is not None
        if not (0 <= x_m <= site.width_m and 0 <= y_m <= site.height_m):
            raise SurveyError(f"({x_m:g}, {y_m:g}) lies outside the store; tap where you stand")
        if walked.at is None:
            self._walked = replace(walked, at=(x_m, y_m), at_s=now_s)
            self._forget()
            self._surroundings.changed()
            return {"leg": None}
        if now_s - walked.at_s < LEAST_LEG_S:
            raise SurveyError("that was tapped twice: walk on, then tap where you are")
        leg = _leg(walked, site.level, (x_m, y_m), now_s, self._packets, self._fixes)
        if not leg.packets:
            raise SurveyError("no beacon was heard on this leg: is the radio on, and are beacons hung here?")
        self._surroundings.say(
            SurveyLegWalked(
                at_ms=self._surroundings.now_ms(),
                survey=walked.id,
                leg=leg.number,
                level=site.level,
                from_x_m=leg.start[0],
                from_y_m=leg.start[1],
                to_x_m=x_m,
                to_y_m=y_m,
                duration_s=round(leg.duration_s, 2),
                points=list(leg.points),
            )
        )
        self._forget()
        self._walked = replace(walked, at=(x_m, y_m), at_s=now_s, legs=(*walked.legs, leg), said=leg.number)
        self._has_changed()
        return {"leg": leg.number, "packets": leg.packets}

    def undo(self) -> None:
        """Take back the last leg, or the first tap. Raises SurveyError, OutboxFullError."""
        walked = self._under_way()
        if walked.legs:
            last = walked.legs[-1]
            self._surroundings.say(
                SurveyLegDropped(at_ms=self._surroundings.now_ms(), survey=walked.id, leg=last.number)
            )
            # Where the device is now, nobody has said: the next tap begins anew.
            self._walked = replace(walked, at=None, legs=walked.legs[:-1])
        elif walked.at is not None:
            self._walked = replace(walked, at=None)
        else:
            raise SurveyError("nothing was tapped yet")
        self._forget()
        self._has_changed()

    def finish(self) -> None:
        """End the survey; its legs are with the cloud, or on their way."""
        self._walked = None
        self._forget()
        self._surroundings.changed()

    def state(self) -> dict[str, Any] | None:
        """Return `survey` of the local API: what has been walked, without the map of promises."""
        walked = self._walked
        if walked is None:
            return None
        return {
            "id": walked.id,
            "at": None if walked.at is None else {"x_m": walked.at[0], "y_m": walked.at[1]},
            "legs": [
                {"leg": leg.number, "from": list(leg.start), "to": list(leg.end), "packets": leg.packets}
                for leg in walked.legs
            ],
            "packets": len(self._packets),
            "beacons": len({packet.beacon for packet in self._packets}),
            "promised": self._promised,
            "check": _check([error_m for leg in walked.legs for error_m in leg.errors_m]),
        }

    def promise(self) -> dict[str, Any]:
        """Return what the survey so far promises; empty before the first leg was worked out."""
        return self._promise or {}

    async def run(self) -> None:
        """Work out what each change of the survey promises, beside the event loop."""
        while True:
            await self._changed.wait()
            self._changed = anyio.Event()
            walked, site = self._walked, self._site()
            if walked is None or site is None:
                continue
            points = [point for leg in walked.legs for point in leg.points]
            has_wheels = "wheels" in self._surroundings.drivers
            promise = await anyio.to_thread.run_sync(_promised, site, points, has_wheels)
            if self._walked is not None and self._walked.id == walked.id:
                self._promise, self._promised = promise, self._promised + 1
                self._surroundings.changed()

    def _under_way(self) -> Walked:
        if self._walked is None:
            raise SurveyError("no survey is under way: start one")
        return self._walked

    def _forget(self) -> None:
        self._packets, self._fixes = [], []

    def _has_changed(self) -> None:
        self._changed.set()
        self._surroundings.changed()


def _leg(
    walked: Walked,
    level: str,
    end: tuple[float, float],
    end_s: float,
    packets: list[Packet],
    fixes: list[tuple[float, float, float]],
) -> Leg:
    assert walked.at is not None
    start, start_s = walked.at, walked.at_s
    track = [TrackPoint(t=start_s, x_m=start[0], y_m=start[1]), TrackPoint(t=end_s, x_m=end[0], y_m=end[1])]
    heard = [WalkPacket(t=one.heard_s, beacon=one.beacon, rssi_dbm=one.rssi_dbm) for one in packets]
    inside = [packet for packet in heard if start_s <= packet.t <= end_s]
    walk = Survey(walks=[SurveyWalk(level=level, track=track, packets=inside)])
    points, size_m = points_of(walk, CARRIED_M), POINT_M
    while len(points) > MOST_POINTS:
        size_m *= 1.5
        points = points_of(walk, CARRIED_M, size_m)
    errors_m = []
    for at_s, x_m, y_m in fixes:
        share = (at_s - start_s) / (end_s - start_s)
        there = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
        errors_m.append(math.dist(there, (x_m, y_m)))
    return Leg(walked.said + 1, start, end, end_s - start_s, len(inside), tuple(points), tuple(errors_m))


def _check(errors_m: list[float]) -> dict[str, Any] | None:
    """Return how well the device knew where it was; None before there is enough to say it by."""
    if len(errors_m) < LEAST_ANSWERS:
        return None
    _, middle_m, p75_m = statistics.quantiles(errors_m, n=4)
    return {"answers": len(errors_m), "p50_m": round(middle_m, 2), "p75_m": round(p75_m, 2)}


def _promised(site: Site, points: list[SurveyPoint], has_wheels: bool) -> dict[str, Any]:
    model = build(plan_of(site), Survey(points=points))
    return promise_of(model, has_wheels=has_wheels)
