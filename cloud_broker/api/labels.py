"""The picture that a label proved."""

import hashlib

from fastapi import APIRouter, Response
from sqlalchemy import select

from cloud_broker.api.auth import Staff, need_store
from cloud_broker.api.context import Cloud
from cloud_broker.api.errors import ApiError
from cloud_broker.labels.plan import find_label
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import stores
from vision.layout import LabelBarcodeError, LabelContent, LabelOverflowError, Panel, draw_label, label_png
from vision.pack import pack_1bpp

router = APIRouter(tags=["labels"])


@router.get("/api/labels/{label}/image.png", responses={200: {"content": {"image/png": {}}}}, response_class=Response)
def image(label: str, store: str, cloud: Cloud, person: Staff) -> Response:
    """Draw what a label proved; the picture's hash is the one that the label reported, or this is an error."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        row = find_label(connection, store, label)
        currency = connection.execute(select(stores.c.currency).where(stores.c.id == store)).scalar_one()
    if row.price_minor is None:
        raise ApiError(404, "unproved", f"label {label} has not proved a picture yet")
    content = LabelContent(
        gtin=row.gtin,
        name_zh=row.name.get("zh", ""),
        name_en=row.name.get("en", ""),
        price_minor=row.price_minor,
        currency=currency,
        unit=row.unit,
    )
    try:
        picture = draw_label(content, Panel())
    except (LabelOverflowError, LabelBarcodeError) as exc:
        raise ApiError(409, "unrenderable", str(exc)) from exc
    if hashlib.sha256(pack_1bpp(picture)).hexdigest() != row.image_sha256:
        raise ApiError(409, "differs", f"label {label} proved another picture than we would draw: look at the shelf")
    return Response(label_png(picture), media_type="image/png", headers={"Cache-Control": "no-store"})
