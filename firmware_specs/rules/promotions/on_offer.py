"""What is on offer to a basket: the best for each unit by itself, and the deals that several units make possible."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, repeat

from firmware_specs.rules.promotions.deals import Deal
from firmware_specs.rules.promotions.eligible import Eligibility
from firmware_specs.rules.promotions.goods import Good, Offer, cost
from firmware_specs.rules.promotions.index import Index
from firmware_specs.rules.promotions.model import Promotion
from firmware_specs.rules.promotions.plan import applications
from firmware_specs.rules.promotions.solve import best
from firmware_specs.rules.promotions.stack import Taken

Kind = tuple[str, str, int]
"""What makes units equal: GTIN, category, price charged."""


def good(ready: Index, eligible: Eligibility, kind: Kind, quantity: int, price_minor: int, taken: list[Taken]) -> Good:
    """Return equal units with the best deal that one of them gets by itself."""
    gtin, category, charged_minor = kind
    chosen, chosen_minor = None, 0
    for single in ready.singles.of(gtin, category):
        promotion, effect = single
        off_minor = effect.off(price_minor)
        if off_minor < chosen_minor or off_minor == 0 or not eligible.is_open(promotion):
            continue
        if chosen is None or off_minor > chosen_minor or _in_tie(promotion) < _in_tie(chosen):
            chosen, chosen_minor = promotion, off_minor
    return Good(gtin, category, charged_minor, price_minor, quantity, tuple(taken), chosen, chosen_minor)


def _in_tie(promotion: Promotion) -> tuple[int, str]:
    return cost(promotion), promotion.id


def offers(ready: Index, eligible: Eligibility, goods: Sequence[Good]) -> list[Offer]:
    """Return the deals for which the basket has enough units, as far as their budgets reach."""
    filed = [ready.groups.of(good.gtin, good.category) for good in goods]
    # Most deals meet one unit of what they are about: these are told apart before anything else is asked.
    units = Counter(
        chain.from_iterable(chain(*(repeat(deals, good.quantity) for good, deals in zip(goods, filed, strict=True))))
    )
    fits: dict[Deal, dict[int, tuple[int, ...]]] = {
        deal: {} for deal, there in units.items() if there >= deal.size and eligible.is_open(deal.promotion)
    }
    for number, (good, deals) in enumerate(zip(goods, filed, strict=True)):
        for deal in deals:
            if deal in fits:
                fits[deal][number] = deal.fitting(good.gtin, good.category)
    found = []
    for deal, fitting in fits.items():
        most = units[deal] // deal.size if len(deal.quantities) == 1 else _most(deal, fitting, goods)
        limit = eligible.limit(deal.promotion)
        offer = Offer(deal, fitting, most, None if limit is None or limit >= most else limit)
        if most > 0 and (not eligible.is_bounded(deal.promotion) or _covered(eligible, goods, offer)):
            found.append(offer)
    return sorted(found, key=lambda offer: (offer.deal.promotion.id, offer.deal.size))


def _most(deal: Deal, fits: Mapping[int, tuple[int, ...]], goods: Sequence[Good]) -> int:
    """Return how often there are enough units for each part of a deal."""
    there = [0] * len(deal.quantities)
    for number, parts in fits.items():
        for part in parts:
            there[part] += goods[number].quantity
    return min(have // need for have, need in zip(there, deal.quantities, strict=True))


def _covered(eligible: Eligibility, goods: Sequence[Good], offer: Offer) -> bool:
    """Return whether the budget can pay for the most that a deal could give to these goods."""
    alone = [good.alone() for good in goods]
    takes, is_exact = best(alone, [offer])
    most_minor = sum(sum(each.off_minor) for each in applications(alone, takes))
    return is_exact and eligible.covers(offer.deal.promotion, most_minor)
