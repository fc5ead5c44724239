"""The price law under chaos: stores in which anything may crash, get lost or be late; and with one rule taken away."""

import random
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from tests.bench.frame import Goal, Row, say
from tests.fakes import price_scenarios
from tests.fakes.price_mutations import MUTATIONS
from tests.fakes.price_world import STEPS, PriceWorld, Rules

RUNS: Final = 10_000
FEWEST: Final = 20
MOST: Final = 80
"""Steps of a run."""

DRIFT_MS: Final = 30_000
STRIDE: Final = 997
"""Of all pairs of faults so many are left out for each that is tried."""

BLIND: Final = 1_500
"""So many runs of chaos may pass until the absence of a rule shows."""

WORKERS: Final = 2
_NAMES: Final = sorted(STEPS)


def chaos(seed: int, without: str = "") -> bool:
    """Play one run, with a rule taken away; return whether anybody charged more than a label may have been showing."""
    drawn = random.Random(seed)
    rules = MUTATIONS[without][0] if without else Rules()
    world = PriceWorld(rules=rules, gateway_offset_ms=drawn.randint(-DRIFT_MS, DRIFT_MS))
    for device in world.devices.values():
        device.offset_ms = drawn.randint(-DRIFT_MS, DRIFT_MS)
    for label in world.labels.values():
        label.ahead_ms = drawn.randint(-DRIFT_MS, DRIFT_MS)
    world.settle()
    for _ in range(drawn.randint(FEWEST, MOST)):
        STEPS[drawn.choice(_NAMES)](world, drawn.randrange(1000))
        if world.breach() is not None:
            return True
    return False


def _is_found(name: str) -> bool:
    return any(chaos(seed, name) for seed in range(BLIND))


def _single(number: int) -> int:
    scenario = price_scenarios.SCENARIOS[number]
    return sum(price_scenarios.play(scenario, dict([place])) is not None for place in price_scenarios.places())


def _pairs(number: int) -> tuple[int, int]:
    scenario = price_scenarios.SCENARIOS[number]
    found = [price_scenarios.play(scenario, dict(pair)) is not None for pair in price_scenarios.pairs(STRIDE)]
    return sum(found), len(found)


def _is_caught(name: str) -> bool:
    rules, story = MUTATIONS[name]
    world = PriceWorld(rules=rules)
    world.settle()
    for step in story.split(";"):
        what, _, number = step.strip().rpartition(" ")
        STEPS[what](world, int(number))
        if world.breach() is not None:
            return True
    return False


def measure() -> list[Row]:
    """Play all of it."""
    say(f"the price law: {RUNS:,} runs of chaos, every single fault of {len(price_scenarios.SCENARIOS)} scenarios")
    numbers = range(len(price_scenarios.SCENARIOS))
    with ProcessPoolExecutor(WORKERS) as pool:
        overcharges = sum(pool.map(chaos, range(RUNS), chunksize=200))
        singles = sum(pool.map(_single, numbers))
        pairs = list(pool.map(_pairs, numbers))
        found = sum(pool.map(_is_found, MUTATIONS))
    missed = [name for name in MUTATIONS if not _is_caught(name)]
    none = Goal("ours", 0, more_is_better=False)
    places = len(list(price_scenarios.places())) * len(price_scenarios.SCENARIOS)
    return [
        Row(
            f"overcharges in {RUNS:,} runs of chaos",
            "runs",
            overcharges,
            goal=none,
            limit=f"a till, two carts, two labels; {FEWEST} to {MOST} steps; clocks up to {DRIFT_MS // 1000} s off",
        ),
        Row(
            f"a fault at each of {places:,} places: overcharges, or stores that never came to rest",
            "runs",
            singles,
            goal=none,
        ),
        Row(
            f"{sum(count for _, count in pairs):,} pairs of faults, one in {STRIDE}: the same",
            "runs",
            sum(found for found, _ in pairs),
            goal=none,
        ),
        Row(
            f"{len(MUTATIONS)} rules taken away, one each time: no overcharge in its story",
            "rules",
            len(missed),
            goal=none,
        ),
        Row(
            f"{len(MUTATIONS)} rules taken away: chaos shows it by itself within {BLIND:,} runs",
            "rules",
            found,
            limit="the others need a story of many steps in order, which is written down for each",
        ),
    ]


if __name__ == "__main__":
    for row in measure():
        print(row)
