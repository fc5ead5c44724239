"""Bodies of the requests and answers of `api/baskets.py`."""

from cloud_broker.api.bodies.common import Names, Out


class BasketQuestion(Out):
    """What a cart asked its shopper; `answer` is None while it is open, else as `BasketAnswered` has it."""

    id: str
    device: str
    trip: str
    verdict: str
    gtin: str | None
    name: Names
    odds: float
    change_g: float | None
    at_ms: int
    answer: str | None
    answered_ms: int | None
