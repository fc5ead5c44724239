"""The exact optimum: which deals take which units, so that the shopper pays least.

Products that no deal links are independent, so each linked set of them is solved by itself. Within
one, units are looked at from the dearest to the cheapest. A state is how many units every deal has
taken into groups that are not whole yet; of all ways into a state only the best is kept, and at the
end only states count in which every group is whole. States that cannot catch up are dropped.

Gains are counted beyond what a unit gets by itself. Among equal totals that one is taken which uses up
the fewest coupons and budgets, then the one of the fewest applications, then one by a fixed order of
promotions and products.
"""

from collections.abc import Sequence
from heapq import nlargest
from typing import Any

from firmware_specs.rules.promotions.count import Count, Moves
from firmware_specs.rules.promotions.goods import WEIGHT, Good, Offer, Take
from firmware_specs.rules.promotions.prune import could_pay, undominated

STEPS = 100_000
"""How much work linked deals may be. Beyond it only the best states go on, and the result is flagged."""

Plan = tuple[Any, int, int, int] | None
"""A linked list, newest first: the plan before, good, offer, part."""

States = dict[int, tuple[int, Plan]]
"""From a state to what the best way into it gains, and that way."""


def best(goods: Sequence[Good], offers: Sequence[Offer]) -> tuple[list[Take], bool]:
    """Return what the offers take, and whether that is proved to be the best.

    Args:
        goods: from the dearest to the cheapest.
        offers: in the order that decides ties.
    """
    takes: list[Take] = []
    is_exact = True
    for members in _linked(undominated(goods, [offer for offer in offers if could_pay(goods, offer)])):
        found, proved = _solved(goods, members)
        takes += found
        is_exact = is_exact and proved
    return takes, is_exact


def _linked(offers: Sequence[Offer]) -> list[list[Offer]]:
    """Return the offers in sets that share no good, each in the order given."""
    sets: list[tuple[set[int], list[int]]] = []
    for number, offer in enumerate(offers):
        goods, members = set(offer.fits), [number]
        apart = []
        for others in sets:
            if goods.isdisjoint(others[0]):
                apart.append(others)
            else:
                goods |= others[0]
                members += others[1]
        sets = [*apart, (goods, members)]
    return [[offers[number] for number in sorted(members)] for _, members in sets]


def _solved(goods: Sequence[Good], offers: Sequence[Offer]) -> tuple[list[Take], bool]:
    """Return the best takes of offers that share goods."""
    counts: list[Count] = []
    stride = 1
    for offer in offers:
        counts.append(Count(offer, stride))
        stride *= counts[-1].states
    numbers = sorted({number for offer in offers for number in offer.fits})
    most = {number: _most(goods[number], number, offers) for number in numbers}
    rest = sum(most[number] * goods[number].quantity for number in numbers)
    kept = max(8, STEPS // sum(goods[number].quantity for offer in offers for number in offer.fits))
    is_exact = True
    states: States = {0: (0, None)}
    for number in numbers:
        good = goods[number]
        moves = [
            (at, count, Moves(count, number, good)) for at, count in enumerate(counts) if number in count.offer.fits
        ]
        for _ in range(good.quantity):
            states = _with_one_more(states, number, moves)
            rest -= most[number]
            # State 0 needs nothing more; one that cannot get ahead of it any more is not worth a look.
            least = states[0][0] - rest
            states = {state: way for state, way in states.items() if way[0] > least or state == 0}
            if len(states) > kept:
                is_exact = False
                states = dict(nlargest(kept, states.items(), key=lambda item: (item[0] == 0, item[1][0], -item[0])))
        for count in counts:
            if count.last_good == number:
                states = _whole(states, count)
    takes = []
    plan = states[0][1]
    while plan is not None:
        plan, number, at, part = plan
        takes.append(Take(number, offers[at], part))
    return takes[::-1], is_exact


def _with_one_more(states: States, number: int, moves: Sequence[tuple[int, Count, Moves]]) -> States:
    """Return the best way into every state when one more unit of a good was looked at, taken or not."""
    grown = dict(states)
    for at, count, options in moves:
        stride, size = count.stride, count.states
        for state, (value, plan) in states.items():
            for change, gain, part in options[state // stride % size]:
                after, total = state + change, value + gain
                known = grown.get(after)
                if known is None or total > known[0]:
                    grown[after] = (total, (plan, number, at, part))
    return grown


def _most(good: Good, number: int, offers: Sequence[Offer]) -> int:
    """Return a bound on what one unit of a good can gain."""
    bound = 0
    for offer in offers:
        deal = offer.deal
        for part in offer.fits.get(number, ()):
            if deal.price_minor is None:
                given_minor = deal.gives(part, deal.skips, good.price_minor)
            else:
                given_minor = good.price_minor - deal.price_minor // deal.size
            bound = max(bound, given_minor * WEIGHT - good.baseline)
    return bound


def _whole(states: States, count: Count) -> States:
    """Return the states in which an offer that can take no more has only whole groups, without its count."""
    found: States = {}
    for state, way in states.items():
        taken = state // count.stride % count.states
        if count.is_whole(taken):
            rest = state - taken * count.stride
            if rest not in found or way[0] > found[rest][0]:
                found[rest] = way
    return found
