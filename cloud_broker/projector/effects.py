"""What each event changes: statements on the state, plus readings and notices for the pages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from cloud_broker.audio.schedule import play_view
from cloud_broker.baskets.questions import keep_answer, keep_question
from cloud_broker.baskets.weights import keep_weighing
from cloud_broker.clock import now_ms
from cloud_broker.items.taught import drop_item, keep_item
from cloud_broker.labels.plan import find_label
from cloud_broker.labels.plan import view as label_view
from cloud_broker.live import Notice
from cloud_broker.prices.confirming import charged_already, confirm_devices, confirm_labels, open_changes, settle
from cloud_broker.prices.promotions import book_use
from cloud_broker.prices.views import find_change
from cloud_broker.prices.views import view as change_view
from cloud_broker.readings.port import Reading
from cloud_broker.registry.devices import UnknownError
from cloud_broker.registry.devices import view as device_view
from cloud_broker.shelves.audits import keep_audit, keep_date
from cloud_broker.state import tables
from cloud_broker.surveys.beacons import keep_reports
from cloud_broker.surveys.legs import drop_leg, keep_leg
from cloud_broker.tasks.tasks import Proof, Wanted, close_task, open_task
from cloud_broker.tasks.tasks import view as task_view
from firmware_specs import events
from firmware_specs.events import Event


@dataclass
class Batchwork:
    """One transaction of the projector: the open connection, and what it gathers."""

    connection: Connection
    readings: list[Reading] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    touched_changes: set[int] = field(default_factory=set)
    touched_labels: set[tuple[str, str]] = field(default_factory=set)
    touched_devices: set[str] = field(default_factory=set)
    positions: dict[str, Notice] = field(default_factory=dict)

    def finish(self) -> None:
        """Settle what was touched and tell the pages each thing once, as it is now."""
        for change in sorted(self.touched_changes):
            row = find_change(self.connection, change)
            self.notices.append(Notice("change", row.store, change_view(self.connection, row)))
        for store, label in sorted(self.touched_labels):
            try:
                found = find_label(self.connection, store, label)
            except UnknownError:
                continue
            self.notices.append(Notice("label", store, label_view(found)))
        for device in sorted(self.touched_devices):
            row = self.connection.execute(select(tables.devices).where(tables.devices.c.id == device)).one()
            self.notices.append(Notice("device", row.store, device_view(row)))
        self.notices.extend(self.positions.values())


def apply(work: Batchwork, device: Row[Any], event: Event) -> None:
    """Apply one event of one device."""
    _EFFECTS[type(event)](work, device, event)


def _position(work: Batchwork, device: Row[Any], event: events.PositionFixed) -> None:
    work.readings += [
        Reading(device.id, "x_m", event.at_ms, event.x_m),
        Reading(device.id, "y_m", event.at_ms, event.y_m),
        Reading(device.id, "sigma_m", event.at_ms, event.sigma_m),
    ]
    data = {
        "device": device.id,
        "x_m": event.x_m,
        "y_m": event.y_m,
        "level": event.level,
        "sigma_m": event.sigma_m,
        "at_ms": event.at_ms,
    }
    work.positions[device.id] = Notice("position", device.store, data)


def _code(work: Batchwork, device: Row[Any], event: events.CodeRead) -> None:
    work.readings.append(Reading(device.id, "read_ms", event.at_ms, event.read_ms))
    name = work.connection.execute(
        select(tables.products.c.name).where(
            tables.products.c.store == device.store, tables.products.c.gtin == event.gtin
        )
    ).scalar()
    data = {
        "device": device.id,
        "gtin": event.gtin,
        "name": name,
        "price_minor": event.price_minor,
        "book_version": event.book_version,
        "at_ms": event.at_ms,
    }
    work.notices.append(Notice("code", device.store, data))


def _code_refused(work: Batchwork, device: Row[Any], event: events.CodeRefused) -> None:
    data = {
        "device": device.id,
        "text": event.text,
        "symbology": event.symbology,
        "reason": event.reason,
        "detail": event.detail,
        "at_ms": event.at_ms,
    }
    work.notices.append(Notice("code-refused", device.store, data))


def _basket(work: Batchwork, device: Row[Any], kind: str, event: Any, **values: Any) -> None:
    table = tables.basket_lines
    if (
        kind == "closed"
        and work.connection.execute(
            select(table.c.id).where(table.c.device == device.id, table.c.trip == event.trip, table.c.kind == kind)
        ).first()
    ):
        # A power cut between two of the device's own files may close a trip twice; it is paid once.
        return
    row = {"gtin": None, "quantity": 0, "price_minor": 0, "provisional": False, **values}
    work.connection.execute(
        insert(tables.basket_lines).values(
            store=device.store, device=device.id, trip=event.trip, kind=kind, at_ms=event.at_ms, **row
        )
    )
    data = {"device": device.id, "trip": event.trip, "kind": kind, "at_ms": event.at_ms, **row}
    work.notices.append(Notice("basket", device.store, data))


def _line_added(work: Batchwork, device: Row[Any], event: events.LineAdded) -> None:
    _basket(
        work,
        device,
        "line-added",
        event,
        gtin=event.gtin,
        quantity=event.quantity,
        price_minor=event.price_minor,
        provisional=event.provisional,
    )


def _line_removed(work: Batchwork, device: Row[Any], event: events.LineRemoved) -> None:
    _basket(
        work,
        device,
        "line-removed",
        event,
        gtin=event.gtin,
        quantity=event.quantity,
        price_minor=event.price_minor or 0,
    )


def _basket_closed(work: Batchwork, device: Row[Any], event: events.BasketClosed) -> None:
    for use in event.uses:
        book_use(work.connection, device.store, use, event.at_ms)
    _basket(
        work,
        device,
        "closed",
        event,
        quantity=event.lines,
        price_minor=event.total_minor,
        provisional=event.provisional,
    )


def _item_weighed(work: Batchwork, device: Row[Any], event: events.ItemWeighed) -> None:
    keep_weighing(work.connection, device.store, event)


def _basket_questioned(work: Batchwork, device: Row[Any], event: events.BasketQuestioned) -> None:
    asked = keep_question(work.connection, device.store, device.id, event)
    if asked is not None:
        work.notices.append(Notice("basket-check", device.store, asked))


def _basket_answered(work: Batchwork, device: Row[Any], event: events.BasketAnswered) -> None:
    answered = keep_answer(work.connection, device.store, event)
    if answered is not None:
        work.notices.append(Notice("basket-check", device.store, answered))


def _touch_change(work: Batchwork, change: int, at_ms: int) -> None:
    settle(work.connection, change, at_ms)
    work.touched_changes.add(change)


def _book_held(work: Batchwork, device: Row[Any], event: events.BookHeld) -> None:
    query = select(tables.devices.c.book_version).where(tables.devices.c.id == device.id)
    before = work.connection.execute(query).scalar()
    work.connection.execute(
        update(tables.devices).where(tables.devices.c.id == device.id).values(book_version=event.version)
    )
    work.touched_devices.add(device.id)
    store, at_ms = device.store, event.at_ms
    held = confirm_devices(
        work.connection, store, device.id, tables.changes.c.book_version <= event.version, held_ms=at_ms
    )
    for change in charged_already(work.connection, store, device.id, event.version, before):
        held += confirm_devices(work.connection, store, device.id, tables.changes.c.id == change, charged_ms=at_ms)
    for change in dict.fromkeys(held):
        _touch_change(work, change, at_ms)


def _price_charged(work: Batchwork, device: Row[Any], event: events.PriceCharged) -> None:
    for change in confirm_devices(
        work.connection, device.store, device.id, _of_this_price(event), charged_ms=event.at_ms
    ):
        _touch_change(work, change, event.at_ms)


def _of_this_price(
    event: events.PriceCharged | events.LabelArmed | events.LabelShown | events.PriceReleased,
) -> ColumnElement[bool]:
    """Return which changes an event speaks of: a proof from an earlier book says nothing of a later change."""
    changes = tables.changes
    return (
        (changes.c.gtin == event.gtin)
        & (changes.c.to_minor == event.price_minor)
        & (changes.c.book_version <= event.book_version)
    )


def _label_prepared(work: Batchwork, device: Row[Any], event: events.LabelPrepared) -> None:
    # Also for a plan that may never come into force: it says nothing of what a label shows.
    of_this_price = (tables.changes.c.gtin == event.gtin) & (tables.changes.c.to_minor == event.price_minor)
    for change in confirm_labels(work.connection, device.store, event.label, of_this_price, prepared_ms=event.at_ms):
        _touch_change(work, change, event.at_ms)


def _label_armed(work: Batchwork, device: Row[Any], event: events.LabelArmed) -> None:
    _label(work, device, event.label, event.at_ms, state="armed", reason="")
    # What it had stored from earlier is ready by now, too.
    _confirm_labels(work, device, event, prepared_ms=event.at_ms)
    _confirm_labels(work, device, event, armed_ms=event.at_ms)


def _label_shown(work: Batchwork, device: Row[Any], event: events.LabelShown) -> None:
    _label(
        work,
        device,
        event.label,
        event.at_ms,
        state="shown",
        reason="",
        cause="",
        price_minor=event.price_minor,
        book_version=event.book_version,
        image_sha256=event.image_sha256,
    )
    _confirm_labels(work, device, event, shown_ms=event.at_ms)
    done = close_task(work.connection, device.store, "label", event.label, event.at_ms, Proof("label"))
    if done is not None:
        _tell_task(work, done)


def _label_failed(work: Batchwork, device: Row[Any], event: events.LabelFailed) -> None:
    # A label whose battery runs out has not failed yet, and wants something else done than one that has.
    state = "service" if event.cause in ("battery", "service") else "failed"
    _label(work, device, event.label, event.at_ms, state=state, reason=event.reason, cause=event.cause)
    wanted = Wanted("label", event.label, event.cause, event.reason)
    opened, _ = open_task(work.connection, device.store, wanted, event.at_ms)
    _tell_task(work, opened)


def _label(work: Batchwork, device: Row[Any], label: str, at_ms: int, **values: Any) -> None:
    where = (tables.labels.c.store == device.store, tables.labels.c.id == label)
    work.connection.execute(update(tables.labels).where(*where).values(since_ms=at_ms, **values))
    work.touched_labels.add((device.store, label))


def _confirm_labels(
    work: Batchwork, device: Row[Any], event: events.LabelArmed | events.LabelShown, **confirmed: int
) -> None:
    for change in confirm_labels(work.connection, device.store, event.label, _of_this_price(event), **confirmed):
        _touch_change(work, change, event.at_ms)


def _price_released(work: Batchwork, device: Row[Any], event: events.PriceReleased) -> None:
    for change in open_changes(work.connection, device.store, _of_this_price(event)):
        if change.released_ms is None:
            work.connection.execute(
                update(tables.changes).where(tables.changes.c.id == change.id).values(released_ms=event.at_ms)
            )
            _touch_change(work, change.id, event.at_ms)


def _sound_played(work: Batchwork, device: Row[Any], event: events.SoundPlayed) -> None:
    row = work.connection.execute(
        insert(tables.plays)
        .values(
            store=device.store,
            device=device.id,
            item=event.item,
            asset_sha256=event.asset_sha256,
            sounded_sha256=event.sounded_sha256,
            due_ms=event.due_ms,
            at_ms=event.at_ms,
            duration_s=event.duration_s,
            level_dbfs=event.level_dbfs,
            complete=event.complete,
        )
        .returning(tables.plays)
    ).one()
    title = work.connection.execute(
        select(tables.assets.c.title).where(
            tables.assets.c.store == device.store, tables.assets.c.sha256 == event.asset_sha256
        )
    ).scalar()
    work.readings.append(Reading(device.id, "level_dbfs", event.at_ms, event.level_dbfs))
    work.notices.append(Notice("play", device.store, play_view(row, title or event.item)))


def _offer_decided(work: Batchwork, device: Row[Any], event: events.OfferDecided) -> None:
    values = {
        "device": device.id,
        "trip": event.trip,
        "offer": event.offer,
        "zone": event.zone,
        "outcome": event.outcome,
        "reason": event.reason,
        "probability": event.probability,
        "at_ms": event.at_ms,
    }
    work.connection.execute(insert(tables.decisions).values(store=device.store, **values))
    body = work.connection.execute(
        select(tables.offers.c.body).where(tables.offers.c.store == device.store, tables.offers.c.id == event.offer)
    ).scalar()
    headline = body["headline"] if body else {}
    work.notices.append(Notice("offer", device.store, {**values, "headline": headline}))


def _reported(work: Batchwork, device: Row[Any], event: events.Reported) -> None:
    table = tables.reported
    work.connection.execute(delete(table).where(table.c.device == device.id, table.c.matter == event.matter))
    work.connection.execute(
        insert(table).values(
            device=device.id,
            matter=event.matter,
            version=event.version,
            applied=event.applied,
            detail=event.detail,
            at_ms=event.at_ms,
        )
    )


def _command_done(work: Batchwork, device: Row[Any], event: events.CommandDone) -> None:
    table = tables.commands
    work.connection.execute(
        update(table)
        .where(table.c.id == event.command, table.c.device == device.id, table.c.done_ms.is_(None))
        .values(state="done" if event.succeeded else "failed", detail=event.detail, done_ms=event.at_ms)
    )
    work.notices.append(
        Notice(
            "command",
            device.store,
            {"id": event.command, "device": device.id, "state": "done" if event.succeeded else "failed"},
        )
    )


def _health(work: Batchwork, device: Row[Any], event: events.HealthReported) -> None:
    health = {
        "uptime_s": event.uptime_s,
        "outbox_depth": event.outbox_depth,
        "dropped": event.dropped,
        "clock_offset_s": event.clock_offset_s,
        "disk_free_bytes": event.disk_free_bytes,
        "rss_bytes": event.rss_bytes,
        "drivers": event.drivers,
    }
    _device(work, device.id, health=health)
    numbers = {
        "outbox_depth": event.outbox_depth,
        "clock_offset_s": event.clock_offset_s,
        "disk_free_bytes": event.disk_free_bytes,
        "rss_bytes": event.rss_bytes,
    }
    work.readings += [Reading(device.id, series, event.at_ms, float(value)) for series, value in numbers.items()]


def _survey_leg(work: Batchwork, device: Row[Any], event: events.SurveyLegWalked) -> None:
    keep_leg(work.connection, device.store, device.id, event)
    work.notices.append(Notice("survey", device.store, {"survey": event.survey, "leg": event.leg}))


def _survey_leg_dropped(work: Batchwork, device: Row[Any], event: events.SurveyLegDropped) -> None:
    drop_leg(work.connection, device.store, event.survey, event.leg)
    work.notices.append(Notice("survey", device.store, {"survey": event.survey, "leg": event.leg}))


def _shelf_audited(work: Batchwork, device: Row[Any], event: events.ShelfAudited) -> None:
    for task in keep_audit(work.connection, device.store, device.id, event):
        _tell_task(work, task)
    data = {"audit": event.audit, "bay": event.bay, "facings": event.facings, "right": event.right}
    work.notices.append(Notice("shelf", device.store, data))


def _date_checked(work: Batchwork, device: Row[Any], event: events.DateChecked) -> None:
    for task in keep_date(work.connection, device.store, event):
        _tell_task(work, task)


def _item_taught(work: Batchwork, device: Row[Any], event: events.ItemTaught) -> None:
    keep_item(work.connection, device.store, event)
    work.notices.append(Notice("item", device.store, {"gtin": event.gtin}))


def _item_forgotten(work: Batchwork, device: Row[Any], event: events.ItemForgotten) -> None:
    drop_item(work.connection, device.store, event)
    work.notices.append(Notice("item", device.store, {"gtin": event.gtin}))


def _people_counted(work: Batchwork, device: Row[Any], event: events.PeopleCounted) -> None:
    work.readings += [
        Reading(device.id, "people", event.at_ms, float(event.people)),
        Reading(device.id, "people_s", event.at_ms, event.seconds),
    ]
    data = {"device": device.id, "people": event.people, "seconds": event.seconds, "at_ms": event.at_ms}
    work.notices.append(Notice("people", device.store, data))


def _tell_task(work: Batchwork, task: Row[Any]) -> None:
    work.notices.append(Notice("task", task.store, task_view(task, now_ms())))


def _beacons_heard(work: Batchwork, device: Row[Any], event: events.BeaconsHeard) -> None:
    keep_reports(work.connection, device.store, device.id, event)


def _fault_raised(work: Batchwork, device: Row[Any], event: events.FaultRaised) -> None:
    faults = _faults(work, device.id)
    _device(work, device.id, faults={**faults, event.fault: {"detail": event.detail, "since_ms": event.at_ms}})


def _fault_cleared(work: Batchwork, device: Row[Any], event: events.FaultCleared) -> None:
    faults = _faults(work, device.id)
    _device(work, device.id, faults={name: fault for name, fault in faults.items() if name != event.fault})


def _faults(work: Batchwork, device: str) -> dict[str, Any]:
    query = select(tables.devices.c.faults).where(tables.devices.c.id == device)
    faults: dict[str, Any] = work.connection.execute(query).scalar_one()
    return faults


def _device(work: Batchwork, device: str, **values: Any) -> None:
    work.connection.execute(update(tables.devices).where(tables.devices.c.id == device).values(**values))
    work.touched_devices.add(device)


_EFFECTS: dict[type[Event], Callable[[Batchwork, Row[Any], Any], None]] = {
    events.PositionFixed: _position,
    events.CodeRead: _code,
    events.CodeRefused: _code_refused,
    events.LineAdded: _line_added,
    events.LineRemoved: _line_removed,
    events.BasketClosed: _basket_closed,
    events.ItemWeighed: _item_weighed,
    events.BasketQuestioned: _basket_questioned,
    events.BasketAnswered: _basket_answered,
    events.BookHeld: _book_held,
    events.PriceCharged: _price_charged,
    events.LabelPrepared: _label_prepared,
    events.LabelArmed: _label_armed,
    events.LabelShown: _label_shown,
    events.LabelFailed: _label_failed,
    events.PriceReleased: _price_released,
    events.SoundPlayed: _sound_played,
    events.OfferDecided: _offer_decided,
    events.Reported: _reported,
    events.CommandDone: _command_done,
    events.HealthReported: _health,
    events.SurveyLegWalked: _survey_leg,
    events.SurveyLegDropped: _survey_leg_dropped,
    events.BeaconsHeard: _beacons_heard,
    events.ShelfAudited: _shelf_audited,
    events.DateChecked: _date_checked,
    events.ItemTaught: _item_taught,
    events.ItemForgotten: _item_forgotten,
    events.PeopleCounted: _people_counted,
    events.FaultRaised: _fault_raised,
    events.FaultCleared: _fault_cleared,
}
