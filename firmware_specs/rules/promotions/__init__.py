"""What a basket costs under all promotions that are live: the lowest lawful total, each unit's price explained.

Start with `price`; `index` makes promotions ready for it once, `check` refuses what must not go live,
`model` is what travels. `price_basket` does all of it for one request. As told to a store manager:

**Same basket, same price.** A total follows from which units are in the basket, the promotions, the
member's tiers, the coupons presented, the budgets leased to the device, and the time. It does not follow
from the order of scanning, and nothing is remembered: who opens a basket again prices it again.

**First, what is stackable.** A stackable promotion lowers each unit that it fits, on top of what came
before. Promotions of a `group` compete for each unit: the `highest` or the `lowest` discount counts, or
the first of the `list`. They come by `order`, a list where its first member stands; of equals groups come
first, then it goes by name.

**Then one deal for each unit.** An exclusive promotion is a deal on one unit (`EachUnit`) or on several
(`BuyGet`, `BuyGetOther`, `Bundle`, `AtLeast`), at the prices that the stackable promotions left; so an
advertised "3 for 10.00" is 10.00. A unit takes part in one deal at most, also as one of those bought. Of
all ways to make deals the one with the lowest total counts; among equals the one that uses up the fewest
coupons and budgets, then the one of the fewest applications. `BuyGet` reduces the cheapest of a group.

**Then the cart.** `CartOff` comes off what is left, in the same sequence of groups and single promotions.
Of the `exclusive` ones of a group the best counts; all without a group are one group. The spend that it
asks for is counted at the prices charged, before any promotion, so that no promotion takes another away.

**Money** is integer minor units. A percentage is rounded on each unit, half a minor unit up for the
shopper. What comes off a bundle or a cart is exact, spread over the units by what they cost, by largest
remainder. No unit costs less than nothing or more than it was charged at.

**Coupons** open promotions. A code is redeemed once in a basket, for every unit that it is good for, and
only if something came off. `per_basket` bounds how often a deal applies.

**Budgets** are leased to the device before. Uses bound how often a deal applies; a stackable or cart
promotion is used once by a basket, for all of it. A promotion with a bound on money is open only while
the budget covers the most that it could cost in this basket: it may end a little early and is never
overspent. `Priced.uses` is what to book, each under an id that is the same when a basket is sent again.

**More promotions, lower price.** One more promotion never makes a basket dearer, except where it joins a
`lowest` or a `list` group, which are there to give less.

**Limits.** The search is exact. Where a basket links so many deals that it would take too long, only the
most promising ways are followed: the price is still lawful and the same in every order, and `is_exact`
is false.
"""

from firmware_specs.rules.promotions.check import PromotionError, check, product_sets
from firmware_specs.rules.promotions.index import Index, index
from firmware_specs.rules.promotions.model import (
    AmountOff,
    Applied,
    AtLeast,
    Basket,
    Budget,
    Bundle,
    BuyGet,
    BuyGetOther,
    CartOff,
    EachUnit,
    Effect,
    FixedPrice,
    Part,
    PercentOff,
    Priced,
    PricedLine,
    PriceRequest,
    Products,
    Promotion,
    PromotionBook,
    Rule,
    Scan,
    Tier,
    Unit,
    Use,
)
from firmware_specs.rules.promotions.price import price, price_basket

__all__ = [
    "AmountOff",
    "Applied",
    "AtLeast",
    "Basket",
    "Budget",
    "Bundle",
    "BuyGet",
    "BuyGetOther",
    "CartOff",
    "EachUnit",
    "Effect",
    "FixedPrice",
    "Index",
    "Part",
    "PercentOff",
    "PriceRequest",
    "Priced",
    "PricedLine",
    "Products",
    "Promotion",
    "PromotionBook",
    "PromotionError",
    "Rule",
    "Scan",
    "Tier",
    "Unit",
    "Use",
    "check",
    "index",
    "price",
    "price_basket",
    "product_sets",
]
