"""Small scope, whole: a price change or two, carried through with a fault at every place where one can be.

A turn of the store is fixed: books arrive, devices confirm, the gateway issues, permits arrive, labels take a step. So
a fault is named by the number of the action that it strikes, and all of them can be tried.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import combinations, count, product
from typing import Final

from tests.fakes.price_world import STEPS, PriceWorld

TURN: Final = (
    ("book to gateway", 0),
    ("book to device", 0),
    ("confirm", 0),
    ("book to device", 1),
    ("confirm", 1),
    ("issue", 0),
    ("lease", 1),
    ("releases", 0),
    ("releases", 1),
    ("step", 0),
    ("step", 1),
    ("step", 0),
    ("step", 1),
    ("cloud hears", 3),
    ("time", 0),
)
"""The second cart is out of reach for good, and its lease has run out."""

_STEPS: Final = frozenset({"step"})
TURNS: Final = 12
"""So many turns have faults; after them the store is left in peace."""


class Fault(Enum):
    """What strikes an action."""

    CRASH = "the gateway crashes before it"
    LOST = "its message, command or image is lost"
    UNHEARD = "its answer is lost"
    REBOOT = "the device that it is for starts anew"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Prices that are set at the start of a turn: turn → index of `publish`."""

    name: str
    sets: Mapping[int, int]


SCENARIOS: Final = (
    Scenario("down", {0: 0}),
    Scenario("up", {0: 3}),
    Scenario("down, and up while labels change", {0: 0, 4: 4}),
    Scenario("up, and down while labels change", {0: 4, 4: 0}),
    Scenario("down, and back before a label was told", {0: 0, 2: 2}),
)

Place = tuple[int, Fault]


def places() -> Iterator[Place]:
    """Return every action with every fault that can strike it."""
    for number in range(TURNS * len(TURN)):
        name = TURN[number % len(TURN)][0]
        yield number, Fault.CRASH
        if name not in ("time", "issue"):
            yield number, Fault.LOST
        if name in _STEPS:
            yield number, Fault.UNHEARD
        if name in ("lease", "releases", "confirm"):
            yield number, Fault.REBOOT


def pairs(stride: int) -> Iterator[tuple[Place, Place]]:
    """Return every `stride`-th pair of faults."""
    return (pair for number, pair in zip(count(), combinations(places(), 2), strict=False) if number % stride == 0)


def _store() -> PriceWorld:
    world = PriceWorld()
    world.settle()
    world.pass_ms(35_000)
    return world


def play(scenario: Scenario, faults: Mapping[int, Fault]) -> str | None:
    """Carry a scenario out; return what went wrong: a charge above a label, or a store that never came to rest."""
    world = _store()
    for turn, (at, (name, number)) in product(range(TURNS), enumerate(TURN)):
        if at == 0 and turn in scenario.sets:
            STEPS["publish"](world, scenario.sets[turn])
        _act(world, name, number, faults.get(turn * len(TURN) + at))
        breach = world.breach()
        if breach is not None:
            return f"turn {turn}, {name} {number}: {breach}"
    world.pass_ms(60_000)
    for _ in range(2):
        world.settle()
        world.pass_ms(6_000)
    price = world.row.price_minor
    shown = [label.glass for label in world.labels.values()]
    charged = [world.charges(device) for device in world.devices.values()]
    is_at_rest = set(shown) == {price} and set(charged) <= {price, None} and charged[0] == price
    return world.breach() or (None if is_at_rest else f"{price} was set; shown {shown}, charged {charged}")


def _act(world: PriceWorld, name: str, number: int, fault: Fault | None) -> None:
    match fault:
        case Fault.CRASH:
            world.restart_gateway()
        case Fault.REBOOT:
            STEPS["restart device"](world, number)
        case Fault.LOST | Fault.UNHEARD if name in _STEPS:
            # Numbers of `step`: the label, and twice the place of the fate.
            number += 6 if fault is Fault.UNHEARD else 8
        case Fault.LOST:
            return
    STEPS[name](world, number)
