"""Which promotions are open to a basket: the time, the member, the coupon, and what is left to give."""

from firmware_specs.rules.promotions.model import Basket, Budget, Promotion

BOUNDLESS = Budget()
SPENT = Budget(uses_left=0, amount_left_minor=0)


class Eligibility:
    """One basket's answers."""

    def __init__(self, basket: Basket) -> None:
        self._now_ms = basket.now_ms
        self._tiers = frozenset(basket.tiers)
        self._coupons = frozenset(basket.coupons)
        self._budgets = basket.budgets

    def is_open(self, promotion: Promotion) -> bool:
        """Return whether the promotion may count at all."""
        return (
            promotion.starts_ms <= self._now_ms < promotion.ends_ms
            and (not promotion.tiers or not self._tiers.isdisjoint(promotion.tiers))
            and (promotion.coupon is None or promotion.coupon in self._coupons)
            and (not promotion.is_budgeted or self._has_left(promotion))
        )

    def limit(self, promotion: Promotion) -> int | None:
        """Return how often the promotion may apply, or None for any number of times."""
        uses_left = self._budget(promotion).uses_left if promotion.is_budgeted else None
        if promotion.per_basket is None or uses_left is None:
            return promotion.per_basket if uses_left is None else uses_left
        return min(promotion.per_basket, uses_left)

    def covers(self, promotion: Promotion, amount_minor: int) -> bool:
        """Return whether the budget can pay so much."""
        left_minor = self._budget(promotion).amount_left_minor
        return left_minor is None or amount_minor <= left_minor

    def is_bounded(self, promotion: Promotion) -> bool:
        """Return whether there is an amount that may not be overspent."""
        return promotion.is_budgeted and self._budget(promotion).amount_left_minor is not None

    def _has_left(self, promotion: Promotion) -> bool:
        budget = self._budget(promotion)
        return budget.uses_left != 0 and budget.amount_left_minor != 0

    def _budget(self, promotion: Promotion) -> Budget:
        return self._budgets.get(promotion.id, SPENT) if promotion.is_budgeted else BOUNDLESS
