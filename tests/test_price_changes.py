"""Prices in the cloud: planned, undone, in groups, imported, rolled back; on SQLite and on PostgreSQL."""

import csv
import io
import json
from pathlib import Path

import pytest
from sqlalchemy import update

from cloud_broker.clock import now_ms
from cloud_broker.prices.batch import Rule, chosen, wishes_of
from cloud_broker.prices.book import MOST_DELTA, publish_missing
from cloud_broker.prices.changes import PriceRefusedError, Wish, apply_due, undo_planned
from cloud_broker.prices.current import Library
from cloud_broker.prices.effect import effect_of
from cloud_broker.prices.imports import Checked, check_rows, read_list, rejected_csv
from cloud_broker.prices.promotions import drop_promotion, promotion_views, put_promotion
from cloud_broker.prices.reference import DAY_MS, reference_of
from cloud_broker.prices.rollback import rollback
from cloud_broker.prices.rows import Put, put_rows
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import changes, price_tables
from cloud_broker.stores.codes import publish_codes
from cloud_broker.stores.tables import TableError
from firmware_specs import events
from firmware_specs.desired import Row
from firmware_specs.gtin import with_check_digit
from firmware_specs.instore import CHINA_13, StoreProfile, own_key
from firmware_specs.pricebook.book import Pricebook
from firmware_specs.rules.promotions import AmountOff, Bundle, EachUnit, Part, Products, Promotion, PromotionError
from tests.fakes.cloud_state import Cloud
from tests.fakes.store import CATALOGUE

FIRST, SECOND = CATALOGUE[0]["gtin"], CATALOGUE[1]["gtin"]
HOUR_MS = 3_600_000


@pytest.fixture
def cloud(state_cloud: Cloud) -> Cloud:
    return state_cloud


def price(cloud: Cloud, gtin: str, version: int | None = None) -> int:
    return next(row.price_minor for row in cloud.book(version).rows if row.gtin == gtin)


def current(cloud: Cloud, at_ms: int | None = None) -> Pricebook:
    with reading(cloud.engine) as connection:
        return Library(cloud.publisher).current(connection, "demo", now_ms() if at_ms is None else at_ms)


def applied(cloud: Cloud, at_ms: int) -> list[int]:
    with cloud.engine.begin() as connection:
        return apply_due(connection, "demo", at_ms)


def test_a_price_for_later_is_a_book_of_its_own_behind_the_one_that_counts(cloud: Cloud) -> None:
    was = price(cloud, FIRST)
    later = now_ms() + HOUR_MS
    made = cloud.change_many(Wish(FIRST, was - 10), effective_ms=later)
    now, planned = cloud.edition().books
    assert (planned.effective_ms, planned.version) == (later, now.version + 1)
    assert (price(cloud, FIRST, now.version), price(cloud, FIRST, planned.version)) == (was, was - 10)
    assert cloud.seen(made.changes[0])["state"] == "planned"
    assert current(cloud)[FIRST].price_minor == was
    assert current(cloud, later)[FIRST].price_minor == was - 10


def test_what_changes_now_leaves_what_is_planned_and_the_other_way_round(cloud: Cloud) -> None:
    was, other = price(cloud, FIRST), price(cloud, SECOND)
    cloud.change_many(Wish(FIRST, was - 10), effective_ms=now_ms() + HOUR_MS)
    cloud.change(SECOND, other + 5)
    now, planned = cloud.edition().books
    assert (price(cloud, FIRST, now.version), price(cloud, SECOND, now.version)) == (was, other + 5)
    assert (price(cloud, FIRST, planned.version), price(cloud, SECOND, planned.version)) == (was - 10, other + 5)


def test_a_planned_price_comes_at_its_time_without_another_book_and_counts_who_confirmed_before(cloud: Cloud) -> None:
    till = cloud.enrol("till")
    was = price(cloud, FIRST)
    later = now_ms() + HOUR_MS
    (change,) = cloud.change_many(Wish(FIRST, was - 10), effective_ms=later).changes
    planned = cloud.edition().books[-1]
    cloud.say(till, events.BookHeld(at_ms=1, version=planned.version, sha256="ab" * 32, effective_ms=later))
    cloud.say(
        till,
        events.PriceCharged(
            at_ms=later, gtin=FIRST, price_minor=was - 10, book_version=planned.version, reason="price"
        ),
    )
    assert cloud.seen(change)["state"] == "planned", "nobody confirms what does not count yet"
    assert applied(cloud, later - 1) == []
    assert applied(cloud, later) == [change]
    seen = cloud.seen(change)
    assert [(each["held_ms"], each["charged_ms"]) for each in seen["devices"]] == [(1, later)]  # type: ignore[attr-defined]
    assert cloud.edition().version == planned.version


def test_a_price_with_an_end_comes_and_goes(cloud: Cloud) -> None:
    was = price(cloud, FIRST)
    later, end = now_ms() + HOUR_MS, now_ms() + 2 * HOUR_MS
    cloud.change_many(Wish(FIRST, was - 10), effective_ms=later, until_ms=end)
    _, offer, after = cloud.edition().books
    assert (offer.effective_ms, after.effective_ms) == (later, end)
    assert (price(cloud, FIRST, offer.version), price(cloud, FIRST, after.version)) == (was - 10, was)
    ended = next(row for row in cloud.book(after.version).rows if row.gtin == FIRST)
    assert ended.floor_minor == was - 10, "the end of an offer is an increase: labels may still show the offer"
    assert len(applied(cloud, end)) == 2
    assert current(cloud, end)[FIRST].price_minor == was


def test_what_is_planned_can_be_taken_back_until_it_counts(cloud: Cloud) -> None:
    was = price(cloud, FIRST)
    later = now_ms() + HOUR_MS
    made = cloud.change_many(Wish(FIRST, was - 10), effective_ms=later, until_ms=later + HOUR_MS)
    with cloud.engine.begin() as connection:
        assert undo_planned(connection, cloud.publisher, "demo", made.group, "manager") == 2
    assert len(cloud.edition().books) == 1
    assert {cloud.seen(change)["state"] for change in made.changes} == {"undone"}
    with pytest.raises(UnknownError, match="taken back"), cloud.engine.begin() as connection:
        undo_planned(connection, cloud.publisher, "demo", made.group, "manager")
    assert applied(cloud, later + 2 * HOUR_MS) == []
    assert current(cloud, later + 2 * HOUR_MS)[FIRST].price_minor == was


@pytest.mark.parametrize(
    ("wishes", "options", "code"),
    [
        ([Wish(FIRST, 0)], {}, "invalid"),
        ([Wish(FIRST, -5)], {}, "invalid"),
        ([Wish(FIRST, 10**10)], {}, "invalid"),
        ([Wish(FIRST, 1)], {}, "suspicious"),
        ([Wish(FIRST, 777, member_minor=777)], {}, "invalid"),
        ([Wish(FIRST, 777, was_minor=10**8)], {}, "unlawful-was"),
        ([Wish(FIRST, 777), Wish(FIRST, 778)], {}, "twice"),
        ([Wish(FIRST, 777)], {"effective_ms": 10**15}, "too-far"),
        ([Wish(FIRST, 777)], {"until_ms": 5}, "empty"),
        ([Wish(FIRST, 777), Wish(SECOND, 0)], {}, "invalid"),
    ],
)
def test_a_price_that_nobody_should_publish_changes_nothing(
    cloud: Cloud, wishes: list[Wish], options: dict[str, int], code: str
) -> None:
    before = cloud.edition()
    with pytest.raises(PriceRefusedError) as refused:
        cloud.change_many(*wishes, **options)
    assert refused.value.code == code
    assert cloud.edition() == before


def test_the_lawful_reference_is_the_lowest_price_of_the_days_before(cloud: Cloud) -> None:
    was = price(cloud, FIRST)
    ids = [cloud.change(FIRST, was - 30), cloud.change(FIRST, was - 10), cloud.change(FIRST, was)]
    now = now_ms()
    with cloud.engine.begin() as connection:
        for change, days in zip(ids, (20, 10, 3), strict=True):
            connection.execute(update(changes).where(changes.c.id == change).values(applied_ms=now - days * DAY_MS))
        found = reference_of(connection, "demo", FIRST, "CNY", now)
        assert found is not None
        assert (found.lowest_7d_minor, found.lowest_30d_minor) == (was - 10, was - 30)
        assert (found.lawful_minor, found.days) == (was - 10, 7)
        european = reference_of(connection, "demo", FIRST, "EUR", now)
        assert european is not None
        assert (european.lawful_minor, european.days) == (was - 30, 30)
    with pytest.raises(PriceRefusedError, match=f"at most {was - 10}, the lowest price of the last 7 days"):
        cloud.change_many(Wish(FIRST, was - 50, was_minor=was))
    cloud.change_many(Wish(FIRST, was - 50, was_minor=was - 10))
    assert current(cloud)[FIRST].was_minor == was - 10


def test_one_rule_reprices_a_category_down_to_an_ending_as_one_book(cloud: Cloud) -> None:
    book = current(cloud)
    category = book[FIRST].category
    wishes = wishes_of(chosen(book, category=category, gtins=()), Rule(-1_000, 90))
    version = cloud.edition().version
    made = cloud.change_many(*wishes)
    assert cloud.edition().version == version + 1
    assert len(made.changes) == len(wishes)
    for row in current(cloud).rows():
        before = book[row.gtin].price_minor
        if row.category == category:
            assert row.price_minor % 100 == 90 or row.price_minor < 90
            assert row.price_minor <= before * 9 // 10 + 1
        else:
            assert row.price_minor == before
    with pytest.raises(PriceRefusedError, match="no product's price would change"):
        wishes_of(chosen(book, category=category, gtins=()), Rule(0))


def test_a_try_tells_the_effect_on_the_baskets_that_people_really_took(cloud: Cloud) -> None:
    cart = cloud.enrol("cart")
    was = price(cloud, FIRST)
    for trip, quantity in (("t-1", 2), ("t-2", 0)):
        for _ in range(quantity):
            cloud.say(
                cart,
                events.LineAdded(at_ms=1, trip=trip, gtin=FIRST, quantity=1, price_minor=was, book_version=1),
            )
        cloud.say(
            cart,
            events.LineAdded(at_ms=1, trip=trip, gtin=SECOND, quantity=1, price_minor=1, book_version=1),
            events.BasketClosed(at_ms=2, trip=trip, total_minor=1, lines=1, provisional=False),
        )
    with reading(cloud.engine) as connection:
        effect = effect_of(connection, "demo", current(cloud), [Wish(FIRST, was - 10)], "CNY", now_ms())
    baskets = effect["baskets"]
    assert (baskets["count"], baskets["touched"]) == (2, 1)
    assert baskets["before_minor"] - baskets["after_minor"] == 20
    assert (effect["raised"], effect["lowered"]) == (0, 1)


def test_weighed_packs_of_past_baskets_follow_the_price_of_their_measure(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("gtin,price_minor,name_en,measure\nplu:12345,4000,Pork,kg\n")
    listed(cloud, path)
    cart, pork = cloud.enrol("cart"), own_key(12345)
    packs = [
        events.LineAdded(at_ms=1, trip="t-1", gtin=pork, quantity=1, price_minor=minor, book_version=2, weight_g=grams)
        for minor, grams in ((2000, 500), (1001, 250), (4000, 1000))
    ]
    cloud.say(
        cart,
        *packs,
        events.LineRemoved(at_ms=2, trip="t-1", gtin=pork, quantity=1, price_minor=4000),
        events.BasketClosed(at_ms=3, trip="t-1", total_minor=3001, lines=2, provisional=False),
    )
    with reading(cloud.engine) as connection:
        effect = effect_of(connection, "demo", current(cloud), [Wish(pork, 3000)], "CNY", now_ms())
    baskets = effect["baskets"]
    assert (baskets["touched"], baskets["before_minor"], baskets["after_minor"]) == (1, 3001, 1500 + 751)


def listed(cloud: Cloud, path: Path) -> tuple[Checked, Put]:
    with reading(cloud.engine) as connection:
        checked = check_rows(connection, Library(cloud.publisher), "demo", read_list(path))
    with cloud.engine.begin() as connection:
        put = put_rows(connection, cloud.publisher, "demo", checked.news, by="erp", reason="list")
    return checked, put


NEW = with_check_digit("690000000001").zfill(14)


def test_a_list_may_name_an_item_of_the_scales_by_its_number_or_by_its_code(cloud: Cloud, tmp_path: Path) -> None:
    with cloud.engine.begin() as connection:
        publish_codes(connection, cloud.publisher, StoreProfile(store="demo", patterns=CHINA_13))
    path = tmp_path / "list.csv"
    path.write_text(
        "gtin,price_minor,name_en,name_zh,measure,content_milli\n"
        "plu:12345,3980,Pork,猪肉,kg,\n"
        "plu:00777,3980,Beef,牛肉,kg,500\n"
        "plu:x,3980,Lamb,羊肉,kg,\n"
    )
    checked, put = listed(cloud, path)
    assert [(row.gtin, row.measure) for row in checked.news] == [(own_key(12345), "kg")]
    assert [(each.row, each.reason.partition(":")[0]) for each in checked.rejected] == [
        (3, "content_milli"),
        (4, "gtin"),
    ]
    assert put.new == 1
    path.write_text(f"gtin,price_minor\n{with_check_digit('211234500482')},2980\n")
    checked, put = listed(cloud, path)
    assert (checked.news[0].gtin, put.repriced) == (own_key(12345), 1)


def test_a_list_is_taken_row_by_row_and_each_wrong_row_is_named_with_the_remedy(cloud: Cloud, tmp_path: Path) -> None:
    was, other = price(cloud, FIRST), price(cloud, SECOND)
    path = tmp_path / "list.csv"
    path.write_text(
        "gtin,price_minor,currency,name_en,name_zh\n"
        f"{FIRST},{was - 10},CNY,,\n"
        f"{SECOND},{other * 200},,,\n"
        f"{NEW},500,,New thing,新品\n"
        f"{CATALOGUE[2]['gtin']},-5,,,\n"
        f"{CATALOGUE[3]['gtin']},700,EUR,,\n"
        f"{CATALOGUE[4]['gtin']},,,,\n"
        f"{CATALOGUE[5]['gtin']},700,,,\n"
        f"{CATALOGUE[5]['gtin']},701,,,\n"
        f"{with_check_digit('690000000002')},700,,,\n"
        "4006381333932,700,,x,x\n"
    )
    checked, put = listed(cloud, path)
    assert (put.repriced, put.new) == (1, 1)
    reasons = {each.row: each.reason for each in checked.rejected}
    for row, words in {
        3: "200 times",
        5: "price_minor",
        6: "currency: EUR, the store's is CNY",
        7: "price_minor: missing",
        8: "neither is taken",
        9: "stands in row 8 already",
        10: "it needs a name",
        11: "check digit",
    }.items():
        assert words in reasons[row], (row, reasons.get(row))
    book = current(cloud)
    assert (book[FIRST].price_minor, book[SECOND].price_minor) == (was - 10, other)
    assert book[NEW].name == {"en": "New thing", "zh": "新品"}
    rows = list(csv.reader(io.StringIO("".join(rejected_csv(checked.rejected)))))
    assert rows[0] == ["row", "gtin", "reason"]
    assert len(rows) == len(checked.rejected) + 1


def test_a_list_that_changes_nothing_makes_no_book_and_an_unreadable_one_says_why(cloud: Cloud, tmp_path: Path) -> None:
    before = cloud.edition()
    path = tmp_path / "same.json"
    path.write_text(json.dumps([{"gtin": FIRST, "price_minor": price(cloud, FIRST)}]))
    _, put = listed(cloud, path)
    assert put.version is None
    assert cloud.edition() == before
    path.write_text("{")
    with pytest.raises(TableError, match="not JSON"):
        read_list(path)


def test_a_formula_in_a_rejected_row_reaches_no_spreadsheet_as_one(cloud: Cloud, tmp_path: Path) -> None:
    path = tmp_path / "evil.json"
    path.write_text(json.dumps([{"gtin": "=1+1", "price_minor": 1}]))
    checked, _ = listed(cloud, path)
    assert "'=1+1" in "".join(rejected_csv(checked.rejected))


def test_any_earlier_book_can_be_gone_back_to_and_nothing_is_lost(cloud: Cloud, tmp_path: Path) -> None:
    first = cloud.edition().version
    before = {row.gtin: (row.price_minor, row.name) for row in cloud.book().rows}
    cloud.change(FIRST, price(cloud, FIRST) - 10)
    path = tmp_path / "list.json"
    path.write_text(json.dumps([{"gtin": NEW, "price_minor": 500, "name": {"en": "New"}}]))
    listed(cloud, path)
    with cloud.engine.begin() as connection:
        put = rollback(connection, Library(cloud.publisher), "demo", first, by="manager", now_ms=now_ms())
    assert (put.repriced, put.gone) == (1, 1)
    assert {row.gtin: (row.price_minor, row.name) for row in cloud.book().rows} == before
    assert cloud.edition().version == first + 3
    with cloud.engine.begin() as connection:
        put = rollback(connection, Library(cloud.publisher), "demo", first + 2, by="manager", now_ms=now_ms())
    assert current(cloud)[NEW].price_minor == 500
    with pytest.raises(UnknownError, match="no price book 99"), cloud.engine.begin() as connection:
        rollback(connection, Library(cloud.publisher), "demo", 99, by="manager", now_ms=now_ms())


def test_when_a_delta_has_grown_the_newest_book_becomes_the_next_table_with_a_step(cloud: Cloud) -> None:
    before = cloud.edition()
    rows = [
        Row(
            gtin=with_check_digit(f"69{number:010d}").zfill(14),
            name={"en": f"{number * 7919 % 100_003}", "zh": f"{number * 104_729 % 1_299_709}"},
            price_minor=100 + number * 31 % 9_999,
            floor_minor=1,
        )
        for number in range(9_000)
    ]
    with cloud.engine.begin() as connection:
        put_rows(connection, cloud.publisher, "demo", rows, by="erp", reason="new range")
    grown = cloud.edition()
    assert grown.table != before.table
    assert [(step.from_table, step.to_table) for step in grown.steps] == [(before.table, grown.table)]
    assert grown.steps[0].delta.size > MOST_DELTA
    assert grown.books[0].delta.size < 200
    assert len(current(cloud)) == len(CATALOGUE) + 9_000
    cloud.change(FIRST, price(cloud, FIRST) - 10)
    assert cloud.edition().table == grown.table


def test_a_store_from_before_tables_gets_its_book_at_the_next_start(cloud: Cloud) -> None:
    with cloud.engine.begin() as connection:
        connection.execute(price_tables.delete())
        assert publish_missing(connection, cloud.publisher) == ["demo"]
        assert publish_missing(connection, cloud.publisher) == []
    assert len(cloud.book().rows) == len(CATALOGUE)


def milk_offer(**changes: object) -> Promotion:
    fields: dict[str, object] = {
        "id": "two-for-less",
        "name": {"en": "Two for less", "zh": "两件更省"},
        "starts_ms": 0,
        "ends_ms": 4_000_000_000_000,
        "rule": Bundle(parts=[Part(products=Products(gtins=[FIRST]), quantity=2)], price_minor=100),
    }
    return Promotion(**fields | changes)  # type: ignore[arg-type]  # a test's own fields


def test_a_promotion_is_published_named_in_the_book_and_booked_once_for_each_basket(cloud: Cloud) -> None:
    till = cloud.enrol("till")
    library = Library(cloud.publisher)
    with cloud.engine.begin() as connection:
        put_promotion(connection, library, "demo", milk_offer(), by="manager")
    assert current(cloud)[FIRST].promotions == ("two-for-less",)
    use = events.PromotionUse(op="t-1/two-for-less", promotion="two-for-less", applications=1, amount_minor=40)
    for trip in ("t-1", "t-1"):
        cloud.say(
            till,
            events.BasketClosed(
                at_ms=2, trip=trip, total_minor=1, lines=1, provisional=False, saving_minor=40, uses=[use]
            ),
        )
    with reading(cloud.engine) as connection:
        (found,) = promotion_views(connection, "demo", now_ms())
    assert (found["state"], found["uses"], found["saving_minor"]) == ("live", 1, 40)
    with cloud.engine.begin() as connection:
        drop_promotion(connection, library, "demo", "two-for-less", by="manager")
    assert current(cloud)[FIRST].promotions == ()
    with pytest.raises(UnknownError), cloud.engine.begin() as connection:
        drop_promotion(connection, library, "demo", "two-for-less", by="manager")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": {"en": "x"}}, "name.zh"),
        ({"ends_ms": 0}, "ends_ms"),
        ({"is_budgeted": True}, "is_budgeted"),
        ({"rule": EachUnit(products=Products(gtins=[NEW]), effect=AmountOff(amount_minor=1))}, "rule.products"),
        (
            {"rule": EachUnit(products=Products(everything=True), effect=AmountOff(amount_minor=10**6))},
            "rule.effect.amount_minor",
        ),
    ],
)
def test_a_promotion_that_must_not_be_live_changes_nothing_and_names_the_field(
    cloud: Cloud, changes: dict[str, object], field: str
) -> None:
    before = cloud.edition()
    with pytest.raises(PromotionError) as refused, cloud.engine.begin() as connection:
        put_promotion(connection, Library(cloud.publisher), "demo", milk_offer(**changes), by="manager")
    assert refused.value.field == field
    assert cloud.edition() == before
    with reading(cloud.engine) as connection:
        assert promotion_views(connection, "demo", now_ms()) == []
