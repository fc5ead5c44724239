"""From the search's takes to applications: which units were counted together, and what comes off each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from firmware_specs.rules.promotions.deals import Deal
from firmware_specs.rules.promotions.goods import Good, Take
from firmware_specs.rules.promotions.model import Promotion
from firmware_specs.rules.promotions.receipt import Line, spread


@dataclass(frozen=True, slots=True)
class Application:
    """One application of a deal: the goods of its units, and what comes off each."""

    promotion: Promotion
    goods: tuple[int, ...]
    off_minor: tuple[int, ...]


def applications(goods: Sequence[Good], takes: Iterable[Take]) -> list[Application]:
    """Return the applications that a plan consists of, promotion by promotion.

    One that gives less than its units get by themselves is left out; only a search that was cut short
    can hold such a one.
    """
    by_promotion: dict[str, list[Take]] = {}
    for take in takes:
        by_promotion.setdefault(take.offer.deal.promotion.id, []).append(take)
    found = []
    for _, taken in sorted(by_promotion.items()):
        for deal, units in _groups(taken):
            off_minor = _off(deal, [(take.part, goods[take.good].price_minor) for take in units])
            if sum(off_minor) >= max(1, sum(goods[take.good].single_minor for take in units)):
                numbers = tuple(take.good for take in units)
                found.append(Application(deal.promotion, numbers, tuple(off_minor)))
    return found


def _groups(taken: list[Take]) -> list[tuple[Deal, list[Take]]]:
    """Return each application's deal and units, dearest first."""
    deal = max((take.offer.deal for take in taken), key=lambda deal: deal.size)
    if deal.is_open_ended:
        # Units that were taken for several tiers reach the highest of them together.
        return [(deal, taken)]
    parts = [[take for take in taken if take.part == part] for part in range(len(deal.quantities))]
    groups = []
    for at in range(len(parts[0]) // deal.quantities[0]):
        units: list[Take] = []
        for there, size in zip(parts, deal.quantities, strict=True):
            units += there[at * size : (at + 1) * size]
        groups.append((deal, units))
    return groups


def _off(deal: Deal, units: list[tuple[int, int]]) -> list[int]:
    """Return what comes off each unit of one application, given as part and price."""
    if deal.price_minor is None:
        return [deal.gives(part, position, price_minor) for position, (part, price_minor) in enumerate(units)]
    prices = [price_minor for _, price_minor in units]
    return spread(max(0, sum(prices) - deal.price_minor), prices)


def lines(goods: Sequence[Good], takes: Iterable[Take]) -> list[Line]:
    """Return a line for each unit with its stackable promotions and its deal."""
    found = []
    free: list[list[Line]] = []
    for good in goods:
        units = [Line(good.gtin, good.charged_minor, good.charged_minor) for _ in range(good.quantity)]
        for promotion, off_minor in good.stack:
            for line in units:
                line.apply(promotion, 1, off_minor)
        found += units
        free.append(units[::-1])
    numbers: dict[str, int] = {}
    for application in applications(goods, takes):
        name = application.promotion.id
        numbers[name] = numbers.get(name, 0) + 1
        for number, off_minor in zip(application.goods, application.off_minor, strict=True):
            free[number].pop().apply(application.promotion, numbers[name], off_minor)
    for good, left in zip(goods, free, strict=True):
        if good.single is None:
            continue
        promotion = good.single
        for line in reversed(left):
            numbers[promotion.id] = numbers.get(promotion.id, 0) + 1
            line.apply(promotion, numbers[promotion.id], good.single_minor)
    return found
