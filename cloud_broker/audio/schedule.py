"""Assets and the timetable of a store. Every change publishes the whole timetable as its next version."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from cloud_broker.blobs.store import BlobStore
from cloud_broker.clock import now_ms
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError, of_store
from cloud_broker.state.tables import assets, plays, slots
from firmware_specs.desired import Audience, Slot, Timetable
from firmware_specs.sound import decode_audio

SOUNDING = frozenset({"speaker", "broadcast"})
KEEP_PAST_MS = 60_000


class ScheduleError(ValueError):
    """A schedule that cannot be; `field` names what is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Checked:
    """An upload that can be played, its bytes kept as a blob."""

    sha256: str
    size: int
    duration_s: float
    rate_hz: int
    channels: int


def check_sound(blobs: BlobStore, data: bytes) -> Checked:
    """Decode and keep an upload; slow, so outside of any transaction.

    Raises firmware_specs.sound.SoundError when it cannot be played.
    """
    sound = decode_audio(data)
    frames, channels = sound.samples.shape
    return Checked(blobs.put(data), len(data), frames / sound.rate_hz, sound.rate_hz, channels)


def add_asset(connection: Connection, *, store: str, title: str, sound: Checked, by: str) -> dict[str, Any]:
    """Make a checked sound one of the store's assets and return it; the same sound is kept once."""
    sha256 = sound.sha256
    held = connection.execute(select(assets).where(assets.c.store == store, assets.c.sha256 == sha256)).first()
    if held is None:
        connection.execute(
            insert(assets).values(
                store=store,
                sha256=sha256,
                title=title or "untitled",
                bytes=sound.size,
                duration_s=sound.duration_s,
                rate_hz=sound.rate_hz,
                channels=sound.channels,
                uploaded_ms=now_ms(),
                by=by,
            )
        )
    return asset_view(find_asset(connection, store, sha256))


def find_asset(connection: Connection, store: str, sha256: str) -> Row[Any]:
    """Return an asset's row. Raises UnknownError."""
    row = connection.execute(select(assets).where(assets.c.store == store, assets.c.sha256 == sha256)).first()
    if row is None:
        raise UnknownError(f"no sound {sha256} in store {store}: upload it first")
    return row


def asset_view(row: Row[Any]) -> dict[str, Any]:
    """Return an asset as the API shows it."""
    names = ("sha256", "title", "bytes", "duration_s", "rate_hz", "channels", "uploaded_ms", "by")
    return {"id": row.sha256, **{name: getattr(row, name) for name in names}}


def schedule(
    connection: Connection,
    publisher: Publisher,
    *,
    store: str,
    sha256: str,
    start_ms: int,
    every_s: float,
    until_ms: int,
    speakers: list[str],
    by: str,
    audience: Audience = "any",
) -> str:
    """Plan a sound and publish the timetable; returns the slot's id.

    Raises UnknownError for an unknown sound, ScheduleError for times or devices that cannot be.
    """
    asset = find_asset(connection, store, sha256)
    now = now_ms()
    if start_ms < now - KEEP_PAST_MS:
        raise ScheduleError("start_ms", "lies in the past")
    if every_s < 0 or 0 < every_s < asset.duration_s:
        raise ScheduleError("every_s", f"must be 0 or at least the sound's {asset.duration_s:.1f} s")
    if until_ms and until_ms < start_ms:
        raise ScheduleError("until_ms", "lies before the start")
    sounding = {row.id for row in of_store(connection, store) if row.kind in SOUNDING}
    unknown = sorted(set(speakers) - sounding)
    if unknown:
        raise ScheduleError("devices", f"{', '.join(unknown)}: no speaker of this store")
    slot = f"slot-{secrets.token_hex(4)}"
    connection.execute(
        insert(slots).values(
            id=slot,
            store=store,
            asset_sha256=sha256,
            start_ms=start_ms,
            every_s=every_s,
            until_ms=until_ms,
            devices=speakers,
            audience=audience,
            made_ms=now,
            by=by,
        )
    )
    publish_timetable(connection, publisher, store)
    return slot


def cancel(connection: Connection, publisher: Publisher, slot: str) -> str:
    """Take a slot out of the timetable; returns its store. Raises UnknownError."""
    row = connection.execute(select(slots).where(slots.c.id == slot, slots.c.cancelled.is_(False))).first()
    if row is None:
        raise UnknownError(f"no slot {slot!r}")
    connection.execute(update(slots).where(slots.c.id == slot).values(cancelled=True))
    publish_timetable(connection, publisher, row.store)
    store: str = row.store
    return store


def publish_timetable(connection: Connection, publisher: Publisher, store: str) -> None:
    """Make the slots that can still sound the next version of `timetable`."""
    horizon = now_ms() - KEEP_PAST_MS
    planned = [
        Slot(
            id=row.id,
            asset_sha256=row.asset_sha256,
            asset_bytes=row.bytes,
            title=row.title,
            start_ms=row.start_ms,
            every_s=row.every_s,
            until_ms=row.until_ms,
            devices=row.devices,
            audience=row.audience,
        )
        for row in _with_assets(connection, store)
        if row.start_ms >= horizon or (row.every_s > 0 and (not row.until_ms or row.until_ms >= horizon))
    ]
    publisher.publish(
        connection, store, "timetable", lambda version: Timetable(store=store, version=version, slots=planned)
    )


def _with_assets(connection: Connection, store: str) -> list[Row[Any]]:
    query = (
        select(slots, assets.c.title, assets.c.bytes)
        .join(assets, (assets.c.store == slots.c.store) & (assets.c.sha256 == slots.c.asset_sha256))
        .where(slots.c.store == store, slots.c.cancelled.is_(False))
        .order_by(slots.c.start_ms.desc())
    )
    return list(connection.execute(query))


def slot_views(connection: Connection, store: str) -> list[dict[str, Any]]:
    """Return the store's slots as the API shows them, with how often each has played."""
    query = select(plays.c.item, func.count().label("times")).where(plays.c.store == store).group_by(plays.c.item)
    counted = {row.item: row.times for row in connection.execute(query)}
    return [
        {
            "id": row.id,
            "title": row.title,
            "asset_sha256": row.asset_sha256,
            "start_ms": row.start_ms,
            "every_s": row.every_s,
            "until_ms": row.until_ms,
            "devices": row.devices,
            "audience": row.audience,
            "plays": counted.get(row.id, 0),
            "by": row.by,
        }
        for row in _with_assets(connection, store)
    ]


def play_view(row: Row[Any], title: str) -> dict[str, Any]:
    """Return a play record as the API shows it."""
    names = ("device", "item", "asset_sha256", "sounded_sha256", "due_ms", "at_ms")
    return {
        **{name: getattr(row, name) for name in names},
        "title": title,
        "duration_s": row.duration_s,
        "level_dbfs": row.level_dbfs,
        "complete": row.complete,
    }


def play_views(connection: Connection, store: str, limit: int) -> list[dict[str, Any]]:
    """Return the newest play records."""
    query = (
        select(plays, assets.c.title)
        .outerjoin(assets, (assets.c.store == plays.c.store) & (assets.c.sha256 == plays.c.asset_sha256))
        .where(plays.c.store == store)
        .order_by(plays.c.id.desc())
        .limit(limit)
    )
    return [play_view(row, row.title or row.item) for row in connection.execute(query)]
