"""Who plays in the demo: the store, its people and its devices."""

from dataclasses import dataclass

STORE = "demo"
STORE_NAME = {"en": "Ten Thousand Lanterns Market", "zh": "万灯超市"}
CURRENCY = "CNY"
LABELS = 40
LABEL_PANELS = ("296x128 bw", "296x128 bwr", "400x300 bwry", "250x122 bw")
"""The panels that labels of the demo have, by the model that their addresses tell."""

LABEL_MODELS = (1, 1, 0, 1, 3, 1, 1, 0, 2, 1)
"""In turn: mostly three colours, some black and white, a few small ones and a few large."""


BAY = "bay-1"
BAY_NAME = {"en": "Aisle 3, first bay", "zh": "三号货架第一组"}
BAY_GOODS = ("staples", "snacks", "drinks")
"""The categories that stand in the one bay that has a planogram."""

BAY_SEED = 5
"""Of its fronts and its two photos: in the first not all stands as planned, in the second it does."""

PEOPLE = (
    ("manager", "manager"),
    ("associate", "associate"),
    ("tech", "tech"),
    ("hq", "hq"),
    ("shopper", "shopper"),
    ("supplier", "supplier"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A device that the demo enrols and runs; `key` names its folder."""

    key: str
    kind: str
    name: str


CAST = (
    Part("gateway-1", "gateway", "Store gateway"),
    Part("till-1", "till", "Till by the exit"),
    Part("cart-1", "cart", "Cart 1"),
    Part("cart-2", "cart", "Cart 2"),
    Part("cart-3", "cart", "Cart 3"),
    Part("speaker-1", "speaker", "Speaker at the entrance"),
    Part("speaker-2", "speaker", "Speaker at produce"),
    Part("speaker-3", "speaker", "Speaker at dairy"),
    Part("speaker-4", "speaker", "Speaker at the bakery"),
    Part("broadcast-1", "broadcast", "Broadcast box"),
    Part("screen-1", "screen", "Wayfinding screen at the entrance"),
    Part("screen-2", "screen", "Wayfinding screen at the checkout"),
)
