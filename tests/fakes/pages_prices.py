"""The price book of the fake store: books, plans, history, baskets, promotions; the rules that the cloud keeps."""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import msgspec
from anyio.abc import TaskGroup

from firmware_specs.rules import promotions as rules
from tests.fakes.pages_life import travel
from tests.fakes.pages_plan import Json, gtin, name, now_ms
from tests.fakes.pages_store import Store, apply, noted

DAY_MS = 86_400_000
HOLDING = ("cart", "till", "gateway", "screen")
LAWFUL_DAYS = 7
BASKETS = 120
CONTENTS = {"1L": ("L", 1000), "1kg": ("kg", 1000), "500ml": ("L", 500), "500g": ("kg", 500), "330ml": ("L", 330)}
SLOW = "screen-2"
"""A device that takes its time for every book."""


class RefusedError(Exception):
    """What the cloud would not publish."""

    def __init__(self, code: str, message: str, field: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


@dataclass(frozen=True)
class Wish:
    """A new price; None leaves what stands beside it, 0 ends it."""

    gtin: str
    price_minor: int
    member_minor: int | None = None
    was_minor: int | None = None


def fill_prices(store: Store) -> Store:
    """Give the store a past: prices and books of the last weeks, plans, baskets, promotions."""
    chance = random.Random(11)
    for number, (code, product) in enumerate(store.products.items()):
        for ending, (measure, milli) in CONTENTS.items():
            if ending in product["name"]["zh"].replace(" ", ""):
                product |= {"measure": measure, "unit_price_minor": round(product["price_minor"] * 1000 / milli)}
        # Not the first dozen: other tests lower those, and a member price would stand in their way.
        if number > 12 and number % 5 == 0:
            product["member_minor"] = round(product["price_minor"] * 0.92)
        store.past[code] = _past(product, chance, number)
    store.products[gtin(19)]["was_minor"] = 5490
    codes = list(store.products)
    for _ in range(BASKETS):
        store.baskets.append({code: chance.choice((1, 1, 1, 2, 3)) for code in chance.sample(codes, 7)})
    _fill_books(store)
    for one in _promotions():
        store.promotions[one["promotion"]["id"]] = one
    for one in store.devices.values():
        if one["kind"] in HOLDING:
            one["book_version"] = store.book_version - (one["id"] == SLOW)
    tomorrow = now_ms() // DAY_MS * DAY_MS + DAY_MS
    publish(store, [Wish(gtin(22), 5990)], "manager", "周末促销", effective_ms=tomorrow, until_ms=tomorrow + 2 * DAY_MS)
    return store


def _past(product: Json, chance: random.Random, number: int) -> list[Json]:
    points: list[Json] = []
    price, at_ms = product["price_minor"], now_ms() - chance.randrange(2, 20) * DAY_MS
    for step in range(chance.randrange(1, 5) if number else 4):
        before = max(50, round(price * chance.choice((0.9, 1.1, 1.15)) / 10) * 10)
        points.append(
            {
                "id": 100_000 + number * 10 + step,
                "from_minor": before,
                "to_minor": price,
                "effective_ms": at_ms,
                "by": chance.choice(("manager", "hq")),
                "reason": chance.choice(("成本变化", "Promotion", "import of weekly.csv", "")),
                "state": "confirmed",
                "group": f"past-{number}-{step}",
            }
        )
        price, at_ms = before, at_ms - chance.randrange(3, 25) * DAY_MS
    return points


def _fill_books(store: Store) -> None:
    reasons = ("the first book of this form", "import of weekly.csv", "成本变化", "Near expiry", "促销")
    count = len(reasons)
    for index, reason in enumerate(reasons):
        version = store.book_version - count + 1 + index
        at_ms = now_ms() - (count - index) * 2 * DAY_MS
        store.books.insert(0, _book(version, at_ms, at_ms, "manager" if index else "aisle", reason))
        rows = {code: dict(product) for code, product in store.products.items()}
        for code in list(rows)[index::count]:
            # What a later book changed cost something else before.
            if version < store.book_version:
                rows[code]["price_minor"] += 40
        store.rows[version] = rows


def _book(version: int, effective_ms: int, made_ms: int, by: str, reason: str) -> Json:
    return {"version": version, "effective_ms": effective_ms, "made_ms": made_ms, "by": by, "reason": reason}


def _promotions() -> list[Json]:
    dairy = {"gtins": [], "categories": ["dairy"], "everything": False}
    drinks = {**dairy, "categories": ["drinks"]}
    everything = {"gtins": [], "categories": [], "everything": True}
    chocolate = {**dairy, "gtins": [gtin(20)], "categories": []}
    percent = {"effect": "percent-off", "percent_bp": 2000}
    kinds: list[tuple[str, Json, Json, int, int, Json, int]] = [
        (
            "dairy-week",
            name("乳品周", "Dairy week"),
            {"rule": "each-unit", "products": dairy, "effect": percent},
            -2,
            5,
            {},
            412,
        ),
        (
            "choc-three",
            name("巧克力 3 件 70 元", "Chocolate, 3 for ¥70"),
            {"rule": "bundle", "parts": [{"products": chocolate, "quantity": 3}], "price_minor": 7000},
            -1,
            1,
            {},
            9,
        ),
        (
            "drinks-plus",
            name("饮料买二送一", "Drinks: buy 2, get 1 free"),
            {"rule": "buy-get", "products": drinks, "buy": 2, "get": 1, "effect": percent | {"percent_bp": 10_000}},
            2,
            9,
            {"tiers": ["gold", "silver"], "per_basket": 2},
            0,
        ),
        (
            "spend-100",
            name("满 100 减 10", "¥10 off ¥100"),
            {
                "rule": "cart-off",
                "effect": {"effect": "amount-off", "amount_minor": 1000},
                "threshold_minor": 10_000,
                "products": everything,
                "basis": "discounted",
                "repeats": False,
                "most_minor": None,
            },
            -20,
            -6,
            {"coupon": "SPRING10"},
            873,
        ),
    ]
    return [
        {
            "promotion": {
                "id": id_,
                "name": names,
                "starts_ms": now_ms() + starts * DAY_MS,
                "ends_ms": now_ms() + ends * DAY_MS,
                "rule": rule,
                **more,
            },
            "by": "manager",
            "made_ms": now_ms() - 21 * DAY_MS,
            "uses": uses,
            "saving_minor": uses * 640,
        }
        for id_, names, rule, starts, ends, more, uses in kinds
    ]


def current(store: Store) -> int:
    """Return the version of the book that counts now."""
    return max(int(one["version"]) for one in store.books if one["effective_ms"] <= now_ms() and not one.get("undone"))


def book_views(store: Store) -> list[Json]:
    """Return the books with their states, newest first."""
    counts = current(store)
    found = []
    for one in store.books:
        state = "past"
        if one.get("undone"):
            state = "undone"
        elif one["effective_ms"] > now_ms():
            state = "planned"
        elif one["version"] == counts:
            state = "current"
        found.append({key: value for key, value in one.items() if key != "undone"} | {"state": state})
    return found


def reference(store: Store, code: str) -> Json:
    """Return the lowest prices of the last days."""
    standing = store.products[code]["price_minor"]

    def lowest(days: int) -> int:
        since_ms = now_ms() - days * DAY_MS
        changed = [
            price
            for one in points(store, code)
            if one["effective_ms"] > since_ms and one["state"] not in ("planned", "undone")
            for price in (one["from_minor"], one["to_minor"])
        ]
        return int(min([standing, *changed]))

    week = lowest(LAWFUL_DAYS)
    return {
        "lowest_7d_minor": week,
        "lowest_30d_minor": lowest(30),
        "lawful_was_minor": week,
        "lawful_days": LAWFUL_DAYS,
    }


def points(store: Store, code: str) -> list[Json]:
    """Return every price of a product, newest first."""
    keys = ("id", "from_minor", "to_minor", "effective_ms", "by", "reason", "state", "group")
    made = [{key: one[key] for key in keys} for one in store.changes if one["gtin"] == code]
    return sorted([*made, *store.past.get(code, [])], key=lambda one: one["effective_ms"], reverse=True)


def effect(store: Store, wishes: Iterable[Wish]) -> Json:
    """Return what new prices would do."""
    wished = {wish.gtin: wish.price_minor for wish in wishes}
    before = {code: product["price_minor"] for code, product in store.products.items()}
    touched = [basket for basket in store.baskets if wished.keys() & basket.keys()]

    def total(prices: dict[str, int]) -> int:
        return sum(prices[code] * quantity for basket in store.baskets for code, quantity in basket.items())

    return {
        "products": len(wished),
        "raised": sum(price > before[code] for code, price in wished.items()),
        "lowered": sum(price < before[code] for code, price in wished.items()),
        "details": [
            {
                "gtin": code,
                "name": store.products[code]["name"],
                "before_minor": before[code],
                "after_minor": price,
                **reference(store, code),
            }
            for code, price in wished.items()
        ],
        "baskets": {
            "count": len(store.baskets),
            "touched": len(touched),
            "before_minor": total(before),
            "after_minor": total(before | wished),
        },
    }


def by_rule(store: Store, codes: Iterable[str], percent_bp: int, ending_minor: int | None) -> list[Wish]:
    """Return the wishes of one rule for many products."""
    wishes = []
    for code in codes:
        before = store.products[code]["price_minor"]
        price = max(1, math.floor(before * (10_000 + percent_bp) / 10_000 + 0.5))
        if ending_minor is not None:
            ended = price - (price - ending_minor) % 100
            price = ended if ended > 0 else price
        if price != before:
            wishes.append(Wish(code, price))
    if not wishes:
        raise RefusedError("same", "no product's price would change", "percent_bp")
    return wishes


def check(store: Store, wish: Wish, *, confirm_large: bool) -> None:
    """Raise RefusedError for a price that nobody should publish."""
    product = store.products[wish.gtin]
    if wish.member_minor and wish.member_minor >= wish.price_minor:
        raise RefusedError("invalid", "member_minor: must be below the price", "member_minor")
    lawful = reference(store, wish.gtin)["lawful_was_minor"]
    if wish.was_minor and not wish.price_minor < wish.was_minor <= lawful:
        raise RefusedError("unlawful-was", f"was_minor {wish.was_minor}: at most {lawful}", "was_minor")
    if wish.price_minor == product["price_minor"] and wish.member_minor is None and wish.was_minor is None:
        raise RefusedError("same", "it costs that already", "price_minor")
    low, high = sorted((wish.price_minor, product["price_minor"]))
    if high > low * 5 and not confirm_large:
        raise RefusedError("suspicious", "more than five times: confirm it", "price_minor")


def publish(
    store: Store,
    wishes: list[Wish],
    by: str,
    reason: str,
    *,
    effective_ms: int | None = None,
    until_ms: int | None = None,
    tasks: TaskGroup | None = None,
) -> list[Json]:
    """Publish prices as one book, now or for later; return the changes."""
    made_ms = now_ms()
    planned_ms = effective_ms if effective_ms and effective_ms > made_ms else None
    # What is published together begins at one instant: the page groups by it.
    together = partial(noted, store, by=by, reason=reason, group=store.id("group"), made_ms=made_ms)
    store.book_version += 1
    version = store.book_version
    store.books.insert(0, _book(version, planned_ms or made_ms, made_ms, by, reason))
    before = {wish.gtin: store.products[wish.gtin]["price_minor"] for wish in wishes}
    made = [together(wish.gtin, wish.price_minor, version=version, effective_ms=planned_ms) for wish in wishes]
    for wish, one in zip(wishes, made, strict=True):
        one["beside"] = {"member_minor": wish.member_minor, "was_minor": wish.was_minor}
    if until_ms is not None:
        store.book_version += 1
        store.books.insert(0, _book(store.book_version, until_ms, made_ms, by, reason))
        made += [
            together(
                wish.gtin,
                before[wish.gtin],
                version=store.book_version,
                effective_ms=until_ms,
                from_minor=wish.price_minor,
            )
            for wish in wishes
        ]
    if planned_ms is None and tasks is not None:
        begin(store, made[: len(wishes)], tasks)
    for one in made:
        store.tell("change", one)
    return made


def begin(store: Store, due: list[Json], tasks: TaskGroup) -> None:
    """Let changes count from now on, and travel."""
    for one in due:
        beside = {key: value for key, value in one.get("beside", {}).items() if value is not None}
        store.products[one["gtin"]] |= beside
        apply(store, one)
        tasks.start_soon(travel, store, one)
        store.tell("change", one)
    counts = current(store)
    store.rows[counts] = {code: dict(product) for code, product in store.products.items()}
    tasks.start_soon(distribute, store, counts)


async def distribute(store: Store, version: int) -> None:
    """Let one device after the other hold a book; one of them takes its time."""
    for one in sorted(store.devices.values(), key=lambda one: one["id"] == SLOW):
        if one["kind"] not in HOLDING or not one["online"]:
            continue
        await anyio.sleep(2.5 if one["id"] == SLOW else 0.2)
        one["book_version"] = max(one["book_version"] or 0, version)
        store.tell("device", one)


async def keep_time(store: Store, tasks: TaskGroup) -> None:
    """Let what is planned take effect at its time."""
    while True:
        await anyio.sleep(0.2)
        due = [one for one in store.changes if one["state"] == "planned" and one["effective_ms"] <= now_ms()]
        if due:
            begin(store, due, tasks)


def take_back(store: Store, group: str) -> int:
    """Take back what of a group is still planned; return how many changes that were."""
    planned = [one for one in store.changes if one["group"] == group and one["state"] == "planned"]
    for one in planned:
        one["state"] = "undone"
        store.tell("change", one)
        for book in store.books:
            if book["version"] == one["book_version"]:
                book["undone"] = True
    return len(planned)


def put_rows(store: Store, wanted: dict[str, Json], by: str, reason: str, tasks: TaskGroup) -> Json:
    """Make rows the store's own as one book; return counts as the API does."""
    fresh = [code for code in wanted if code not in store.products]
    repriced = [
        code
        for code, row in wanted.items()
        if code not in fresh and row["price_minor"] != store.products[code]["price_minor"]
    ]
    for code in fresh:
        store.products[code] = {**_NEW_ROW, **wanted[code]}
    result = {
        "new": len(fresh),
        "edited": 0,
        "repriced": len(repriced),
        "gone": 0,
        "group": "",
        "book_version": None,
    }
    if fresh or repriced:
        wishes = [Wish(code, wanted[code]["price_minor"]) for code in repriced]
        made = publish(store, wishes, by, reason, tasks=tasks)
        if not made:
            store.rows[store.book_version] = {code: dict(product) for code, product in store.products.items()}
            tasks.start_soon(distribute, store, store.book_version)
        result |= {"group": made[0]["group"] if made else "", "book_version": store.book_version}
        store.tell("book", {"version": store.book_version})
    return result


_NEW_ROW: Json = {
    "category": "",
    "unit": "",
    "labels": 0,
    "member_minor": 0,
    "was_minor": 0,
    "unit_price_minor": None,
    "measure": "",
}


def promotion_views(store: Store) -> list[Json]:
    """Return the promotions with their states, newest first."""

    def state(promotion: Json) -> str:
        if now_ms() < promotion["starts_ms"]:
            return "planned"
        return "live" if now_ms() < promotion["ends_ms"] else "ended"

    found = [one | {"state": state(one["promotion"])} for one in store.promotions.values()]
    return sorted(found, key=lambda one: int(one["made_ms"]), reverse=True)


def promotion_of(body: Any) -> rules.Promotion:
    """Return a promotion that may go live. Raises RefusedError."""
    try:
        promotion = msgspec.convert(body, rules.Promotion)
        rules.check([promotion])
    except msgspec.ValidationError as exc:
        raise RefusedError("invalid", str(exc), str(exc).rpartition("$.")[2].strip("`")) from exc
    except rules.PromotionError as exc:
        raise RefusedError("promotion", f"{exc.field}: {exc.remedy}", exc.field) from exc
    return promotion


def promotion_effect(store: Store, promotion: rules.Promotion) -> Json:
    """Return what the last baskets would have cost with one more promotion."""
    ready = rules.index([promotion])
    before = after = touched = 0
    for number, basket in enumerate(store.baskets):
        units = [
            rules.Unit(
                gtin=code,
                price_minor=store.products[code]["price_minor"],
                category=store.products[code]["category"],
                quantity=quantity,
            )
            for code, quantity in basket.items()
        ]
        coupons = [promotion.coupon] if promotion.coupon else []
        priced = rules.price(
            ready,
            rules.Basket(
                op=f"try-{number}", now_ms=promotion.starts_ms, units=units, tiers=promotion.tiers, coupons=coupons
            ),
        )
        before += priced.total_minor + priced.saving_minor
        after += priced.total_minor
        touched += priced.saving_minor > 0
    return {"baskets": {"count": len(store.baskets), "touched": touched, "before_minor": before, "after_minor": after}}
