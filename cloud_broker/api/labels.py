"""Shelf labels: the picture that one proved, which product it belongs to, and how it is found."""

import hashlib
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import select

from cloud_broker.api.auth import Staff, need_store
from cloud_broker.api.bodies.devices import CommandView
from cloud_broker.api.bodies.labels import Hanging, InStore, Paired, Pairing, Replacement
from cloud_broker.api.bodies.labels import Label as LabelOnShelf
from cloud_broker.api.context import Cloud, Context
from cloud_broker.api.errors import ApiError
from cloud_broker.clock import now_ms
from cloud_broker.labels.hanging import hang, replace, take_down
from cloud_broker.labels.pairing import PairingRefusedError, gateway_of, pair
from cloud_broker.labels.plan import drawn, find_label
from cloud_broker.labels.plan import view as label_view
from cloud_broker.labels.templates import find_template
from cloud_broker.live import Notice
from cloud_broker.registry import orders
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import stores
from cloud_broker.tasks.tasks import Proof, close_task
from vision.labels.draw import draw
from vision.labels.drawing import LabelBarcodeError, LabelOverflowError

router = APIRouter(tags=["labels"])


@router.get("/api/labels/{label}/image.png", responses={200: {"content": {"image/png": {}}}}, response_class=Response)
def image(label: str, store: str, cloud: Cloud, person: Staff) -> Response:
    """Draw what a label proved; the picture's hash is the one that the label reported, or this is an error."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        row = find_label(connection, store, label)
        currency = connection.execute(select(stores.c.currency).where(stores.c.id == store)).scalar_one()
        template = find_template(connection, store, row.template).template
    if row.price_minor is None:
        raise ApiError(404, "unproved", f"label {label} has not proved a picture yet")
    try:
        picture = draw(template, drawn(row, currency))
    except (LabelOverflowError, LabelBarcodeError) as exc:
        raise ApiError(409, "unrenderable", str(exc)) from exc
    if hashlib.sha256(bytes(picture.as_object())).hexdigest() != row.image_sha256:
        if row.state != "shown":
            raise ApiError(409, "changing", f"label {label} is about to show another picture")
        raise ApiError(409, "differs", f"label {label} proved another picture than we would draw: look at the shelf")
    return Response(picture.png(), media_type="image/png", headers={"Cache-Control": "no-store"})


@router.post("/api/labels/pair", response_model=Paired)
def pair_label(body: Pairing, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Give a label to a product, both as they were scanned; the answer says what it belonged to before."""
    need_store(person, body.store)
    with cloud.engine.begin() as connection:
        try:
            row, before = pair(connection, cloud.publisher, body.store, body.product, body.label)
        except PairingRefusedError as exc:
            raise ApiError(422, "pairing", str(exc), exc.field) from exc
    cloud.send()
    cloud.tell(Notice("label", body.store, label_view(row)))
    return {"label": label_view(row), "before": before}


@router.post("/api/labels", status_code=201, response_model=LabelOnShelf)
def hang_label(body: Hanging, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Hang a new label beside another."""
    need_store(person, body.store)
    with cloud.engine.begin() as connection:
        try:
            row = hang(
                connection,
                cloud.publisher,
                body.store,
                address=body.address,
                product=body.product,
                panel=body.panel,
                beside=body.beside,
            )
        except PairingRefusedError as exc:
            raise ApiError(422, "pairing", str(exc), exc.field) from exc
    return _told(cloud, body.store, label_view(row))


@router.post("/api/labels/{label}/replace", response_model=LabelOnShelf)
def replace_label(label: str, body: Replacement, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Put other hardware in a label's place."""
    need_store(person, body.store)
    with cloud.engine.begin() as connection:
        try:
            row = replace(connection, cloud.publisher, body.store, label, body.address)
        except PairingRefusedError as exc:
            raise ApiError(422, "pairing", str(exc), exc.field) from exc
    return _told(cloud, body.store, label_view(row))


@router.delete("/api/labels/{label}", status_code=204)
def take_label_down(label: str, store: str, cloud: Cloud, person: Staff) -> None:
    """Take a label off the shelf."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        take_down(connection, cloud.publisher, store, label)
        close_task(connection, store, "label", label, now_ms(), Proof("gone"))
    cloud.send()
    cloud.tell(Notice("reload", store, {}))


def _told(cloud: Context, store: str, view: dict[str, Any]) -> dict[str, Any]:
    cloud.send()
    cloud.tell(Notice("label", store, view))
    return view


@router.post("/api/labels/{label}/flash", status_code=201, response_model=CommandView)
def flash(label: str, body: InStore, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Let a label's light flash for twenty seconds, so that it is found on the shelf."""
    need_store(person, body.store)
    with cloud.engine.begin() as connection:
        row = find_label(connection, body.store, label)
        gateway = gateway_of(connection, body.store)
        ordered = orders.order(connection, device=gateway, name="flash", arguments={"label": row.id}, by=person.name)
    cloud.send()
    return orders.view(ordered, now_ms())
