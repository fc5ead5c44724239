"""The gateway: decreases wait, increases are released by proof; leases and releases go out signed."""

import os
import signal
from pathlib import Path
from subprocess import DEVNULL

import anyio
import pytest

from cloud_broker.bus.mosquitto import BrokerFailedError, free_port, program
from cloud_broker.bus.port import Message
from edge_agent.roles.gateway.broker import LocalBroker
from edge_agent.roles.gateway.pictures import Draft, draw
from firmware_specs import topics
from firmware_specs.desired import Configuration
from firmware_specs.events import (
    BookHeld,
    FaultRaised,
    LabelArmed,
    LabelShown,
    PriceReleased,
)
from firmware_specs.leases import Confirmation, Delegation, Lease
from firmware_specs.signing import verify
from firmware_specs.wire import encode
from tests.fakes.gateway_store import (
    ADDRESSES,
    BREAD,
    MILK,
    Store,
    at_ten,
    book,
    glass_shows,
    quick_store,
    row,
    shown,
    until,
)
from tests.fakes.surroundings import STORE, FakeSurroundings
from vision.labels.content import content_of


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    return quick_store(tmp_path, monkeypatch)


async def test_a_label_is_armed_told_and_proved_with_the_very_image(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        assert glass_shows(store, 1000)
    said = [type(event) for event in store.surroundings.said if type(event) in (BookHeld, LabelArmed, LabelShown)]
    assert said[0] is BookHeld
    assert said.count(LabelArmed) == said.count(LabelShown) == 2
    proof = store.surroundings.of(LabelShown)[0]
    assert isinstance(proof, LabelShown)
    assert proof.image_sha256 == draw(Draft(content_of(row(MILK, 1000), "CNY"))).sha256


async def test_a_decrease_waits_for_every_till_and_cart_that_holds_a_lease(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 800, 1000)))
        await anyio.sleep(0.4)
        assert glass_shows(store, 1000)
        assert store.gateway.state()["labels"][0]["waits_for"] == ["cart-1", "till-1"]
        await store.confirm("till-1", 2)
        await anyio.sleep(0.3)
        assert glass_shows(store, 1000)
        await store.confirm("cart-1", 2)
        await until(lambda: shown(store, 800, 2) == {"label-0", "label-1"})
        assert glass_shows(store, 800)


async def test_an_increase_is_shown_at_once_and_released_when_every_label_has_proved_it(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.labels.dead.add(ADDRESSES[1])
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await until(lambda: shown(store, 1200, 2) == {"label-0"})
        await anyio.sleep(0.2)
        found = store.releases()
        assert found is not None
        assert found.releases == []
        store.labels.dead.clear()
        await until(lambda: bool((found := store.releases()) and found.releases))
        found = store.releases()
        assert found is not None
        assert (found.releases[0].price_minor, found.releases[0].book_version) == (1200, 2)
        assert shown(store, 1200, 2) == {"label-0", "label-1"}
    assert [event.price_minor for event in store.surroundings.said if isinstance(event, PriceReleased)] == [1200]


async def test_a_product_without_labels_is_released_under_its_book(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 1000), row(BREAD, 700, 600)))
        await until(lambda: bool((found := store.releases()) and found.releases))
        found = store.releases()
        assert found is not None
        assert [release.gtin for release in found.releases] == [BREAD]


async def test_nothing_is_released_before_the_plan_of_labels_is_known(store: Store) -> None:
    async with store.running():
        store.give("pricebook", book(1, row(BREAD, 700, 600)))
        await anyio.sleep(0.4)
        assert store.last("releases") is None


async def test_leases_go_to_carts_in_reach_that_charge_by_the_book_in_force(store: Store) -> None:
    key = store.surroundings.release_key
    assert key is not None
    async with store.running():
        await at_ten(store)
        await until(lambda: store.last("lease", "cart-1") is not None)
        payload = store.last("lease", "cart-1")
        assert payload is not None
        lease = verify(payload, Lease, key.public_key())
        assert (lease.store, lease.device, lease.book_version) == (STORE, "cart-1", 1)
        assert lease.expires_ms - lease.made_ms == 30_000
        assert store.last("lease", "till-1") is None
        store.heard.clear()
        store.give("pricebook", book(2, row(MILK, 1000)))
        await anyio.sleep(0.3)
        assert store.last("lease", "cart-1") is None


async def test_the_clouds_delegation_is_passed_on_and_without_it_nothing_is_issued(store: Store) -> None:
    envelope = store.surroundings.envelopes.pop("delegation")
    async with store.running():
        await at_ten(store)
        assert store.last("lease", "cart-1") is None
        assert store.last("releases") is None
        assert [event.fault for event in store.surroundings.said if isinstance(event, FaultRaised)] == ["no-delegation"]
        store.surroundings.envelopes["delegation"] = envelope
        await until(lambda: store.last("releases") is not None)
        passed_on = store.last("delegation")
        assert passed_on is not None
        assert verify(passed_on, Delegation, store.surroundings.signing_key).gateway == "gateway-1"


async def test_a_confirmation_in_another_devices_name_counts_for_nobody(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.give("pricebook", book(2, row(MILK, 800, 1000)))
        await store.confirm("cart-1", 2)
        forged = Confirmation(device="till-1", book_version=2, effective_ms=0, at_ms=0, in_force_version=2)
        await store.gateway.on_local(Message(topics.local_from(STORE, "cart-1", "confirm"), encode(forged)))
        for noise in (b"", b"{}", b"\xff", b'{"device":"till-1\\n","book_version":1,"effective_ms":0,"at_ms":0}'):
            await store.gateway.on_local(Message(topics.local_from(STORE, "till-1", "confirm"), noise))
        await anyio.sleep(0.3)
        assert store.gateway.state()["labels"][0]["waits_for"] == ["till-1"]
        assert glass_shows(store, 1000)


async def test_who_confirms_but_stands_on_no_roster_yet_is_waited_for(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        await store.confirm("till-9", 1)
        store.give("pricebook", book(2, row(MILK, 800, 1000)))
        await store.confirm_all(2)
        await anyio.sleep(0.3)
        assert store.gateway.state()["labels"][0]["waits_for"] == ["till-9"]


async def test_a_book_of_the_future_changes_no_label_before_its_time(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        soon_ms = store.surroundings.now_ms() + 700
        store.give("pricebook", book(2, row(MILK, 1200, 1000), effective_ms=soon_ms))
        await anyio.sleep(0.4)
        assert glass_shows(store, 1000)
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
        first = next(event for event in store.surroundings.of(LabelArmed)[2:])
        assert first.at_ms >= soon_ms


async def test_a_full_outbox_stops_new_work_and_loses_no_proof(store: Store) -> None:
    async with store.running():
        await at_ten(store)
        store.surroundings.is_full = True
        store.give("pricebook", book(2, row(MILK, 1200, 1000)))
        await anyio.sleep(0.4)
        assert glass_shows(store, 1000)
        store.surroundings.is_full = False
        await until(lambda: shown(store, 1200, 2) == {"label-0", "label-1"})
    assert [event.version for event in store.surroundings.said if isinstance(event, BookHeld)] == [1, 2]


async def test_the_stores_broker_comes_back_when_it_dies_and_an_orphan_of_a_killed_run_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        program()
    except BrokerFailedError:
        pytest.skip("missing: mosquitto")
    monkeypatch.setattr("edge_agent.roles.gateway.broker.RESTART_S", 0.1)
    surroundings = FakeSurroundings(tmp_path, "gateway", device="gateway-1")
    surroundings.configuration = Configuration(
        device="x", version=1, store=STORE, local_broker=f"127.0.0.1:{free_port()}"
    )
    faults: list[str | None] = []
    broker = LocalBroker(surroundings, faults.append)
    async with anyio.create_task_group() as group:
        group.start_soon(broker.run)
        await until(lambda: broker.pid is not None, 10)
        first = broker.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: broker.pid not in (None, first), 10)
        group.cancel_scope.cancel()
    assert [fault is None for fault in faults] == [True, False, True]

    orphan = await anyio.open_process([program(), "-c", str(tmp_path / "broker" / "mosquitto.conf")], stderr=DEVNULL)
    async with orphan:
        (tmp_path / "broker" / "pid").write_text(str(orphan.pid))
        again = LocalBroker(surroundings, faults.append)
        async with anyio.create_task_group() as group:
            group.start_soon(again.run)
            await until(lambda: again.pid not in (None, orphan.pid), 10)
            group.cancel_scope.cancel()
        assert await orphan.wait() is not None
