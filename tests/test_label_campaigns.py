"""Labels behind a gateway: prepared, armed, proved, tried again; silent, restarted, replaced and flashed."""

from collections.abc import Callable
from pathlib import Path

import anyio
import msgspec
import pytest

from edge_agent.app import CommandFailedError
from edge_agent.roles.gateway import campaign, desk
from edge_agent.roles.gateway.pictures import Draft, draw
from firmware_specs.desired import Command, LabelPlan, Row
from firmware_specs.events import (
    BookHeld,
    LabelArmed,
    LabelFailed,
)
from firmware_specs.frames.esl import DisplayState, DisplayTimedImage, StateBits, parse_command
from firmware_specs.wire import decode, encode
from tests.fakes.gateway_store import (
    ADDRESSES,
    MILK,
    PLAN,
    Store,
    at_ten,
    at_twelve_released,
    book,
    displays,
    glass_shows,
    on_disk,
    prepared,
    quick_store,
    row,
    shown,
    until,
)
from tests.fakes.surroundings import STORE, held
from vision.labels.content import content_of


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    return quick_store(tmp_path, monkeypatch)


async def test_a_silent_label_is_told_once_and_counts_as_showing_every_price_it_may(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.roles.gateway.shelf.LONGEST_BACKOFF_S", 0.1)
    async with store.running():
        await at_ten(store)

        def die(address: str) -> None:
            if address == ADDRESSES[1]:
                store.labels.dead.add(address)

        store.labels.before_display = die
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: bool(store.surroundings.of(LabelFailed)), 8)
        await anyio.sleep(0.8)
        assert len(store.surroundings.of(LabelFailed)) == 1
        label = store.gateway.state()["labels"][1]
        assert label["state"] == "failed"
        assert label["may_show_minor"] == [1000, 1200]
        store.labels.before_display = lambda address: None
        store.labels.dead.clear()
        await until(lambda: "label-1" in shown(store, 1200, 2))
        assert store.gateway.state()["labels"][1]["state"] == "shown"


async def test_a_label_in_trouble_is_told_the_price_but_proves_nothing_until_it_is_well(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        told = displays(store)
        store.labels.tags[ADDRESSES[1]].condition = StateBits.SYNCHRONIZED | StateBits.SERVICE_NEEDED
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: "needs service" in store.gateway.state()["labels"][1]["reason"])
        assert store.gateway.state()["labels"][1]["cause"] == "service"
        assert glass_shows(store, 1200)
        assert shown(store, 1200, 2) == {"label-0"}
        assert not (found := store.releases()) or not found.releases
        store.labels.tags[ADDRESSES[1]].condition = StateBits.SYNCHRONIZED
        await until(lambda: bool((found := store.releases()) and found.releases))
        # Tried again it shows the picture already: no second refresh of the panel was spent on it.
        assert displays(store) == told + 2


async def test_a_label_that_accepts_a_picture_and_never_draws_it_proves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with store.running():
        await at_ten(store)
        monkeypatch.setattr(store.labels.tags[ADDRESSES[1]], "_show_at", lambda slot, *_: DisplayState(0, slot))
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: store.gateway.state()["labels"][1]["reason"] == "the label shows another image")
        await until(lambda: shown(store, 1200, 2) == {"label-0"})
        assert store.gateway.state()["labels"][1]["may_show_minor"] == [1000, 1200]


def came_back_with_its_old_picture(store: Store) -> None:
    store.labels.tags[ADDRESSES[1]].panel = draw(Draft(content_of(row(MILK, 1000), "CNY"))).image


def runs_low(store: Store) -> None:
    store.labels.tags[ADDRESSES[1]].condition = StateBits.SYNCHRONIZED | StateBits.SERVICE_NEEDED


def fell_silent(store: Store) -> None:
    store.labels.dead.add(ADDRESSES[1])


@pytest.mark.parametrize("harm", [came_back_with_its_old_picture, runs_low, fell_silent])
async def test_a_label_that_no_longer_proves_its_price_loses_the_release_and_gets_it_back_by_proof(
    store: Store, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Store], None]
) -> None:
    monkeypatch.setattr("edge_agent.roles.gateway.shelf.AUDIT_S", 0.2)
    monkeypatch.setattr("edge_agent.roles.gateway.shelf.AUDIT_AGAIN_S", 0.1)
    async with store.running():
        await at_twelve_released(store)
        told = displays(store)
        await anyio.sleep(0.5)
        assert not store.surroundings.of(LabelFailed)
        assert displays(store) == told
        harm(store)
        await until(lambda: (found := store.releases()) is not None and not found.releases)
        assert [event.label for event in store.surroundings.said if isinstance(event, LabelFailed)] == ["label-1"]
        await until(lambda: not on_disk(store, "label-1").is_proved)
        store.labels.dead.clear()
        store.labels.tags[ADDRESSES[1]].condition = StateBits.SYNCHRONIZED
        await until(lambda: bool((found := store.releases()) and found.releases))
        assert glass_shows(store, 1200)
    assert store.gateway.state()["labels"][1]["state"] == "shown"


async def test_labels_are_asked_again_while_the_outbox_is_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.roles.gateway.shelf.AUDIT_S", 0.2)
    monkeypatch.setattr("edge_agent.roles.gateway.shelf.AUDIT_AGAIN_S", 0.1)
    async with store.running():
        await at_twelve_released(store)
        store.surroundings.is_full = True
        came_back_with_its_old_picture(store)
        await until(lambda: (found := store.releases()) is not None and not found.releases)
        store.surroundings.is_full = False
        await until(lambda: len(store.surroundings.of(LabelFailed)) == 1)


async def test_what_a_label_may_show_is_on_disk_before_it_is_told(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        seen: list[set[int]] = []

        def look(address: str) -> None:
            face = on_disk(store, "label-0")
            assert not face.is_proved
            seen.append({picture.price_minor for picture in face.may_show})

        store.labels.before_display = lambda address: look(address) if address == ADDRESSES[0] else None
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: bool(seen))
        assert seen == [{1000, 1200}]


async def test_a_restart_in_the_middle_of_an_update_forgets_no_picture(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        await anyio.sleep(0.6)
        store.labels.before_display = lambda address: store.labels.dead.add(address)
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: len(store.labels.dead) == 2)
    store.fresh()
    face = store.gateway.state()["labels"][0]
    assert face["may_show_minor"] == [1000, 1200]
    # Told or about to be told, by how far the gateway had come; shown it is not.
    assert face["state"] in ("pending", "armed")
    store.labels.dead.clear()
    store.labels.before_display = lambda address: None
    async with store.running():
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})


async def test_a_restart_proves_nothing_anew_and_disturbs_no_label(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        await anyio.sleep(0.7)
    told = len(store.labels.told)
    store.fresh()
    async with store.running():
        await anyio.sleep(0.5)
    assert len(store.labels.told) == told
    assert store.gateway.state()["labels"][0]["state"] == "shown"


async def test_a_newer_book_takes_the_place_of_a_pending_one(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 800, 1000)))
        await anyio.sleep(0.2)
        store.give("pricebook", book(3, row(MILK, 900, 800)))
        await store.confirm_all(3)
        await until(lambda: shown(store, 900, 3) == {"label-0", "label-1"})
    assert displays(store) == 4
    assert not shown(store, 800, 2)


async def test_a_price_that_went_and_came_back_unseen_is_proved_for_the_newer_book_without_a_refresh(
    store: Store,
) -> None:
    async with store.running():
        await at_ten(store)
        before = displays(store)
        store.give("pricebook", book(3, row(MILK, 1000, 800)))
        await until(lambda: shown(store, 1000, 3) == {"label-0", "label-1"})
        await until(lambda: bool((found := store.releases()) and found.releases))
    assert displays(store) == before


async def test_labels_of_one_change_switch_at_one_instant(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
    armed = [event for event in store.surroundings.said if isinstance(event, LabelArmed) and event.price_minor == 1200]
    assert [event.label for event in armed] == ["label-0", "label-1"]
    timed = {
        command.at_ms for _, said in store.labels.told if isinstance(command := parse_command(said), DisplayTimedImage)
    }
    # Once for ten, once for twelve.
    assert len(timed) == 2


async def test_a_price_that_must_wait_and_one_that_is_planned_lie_in_the_labels_ahead_of_their_time(
    store: Store,
) -> None:
    async with store.running():
        await at_ten(store)
        later_ms = store.surroundings.now_ms() + 60_000
        store.give("pricebook", book(2, row(MILK, 1200, 1000), effective_ms=later_ms))
        await until(lambda: prepared(store, 1200) == {"label-0", "label-1"})
        store.give("pricebook", book(3, row(MILK, 800, 1000)))
        await until(lambda: prepared(store, 800) == {"label-0", "label-1"})
        assert glass_shows(store, 1000)
        loaded = dict(store.labels.loads)
        await store.confirm_all(3)
        await until(lambda: shown(store, 800, 3) == {"label-0", "label-1"})
    # What was prepared is shown by a command alone.
    assert store.labels.loads == loaded == dict.fromkeys(ADDRESSES, 3)


async def test_a_label_whose_clock_is_ahead_is_set_right_and_shows_the_price(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.labels.ahead_ms = 600_000
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
        assert store.labels.configured


async def test_a_label_whose_clock_is_behind_is_set_right_and_shows_the_price(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "LONGEST_REFRESH_S", 0.2)
    async with store.running():
        await at_ten(store)
        store.labels.ahead_ms = -600_000
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
        assert store.labels.configured
    assert displays(store) == 4


async def test_a_switch_is_called_off_when_the_price_goes_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async with store.running():
        await at_ten(store)
        before = displays(store)
        monkeypatch.setattr(desk, "LEAD_S", 1.5)
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: {label["state"] for label in store.gateway.state()["labels"]} == {"armed"})
        await anyio.sleep(0.1)
        store.give("pricebook", book(3, row(MILK, 1000, 1000)))
        await until(lambda: shown(store, 1000, 3) == {"label-0", "label-1"})
        assert displays(store) == before


async def test_a_price_that_changes_faster_than_labels_do_is_still_shown(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each load takes as long as it takes the price to change again.
    async with store.running():
        await at_ten(store)
        version = 2

        def change() -> None:
            nonlocal version
            if version < 40:
                store.give("pricebook", book(version, row(MILK, 1000 + version, 1000)))
                version += 1

        store.labels.after_load = change
        change()
        await until(lambda: displays(store) > 2)
        assert version < 20


async def test_of_a_label_that_was_replaced_nothing_is_believed(store: Store) -> None:
    async with store.running():
        await at_twelve_released(store)
        # The new one comes with a picture of its own, and a lower price.
        store.labels.tags[ADDRESSES[0]].panel = draw(Draft(content_of(row(MILK, 500), "CNY"))).image
        swapped = [msgspec.structs.replace(place, address=ADDRESSES[1 - at]) for at, place in enumerate(PLAN.labels)]
        store.give("labels", LabelPlan(store=STORE, version=2, labels=swapped))
        await until(lambda: (found := store.releases()) is not None and not found.releases)
        # What it shows is unknown: showing anything waits like a decrease.
        assert store.gateway.state()["labels"][0]["waits_for"] == ["cart-1", "till-1"]
        await store.confirm_all(2)
        await until(lambda: bool((found := store.releases()) and found.releases))
        assert glass_shows(store, 1200)


async def test_a_label_that_was_replaced_while_the_gateway_was_off_is_unknown(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        await until(lambda: on_disk(store, "label-0").is_proved)
    moved = [msgspec.structs.replace(place, address=ADDRESSES[1 - at]) for at, place in enumerate(PLAN.labels)]
    store.surroundings.matters["labels"] = held("labels", LabelPlan(store=STORE, version=2, labels=moved))
    store.fresh()
    assert [label["may_show_minor"] for label in store.gateway.state()["labels"]] == [[], []]


def order(label: str) -> Command:
    return Command(id="cmd-1", device="gateway-1", name="flash", arguments={"label": label}, expires_ms=1)


async def test_a_label_flashes_to_be_found_also_while_it_is_being_served(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        assert await store.gateway.on_command(order("label-1")) == "label-1 flashes for 20 s"
        assert store.labels.tags[ADDRESSES[1]].flashes_until_s > anyio.current_time() + 15
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})


async def test_a_label_that_cannot_flash_closes_the_command_with_the_reason(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        with pytest.raises(CommandFailedError, match="no label 'label-9' hangs here"):
            await store.gateway.on_command(order("label-9"))
        store.labels.dead.add(ADDRESSES[1])
        with pytest.raises(CommandFailedError, match="label-1: no answer"):
            await store.gateway.on_command(order("label-1"))


async def test_a_proof_that_a_full_disk_lost_is_said_again_after_a_restart(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        await until(lambda: on_disk(store, "label-0").is_proved)
        store.surroundings.unsaved_from = len(store.surroundings.said)
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
        await anyio.sleep(0.8)
        told = displays(store)
    # The power goes while the disk refuses: what was said since is gone.
    del store.surroundings.said[store.surroundings.unsaved_from :]
    store.surroundings.unsaved_from = None
    store.fresh()
    async with store.running():
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
        await until(lambda: [e.version for e in store.surroundings.said if isinstance(e, BookHeld)] == [1, 2])
        await until(lambda: on_disk(store, "label-0").is_proved)
    # The glass shows it already, so it is proved without a refresh.
    assert displays(store) == told


async def test_a_name_too_long_for_a_label_is_told_with_its_reason_and_the_old_picture_stays(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        long = Row(gtin=MILK, name={"en": "x" * 900}, price_minor=1000, floor_minor=1000)
        store.give("pricebook", book(2, long))
        await until(lambda: len(store.surroundings.of(LabelFailed)) == 2)
        await anyio.sleep(0.3)
        assert glass_shows(store, 1000)
    failed = store.surroundings.of(LabelFailed)[0]
    assert isinstance(failed, LabelFailed)
    assert "does not fit" in failed.reason
    assert decode(encode(failed), LabelFailed) == failed
