"""Reading the journal in order, many rows a transaction, with one cursor."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.to_thread
import msgspec
from sqlalchemy import Connection, Engine, Row, func, insert, select, update
from sqlalchemy.exc import OperationalError

from cloud_broker.clock import now_ms
from cloud_broker.ingest.journal import dead_letter
from cloud_broker.live import LiveHub, Notice
from cloud_broker.projector.effects import Batchwork, apply
from cloud_broker.readings.port import Readings
from cloud_broker.state.engine import reading
from cloud_broker.state.patience import patiently
from cloud_broker.state.tables import cursors, dead_letters, devices, journal, security_events
from firmware_specs.batch import Header
from firmware_specs.events import STREAM_OF, AnyEvent
from firmware_specs.topics import upward
from firmware_specs.wire import WireError, decode

logger = logging.getLogger(__name__)

CURSOR = "projector"
ROWS = 500


@dataclass
class Projector:
    """Applies the journal; one per cloud."""

    engine: Engine
    readings: Readings
    hub: LiveHub
    _decoder: msgspec.json.Decoder[AnyEvent] = field(default_factory=lambda: msgspec.json.Decoder(AnyEvent))
    _letters: int = -1

    def step(self) -> tuple[int, list[Notice]]:
        """Apply the next rows; return how many there were and what pages should know."""
        with self.engine.begin() as connection:
            position = connection.execute(select(cursors.c.position).where(cursors.c.name == CURSOR)).scalar()
            query = select(journal).where(journal.c.id > (position or 0)).order_by(journal.c.id).limit(ROWS)
            rows = connection.execute(query).all()
            work = Batchwork(connection)
            if not rows:
                self._tell_of_letters(work)
                return 0, work.notices
            spoke = self._apply(connection, work, list(rows))
            now = now_ms()
            for device, count in spoke.items():
                connection.execute(
                    update(devices)
                    .where(devices.c.id == device)
                    .values(events=devices.c.events + count, last_seen_ms=now)
                )
            work.finish()
            self._tell_of_letters(work)
            self._move(connection, position, rows[-1].id)
            # Readings stand in their own store: a crash between the two commits may repeat a few, never lose one.
            if work.readings:
                self.readings.append(work.readings)
        return len(rows), work.notices

    def _apply(self, connection: Connection, work: Batchwork, rows: list[Row[Any]]) -> dict[str, int]:
        known = {row.device for row in rows}
        found = {row.id: row for row in connection.execute(select(devices).where(devices.c.id.in_(known)))}
        spoke: dict[str, int] = {}
        for row in rows:
            device = found.get(row.device)
            if device is None:
                connection.execute(
                    insert(security_events).values(
                        at_ms=row.received_ms,
                        device=row.device,
                        kind="unknown-device",
                        detail=f"{row.events} events on {row.stream} from a device that the registry does not know",
                    )
                )
                continue
            count = 0
            for number, raw in enumerate(decode(row.body, Header).events[row.skip :], row.first + row.skip):
                count += self._apply_one(work, device, row, number, bytes(raw))
            spoke[row.device] = spoke.get(row.device, 0) + count
        return spoke

    def _apply_one(self, work: Batchwork, device: Row[Any], row: Row[Any], number: int, raw: bytes) -> int:
        """Apply one event; what cannot be read or applied becomes a dead letter and stops nothing."""
        topic = upward(row.device, row.stream)
        savepoint = work.connection.begin_nested()
        try:
            event = self._decoder.decode(raw)
            if STREAM_OF[type(event)] != row.stream:
                raise WireError(f"event {event.__struct_config__.tag!r} does not belong on stream {row.stream!r}")
            apply(work, device, event)
        except (msgspec.DecodeError, WireError) as exc:
            reason = f"event {number}: {exc}"
        except OperationalError:
            # The database itself is in trouble: that is no fault of the event.
            raise
        except Exception as exc:
            logger.exception("event %d of %s on %s could not be applied", number, row.device, row.stream)
            reason = f"event {number} could not be applied: {exc!r}"
        else:
            savepoint.commit()
            return 1
        savepoint.rollback()
        work.connection.execute(insert(dead_letters).values(**dead_letter(topic, reason, raw, row.received_ms)))
        return 0

    def _tell_of_letters(self, work: Batchwork) -> None:
        """Tell the pages of dead letters that came since the last look."""
        table = dead_letters
        if self._letters < 0:
            self._letters = work.connection.execute(select(func.max(table.c.id))).scalar() or 0
        query = select(table).where(table.c.id > self._letters).order_by(table.c.id).limit(100)
        for row in work.connection.execute(query):
            self._letters = row.id
            data = {name: getattr(row, name) for name in ("id", "at_ms", "device", "topic", "reason")}
            work.notices.append(Notice("deadletter", "", data, frozenset({"hq"})))

    def _move(self, connection: Connection, was: int | None, now: int) -> None:
        if was is None:
            connection.execute(insert(cursors).values(name=CURSOR, position=now))
        else:
            connection.execute(update(cursors).where(cursors.c.name == CURSOR).values(position=now))

    async def run(self, woken: Callable[[], anyio.Event]) -> None:
        """Apply until cancelled; `woken` returns the event that ingest's next notice sets."""
        limiter = anyio.CapacityLimiter(1)
        while True:
            event = woken()
            count, notices = await patiently("the projector", self.step, limiter=limiter)
            self.hub.publish(notices)
            if count == ROWS:
                continue
            with anyio.move_on_after(1.0):
                await event.wait()

    def lag(self) -> int:
        """Return how many journal rows wait."""
        with reading(self.engine) as connection:
            position = connection.execute(select(cursors.c.position).where(cursors.c.name == CURSOR)).scalar()
            newest = connection.execute(select(journal.c.id).order_by(journal.c.id.desc()).limit(1)).scalar()
        return (newest or 0) - (position or 0)
