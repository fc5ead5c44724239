"""The digits that a line says: the best lawful ones, and how much worse the next best are. Exact, by Viterbi, 1967.

A state is the digit in a place and the check sum up to it, for each rule that a symbol may follow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vision.codes.bars.model import Model, model
from vision.codes.bars.symbols import Symbol

Floats32 = NDArray[np.float32]
Ints = NDArray[np.intp]

_TEN = np.arange(10)


@dataclass(frozen=True, slots=True)
class Best:
    """The best lawful text, what it costs, and what the best text costs that differs from it in any digit."""

    text: str
    cost: float
    rival_cost: float


@dataclass(frozen=True, slots=True)
class _Table:
    """A symbol's rules as arrays.

    Attributes:
        picks: (rules, places, 10), a place's digits among those of all its number sets.
        weights: (rules, places).
        last: (rules, 10), infinite where a digit may not be the last.
        first: (rules * 10,), the states of the first place's digits, flat.
        before: for each place (rules, 10, 10), flat: the state with the sum before, for digit d and the sum behind it.
        after: for each place (rules, 10, 10), flat within a rule: the state with the sum behind, for digit d.
    """

    picks: Ints
    weights: Ints
    last: Floats32
    first: Ints
    before: tuple[Ints, ...]
    after: tuple[Ints, ...]


def loosest(usual: Model, costs: list[Floats32]) -> Floats32:
    """Return the least cost of any digits in any number sets, lawful or not: shape (lines,)."""
    # Lines go last: the least of the digit before is then taken over whole rows, several times as fast.
    least = np.ascontiguousarray(costs[0].T)
    for place in range(1, len(costs)):
        least = (least[:, None] + usual.shared[place][:, :, None]).min(axis=0) + costs[place].T
    return np.asarray(least.min(axis=0))


def lawful(usual: Model, costs: list[Floats32], *, with_rival: bool = True) -> Best:
    """Return the best text for costs of shape (digits,) for each place; without a rival its cost is infinite."""
    table = _table(usual.symbol)
    rules, places = table.picks.shape[:2]
    alone = [costs[place][table.picks[:, place], None] for place in range(places)]
    pair = _pairs(usual.symbol, usual.sigma)
    least = np.full((rules, 10, 10), np.inf, np.float32)
    least.ravel()[table.first] = alone[0].ravel()
    forward = [least]
    for place in range(1, places):
        reached = (least[:, :, None, :] + pair[place - 1]).min(axis=1)
        least = reached.ravel()[table.before[place]] + alone[place]
        forward.append(least)
    end = least[:, :, 0] + table.last
    rule, digit = divmod(int(end.argmin()), 10)
    digits = _traced(table, pair, forward, rule, digit)
    ruled = usual.symbol.rules[rule]
    text = ruled.before + "".join(map(str, digits)) + ruled.behind
    rival = _rival(table, alone, pair, forward, rule, digits) if with_rival else np.inf
    return Best(text, float(end[rule, digit]), rival)


@lru_cache(maxsize=64)
def _pairs(symbol: Symbol, sigma: float) -> tuple[Floats32, ...]:
    """Return for each place but the first what two digits of each rule share: shape (rules, 10 before, 10 here, 1)."""
    picks = _table(symbol).picks
    return tuple(
        shared[picks[:, place - 1, :, None], picks[:, place, None, :]][..., None]
        for place, shared in enumerate(model(symbol, sigma).shared[1:], 1)
    )


def _traced(table: _Table, pair: Sequence[Floats32], forward: Sequence[Floats32], rule: int, digit: int) -> list[int]:
    # From the last digit back: which one before it made it cheapest.
    digits, total = [digit], 0
    for place in range(len(forward) - 1, 0, -1):
        total = (total - int(table.weights[rule, place]) * digit) % 10
        digit = int((forward[place - 1][rule, :, total] + pair[place - 1][rule, :, digit, 0]).argmin())
        digits.append(digit)
    return digits[::-1]


def _rival(
    table: _Table,
    alone: Sequence[Floats32],
    pair: Sequence[Floats32],
    forward: Sequence[Floats32],
    rule: int,
    digits: list[int],
) -> float:
    # A text of another rule, or one that differs at some place: the least cost through each state there.
    behind = np.full_like(forward[0], np.inf)
    behind[:, :, 0] = table.last
    through = (forward[-1] + behind).min(axis=(1, 2))
    through[rule] = np.inf
    rivals = [float(through.min())]
    # Those of the same rule need no other.
    behind, alone, pair = behind[rule], [one[rule] for one in alone], [one[rule] for one in pair]
    for place in range(len(digits) - 1, -1, -1):
        here = (forward[place][rule] + behind).min(axis=1)
        here[digits[place]] = np.inf
        rivals.append(float(here.min()))
        if place:
            onward = behind.ravel()[table.after[place][rule]] + alone[place]
            behind = (onward + pair[place - 1]).min(axis=1)
    return min(rivals)


@lru_cache(maxsize=8)
def _table(symbol: Symbol) -> _Table:
    picks = [[10 * symbol.sets[place].index(name) for place, name in enumerate(rule.sets)] for rule in symbol.rules]
    weights = np.array([rule.weights for rule in symbol.rules])
    rules, places = weights.shape
    start = np.array([rule.start for rule in symbol.rules])
    state = 100 * np.arange(rules)[:, None, None] + 10 * _TEN[:, None]
    counted = weights[:, :, None, None] * _TEN[:, None]
    first = state[:, :, 0] + (start[:, None] + counted[:, 0, :, 0]) % 10
    return _Table(
        np.array(picks)[:, :, None] + _TEN,
        weights,
        np.array([[0.0 if str(digit) in rule.last else np.inf for digit in _TEN] for rule in symbol.rules], np.float32),
        first.ravel(),
        tuple(state + (_TEN - counted[:, place]) % 10 for place in range(places)),
        tuple(10 * _TEN[:, None] + (_TEN + counted[:, place]) % 10 for place in range(places)),
    )
