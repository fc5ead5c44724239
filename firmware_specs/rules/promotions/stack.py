"""Stackable promotions and groups: one after another in their slots, each on what the one before left.

Every function here of an amount never falls when the amount rises. That is why the lowest amount before
a slot leads to the lowest after it, and why the search may look at one layer at a time.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

from firmware_specs.rules.promotions.index import Ranked
from firmware_specs.rules.promotions.model import Promotion

Taken = tuple[Promotion, int]
"""A promotion and what it took off."""


def stacked(
    ranked: Sequence[Ranked], amount_minor: int, off: Callable[[Promotion, int], int]
) -> tuple[int, list[Taken]]:
    """Return what is left of an amount, and which promotion took how much of it.

    `ranked` are those that are open here, `off` says what one of them takes off an amount.
    """
    taken: list[Taken] = []
    if not ranked:
        return amount_minor, taken
    for _, slot in groupby(sorted(ranked, key=lambda ranked: ranked.slot), key=lambda ranked: ranked.slot):
        promotion, off_minor = _chosen([(each.promotion, off(each.promotion, amount_minor)) for each in slot])
        if off_minor > 0:
            amount_minor -= off_minor
            taken.append((promotion, off_minor))
    return amount_minor, taken


def _chosen(members: list[Taken]) -> Taken:
    if len(members) == 1:
        return members[0]
    match members[0][0].stacking:
        case "list":
            return min(members, key=lambda member: (member[0].order, member[0].id))
        case "lowest":
            return min(members, key=lambda member: (member[1], member[0].is_scarce, member[0].id))
        case _:
            return min(members, key=lambda member: (-member[1], member[0].is_scarce, member[0].id))
