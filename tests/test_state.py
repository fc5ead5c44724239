"""State: one suite on SQLite and on a real PostgreSQL."""

from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from cloud_broker.accounts import AccountError, account_of, add_account, check_password, open_session, sign_out
from cloud_broker.audio import schedule as timetable
from cloud_broker.blobs.store import BlobMissingError, BlobStore
from cloud_broker.clock import now_ms
from cloud_broker.demo.seed import seed
from cloud_broker.ingest.reader import Delivery
from cloud_broker.prices.changes import PriceRefusedError
from cloud_broker.prices.confirming import excuse
from cloud_broker.registry import claims as enrolment
from cloud_broker.registry.authority import CsrError
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.engine import StateError, make_engine, migrate, reading
from cloud_broker.state.retention import forget_old
from cloud_broker.state.tables import basket_lines, dead_letters, devices, labels, marks, metadata, products
from firmware_specs import events, topics
from firmware_specs.pricebook.edition import Blob, Edition
from firmware_specs.wire import WireError, encode
from tests.fakes.cloud_state import PEOPLE, Cloud
from tests.fakes.store import CATALOGUE, SITE


@pytest.fixture
def cloud(state_cloud: Cloud) -> Cloud:
    return state_cloud


def test_migrations_give_exactly_the_tables_of_the_code(cloud: Cloud) -> None:
    with cloud.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_proofs_that_were_sentences_are_kept_as_what_they_said(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/old.db")
    migrate(engine, "0010")
    said = ("", "photo audit-1", "looked at by ann", "dropped by bo: filled: twice", "the bay was taken out")
    with engine.begin() as connection:
        for number, sentence in enumerate(said):
            values = {"about": f"label-{number}", "closed": 5, "proof": sentence}
            connection.execute(
                text(
                    "INSERT INTO tasks (store, kind, about, cause, detail, opened_ms, due_ms, closed_ms, proof) "
                    "VALUES ('demo', 'label', :about, '', '', 1, 2, :closed, :proof)"
                ),
                values,
            )
    migrate(engine)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT proof, proof_by, proof_note FROM tasks ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [
        ("label", "", ""),
        ("photo", "", "audit-1"),
        ("look", "ann", ""),
        ("dropped", "bo", "filled: twice"),
        ("gone", "", ""),
    ]


def test_a_filled_cloud_is_not_filled_again(cloud: Cloud) -> None:
    before = cloud.book().version
    with cloud.engine.begin() as connection:
        seed(
            connection,
            cloud.publisher,
            people=PEOPLE,
            site=encode(SITE),
            catalogue=CATALOGUE,
            gateway_url="http://127.0.0.1:9",
            local_broker="127.0.0.1:9",
        )
    assert cloud.book().version == before


def test_a_claim_lets_one_device_in_once(cloud: Cloud) -> None:
    with cloud.engine.begin() as connection:
        claim = enrolment.make_claim(connection, store="demo", kind="cart", name="c", by="tech")
    assert cloud.enrol("cart", code=claim.code.lower().replace("-", " ")) == "cart-1"
    with pytest.raises(enrolment.ClaimError, match="used already"):
        cloud.enrol("cart", code=claim.code)
    with pytest.raises(enrolment.ClaimError, match="no such claim"):
        cloud.enrol("cart", code="0000-0000-0000")


def test_a_bad_signing_request_changes_nothing(cloud: Cloud) -> None:
    with cloud.engine.begin() as connection:
        claim = enrolment.make_claim(connection, store="demo", kind="cart", name="c", by="tech")
    with pytest.raises(CsrError, match="not a certificate signing request"), cloud.engine.begin() as connection:
        enrolment.redeem(
            connection,
            cloud.keys,
            cloud.publisher,
            code=claim.code,
            csr_pem="nonsense",
            serial="s",
            release_key=None,
            cloud_url="",
        )
    assert cloud.enrol("cart", code=claim.code) == "cart-1"


def test_a_lower_price_is_confirmed_when_all_hold_charge_and_show_it(cloud: Cloud) -> None:
    gateway, till, cart = cloud.enrol("gateway"), cloud.enrol("till"), cloud.enrol("cart")
    gtin, was = CATALOGUE[0]["gtin"], CATALOGUE[0]["price_minor"]
    change = cloud.change(gtin, was - 10)
    version = cloud.book().version
    row = next(row for row in cloud.book().rows if row.gtin == gtin)
    assert (row.price_minor, row.floor_minor) == (was - 10, was)
    for device in (gateway, till, cart):
        cloud.say(device, events.BookHeld(at_ms=1, version=version, sha256="ab" * 32, effective_ms=1))
    for device in (till, cart):
        cloud.say(
            device,
            events.PriceCharged(at_ms=2, gtin=gtin, price_minor=was - 10, book_version=version, reason="price"),
        )
    assert cloud.seen(change)["state"] == "published"
    with reading(cloud.engine) as connection:
        hanging = connection.execute(select(labels.c.id).where(labels.c.gtin == gtin)).scalars().all()
    assert hanging
    for label in hanging:
        proof = {"label": label, "gtin": gtin, "price_minor": was - 10, "book_version": version}
        cloud.say(gateway, events.LabelArmed(at_ms=3, image_sha256="cd" * 32, **proof))
        cloud.say(gateway, events.LabelShown(at_ms=4, image_sha256="cd" * 32, **proof))
    seen = cloud.seen(change)
    assert (seen["state"], seen["direction"], seen["confirmed_ms"]) == ("confirmed", "down", 4)


def test_the_floor_stays_low_until_the_labels_have_proved_the_price(cloud: Cloud) -> None:
    gtin, was = CATALOGUE[0]["gtin"], CATALOGUE[0]["price_minor"]
    for price in (was - 30, was + 20, was + 40):
        cloud.change(gtin, price)
    row = next(row for row in cloud.book().rows if row.gtin == gtin)
    # No label has proved anything yet, so each may still show the lowest of all that went before.
    assert (row.price_minor, row.floor_minor) == (was + 40, was - 30)


@pytest.mark.parametrize(
    ("price_minor", "code"), [(0, "invalid"), (-5, "invalid"), (10**10, "invalid"), (1, "suspicious")]
)
def test_an_absurd_price_is_refused_and_the_old_one_stays(cloud: Cloud, price_minor: int, code: str) -> None:
    before = cloud.book()
    with pytest.raises(PriceRefusedError) as refused:
        cloud.change(CATALOGUE[0]["gtin"], price_minor)
    assert refused.value.code == code
    assert cloud.book() == before


def test_a_product_that_is_not_there_is_named(cloud: Cloud) -> None:
    with pytest.raises(UnknownError, match="no product 00000000000000"):
        cloud.change("00000000000000", 100)


def test_a_newer_change_supersedes_one_that_nobody_confirmed(cloud: Cloud) -> None:
    gtin, was = CATALOGUE[0]["gtin"], CATALOGUE[0]["price_minor"]
    first, second = cloud.change(gtin, was + 5), cloud.change(gtin, was + 6)
    assert (cloud.seen(first)["state"], cloud.seen(second)["state"]) == ("superseded", "published")


def test_what_devices_say_takes_effect_once(cloud: Cloud) -> None:
    cart = cloud.enrol("cart")
    line = events.LineAdded(at_ms=7, trip="t-1", gtin=CATALOGUE[0]["gtin"], quantity=1, price_minor=100, book_version=1)
    fix = events.PositionFixed(at_ms=now_ms(), x_m=1.5, y_m=2.5, level="g", sigma_m=0.5)
    fault = events.FaultRaised(at_ms=9, fault="camera", detail="gone")
    cloud.say(cart, line, fix, fault)
    assert [value for _, value in cloud.readings.read(cart, "x_m", 0, now_ms() + 1000)] == [1.5]
    with reading(cloud.engine) as connection:
        row = connection.execute(select(devices).where(devices.c.id == cart)).one()
    assert row.faults == {"camera": {"detail": "gone", "since_ms": 9}}
    assert row.events == 3
    cloud.say(cart, events.FaultCleared(at_ms=10, fault="camera"))
    with reading(cloud.engine) as connection:
        assert connection.execute(select(devices.c.faults).where(devices.c.id == cart)).scalar() == {}


def test_a_device_that_the_registry_does_not_know_is_an_alarm_and_no_crash(cloud: Cloud) -> None:
    cloud.say("cart-77", events.FaultCleared(at_ms=1, fault="x"))
    assert cloud.projector.lag() == 0


def test_every_event_of_the_contract_has_an_effect(cloud: Cloud) -> None:
    from tests.test_contract import EXAMPLES

    cart = cloud.enrol("cart")
    for event in EXAMPLES:
        cloud.say(cart, msgspec.structs.replace(event, at_ms=now_ms()))  # type: ignore[arg-type]
    assert cloud.projector.lag() == 0


def test_sessions_open_with_the_right_password_only_and_end(cloud: Cloud) -> None:
    with cloud.engine.begin() as connection:
        person = check_password(connection, "manager", "correct horse")
        token = open_session(connection, person)
        assert (person.role, person.may_see("demo"), person.may_see("other")) == ("manager", True, False)
        assert account_of(connection, token) == person
        sign_out(connection, token)
        assert account_of(connection, token) is None
        for name, password in (("manager", "wrong"), ("nobody", "correct horse"), ("manager", "")):
            with pytest.raises(AccountError, match="name or password is wrong"):
                check_password(connection, name, password)
        with pytest.raises(AccountError, match="role 'king'"):
            add_account(connection, "x", "12345678", "king", [])


def test_a_schedule_that_cannot_be_is_refused_by_its_field(cloud: Cloud) -> None:
    from cloud_broker.demo.props import melody

    speaker = cloud.enrol("speaker")
    with cloud.engine.begin() as connection:
        sound = timetable.check_sound(cloud.publisher.blobs, melody())
        asset = timetable.add_asset(connection, store="demo", title="chime", sound=sound, by="manager")
    plan = {"store": "demo", "sha256": asset["sha256"], "every_s": 0.0, "until_ms": 0, "by": "m"}
    now = now_ms()
    for field, values in (
        ("start_ms", {"start_ms": now - 600_000, "speakers": []}),
        ("devices", {"start_ms": now, "speakers": ["cart-9"]}),
        ("every_s", {"start_ms": now, "speakers": [], "every_s": 0.5}),
        ("until_ms", {"start_ms": now, "speakers": [], "until_ms": 5}),
    ):
        with (
            pytest.raises(timetable.ScheduleError) as refused,
            cloud.engine.begin() as connection,
        ):
            timetable.schedule(connection, cloud.publisher, **{**plan, **values})
        assert refused.value.field == field
    with cloud.engine.begin() as connection:
        timetable.schedule(
            connection,
            cloud.publisher,
            **{**plan, "start_ms": now + 1000, "speakers": [speaker]},
        )
        assert timetable.slot_views(connection, "demo")[0]["plays"] == 0


def test_products_are_what_the_catalogue_says(cloud: Cloud) -> None:
    with reading(cloud.engine) as connection:
        assert len(connection.execute(select(products)).all()) == len(CATALOGUE)


def test_a_blob_that_is_not_there_and_a_hash_that_is_none_are_named(tmp_path: Path) -> None:
    store = BlobStore(str(tmp_path))
    assert store.get(store.put(b"x")) == b"x"
    for name in ("ab" * 32, "../../etc/passwd", ""):
        with pytest.raises(BlobMissingError):
            store.get(name)
        assert store.local_path(name) is None


def test_another_kind_of_database_is_refused_without_its_password() -> None:
    with pytest.raises(StateError) as refused:
        make_engine("mysql://aisle:secret@host/db")
    assert "secret" not in str(refused.value)


def _shown(cloud: Cloud, gateway: str, gtin: str, price_minor: int, book_version: int) -> None:
    with reading(cloud.engine) as connection:
        hanging = connection.execute(select(labels.c.id).where(labels.c.gtin == gtin)).scalars().all()
    for label in hanging:
        cloud.say(
            gateway,
            events.LabelShown(
                at_ms=3,
                label=label,
                gtin=gtin,
                price_minor=price_minor,
                book_version=book_version,
                image_sha256="cd" * 32,
            ),
        )


def test_a_proof_from_an_earlier_book_lifts_no_floor(cloud: Cloud) -> None:
    gateway = cloud.enrol("gateway")
    gtin, was = CATALOGUE[0]["gtin"], CATALOGUE[0]["price_minor"]
    cloud.change(gtin, was + 20)
    _shown(cloud, gateway, gtin, was + 20, cloud.book().version)
    cloud.change(gtin, was - 30)
    # The labels may show this lower price by now; the old proof of the same higher price says nothing of that.
    cloud.change(gtin, was + 20)
    cloud.change(gtin, was + 40)
    row = next(row for row in cloud.book().rows if row.gtin == gtin)
    assert row.floor_minor == was - 30
    _shown(cloud, gateway, gtin, was + 40, cloud.book().version)
    cloud.change(gtin, was + 50)
    assert next(row for row in cloud.book().rows if row.gtin == gtin).floor_minor == was + 40


def test_a_device_that_was_away_over_two_changes_does_not_hold_up_the_second(cloud: Cloud) -> None:
    till = cloud.enrol("till")
    gtin, was = CATALOGUE[0]["gtin"], CATALOGUE[0]["price_minor"]
    cloud.say(till, events.BookHeld(at_ms=1, version=1, sha256="ab" * 32, effective_ms=1))
    cloud.change(gtin, was + 20)
    change = cloud.change(gtin, was)
    # It goes from book 1 to book 3, charges the same price all along, and so has no new price to tell of.
    cloud.say(till, events.BookHeld(at_ms=5, version=3, sha256="ab" * 32, effective_ms=1))
    seen = cloud.seen(change)["devices"]
    assert seen == [{"device": till, "name": "till", "kind": "till", "held_ms": 5, "charged_ms": 5}]


def _journal(cloud: Cloud, device: str, stream: str, first: int, *events_json: bytes) -> None:
    body = b'{"boot":1,"first":%d,"head":%d,"events":[%s]}' % (first, first, b",".join(events_json))
    cloud.journal.commit([Delivery(topics.upward(device, stream).encode(), body, b"\0\1")], now_ms())
    while cloud.projector.step()[0]:
        pass


def test_an_event_that_this_version_does_not_know_is_kept_and_blocks_nothing(cloud: Cloud) -> None:
    cart = cloud.enrol("cart")
    known = encode(events.FaultRaised(at_ms=1, fault="camera", detail="gone"))
    newer = b'{"type":"hologram-shown","at_ms":1}'
    wrong = b'{"type":"fault-raised","at_ms":1,"fault":"x"}'
    elsewhere = encode(events.PositionFixed(at_ms=1, x_m=1, y_m=1, level="g", sigma_m=1))
    huge = b'{"type":"health","at_ms":1,"uptime_s":1,"outbox_depth":%s}' % (b"9" * 400)
    _journal(cloud, cart, "health", 1, newer, wrong, elsewhere, huge, known)
    with reading(cloud.engine) as connection:
        assert connection.execute(select(marks.c.seq)).scalar() == 5
        letters = connection.execute(select(dead_letters.c.reason).order_by(dead_letters.c.id)).scalars().all()
        faults = connection.execute(select(devices.c.faults).where(devices.c.id == cart)).scalar()
    assert [reason.split(":")[0] for reason in letters] == [f"event {number}" for number in (1, 2, 3, 4)]
    assert "hologram-shown" in letters[0]
    assert set(faults or {}) == {"camera"}


def test_a_trip_is_closed_once_whatever_the_device_says(cloud: Cloud) -> None:
    cart = cloud.enrol("cart")
    closed = events.BasketClosed(at_ms=5, trip="t-1", total_minor=100, lines=1, provisional=False)
    cloud.say(cart, closed, closed)
    with reading(cloud.engine) as connection:
        assert len(connection.execute(select(basket_lines)).all()) == 1


def test_a_late_proof_of_an_earlier_change_confirms_no_later_one(cloud: Cloud) -> None:
    gateway = cloud.enrol("gateway")
    gtin, was = CATALOGUE[0]["gtin"], CATALOGUE[0]["price_minor"]
    cloud.change(gtin, was + 20)
    early = cloud.book().version
    cloud.change(gtin, was)
    change = cloud.change(gtin, was + 20)
    _shown(cloud, gateway, gtin, was + 20, early)
    cloud.say(
        gateway, events.PriceReleased(at_ms=9, gtin=gtin, price_minor=was + 20, book_version=early, expires_ms=99)
    )
    seen = cloud.seen(change)
    assert seen["released_ms"] is None
    assert {label["shown_ms"] for label in seen["labels"]} == {None}  # type: ignore[attr-defined]


def test_a_device_out_of_service_holds_up_no_change(cloud: Cloud) -> None:
    till = cloud.enrol("till")
    gtin, was = CATALOGUE[0]["gtin"], CATALOGUE[0]["price_minor"]
    with cloud.engine.begin() as connection:
        connection.execute(labels.delete())
    change = cloud.change(gtin, was - 10)
    assert cloud.seen(change)["state"] == "published"
    with cloud.engine.begin() as connection:
        assert excuse(connection, till, 7) == [change]
    assert cloud.seen(change)["state"] == "confirmed"


def test_what_is_old_goes_and_no_id_is_given_twice(cloud: Cloud) -> None:
    cart = cloud.enrol("cart")
    cloud.say(cart, events.FaultCleared(at_ms=1, fault="x"))
    assert forget_old(cloud.engine, journal_days=-1) >= 1
    cloud.say(cart, events.FaultRaised(at_ms=2, fault="camera", detail="gone"))
    with reading(cloud.engine) as connection:
        assert connection.execute(select(devices.c.faults).where(devices.c.id == cart)).scalar()


def test_what_devices_would_refuse_is_not_published(cloud: Cloud) -> None:
    before = cloud.book()
    broken = Edition(
        store="demo",
        version=1,
        currency="yuan",
        table="ab" * 32,
        snapshot=Blob(sha256="ab" * 32, size=1),
        steps=[],
        books=[],
    )
    with pytest.raises(WireError), cloud.engine.begin() as connection:
        cloud.publisher.publish(connection, "demo", "pricebook", lambda version: broken)
    assert cloud.book() == before


def test_an_id_whose_claim_nobody_redeemed_is_given_again(cloud: Cloud) -> None:
    with cloud.engine.begin() as connection:
        lost = enrolment.make_claim(connection, store="demo", kind="cart", name="lost", by="demo")
        enrolment.make_claim(connection, store="demo", kind="cart", name="kept", by="tech")
        enrolment.withdraw_claims(connection, "demo")
    with pytest.raises(enrolment.ClaimError, match="expired"):
        cloud.enrol("cart", code=lost.code)
    assert [cloud.enrol("cart"), cloud.enrol("cart")] == ["cart-1", "cart-3"]
