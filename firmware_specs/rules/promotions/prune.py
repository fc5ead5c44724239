"""Which deals the search need not look at: those that cannot pay here, and those that another is never worse than."""

from collections.abc import Iterable, Sequence

from firmware_specs.rules.promotions.goods import Good, Offer, cost


def could_pay(goods: Sequence[Good], offer: Offer) -> bool:
    """Return whether an application could give as much as its units get by themselves."""
    bound_minor = -(offer.deal.price_minor or 0)
    for part in range(len(offer.deal.quantities)):
        bound_minor += _most_minor(goods, offer, part)
    return bound_minor >= 0


def _most_minor(goods: Sequence[Good], offer: Offer, part: int) -> int:
    """Return a bound on what the units of a part gain, before a bundle's price."""
    deal = offer.deal
    quantity, skips = deal.quantities[part], deal.skips
    gains: list[int] = []
    losses: list[int] = []
    for number, parts in offer.fits.items():
        if part not in parts:
            continue
        good = goods[number]
        given_minor = good.price_minor if deal.price_minor is not None else deal.gives(part, skips, good.price_minor)
        gain_minor = given_minor - good.single_minor
        if len(offer.fits) == 1 and not deal.is_open_ended:
            return gain_minor * (quantity - skips) - good.single_minor * skips
        gains += [gain_minor] * good.quantity
        losses += [good.single_minor] * good.quantity
    gains.sort(reverse=True)
    losses.sort()
    beyond = [gain for gain in gains[quantity:] if gain > 0] if deal.is_open_ended else []
    return sum(gains[: quantity - skips]) - sum(losses[:skips]) + sum(beyond)


def undominated(goods: Sequence[Good], offers: Iterable[Offer]) -> list[Offer]:
    """Return the offers without those that another could always stand in for."""
    kept: list[Offer] = []
    for offer in offers:
        if not any(_stands_in(goods, other, offer) for other in kept):
            kept = [other for other in kept if not _stands_in(goods, offer, other)]
            kept.append(offer)
    return kept


def _stands_in(goods: Sequence[Good], one: Offer, other: Offer) -> bool:
    """Return whether wherever `other` applies `one` could instead, to units among the same, and give no less."""
    ours, theirs = one.deal, other.deal
    if (
        len(ours.quantities) > 1
        or len(theirs.quantities) > 1
        or one.limit is not None
        or ours.is_open_ended is not theirs.is_open_ended
        or cost(ours.promotion) > cost(theirs.promotion)
        or not other.fits.keys() <= one.fits.keys()
    ):
        return False
    if ours.price_minor is not None and theirs.price_minor is not None:
        return ours.size == theirs.size and ours.price_minor <= theirs.price_minor
    if ours.price_minor is not theirs.price_minor:
        return False
    if ours.skips > theirs.skips or ours.size > theirs.size:
        return False
    if not ours.is_open_ended and ours.size - ours.skips != theirs.size - theirs.skips:
        return False
    return all(
        ours.gives(0, ours.skips, goods[number].price_minor) >= theirs.gives(0, theirs.skips, goods[number].price_minor)
        for number in other.fits
    )
