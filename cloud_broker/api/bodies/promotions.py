"""Bodies of the requests and answers of `api/promotions.py`."""

from typing import Any

from pydantic import Field

from cloud_broker.api.bodies.common import In, Out
from cloud_broker.api.bodies.prices import EffectBaskets


class NewPromotion(In):
    """A promotion as the contract describes it (`Promotion` in `messages.schema.json`); the path names its id."""

    promotion: dict[str, Any] = Field(
        examples=[
            {
                "name": {"en": "Milk, three for ten", "zh": "牛奶三件十元"},
                "starts_ms": 1_795_410_000_000,
                "ends_ms": 1_795_500_000_000,
                "rule": {
                    "rule": "bundle",
                    "parts": [{"products": {"gtins": ["06901234567892"]}, "quantity": 3}],
                    "price_minor": 1000,
                },
            }
        ]
    )


class PromotionItem(Out):
    """A promotion; `state` is planned, live or ended; `uses` are baskets, `saving_minor` what it took off them."""

    promotion: dict[str, Any]
    state: str
    by: str
    made_ms: int
    uses: int
    saving_minor: int


class PromotionTry(Out):
    """What a promotion would have done to the store's last baskets."""

    baskets: EffectBaskets
