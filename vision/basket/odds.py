"""How much each witness says for "this is what was scanned" against "this is something else", in natural log odds."""

import math
from collections.abc import Mapping
from typing import Final, TypeVar

_ANY_WEIGHT: Final = (20.0, 2000.0)
"""Grams of whatever else might have been put in: any weight between these, on a logarithmic scale."""

_MOST: Final = 12.0
"""No single witness says more: cameras are covered and scales are knocked."""

_FAULT: Final = 0.01
"""Chance that a scale says nothing sensible of an item: a hand on the rim, a bag that leans."""


Thing = TypeVar("Thing", str, int)

_EVIDENCE: Final = 0.6
"""Power to which chances are raised as evidence: they say which thing it is, and are surer than they should be of the
rest. Chosen on val with a model that has not learnt it."""


def evidence(chances: Mapping[Thing, float]) -> dict[Thing, float]:
    """Return chances, which sum to one, as evidence: the same order, less sure."""
    raised = {key: max(chance, 0.0) ** _EVIDENCE for key, chance in chances.items()}
    total = sum(raised.values()) or 1.0
    return {key: value / total for key, value in raised.items()}


def sight_odds(chance: float, prior: float) -> float:
    """Return what a look says for an item.

    Args:
        chance: the probability that the model gives to what was scanned, calibrated.
        prior: its probability had nothing been seen: one over the classes.
    """
    seen = min(max(chance, 1e-6), 1 - 1e-6)
    return _bounded(math.log(seen / (1 - seen)) - math.log(prior / (1 - prior)))


def weight_odds(change_g: float, expected_g: float, sigma_g: float) -> float:
    """Return what a change of weight says for an item.

    Args:
        change_g: what the scale gained, grams.
        expected_g: what the scanned item weighs.
        sigma_g: one standard deviation of both together, more than 0.
    """
    off = (change_g - expected_g) / sigma_g
    right = math.exp(-0.5 * off * off) / (sigma_g * math.sqrt(2 * math.pi))
    low, high = _ANY_WEIGHT
    at = min(max(abs(change_g), low), high)
    other = 1 / (at * math.log(high / low))
    return _bounded(math.log(((1 - _FAULT) * right + _FAULT * other) / other))


def _bounded(odds: float) -> float:
    return min(_MOST, max(-_MOST, odds))
