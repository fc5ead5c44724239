"""Templates of labels: made, tried on the store's own products as they are written, and given to labels."""

import base64
import time
from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Connection, select

from cloud_broker.api.auth import Manager, Staff, need_store
from cloud_broker.api.bodies.templates import (
    TemplateBody,
    TemplateCheck,
    TemplateTried,
    TemplateTry,
    TemplateUse,
    TemplateUsed,
    TemplateView,
)
from cloud_broker.api.context import Cloud, Context
from cloud_broker.api.errors import ApiError
from cloud_broker.labels.plan import joined
from cloud_broker.labels.plan import view as label_view
from cloud_broker.labels.templates import (
    Kept,
    TemplateInUseError,
    counts,
    drop_template,
    put_template,
    templates_of,
    use_template,
)
from cloud_broker.live import Notice
from cloud_broker.prices.book import row_of
from cloud_broker.registry.devices import UnknownError, find_store
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import labels, products
from vision.labels.content import LabelContent, content_of
from vision.labels.render import render
from vision.labels.template import Template, TemplateError, json_schema, parse_template

router = APIRouter(tags=["labels"])

PROBLEMS: Final = 50
"""So many products that do not fit are named."""


@router.get("/api/label-template.schema.json", response_model=dict[str, Any])
def schema(person: Staff) -> dict[str, Any]:
    """Return the JSON Schema of templates."""
    return json_schema()


@router.get("/api/stores/{store}/templates", response_model=list[TemplateView])
def all_templates(store: str, cloud: Cloud, person: Staff) -> list[dict[str, Any]]:
    """Return the templates that the store's labels may use, its own first."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        find_store(connection, store)
        return _views(connection, store)


@router.put("/api/stores/{store}/templates/{name}", response_model=TemplateView)
def put(store: str, name: str, body: TemplateBody, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Make or change a template; refused while a product on one of its labels would not fit."""
    need_store(person, store)
    wanted = _template(body.template | {"name": name})
    with cloud.engine.begin() as connection:
        find_store(connection, store)
        _need_fit(wanted, _contents(connection, store, labels.c.template == name))
        try:
            put_template(connection, cloud.publisher, store, wanted, by=person.name)
        except TemplateInUseError as exc:
            raise ApiError(409, "template", str(exc)) from exc
        found = _views(connection, store)
    _tell(cloud, store)
    return next(each for each in found if each["name"] == name)


@router.delete("/api/stores/{store}/templates/{name}", status_code=204)
def drop(store: str, name: str, cloud: Cloud, person: Manager) -> None:
    """Take a store's own template away that no label uses."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        try:
            drop_template(connection, store, name)
        except TemplateInUseError as exc:
            raise ApiError(409, "template", str(exc)) from exc
    _tell(cloud, store)


@router.post("/api/stores/{store}/templates/{name}/use", response_model=TemplateUsed)
def use(store: str, name: str, body: TemplateUse, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Draw labels by a template from now on; refused while a product on one of them would not fit."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        kept = templates_of(connection, store).get(name)
        if kept is None:
            raise UnknownError(f"no template {name!r} in store {store!r}")
        which = labels.c.panel == str(kept.template.panel)
        if body.labels is not None:
            which &= labels.c.id.in_(body.labels)
        _need_fit(kept.template, _contents(connection, store, which))
        try:
            changed = use_template(connection, cloud.publisher, store, name, body.labels)
        except TemplateInUseError as exc:
            raise ApiError(409, "template", str(exc)) from exc
        told = [row for row in joined(connection, store) if row.id in set(changed)]
    _tell(cloud, store)
    for row in told:
        cloud.tell(Notice("label", store, label_view(row)))
    return {"labels": changed}


@router.post("/api/stores/{store}/templates/try", response_model=TemplateTried)
def try_it(store: str, body: TemplateTry, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Draw one product by a template that is being written, and keep nothing."""
    need_store(person, store)
    template = _template(body.template)
    with reading(cloud.engine) as connection:
        currency = find_store(connection, store).currency
        query = select(products).where(products.c.store == store, products.c.gone.is_(False))
        if body.gtin is not None:
            query = query.where(products.c.gtin == body.gtin)
        else:
            query = query.join(labels, (labels.c.store == products.c.store) & (labels.c.gtin == products.c.gtin))
        row = connection.execute(query.limit(1)).first()
    if row is None:
        raise UnknownError(f"no product {body.gtin or 'on a label'} in store {store!r}")
    began = time.perf_counter()
    png, problem = None, ""
    try:
        png = base64.b64encode(render(template, content_of(row_of(row), currency)).png()).decode()
    except ValueError as exc:
        problem = str(exc)
    took_us = round((time.perf_counter() - began) * 1e6)
    return {"gtin": row.gtin, "name": row.name, "png": png, "problem": problem, "took_us": took_us}


@router.post("/api/stores/{store}/templates/check", response_model=TemplateCheck)
def check(store: str, body: TemplateBody, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Draw every product that hangs on a label with this template's panel, and say which do not fit."""
    need_store(person, store)
    template = _template(body.template)
    with reading(cloud.engine) as connection:
        contents = _contents(connection, store, labels.c.panel == str(template.panel))
    found = _problems(template, contents)
    return {"products": len(contents), "problems": found[:PROBLEMS], "more": max(0, len(found) - PROBLEMS)}


def _template(written: dict[str, Any]) -> Template:
    try:
        return parse_template(written)
    except TemplateError as exc:
        place, _, why = str(exc).partition(": ")
        raise ApiError(422, "template", f"{place}: {why}", place) from exc


def _contents(connection: Connection, store: str, which: Any) -> list[LabelContent]:
    currency = find_store(connection, store).currency
    hanging = select(labels.c.gtin).where(labels.c.store == store, which)
    query = select(products).where(products.c.store == store, products.c.gtin.in_(hanging)).order_by(products.c.gtin)
    return [content_of(row_of(row), currency) for row in connection.execute(query)]


def _problems(template: Template, contents: list[LabelContent]) -> list[dict[str, Any]]:
    found = []
    for content in contents:
        try:
            render(template, content)
        except ValueError as exc:
            name = {"zh": content.name_zh, "en": content.name_en}
            found.append({"gtin": content.gtin, "name": name, "problem": str(exc)})
    return found


def _need_fit(template: Template, contents: list[LabelContent]) -> None:
    found = _problems(template, contents)
    if found:
        more = f" (and {len(found) - 1} products more)" if len(found) > 1 else ""
        raise ApiError(409, "unfit", f"{found[0]['problem']}{more}: its label would keep its old price for ever")


def _views(connection: Connection, store: str) -> list[dict[str, Any]]:
    used = counts(connection, store)
    panels = [row.panel for row in connection.execute(select(labels.c.panel).where(labels.c.store == store))]
    found = templates_of(connection, store)
    return [
        _view(kept, used, panels) for kept in sorted(found.values(), key=lambda kept: (not kept.by, kept.template.name))
    ]


def _view(kept: Kept, used: dict[str, int], panels: list[str]) -> dict[str, Any]:
    template = kept.template
    return {
        "name": template.name,
        "title": template.title,
        "panel": str(template.panel),
        "by": kept.by,
        "made_ms": kept.made_ms,
        "labels": used.get(template.name, 0),
        "fitting": panels.count(str(template.panel)),
        "template": template.model_dump(mode="json", exclude_none=True),
    }


def _tell(cloud: Context, store: str) -> None:
    cloud.send()
    cloud.tell(Notice("templates", store, {}))
