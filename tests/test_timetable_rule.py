"""What a timetable makes a device play, and when."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.desired import Slot
from firmware_specs.rules.timetable import due_between


def slot(name: str, start_ms: int, *, every_s: float = 0, until_ms: int = 0, devices: tuple[str, ...] = ()) -> Slot:
    return Slot(
        id=name,
        asset_sha256="0" * 64,
        asset_bytes=1,
        title=name,
        start_ms=start_ms,
        every_s=every_s,
        until_ms=until_ms,
        devices=list(devices),
    )


def due(slots: list[Slot], from_ms: int, to_ms: int, device: str = "speaker-1") -> list[tuple[str, int]]:
    return [(each.slot.id, each.due_ms) for each in due_between(slots, device, from_ms, to_ms)]


def test_a_single_item_is_due_once_and_the_range_is_open_at_its_start() -> None:
    once = slot("once", 1_000)
    assert due([once], 0, 5_000) == [("once", 1_000)]
    assert due([once], 999, 1_000) == [("once", 1_000)]
    assert due([once], 1_000, 5_000) == []


def test_a_repeated_item_is_due_until_its_end_inclusive() -> None:
    hourly = slot("bell", 1_000, every_s=10, until_ms=31_000)
    assert due([hourly], 0, 100_000) == [("bell", 1_000), ("bell", 11_000), ("bell", 21_000), ("bell", 31_000)]
    assert due([hourly], 11_000, 21_000) == [("bell", 21_000)]


def test_an_item_of_named_devices_is_due_on_no_other() -> None:
    named = slot("named", 1_000, devices=("speaker-2",))
    assert due([named], 0, 5_000) == []
    assert due([named], 0, 5_000, "speaker-2") == [("named", 1_000)]


def test_items_due_at_one_instant_come_in_the_order_of_their_ids() -> None:
    assert due([slot("b", 1_000), slot("a", 1_000)], 0, 2_000) == [("a", 1_000), ("b", 1_000)]


@given(
    start_ms=st.integers(0, 50_000),
    every_s=st.integers(1, 20),
    until_ms=st.integers(0, 100_000),
    cuts_ms=st.lists(st.integers(0, 120_000), max_size=8),
)
def test_looking_in_pieces_finds_what_looking_at_once_finds(
    start_ms: int, every_s: int, until_ms: int, cuts_ms: list[int]
) -> None:
    bell = slot("bell", start_ms, every_s=every_s, until_ms=until_ms)
    edges = sorted({0, 120_000, *cuts_ms})
    pieces = [each for low, high in pairwise(edges) for each in due([bell], low, high)]
    assert pieces == due([bell], 0, 120_000)
    end_ms = until_ms or 120_000
    expected = [at_ms for at_ms in range(start_ms, min(end_ms, 120_000) + 1, every_s * 1000) if at_ms > 0]
    assert [at_ms for _, at_ms in pieces] == expected
