"""Honest shoppers and three kinds of thief at a cart's scale, from readings to questions, and a plain tolerance beside.

Everything between hand and question is the product's own: the swinging basket, settling, the sequential test. Products,
packs and hands are drawn; weights are as well known as a store learns them.
"""

import random
from dataclasses import dataclass
from typing import Final

from device_drivers.scale.virtual import Basket
from vision.basket import Check, Said, Scanned, Settling, Verdict, Weighed

_FAMILIES: Final = 40
_ALIKE: Final = 0.12
"""Within so much of each other siblings weigh: two sorts of one yoghurt, an apple and another."""

_PACK: Final = 0.012
"""One pack from the next."""

_TICK_S: Final = 0.1
_TOLERANCE: Final = (10.0, 0.05)
"""The peer asks when a step is off by more than 10 g and 5 %."""

KINDS: Final = ("honest", "random", "sibling", "unscanned")


@dataclass(frozen=True, slots=True)
class Asked:
    """Of 1,000 items of each kind, how many were asked about."""

    ours: dict[str, float]
    tolerance: dict[str, float]
    seconds: float
    """From putting a swapped item in to the question, median."""


@dataclass(frozen=True, slots=True)
class _Product:
    gtin: str
    weight_g: float
    family: int


def asked(items: int, seed: int = 5) -> Asked:
    """Return how many of `items` of each kind are asked about."""
    chance = random.Random(seed)
    products = _products(chance)
    ours, tolerance, waited = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0), []
    for kind in KINDS:
        for _ in range(items):
            said, steps, expected, seconds = _one(kind, products, chance)
            is_asked = any(one.verdict is not Verdict.FINE for one in said)
            ours[kind] += is_asked
            tolerance[kind] += _plain(steps, expected)
            if is_asked and kind in ("random", "sibling"):
                waited.append(seconds)
    waited.sort()
    return Asked(
        {kind: 1000 * count / items for kind, count in ours.items()},
        {kind: 1000 * count / items for kind, count in tolerance.items()},
        waited[len(waited) // 2],
    )


def _products(chance: random.Random) -> list[_Product]:
    products = []
    for family in range(_FAMILIES):
        weight = 40 * (2_500 / 40) ** chance.random()
        for sort in range(3):
            own = weight * (1 + chance.uniform(-_ALIKE, _ALIKE))
            products.append(_Product(f"{family:02}{sort}", own, family))
    return products


def _one(
    kind: str, products: list[_Product], chance: random.Random
) -> tuple[list[Said], list[float], float | None, float]:
    product = chance.choice(products)
    put = product
    if kind == "random":
        put = chance.choice([one for one in products if one.family != product.family])
    elif kind == "sibling":
        put = chance.choice([one for one in products if one.family == product.family and one != product])
    clock = [0.0]
    basket = Basket(lambda: clock[0], seed=chance.getrandbits(30))
    settling, check, said, steps = Settling(), Check(), list[Said](), list[float]()
    scans_s = None if kind == "unscanned" else 2.0
    puts_s = 2.0 + chance.uniform(0.4, 3.0)
    asked_s = 0.0
    while clock[0] < puts_s + 12:
        clock[0] += _TICK_S
        if scans_s is not None and clock[0] >= scans_s:
            spread = max(3.0, 1.2 * _PACK * product.weight_g)
            check, more = check.after(Scanned(product.gtin, clock[0], product.weight_g, spread))
            said += more
            scans_s = None
        if puts_s > 0 and clock[0] >= puts_s and basket.grams == 0:
            basket.put(put.weight_g * chance.gauss(1, _PACK))
        felt = basket.feel()
        settling, step = settling.after(felt.grams, clock[0], is_stable=felt.is_stable)
        if step is not None:
            steps.append(step.change_g)
            check, more = check.after(Weighed(step.change_g, clock[0], step.sigma_g))
        else:
            check, more = check.at(clock[0])
        said += more
        if not asked_s and any(one.verdict is not Verdict.FINE for one in more):
            asked_s = clock[0] - puts_s
    return said, steps, None if kind == "unscanned" else product.weight_g, asked_s


def _plain(steps: list[float], expected: float | None) -> bool:
    if not steps:
        return False
    least, share = _TOLERANCE
    return expected is None or abs(steps[0] - expected) > least + share * expected
