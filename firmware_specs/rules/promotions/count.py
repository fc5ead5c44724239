"""How a state of the search counts the units that a deal has taken, and what the deal can do next.

A deal's count is a number with one digit for each part. Whole groups are not counted, except where the
promotion limits how often it applies. A state is the counts of all linked deals in one number.
"""

from math import prod

from firmware_specs.rules.promotions.goods import WEIGHT, Good, Offer, cost

Option = tuple[int, int, int]
"""A step: how it changes the state, what it gains, and the part that it takes the unit for."""


class Count:
    """An offer's count within a state, where it is multiplied by `stride`."""

    def __init__(self, offer: Offer, stride: int) -> None:
        self.offer = offer
        self.stride = stride
        self.last_good = max(offer.fits)
        self._quantities = offer.deal.quantities
        if offer.deal.is_open_ended:
            self._radices: tuple[int, ...] = (offer.deal.size + 1,)
        elif offer.limit is None and len(self._quantities) == 1:
            self._radices = self._quantities
        else:
            groups = offer.most if offer.limit is None else offer.limit
            self._radices = tuple(quantity * groups + 1 for quantity in self._quantities)
        self.states = prod(self._radices)

    def taken(self, count: int) -> list[int]:
        """Return how many units of each part are counted."""
        digits = []
        for radix in self._radices:
            count, digit = divmod(count, radix)
            digits.append(digit)
        return digits

    def after(self, taken: list[int], part: int) -> int | None:
        """Return the count with one more unit, or None where it may not be taken."""
        more = [have + (number == part) for number, have in enumerate(taken)]
        if self.offer.deal.is_open_ended:
            return min(more[0], self.offer.deal.size)
        if self.offer.limit is None and all(map(int.__ge__, more, self._quantities)):
            more = list(map(int.__sub__, more, self._quantities))
        if more[part] >= self._radices[part]:
            return None
        count = 0
        for radix, digit in zip(reversed(self._radices), reversed(more), strict=True):
            count = count * radix + digit
        return count

    def is_whole(self, count: int) -> bool:
        """Return whether no group is begun and unfinished."""
        if count == 0:
            return True
        taken = self.taken(count)
        if self.offer.deal.is_open_ended:
            return taken[0] == self.offer.deal.size
        groups = taken[0] // self._quantities[0]
        return taken == [quantity * groups for quantity in self._quantities]


class Moves(dict[int, tuple[Option, ...]]):
    """What an offer can do with a unit of one good, by its count; worked out when first asked."""

    def __init__(self, count: Count, number: int, good: Good) -> None:
        self._count = count
        self._parts = count.offer.fits[number]
        self._good = good

    def __missing__(self, count: int) -> tuple[Option, ...]:
        deal = self._count.offer.deal
        taken = self._count.taken(count)
        position = sum(taken) if deal.is_open_ended else sum(taken) % deal.size
        begins = cost(deal.promotion) if position == 0 else 0
        options = []
        for part in self._parts:
            after = self._count.after(taken, part)
            if after is not None:
                gain = deal.gives(part, position, self._good.price_minor) * WEIGHT - begins - self._good.baseline
                options.append(((after - count) * self._count.stride, gain, part))
        self[count] = tuple(options)
        return self[count]
