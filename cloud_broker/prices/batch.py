"""One rule for many products: a share off or on, to endings that a price tag likes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cloud_broker.prices.changes import PriceRefusedError, Wish
from firmware_specs.desired import Row
from firmware_specs.pricebook.book import Pricebook

MOST_PRODUCTS = 20_000


@dataclass(frozen=True, slots=True)
class Rule:
    """A change of `percent_bp` hundredths of a percent; the result goes down to the next price that ends so.

    `ending_minor`: the last two digits, as 90 or 99; None leaves the price as it comes.
    """

    percent_bp: int
    ending_minor: int | None = None

    def of(self, price_minor: int) -> int:
        """Return the new price, at least 1; rounded half up before the ending."""
        changed = max(1, (2 * price_minor * (10_000 + self.percent_bp) + 10_000) // 20_000)
        if self.ending_minor is None:
            return changed
        ended = changed - (changed - self.ending_minor) % 100
        return ended if ended > 0 else changed


def chosen(book: Pricebook, *, category: str | None, gtins: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a category, or those named. Raises PriceRefusedError for a product that is not there."""
    if category is not None:
        yield from book.of_category(category)
        return
    for gtin in gtins:
        row = book.get(gtin)
        if row is None:
            raise PriceRefusedError("unknown", f"no product {gtin} in this store", gtin=gtin, field="gtins")
        yield row


def wishes_of(rows: Iterator[Row], rule: Rule) -> list[Wish]:
    """Return a wish for each row whose price the rule changes. Raises PriceRefusedError for more than are allowed."""
    wishes = []
    for row in rows:
        price_minor = rule.of(row.price_minor)
        if price_minor != row.price_minor:
            wishes.append(Wish(row.gtin, price_minor))
        if len(wishes) > MOST_PRODUCTS:
            message = f"more than {MOST_PRODUCTS} products: take a smaller category, or an import"
            raise PriceRefusedError("too-many", message, field="category")
    if not wishes:
        raise PriceRefusedError("same", "no product's price would change", field="percent_bp")
    return wishes
