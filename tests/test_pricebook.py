"""The price book's bytes: tables, snapshots, deltas and merges give back what went in; noise raises BookError alone."""

import hashlib
from collections.abc import Callable, Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware_specs.desired import Row
from firmware_specs.pricebook import delta as deltas
from firmware_specs.pricebook import snapshot
from firmware_specs.pricebook.book import Pricebook
from firmware_specs.pricebook.columns import BookError, Columns, columns_of
from firmware_specs.pricebook.delta import Delta
from firmware_specs.pricebook.merge import merge
from firmware_specs.pricebook.table import Table, lay_out, table_bytes

WORDS = st.text(alphabet="abcÄé中文 1", max_size=6)


def rows(gtin: int) -> st.SearchStrategy[Row]:
    return st.builds(
        Row,
        gtin=st.just(f"{gtin:014d}"),
        name=st.dictionaries(st.sampled_from(["en", "zh", "fr"]), WORDS.filter(bool), max_size=3),
        price_minor=st.integers(1, 60),
        floor_minor=st.integers(1, 60),
        member_minor=st.sampled_from([0, 7, 2**32 - 1]),
        was_minor=st.sampled_from([0, 90]),
        content_milli=st.sampled_from([0, 500]),
        category=st.sampled_from(["", "dairy", "Bread"]),
        unit=st.sampled_from(["", "500 g"]),
        measure=st.sampled_from(["", "kg"]),
        promotions=st.lists(st.sampled_from(["p1", "p2", "p3"]), max_size=2, unique=True).map(tuple),
    )


GTINS = st.integers(0, 40) | st.integers(10**14 - 20, 10**14 - 1)
SHOPS = st.sets(GTINS, max_size=14).flatmap(lambda gtins: st.tuples(*(rows(gtin) for gtin in sorted(gtins))))


def by_gtin(found: Iterable[Row]) -> dict[str, Row]:
    return {row.gtin: row for row in found}


def named(found: Iterable[Row]) -> tuple[Table, str]:
    data = table_bytes(columns_of(found))
    return Table(data), hashlib.sha256(data).hexdigest()


@given(SHOPS)
def test_a_table_gives_back_every_row_and_no_other(shop: tuple[Row, ...]) -> None:
    table = Table.of(shop)
    assert dict(table) == by_gtin(shop)
    assert list(table) == sorted(by_gtin(shop))
    for stranger in ("00000000000099", "4006381333931", "", "x" * 14, "٠" * 14, "-0000000000001"):
        assert (stranger in table) == (stranger in by_gtin(shop))


@given(SHOPS)
def test_a_snapshot_makes_the_very_table_that_it_was_made_of(shop: tuple[Row, ...]) -> None:
    columns = columns_of(shop)
    wire = snapshot.pack(columns)
    assert b"".join(snapshot.unpack_table(wire)) == table_bytes(columns)
    assert snapshot.pack(columns) == wire


@given(SHOPS, SHOPS, st.data())
def test_a_delta_says_exactly_what_changed_and_merges_into_the_very_table(
    before: tuple[Row, ...], changed: tuple[Row, ...], data: st.DataObject
) -> None:
    table, sha256 = named(before)
    candidates = sorted(set(by_gtin(before)) - set(by_gtin(changed)))
    gone = frozenset(data.draw(st.lists(st.sampled_from(candidates), unique=True))) if candidates else frozenset()
    said = deltas.unpack(table, sha256, deltas.pack(table, sha256, Delta.of(changed, gone)))
    assert dict(Table(table_bytes(said.columns))) == by_gtin(changed)
    assert said.gone == gone

    expected = {gtin: row for gtin, row in (by_gtin(before) | by_gtin(changed)).items() if gtin not in gone}
    book = Pricebook(table, said)
    assert dict(book) == expected
    assert (len(book), list(book)) == (len(expected), sorted(expected))
    assert table_bytes(merge(table, said)) == table_bytes(columns_of(expected.values()))
    assert book.raised() == tuple(sorted(gtin for gtin, row in expected.items() if row.price_minor > row.floor_minor))


@given(SHOPS, SHOPS, SHOPS)
def test_no_price_changes_unnoticed_from_one_book_to_the_next(
    first: tuple[Row, ...], changed: tuple[Row, ...], other: tuple[Row, ...]
) -> None:
    table = Table.of(first)
    books = [Pricebook(table), Pricebook(table, Delta.of(changed)), Pricebook.of(other)]
    for before in books:
        for now in books:
            noticed = now.repriced(before)
            for gtin, row in now.items():
                old = before.get(gtin)
                if old is None or (old.price_minor, old.floor_minor) != (row.price_minor, row.floor_minor):
                    assert gtin in noticed
            assert noticed <= set(now)


@given(SHOPS, SHOPS, st.lists(st.sampled_from(["a", "bc", "é", "中", "1", "0000", "dai", "read", " "]), max_size=2))
def test_search_finds_what_holds_every_word_in_names_category_or_gtin(
    shop: tuple[Row, ...], changed: tuple[Row, ...], words: list[str]
) -> None:
    book = Pricebook(Table.of(shop), Delta.of(changed))
    expected = [
        gtin
        for gtin, row in sorted(book.items())
        if all(any(word in text.lower() for text in (*row.name.values(), row.category, gtin)) for word in words)
    ]
    total, page = book.search(words, 0, 100)
    assert (total, [row.gtin for row in page]) == (len(expected), expected)
    assert [row.gtin for row in book.search(words, 2, 3)[1]] == expected[2:5]


MILK = Row(gtin="06901234567892", name={"zh": "牛奶", "en": "Milk"}, price_minor=1290, floor_minor=1290)
BREAD = Row(gtin="06923450657135", name={"en": "Bread"}, price_minor=600, floor_minor=600)


def test_a_price_change_is_a_few_dozen_bytes() -> None:
    table, sha256 = named(replace(MILK, gtin=f"{number:014d}", price_minor=1000 + number) for number in range(5000))
    changed = replace(table.row(2500), price_minor=990, floor_minor=1290)
    assert len(deltas.pack(table, sha256, Delta.of((changed,)))) < 140


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: columns_of([MILK, MILK]), "06901234567892 stands there twice"),
        (lambda: columns_of([replace(MILK, price_minor=0)]), "06901234567892 has no price"),
        (lambda: columns_of([replace(MILK, floor_minor=0)]), "06901234567892 has no floor"),
        (lambda: columns_of([replace(MILK, price_minor=2**32)]), "price_minor is 4294967296"),
        (lambda: deltas.pack(*named([MILK]), Delta.of((BREAD, BREAD))), "stands there twice"),
        (lambda: deltas.pack(*named([MILK]), Delta.of((), frozenset({BREAD.gtin}))), "cannot be gone"),
        (lambda: deltas.unpack(*named([BREAD]), packed(MILK)), "the delta is from table"),
        (lambda: Table(b"AISLEPB1"), "cut off"),
        (lambda: Table(b"PK"), "no table of prices"),
        (lambda: snapshot.unpack(b"PK"), "no snapshot"),
        (lambda: deltas.unpack(*named([MILK]), b"PK"), "no delta"),
    ],
)
def test_what_makes_no_book_is_refused_by_name(make: Callable[[], object], message: str) -> None:
    with pytest.raises(BookError, match=message):
        make()


def packed(*found: Row) -> bytes:
    table, sha256 = named(found)
    return deltas.pack(table, sha256, Delta.of((replace(found[0], price_minor=7),)))


SNAPSHOT = snapshot.pack(columns_of([MILK, BREAD]))
TABLE, SHA256 = named([MILK, BREAD])
DELTA = deltas.pack(
    TABLE, SHA256, Delta.of((replace(MILK, price_minor=990, name={"en": "M"}),), frozenset({BREAD.gtin}))
)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["flip", "cut", "insert"])):
            case "flip":
                data[at] ^= draw(st.integers(1, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 9))]
            case _:
                data[at:at] = draw(st.binary(min_size=1, max_size=9))
        if not data:
            break
    return bytes(data)


@given(damaged(SNAPSHOT) | st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"AISLEPW1" + rest))
@example(b"AISLEPW1\xff\xff\xff\xff")
def test_a_damaged_snapshot_raises_only_the_declared_error(data: bytes) -> None:
    try:
        columns = snapshot.unpack(data)
    except BookError:
        return
    # What it still makes is a table that can be read from end to end.
    assert len(dict(Table(b"".join(lay_out(columns))))) == len(columns.gtin)


@given(damaged(DELTA) | st.binary(max_size=80).map(lambda rest: DELTA[:40] + rest))
def test_a_damaged_delta_raises_only_the_declared_error(data: bytes) -> None:
    try:
        said = deltas.unpack(TABLE, SHA256, data)
    except BookError:
        return
    for row in Table(table_bytes(said.columns)).values():
        assert row.price_minor > 0
        assert row.floor_minor > 0


def test_a_book_of_nothing_is_a_book() -> None:
    table, sha256 = named([])
    assert (len(table), list(table), "00000000000000" in table) == (0, [], False)
    data = deltas.pack(table, sha256, Delta.of((MILK,)))
    book = Pricebook(table, deltas.unpack(table, sha256, data))
    assert dict(book) == {MILK.gtin: MILK}
    assert Pricebook.of([]).search(["milk"], 0, 10) == (0, [])


def test_the_unit_price_is_of_one_measure_rounded_half_up() -> None:
    rice = replace(MILK, price_minor=1999, content_milli=2500, measure="kg")
    assert rice.unit_price_minor == 800
    assert replace(rice, price_minor=1, content_milli=2000).unit_price_minor == 1
    assert replace(rice, content_milli=0).unit_price_minor is None


def test_columns_are_the_same_whatever_the_order_of_the_rows() -> None:
    def data(*found: Row) -> bytes:
        columns: Columns = columns_of(found)
        return table_bytes(columns)

    assert data(MILK, BREAD) == data(BREAD, MILK)
