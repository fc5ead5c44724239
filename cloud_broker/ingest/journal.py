"""The journal: many messages become durable in one commit, each stream's mark moves, nothing is stored twice.

A batch goes into the journal as the bytes that came; only its header is read here, so an event that this
version does not know is durable all the same. What has no readable header goes into the dead letters
with the reason, and never stops the rest.
"""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, insert

from cloud_broker.ingest import sql
from cloud_broker.ingest.reader import Delivery
from cloud_broker.state.engine import serialise_commits
from cloud_broker.state.tables import dead_letters, security_events
from firmware_specs.batch import Header, Mark, Verdict, accept
from firmware_specs.topics import parse_upward
from firmware_specs.wire import MAX_MESSAGE_BYTES, VERSION, WireError, refuse_nul

logger = logging.getLogger(__name__)

KEPT_BYTES = 64 * 1024
"""A dead letter keeps this much of its body."""


class Parsed(msgspec.Struct, frozen=True, gc=False):
    """A message that is a batch, before the decision on it."""

    delivery: Delivery
    device: str
    stream: str
    key: str
    header: Header


@dataclass(frozen=True, slots=True)
class Committed:
    """What one commit did: marks to announce by (device, stream), messages that came too early, counts."""

    marks: dict[tuple[str, str], Mark]
    early: list[Parsed]
    stored: int
    events: int
    dead: int


@dataclass
class Journal:
    """Parses and commits; one per worker process."""

    engine: Engine
    _decoder: msgspec.json.Decoder[Header] = field(default_factory=lambda: msgspec.json.Decoder(Header))
    _routes: dict[bytes, tuple[str, str, str]] = field(default_factory=dict)
    _known_dead: OrderedDict[bytes, None] = field(default_factory=OrderedDict)

    def commit(self, deliveries: Sequence[Delivery], now_ms: int, again: Sequence[Parsed] = ()) -> Committed:
        """Store everything in one transaction, and return what to say about it.

        `again` are messages that came too early before; they are tried first.
        """
        parsed = list(again)
        dead: list[tuple[bytes, dict[str, Any]]] = []
        for delivery in deliveries:
            try:
                parsed.append(self._parse(delivery))
            except ValueError as exc:
                self._bury(dead, delivery, str(exc), now_ms)
            except Exception as exc:
                # The one place where any fault of ours in reading a message must not stop the others.
                logger.exception("reading a message failed")
                self._bury(dead, delivery, f"internal: {exc!r}", now_ms)
        with self.engine.begin() as connection:
            serialise_commits(connection)
            committed = self._store(connection, parsed, [letter for _, letter in dead], now_ms)
        for digest, _ in dead:
            self._known_dead[digest] = None
        while len(self._known_dead) > 4096:
            self._known_dead.popitem(last=False)
        return committed

    def _parse(self, delivery: Delivery) -> Parsed:
        route = self._routes.get(delivery.topic)
        if route is None:
            upward = parse_upward(delivery.topic.decode("utf-8", "replace"))
            route = (upward.device, upward.stream, f"{upward.device}/{upward.stream}")
            if len(self._routes) > 1_000_000:
                self._routes.clear()
            self._routes[delivery.topic] = route
        device, stream, key = route
        if len(delivery.payload) > MAX_MESSAGE_BYTES:
            raise WireError(f"message of {len(delivery.payload)} bytes: at most {MAX_MESSAGE_BYTES}")
        refuse_nul(delivery.payload)
        try:
            header = self._decoder.decode(delivery.payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise WireError(str(exc)) from exc
        if header.v > VERSION:
            raise WireError(f"contract version {header.v}: this side knows up to {VERSION}, update it")
        return Parsed(delivery, device, stream, key, header)

    def _bury(self, dead: list[tuple[bytes, dict[str, Any]]], delivery: Delivery, reason: str, now_ms: int) -> None:
        # A device that knows better keeps sending what it may not forget: one letter for each content.
        digest = hashlib.sha256(delivery.topic + b"\0" + delivery.payload).digest()
        if digest in self._known_dead:
            self._known_dead.move_to_end(digest)
        elif all(digest != buried for buried, _ in dead):
            topic = delivery.topic.decode("utf-8", "replace")
            dead.append((digest, dead_letter(topic, reason, delivery.payload, now_ms)))

    def _store(
        self, connection: Connection, parsed: list[Parsed], dead: list[dict[str, Any]], now_ms: int
    ) -> Committed:
        held = sql.read_marks(connection, list({each.key for each in parsed}))
        was = dict(held)
        lost: dict[str, int] = {}
        rows: list[sql.JournalRow] = []
        announce: dict[tuple[str, str], Mark] = {}
        early: list[Parsed] = []
        alarms: list[dict[str, Any]] = []
        events = 0
        for each in parsed:
            header = each.header
            count = len(header.events)
            decision = accept(
                held.get(each.key, Mark()), boot=header.boot, first=header.first, count=count, head=header.head
            )
            if decision.verdict is Verdict.EARLY:
                early.append(each)
                continue
            announce[each.device, each.stream] = decision.mark
            if decision.verdict is Verdict.FORKED:
                alarms.append(
                    _alarm(each, now_ms, "forked", "an older boot holds newer events: two devices use one name")
                )
            if decision.restarted:
                alarms.append(
                    _alarm(each, now_ms, "storage-replaced", f"{each.stream} began again at boot {header.boot}")
                )
            if decision.verdict is not Verdict.FRESH:
                continue
            held[each.key] = decision.mark
            events += count - decision.skip
            if decision.lost:
                lost[each.key] = lost.get(each.key, 0) + decision.lost
            rows.append(
                (
                    each.device,
                    each.stream,
                    header.boot,
                    header.first,
                    count,
                    decision.skip,
                    now_ms,
                    each.delivery.payload,
                )
            )
        if rows:
            sql.append_journal(connection, rows)
            self._move_marks(connection, was, held, lost)
        if dead:
            connection.execute(insert(dead_letters), dead)
        if alarms:
            connection.execute(insert(security_events), alarms)
        return Committed(announce, early, len(rows), events, len(dead))

    def _move_marks(
        self, connection: Connection, was: dict[str, Mark], held: dict[str, Mark], lost: dict[str, int]
    ) -> None:
        moved = [(key, mark) for key, mark in held.items() if was.get(key) != mark]
        fresh = [(key, mark.boot, mark.seq, lost.get(key, 0)) for key, mark in moved if key not in was]
        known = [(mark.boot, mark.seq, lost.get(key, 0), key) for key, mark in moved if key in was]
        sql.make_marks(connection, fresh)
        sql.move_marks(connection, known)


def _alarm(message: Parsed, now_ms: int, kind: str, detail: str) -> dict[str, Any]:
    return {"at_ms": now_ms, "device": message.device, "kind": kind, "detail": detail}


def dead_letter(topic: str, reason: str, body: bytes, now_ms: int) -> dict[str, Any]:
    """Return a row for the dead letters; the device is read off the topic."""
    parts = topic.split("/")
    return {
        "at_ms": now_ms,
        "device": parts[3][:63] if len(parts) > 3 else "",
        "topic": topic[:500],
        "reason": reason.replace("\0", "\\0")[:1000],
        "body": body[:KEPT_BYTES],
        "size": len(body),
    }
