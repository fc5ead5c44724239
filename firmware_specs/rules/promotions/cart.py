"""What comes off the whole basket, and which line bears how much of it."""

from collections.abc import Mapping, Sequence

from firmware_specs.rules.promotions.eligible import Eligibility
from firmware_specs.rules.promotions.index import Ranked
from firmware_specs.rules.promotions.model import CartOff, Promotion
from firmware_specs.rules.promotions.on_offer import Kind
from firmware_specs.rules.promotions.receipt import Line, spread
from firmware_specs.rules.promotions.stack import stacked


def take_off_cart(
    ranked: Sequence[Ranked], eligible: Eligibility, kinds: Mapping[Kind, int], lines: Sequence[Line]
) -> None:
    """Take the cart's promotions off the lines, each spread over them by what they pay."""
    carts = [each for each in ranked if eligible.is_open(each.promotion)]
    if not carts:
        return
    initial_minor = sum(charged_minor * quantity for (_, _, charged_minor), quantity in kinds.items())
    spends_minor = {each.promotion.id: _spend_minor(each.promotion, kinds) for each in carts}

    def off(promotion: Promotion, amount_minor: int) -> int:
        assert isinstance(promotion.rule, CartOff)
        return promotion.rule.off(spends_minor[promotion.id], initial_minor, amount_minor)

    reached = [
        each
        for each in carts
        if 0 < (most_minor := off(each.promotion, initial_minor)) and eligible.covers(each.promotion, most_minor)
    ]
    _, taken = stacked(reached, sum(line.pays_minor for line in lines), off)
    for promotion, off_minor in taken:
        for line, share_minor in zip(lines, spread(off_minor, [line.pays_minor for line in lines]), strict=True):
            if share_minor:
                line.apply(promotion, 1, share_minor)


def _spend_minor(promotion: Promotion, kinds: Mapping[Kind, int]) -> int:
    assert isinstance(promotion.rule, CartOff)
    have = promotion.rule.products.have
    return sum(
        charged_minor * quantity for (gtin, category, charged_minor), quantity in kinds.items() if have(gtin, category)
    )
