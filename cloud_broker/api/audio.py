"""Sounds, their timetable and what was played."""

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from sqlalchemy import select

from cloud_broker.api.auth import Manager, Staff, need_store
from cloud_broker.api.bodies.audio import Asset, NewSlot, Play, Slot
from cloud_broker.api.context import Cloud
from cloud_broker.api.errors import ApiError
from cloud_broker.audio import schedule as timetable
from cloud_broker.blobs.store import BlobMissingError
from cloud_broker.registry.devices import UnknownError, find_store
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import assets, slots
from firmware_specs.sound import SoundError

router = APIRouter(tags=["audio"])

MAX_SOUND_BYTES = 64 * 1024 * 1024


@router.post("/api/stores/{store}/assets", status_code=201, response_model=Asset)
def upload(
    store: str,
    cloud: Cloud,
    person: Manager,
    file: Annotated[UploadFile, File(description="a sound: WAV, PCM")],
    title: Annotated[str, Form(max_length=200)] = "",
) -> dict[str, Any]:
    """Keep a sound; what cannot be played is refused with the remedy."""
    need_store(person, store)
    data = file.file.read(MAX_SOUND_BYTES + 1)
    if len(data) > MAX_SOUND_BYTES:
        raise ApiError(413, "too-large", f"at most {MAX_SOUND_BYTES // 2**20} MiB; shorten the sound", "file")
    try:
        sound = timetable.check_sound(cloud.publisher.blobs, data)
    except SoundError as exc:
        raise ApiError(422, "unplayable", str(exc), "file") from exc
    with cloud.engine.begin() as connection:
        find_store(connection, store)
        return timetable.add_asset(
            connection, store=store, title=title or file.filename or "", sound=sound, by=person.name
        )


@router.get("/api/stores/{store}/assets", response_model=list[Asset])
def all_assets(store: str, cloud: Cloud, person: Staff) -> list[dict[str, Any]]:
    """Return the store's sounds, newest first."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        rows = connection.execute(select(assets).where(assets.c.store == store).order_by(assets.c.uploaded_ms.desc()))
        return [timetable.asset_view(row) for row in rows]


@router.get("/api/assets/{sha256}/audio", responses={200: {"content": {"audio/wav": {}}}}, response_class=Response)
def listen(sha256: str, cloud: Cloud, person: Staff) -> Response:
    """Return a sound's bytes."""
    with reading(cloud.engine) as connection:
        held = connection.execute(select(assets.c.store).where(assets.c.sha256 == sha256)).scalars().all()
    if not any(person.may_see(store) for store in held):
        raise UnknownError(f"no sound {sha256[:80]}")
    try:
        return Response(cloud.publisher.blobs.get(sha256), media_type="audio/wav")
    except BlobMissingError as exc:
        raise UnknownError(str(exc)) from exc


@router.post("/api/stores/{store}/schedule", status_code=201, response_model=Slot)
def plan(store: str, body: NewSlot, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Plan when a sound plays on which speakers."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        try:
            slot = timetable.schedule(
                connection,
                cloud.publisher,
                store=store,
                sha256=body.asset_sha256,
                start_ms=body.start_ms,
                every_s=body.every_s,
                until_ms=body.until_ms,
                speakers=list(body.devices),
                audience=body.audience,
                by=person.name,
            )
        except timetable.ScheduleError as exc:
            raise ApiError(422, "schedule", str(exc), exc.field) from exc
        views = timetable.slot_views(connection, store)
    cloud.send()
    return next(view for view in views if view["id"] == slot)


@router.get("/api/stores/{store}/schedule", response_model=list[Slot])
def planned(store: str, cloud: Cloud, person: Staff) -> list[dict[str, Any]]:
    """Return what is planned, the latest start first."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        return timetable.slot_views(connection, store)


@router.delete("/api/schedule/{slot}", status_code=204)
def cancel(slot: str, cloud: Cloud, person: Manager) -> None:
    """Take a sound out of the timetable."""
    with cloud.engine.begin() as connection:
        store = connection.execute(select(slots.c.store).where(slots.c.id == slot)).scalar()
        if store is None:
            raise UnknownError(f"no slot {slot!r}")
        need_store(person, store)
        timetable.cancel(connection, cloud.publisher, slot)
    cloud.send()


@router.get("/api/stores/{store}/plays", response_model=list[Play])
def played(
    store: str, cloud: Cloud, person: Staff, limit: int = Query(default=100, ge=1, le=1000)
) -> list[dict[str, Any]]:
    """Return play records, newest first."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        return timetable.play_views(connection, store, limit)
