"""What a basket costs to price among thousands of live promotions, and what a shopper loses to priority order.

`python -m tests.bench.baskets --full` prices a million carts, each in two orders.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anyio
import anyio.lowlevel

from firmware_specs.rules.promotions import Basket, Index, Priced, check, index, price
from tests.bench.frame import Goal, Report, Row, as_table, say
from tests.bench.priority_order import PriorityOrder, generous_first
from tests.bench.promoted import LIVE, UNITS, World

BASKETS = 1_000
CARTS = 5_000
ALL_CARTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Timed:
    """What each full basket cost to price, in ms, and its total in minor units."""

    ms: list[float]
    totals_minor: list[int]


@dataclass(slots=True)
class Breaches:
    """What must not happen to a cart, counted."""

    order_dependent: int = 0
    peer_order_dependent: int = 0
    bad_lines: int = 0
    unexplained: int = 0
    cut_short: int = 0


def timed(total_minor: Callable[[Basket], int], baskets: Sequence[Basket]) -> Timed:
    """Price baskets one by one; the least of three times counts, since others may be at work on the machine."""
    ms, totals_minor = [], []
    for basket in baskets:
        taken_s = []
        for _ in range(3):
            began_s = time.perf_counter()
            total = total_minor(basket)
            taken_s.append(time.perf_counter() - began_s)
        ms.append(min(taken_s) * 1000)
        totals_minor.append(total)
    return Timed(ms, totals_minor)


async def shuffled_carts(world: World, ready: Index, peer: PriorityOrder, count: int) -> Breaches:
    """Price carts of 1 to 40 units in two orders each, and count what must not happen."""
    found = Breaches()
    for number in range(1, count + 1):
        basket = world.basket(number, world.random.randint(1, UNITS))
        again = world.shuffled(basket)
        priced = price(ready, basket)
        found.order_dependent += price(ready, again) != priced
        if number <= CARTS:
            found.peer_order_dependent += peer.total_minor(again) != peer.total_minor(basket)
        found.bad_lines += bad_lines(priced)
        found.unexplained += sum(not all(each.text.values()) for line in priced.lines for each in line.applied)
        found.cut_short += not priced.is_exact
        if number % 100 == 0:
            await anyio.lowlevel.checkpoint()
        if number % 50_000 == 0:
            say(f"{number:,} carts, {found.order_dependent} order-dependent, {found.bad_lines} bad lines")
    return found


def bad_lines(priced: Priced) -> int:
    """Return how many lines are below zero, above what was charged, or not what their promotions leave."""
    wrong = sum(
        not 0 <= line.pays_minor <= line.price_minor
        or line.pays_minor != line.price_minor - sum(each.amount_minor for each in line.applied)
        for line in priced.lines
    )
    return wrong + (priced.total_minor != sum(line.pays_minor for line in priced.lines))


async def measure(carts: int = CARTS, seed: int = 1) -> list[Row]:
    """Measure our search beside priority order, over the same baskets."""
    world = World(seed)
    promotions = world.promotions()
    check(promotions)
    prices_minor = {product.gtin: product.price_minor for product in world.products}
    ready = index(promotions)
    listed, generous = PriorityOrder(promotions), PriorityOrder(generous_first(promotions, prices_minor))
    baskets = [world.basket(number) for number in range(BASKETS)]
    charged_minor = sum(unit.price_minor for basket in baskets for unit in basket.units)
    timed(lambda basket: price(ready, basket).total_minor, baskets[:100])
    ours = timed(lambda basket: price(ready, basket).total_minor, baskets)
    peers = {"priority as listed": timed(listed.total_minor, baskets)}
    peers["priority, most generous first"] = timed(generous.total_minor, baskets)
    say(f"{len(baskets):,} baskets priced; now {carts:,} carts in two orders each")
    found = await shuffled_carts(world, ready, generous, carts)

    def lost(totals_minor: Sequence[int]) -> float:
        return 100 * (sum(totals_minor) - sum(ours.totals_minor)) / (charged_minor - sum(ours.totals_minor))

    basket, many = f"{UNITS} units, {LIVE:,} promotions", f"{carts:,} carts"
    rows = []
    for name, share, bound in (("p50", 0.5, 1), ("p99", 0.99, 5)):
        for peer, theirs in peers.items():
            goal = Goal("ours", bound, more_is_better=False)
            rows.append(Row(f"{basket}, {name}", "ms", at(ours.ms, share), peer, at(theirs.ms, share), goal))
    rows += [Row("saving lost", "%", 0.0, peer, lost(theirs.totals_minor)) for peer, theirs in peers.items()]
    none = Goal("ours", 0, more_is_better=False)
    return [
        *rows,
        Row(f"search cut short, {many}", "carts", found.cut_short, goal=none),
        Row(
            f"order matters, {many}",
            "carts",
            found.order_dependent,
            peer,
            found.peer_order_dependent,
            none,
            f"the peer priced the first {min(carts, CARTS):,} only",
        ),
        Row(f"below zero or not adding up, {many}", "lines", found.bad_lines, goal=none),
        Row(f"without a reason, {many}", "discounts", found.unexplained, goal=none),
    ]


def at(ms: Sequence[float], share: float) -> float:
    """Return a quantile."""
    return sorted(ms)[int(share * len(ms))]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help=f"{ALL_CARTS:,} carts instead of {CARTS:,}")
    parser.add_argument("--carts", type=int, default=CARTS, help="so many carts in two orders each")
    options = parser.parse_args()
    rows = anyio.run(measure, ALL_CARTS if options.full else options.carts)
    print(as_table("baskets", "promotions on a basket", Report(tuple(rows))))


if __name__ == "__main__":
    main()
