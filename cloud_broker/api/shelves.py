"""Bays with their planograms, what photos of them showed, and the pass with which staff send photos to a gateway."""

import base64
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Path, UploadFile
from sqlalchemy import select

from cloud_broker.api.auth import Floor, Manager, need_store
from cloud_broker.api.bodies.shelves import BayView, PassView
from cloud_broker.api.context import Cloud
from cloud_broker.api.errors import ApiError
from cloud_broker.clock import now_ms
from cloud_broker.live import Notice
from cloud_broker.registry.devices import find_store
from cloud_broker.shelves import bays
from cloud_broker.shelves.audits import close_bay
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import stores
from cloud_broker.tasks.tasks import view
from firmware_specs.bays import MOST_FRONT_BYTES, Bay, StaffPass

router = APIRouter(tags=["shelves"])

PASS_MS = 12 * 3_600_000
"""A shift, and no more."""

MOST_PICTURES = 500


@router.get("/api/stores/{store}/bays", response_model=list[BayView])
def all_bays(store: str, cloud: Cloud, person: Floor) -> list[dict[str, Any]]:
    """Return the bays of a store, each with its last audits."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        find_store(connection, store)
        return bays.views(connection, store)


@router.put("/api/stores/{store}/bays/{bay}", response_model=BayView)
def put_bay(
    store: str,
    bay: Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")],
    cloud: Cloud,
    person: Manager,
    plan: Annotated[UploadFile, File(description="the planogram: CSV, or PSA")],
    pictures: Annotated[list[UploadFile], File(description="the front of every product, as the plan names its file")],
    name_en: Annotated[str, Form(max_length=200)] = "",
    name_zh: Annotated[str, Form(max_length=200)] = "",
    unit: Annotated[Literal["in", "cm", "mm"], Form(description="what a PSA measures in")] = "in",
) -> dict[str, Any]:
    """Give a bay its planogram; the whole of it is checked before anything changes."""
    need_store(person, store)
    if len(pictures) > MOST_PICTURES:
        raise ApiError(422, "bay", f"at most {MOST_PICTURES} pictures: give one bay at a time", "pictures")
    try:
        planned = bays.read_plan(plan.file.read(bays.MOST_PLAN_BYTES + 1), unit)
        with reading(cloud.engine) as connection:
            find_store(connection, store)
            bays.check_sold(connection, store, planned)
        given = {file.filename or "": file.file.read(MOST_FRONT_BYTES + 1) for file in pictures}
        fronts = bays.keep_fronts(cloud.publisher.blobs, planned, given)
    except bays.BayError as exc:
        raise ApiError(422, "bay", str(exc), exc.field) from exc
    names = {language: name.strip() for language, name in (("en", name_en), ("zh", name_zh)) if name.strip()}
    made = Bay(id=bay, name=names or {"en": bay}, planogram=planned, fronts=fronts)
    with cloud.engine.begin() as connection:
        bays.put_bay(connection, cloud.publisher, store, made, person.name)
        told = next(one for one in bays.views(connection, store) if one["id"] == bay)
    cloud.send()
    cloud.tell(Notice("shelf", store, {"bay": bay}))
    return told


@router.delete("/api/stores/{store}/bays/{bay}", status_code=204)
def remove_bay(store: str, bay: str, cloud: Cloud, person: Manager) -> None:
    """Take a bay out; its open tasks are closed."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        bays.remove_bay(connection, cloud.publisher, store, bay)
        closed = [view(task, now_ms()) for task in close_bay(connection, store, bay, now_ms())]
    cloud.send()
    for task in closed:
        cloud.tell(Notice("task", store, task))
    cloud.tell(Notice("shelf", store, {"bay": bay}))


@router.post("/api/stores/{store}/pass", response_model=PassView)
def staff_pass(store: str, cloud: Cloud, person: Floor) -> dict[str, Any]:
    """Return a pass for the store's gateway, where photos are compared: they never come here."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        find_store(connection, store)
        url = connection.execute(select(stores.c.gateway_url).where(stores.c.id == store)).scalar_one()
    expires_ms = now_ms() + PASS_MS
    word = cloud.keys.signer.sign(StaffPass(store=store, name=person.name, expires_ms=expires_ms))
    return {"staff_pass": base64.b64encode(word).decode(), "expires_ms": expires_ms, "url": url}
