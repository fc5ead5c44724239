"""Bodies of the requests and answers of `api/prices.py`."""

from typing import Annotated

from pydantic import Field, model_validator

from cloud_broker.api.bodies.common import Gtin, In, Names, Out, TimeMs


class ChangeDevice(Out):
    """When a device held the new book, and charged the new price."""

    device: str
    kind: str
    held_ms: int | None
    charged_ms: int | None


class ChangeLabel(Out):
    """When a label had the new picture ready, was armed with it, and proved it."""

    label: str
    prepared_ms: int | None
    armed_ms: int | None
    shown_ms: int | None


class Change(Out):
    """A price change and who confirmed it; `state` is planned, undone, published, confirmed or superseded."""

    id: int
    gtin: str
    name: Names
    from_minor: int
    to_minor: int
    direction: str
    book_version: int
    effective_ms: int
    made_ms: int
    by: str
    reason: str
    group: str
    state: str
    devices: list[ChangeDevice]
    labels: list[ChangeLabel]
    released_ms: int | None
    confirmed_ms: int | None


Minor = Annotated[int, Field(ge=0, le=10**9, examples=[1280])]


class Publishing(In):
    """How prices are published: now when no time is given; `confirm_large` allows a jump of ten times."""

    reason: str = Field(default="", max_length=500, examples=["weekend promotion"])
    confirm_large: bool = False
    effective_ms: TimeMs | None = None
    until_ms: TimeMs | None = None
    """When the price before comes back."""


class NewPrice(Publishing):
    """A price to publish. A member price or struck-out price that is left out stays; 0 ends it."""

    gtin: Gtin
    price_minor: int = Field(examples=[1280])
    member_minor: Minor | None = None
    was_minor: Minor | None = None


class NewPrices(Publishing):
    """One rule for a category, or for the products named: hundredths of a percent on or off, down to an ending."""

    category: str | None = Field(default=None, max_length=200, examples=["dairy"])
    gtins: list[Gtin] = Field(default=[], max_length=20_000)
    percent_bp: int = Field(ge=-9_000, le=10_000, examples=[-1_000])
    ending_minor: int | None = Field(default=None, ge=0, le=99, examples=[90])

    @model_validator(mode="after")
    def _one_of_both(self) -> "NewPrices":
        if (self.category is None) == (not self.gtins):
            raise ValueError("name either a category or gtins")
        return self


class Group(Out):
    """What was published together."""

    group: str
    changes: int
    book_version: int


class Undone(Out):
    """What was taken back."""

    group: str
    undone: int


class EffectDetail(Out):
    """One product before and after; `lawful_was_minor` is the most that may be shown struck out beside it."""

    gtin: str
    name: Names
    before_minor: int
    after_minor: int
    lowest_7d_minor: int
    lowest_30d_minor: int
    lawful_was_minor: int
    lawful_days: int


class EffectBaskets(Out):
    """The store's last baskets, all together, before and after; `touched` hold a product that would change."""

    count: int
    touched: int
    before_minor: int
    after_minor: int


class Effect(Out):
    """What new prices would do."""

    products: int
    raised: int
    lowered: int
    details: list[EffectDetail]
    baskets: EffectBaskets


class PricePoint(Out):
    """One price of a product, from when on, by whom and why."""

    id: int
    from_minor: int
    to_minor: int
    effective_ms: int
    by: str
    reason: str
    state: str
    group: str


class ProductHistory(Out):
    """A product's prices, newest first, and its lawful reference."""

    lowest_7d_minor: int
    lowest_30d_minor: int
    lawful_was_minor: int
    lawful_days: int
    prices: list[PricePoint]


class Product(Out):
    """A product of a store. A member price or struck-out price of 0 is none."""

    gtin: str
    name: Names
    price_minor: int
    member_minor: int
    was_minor: int
    unit_price_minor: int | None
    measure: str
    category: str
    unit: str
    labels: int


class Products(Out):
    """A page of products."""

    total: int
    items: list[Product]
