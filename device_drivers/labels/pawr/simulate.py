"""A whole shop repriced on the air in virtual time: how long it takes, and how often panels refresh."""

import itertools
import math
import random
import time
from dataclasses import dataclass
from enum import Enum
from typing import Final

from device_drivers.labels.association import Association
from device_drivers.labels.pawr.access_point import AccessPoint, Place
from device_drivers.labels.pawr.loss import Loss
from device_drivers.labels.pawr.medium import Medium, Placed
from device_drivers.labels.pawr.receiver import Receiver
from device_drivers.labels.tag import Tag
from firmware_specs.frames.ead import KeyMaterial
from firmware_specs.frames.esl import (
    BROADCAST,
    GLASS,
    BasicState,
    DisplayImage,
    DisplayState,
    DisplayTimedImage,
    Ping,
    ReadSensor,
    SensorValue,
    StateBits,
    absolute_time_ms,
    glass_digest,
    parse_response,
)
from firmware_specs.frames.pawr import MOST_GROUPS, Timing

IN_GROUP: Final = 250
IMAGE_BYTES: Final = 8
"""The panel's size does not matter here: images lie in the labels already."""

REFRESH_S: Final = 15.0
"""Of a panel of three colours."""

BURSTS: Final = {"shadowed": 0.02, "in_shadow": 0.6, "stays": 0.98}
_OLD, _NEW = bytes(IMAGE_BYTES), b"\xff" * IMAGE_BYTES
HANG: Final = 3
"""Labels of each product."""

_LEAD_S: Final = 60.0
_LATE_S: Final = 0.1
"""Clocks differ by less."""


class Way(Enum):
    """How labels are told.

    Each has a least time on the air: its answers of so many bytes of command.
    """

    EACH = 8
    """Each its timed command, which it answers: any label may show any slot."""

    TOGETHER = 2
    """A timed command to the whole group with every packet, and each is asked whether it pends.

    Where every label of a group changes and holds its new image in the same slot.
    """

    BLINDLY = 4
    """Each the untimed command, said again until it is answered: the naive way."""


SLOTS: Final = {Way.EACH: 5, Way.TOGETHER: 20, Way.BLINDLY: 11}
"""Of the train for each way: as many as a packet has commands."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a campaign took, in virtual seconds; `wall_s` in real ones.

    `proved_s`: after the instant at which all switch, until the last label has said what is on its glass.
    `overcharges`: products whose increase was released, since all their labels had said so, while one showed the old.
    `bound_s`: the least that its commands take on the air, each said as often as the air's losses ask for in the mean.
    `double_refreshes`: panels drawn more often than once.
    """

    labels: int
    t50_s: float
    t99_s: float
    last_s: float
    bound_s: float
    lossless_bound_s: float
    said: int
    refreshes: int
    double_refreshes: int
    overcharges: int
    unanswered: int
    proved_s: float
    wall_s: float


def simulate(
    labels: int, loss: Loss, seed: int, *, way: Way = Way.EACH, timing: Timing | None = None, most_s: float = 600.0
) -> Outcome:
    """Tell labels that hold the new image already to show it, all at one instant; each until it has answered.

    Args:
        labels: how many.
        loss: of the air.
        seed: of everything that is drawn.
        way: how they are told.
        timing: of the train; the tuned 1M train of as many groups as are needed when not given.
        most_s: virtual seconds after which it is given up.

    Raises ValueError for more labels than the train has room for.
    """
    began_s = time.perf_counter()
    groups = math.ceil(labels / IN_GROUP)
    if not 1 <= groups <= MOST_GROUPS:
        raise ValueError(f"{labels} labels on one access point, expected 1 to {MOST_GROUPS * IN_GROUP}")
    if timing is None:
        timing = Timing(slots=SLOTS[way], groups=groups)
    shortest_s = timing.shortest_s(labels, way.value, beside=8 if way is Way.TOGETHER else 0)
    chance = random.Random(seed)
    sync_key, count = _key(chance), itertools.count()
    access_point = AccessPoint(sync_key, timing, count.__next__, blindly=way is Way.BLINDLY)
    medium = Medium(timing, loss, chance)
    places = [_hang(medium, number, groups, sync_key, chance) for number in range(labels)]
    at_ms = absolute_time_ms(int((shortest_s * loss.tries + _LEAD_S) * 1000))
    for place in places:
        access_point.tell(place, _command(way, place.esl_id, at_ms))
    if way is Way.TOGETHER:
        for group in range(groups):
            access_point.tell_all(group, bytes(DisplayTimedImage(1, at_ms, BROADCAST)))
    answered: dict[Place, float] = {}

    def note(place: Place, answer: bytes, when_s: float) -> None:
        said = parse_response(answer)
        if said == DisplayState(0, 1) or (
            isinstance(said, BasicState) and StateBits.PENDING_DISPLAY_UPDATE in said.bits
        ):
            answered.setdefault(place, when_s)
        elif way is Way.TOGETHER:
            # It hears, and has not heard the command: that comes with the next packet, too.
            access_point.tell(place, bytes(Ping(place.esl_id)))

    while access_point.busy and medium.now_s < most_s:
        medium.turn(access_point, note)
    told = access_point.said
    proved_s, overcharges = _prove(access_point, medium, places, at_ms / 1000 + _LATE_S, most_s)
    refreshes = [_settled(placed, max(medium.now_s, at_ms / 1000)) for placed in medium.labels]
    times = sorted(answered.values())
    return Outcome(
        labels=labels,
        t50_s=_quantile(times, labels, 0.5),
        t99_s=_quantile(times, labels, 0.99),
        last_s=_quantile(times, labels, 1.0),
        bound_s=shortest_s * loss.tries,
        lossless_bound_s=shortest_s,
        said=told,
        refreshes=sum(refreshes),
        double_refreshes=sum(count - 1 for count in refreshes if count > 1),
        overcharges=overcharges,
        unanswered=labels - len(times),
        proved_s=proved_s,
        wall_s=time.perf_counter() - began_s,
    )


def _prove(
    access_point: AccessPoint, medium: Medium, places: list[Place], from_s: float, most_s: float
) -> tuple[float, int]:
    # Every label is asked what is on its glass. A product hangs on labels in a row, and is released when all say so.
    for placed in medium.labels:
        # Its crystal wakes it; nobody has to call it for that.
        placed.receiver.tag.advance(from_s, placed.absolute_ms(from_s))
    medium.interval = max(medium.interval, math.ceil((from_s + REFRESH_S) * 1000 / medium.timing.interval_ms))
    began_s = medium.now_s
    number_of = {place: number for number, place in enumerate(places)}
    tag_of = {
        (placed.receiver.association.group, placed.receiver.association.esl_id): placed.receiver.tag
        for placed in medium.labels
    }
    waits = {number // HANG: min(HANG, len(places) - number // HANG * HANG) for number in range(len(places))}
    last_s, overcharges = began_s, 0

    def note(place: Place, answer: bytes, when_s: float) -> None:
        nonlocal last_s, overcharges
        last_s = when_s
        if parse_response(answer) != SensorValue(GLASS, glass_digest(_NEW)):
            access_point.tell(place, bytes(ReadSensor(GLASS, place.esl_id)))
            return
        product = number_of[place] // HANG
        waits[product] -= 1
        if not waits[product]:
            hanging = places[product * HANG : (product + 1) * HANG]
            overcharges += any(tag_of[each.group, each.esl_id].panel != _NEW for each in hanging)

    for group in range(medium.timing.groups):
        access_point.tell_all(group, None)
    for place in places:
        access_point.tell(place, bytes(ReadSensor(GLASS, place.esl_id)))
    while access_point.busy and medium.now_s < began_s + most_s:
        medium.turn(access_point, note)
    return last_s - began_s, overcharges


def _command(way: Way, esl_id: int, at_ms: int) -> bytes:
    match way:
        case Way.EACH:
            return bytes(DisplayTimedImage(1, at_ms, esl_id))
        case Way.TOGETHER:
            return bytes(Ping(esl_id))
        case Way.BLINDLY:
            return bytes(DisplayImage(1, esl_id))


def _hang(medium: Medium, number: int, groups: int, sync_key: KeyMaterial, chance: random.Random) -> Place:
    # Dealt out one by one, so that all groups are as large as can be and end at the same time.
    tag = Tag(IMAGE_BYTES, slots=2, refresh_s=REFRESH_S, esl_id=number // groups)
    tag.panel, tag.stored = _OLD, {0: _OLD, 1: _NEW}
    association = Association(number % groups, number // groups, sync_key, _key(chance))
    receiver = Receiver(tag, association, itertools.count().__next__)
    medium.place(receiver, drift_ppm=chance.gauss(0, 20), ahead_ms=chance.uniform(-5, 5))
    return Place(association.group, association.esl_id, association.response_key)


def _settled(placed: Placed, from_s: float) -> int:
    # Long after, when whatever was queued has been drawn.
    for later in range(12):
        now_s = from_s + 1 + later * (REFRESH_S + 1)
        placed.receiver.tag.advance(now_s, placed.absolute_ms(now_s))
    return placed.receiver.tag.refreshes


def _key(chance: random.Random) -> KeyMaterial:
    return KeyMaterial(chance.randbytes(16), chance.randbytes(8))


def _quantile(times: list[float], labels: int, share: float) -> float:
    at = math.ceil(share * labels) - 1
    return times[at] if at < len(times) else math.inf
