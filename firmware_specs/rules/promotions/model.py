"""Promotions and baskets on the wire: typed effects, integer money, and one struct for each kind of rule.

A new kind of rule is a new struct with a tag of its own; a field never changes its meaning. Bounds that
need a promotion's name to be told apart (a percentage above 100) are for `check`, not for the types.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from firmware_specs.desired import Row
from firmware_specs.events import Gtin14, Id, Minor, Text, TimeMs, Version
from firmware_specs.instore import StoreProfile
from firmware_specs.symbology import Symbology

Quantity = Annotated[int, Meta(ge=1, le=10_000)]
Code = Annotated[str, Meta(min_length=1, max_length=64)]
Stacking = Literal["exclusive", "stackable", "highest", "lowest", "list"]


class Products(Struct, frozen=True, kw_only=True):
    """A set of products: those listed, those of a category, or `everything`."""

    gtins: list[Gtin14] = []
    categories: list[Text] = []
    everything: bool = False

    def have(self, gtin: str, category: str) -> bool:
        """Return whether a product is one of them."""
        return self.everything or gtin in self.gtins or category in self.categories


class PercentOff(Struct, frozen=True, kw_only=True, tag_field="effect", tag="percent-off"):
    """A share of the price; `percent_bp` in basis points, 2,000 is 20 %."""

    percent_bp: Annotated[int, Meta(ge=0, le=2**31)]

    def off(self, price_minor: int) -> int:
        """Return what comes off, half a minor unit rounded up for the shopper."""
        return (price_minor * min(self.percent_bp, 10_000) + 5_000) // 10_000


class AmountOff(Struct, frozen=True, kw_only=True, tag_field="effect", tag="amount-off"):
    """An amount, never more than the price itself."""

    amount_minor: Minor

    def off(self, price_minor: int) -> int:
        """Return what comes off."""
        return min(price_minor, self.amount_minor)


class FixedPrice(Struct, frozen=True, kw_only=True, tag_field="effect", tag="fixed-price"):
    """A price instead of the unit's own, unless that is lower already."""

    price_minor: Minor

    def off(self, price_minor: int) -> int:
        """Return what comes off."""
        return max(0, price_minor - self.price_minor)


Effect = PercentOff | AmountOff | FixedPrice


class Part(Struct, frozen=True, kw_only=True):
    """So many units of a set."""

    products: Products
    quantity: Quantity = 1


class Tier(Struct, frozen=True, kw_only=True):
    """From `quantity` units on, this effect on each."""

    quantity: Quantity
    effect: Effect


class EachUnit(Struct, frozen=True, kw_only=True, tag_field="rule", tag="each-unit"):
    """An effect on each unit of a set; one application a unit."""

    products: Products
    effect: Effect


class BuyGet(Struct, frozen=True, kw_only=True, tag_field="rule", tag="buy-get"):
    """Of `buy` + `get` units of one set, an effect on each of the `get` cheapest."""

    products: Products
    buy: Quantity
    get: Quantity
    effect: Effect


class BuyGetOther(Struct, frozen=True, kw_only=True, tag_field="rule", tag="buy-get-other"):
    """Who buys all of `buy` has an effect on each unit of `get`, which may be dearer."""

    buy: Annotated[list[Part], Meta(min_length=1, max_length=5)]
    get: Part
    effect: Effect


class Bundle(Struct, frozen=True, kw_only=True, tag_field="rule", tag="bundle"):
    """All parts together for one price; of one part it is "three for 10.00"."""

    parts: Annotated[list[Part], Meta(min_length=1, max_length=6)]
    price_minor: Minor


class AtLeast(Struct, frozen=True, kw_only=True, tag_field="rule", tag="at-least"):
    """Whoever buys enough units of a set has the tier's effect on each; one application for all of them."""

    products: Products
    tiers: Annotated[list[Tier], Meta(min_length=1, max_length=5)]


class CartOff(Struct, frozen=True, kw_only=True, tag_field="rule", tag="cart-off"):
    """An effect on the whole basket, once the spend on `products` reaches `threshold_minor`.

    Spend is counted at the prices charged, before any promotion. `basis` is what a percentage is of: the
    `initial` amount charged, or the `discounted` one that earlier promotions left. `repeats` gives an
    amount once for every full threshold. `most_minor` caps what comes off.
    """

    effect: PercentOff | AmountOff
    threshold_minor: Minor = 0
    products: Products = Products(everything=True)
    basis: Literal["initial", "discounted"] = "discounted"
    repeats: bool = False
    most_minor: Minor | None = None

    def off(self, spend_minor: int, initial_minor: int, amount_minor: int) -> int:
        """Return what comes off `amount_minor` of a basket of `initial_minor` with this spend."""
        if spend_minor < self.threshold_minor:
            return 0
        if isinstance(self.effect, PercentOff):
            off_minor = self.effect.off(initial_minor if self.basis == "initial" else amount_minor)
        else:
            times = spend_minor // self.threshold_minor if self.repeats and self.threshold_minor else 1
            off_minor = self.effect.amount_minor * times
        if self.most_minor is not None:
            off_minor = min(off_minor, self.most_minor)
        return min(off_minor, amount_minor)


Rule = EachUnit | BuyGet | BuyGetOther | Bundle | AtLeast | CartOff


class Promotion(Struct, frozen=True, kw_only=True):
    """A rule, and for whom, when, how often and beside what it counts; from `starts_ms` until before `ends_ms`.

    `tiers`: members of any of these; empty is everybody. `coupon`: only where this code is presented.
    `per_basket`: at most so many applications. `is_budgeted`: only as far as a budget was leased to this
    device. `stacking`, `group` and `order`: see the package.
    """

    id: Id
    name: dict[str, str]
    starts_ms: TimeMs
    ends_ms: TimeMs
    rule: Rule
    stacking: Stacking = "exclusive"
    group: Id | None = None
    order: Annotated[int, Meta(ge=0, le=10**6)] = 0
    tiers: list[Id] = []
    coupon: Code | None = None
    per_basket: Quantity | None = None
    is_budgeted: bool = False

    @property
    def is_scarce(self) -> bool:
        """Whether giving it uses something up: a coupon or a budget."""
        return self.coupon is not None or self.is_budgeted


class PromotionBook(Struct, frozen=True, kw_only=True):
    """All promotions of a store; immutable, versioned."""

    store: Id
    version: Version
    promotions: list[Promotion]


class Unit(Struct, frozen=True, kw_only=True):
    """Equal units in a basket; `price_minor` is charged for one of them, as the price law decided.

    A weighed piece is one unit at its own price. `promotable` is false for what the law forbids to
    discount, such as tobacco or infant formula: it counts for nothing and nothing comes off.
    """

    gtin: Gtin14
    price_minor: Minor
    category: Text = ""
    quantity: Quantity = 1
    promotable: bool = True


class Budget(Struct, frozen=True, kw_only=True):
    """What is left of a promotion's budget on this device; None is without bound."""

    uses_left: Annotated[int, Meta(ge=0)] | None = None
    amount_left_minor: Minor | None = None


class Basket(Struct, frozen=True, kw_only=True):
    """Everything that a total depends on beside the promotions.

    `op` names this sale, for ledgers. `budgets` are by promotion; what was not leased is not there to spend.
    """

    op: Id
    now_ms: TimeMs
    units: list[Unit]
    tiers: list[Id] = []
    coupons: list[Code] = []
    budgets: dict[Id, Budget] = {}


class Applied(Struct, frozen=True, kw_only=True):
    """A promotion on one unit; `text` by language.

    Units with the same `promotion` and `application` were counted together. `amount_minor` is 0 for a unit
    that another one's discount needed.
    """

    promotion: Id
    application: int
    amount_minor: Minor
    text: dict[str, str]


class PricedLine(Struct, frozen=True, kw_only=True):
    """One unit: what it was charged at, what is paid for it, and every promotion between the two."""

    gtin: Gtin14
    price_minor: Minor
    pays_minor: Minor
    applied: list[Applied] = []


class Use(Struct, frozen=True, kw_only=True):
    """What a basket takes from a promotion and its budget; a ledger books each `op_id` once, however often it comes.

    `coupon` is the code that it redeems. A code is redeemed once, also where it opens several promotions.
    """

    op_id: Text
    promotion: Id
    applications: Quantity
    amount_minor: Minor
    coupon: Code | None = None


class Priced(Struct, frozen=True, kw_only=True):
    """A basket's price. Without `is_exact` the search was cut short: lawful, but perhaps not the lowest."""

    op: Id
    lines: list[PricedLine]
    total_minor: Minor
    saving_minor: Minor
    uses: list[Use]
    is_exact: bool = True


class Scan(Struct, frozen=True, kw_only=True):
    """A code as its scanner sent it; `count` of the same."""

    text: Annotated[str, Meta(max_length=400)]
    symbology: Symbology = Symbology.EAN_13
    count: Quantity = 1


class PriceRequest(Struct, frozen=True, kw_only=True):
    """A basket with the promotions that are live, and the price book's rows if they are to be checked against it.

    `scans` are codes yet to be priced by those rows, `codes` how the store prints its own.
    """

    basket: Basket
    promotions: list[Promotion]
    rows: list[Row] | None = None
    scans: list[Scan] = []
    codes: StoreProfile | None = None
