"""Label templates, labels that come and go, and tasks of the made-up store, drawn by the cloud's own renderer."""

import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.pages_answers import refuse, shop
from vision.labels.content import LabelContent
from vision.labels.render import render
from vision.labels.template import Template, TemplateError, built_in, built_in_names, parse_template

AT = "/api/stores/{store}/templates"


def _all(request: Request) -> dict[str, tuple[Template, str]]:
    found = {name: (built_in(name), "") for name in built_in_names()}
    return found | {name: (parse_template(body), "manager") for name, body in shop(request).templates.items()}


def _view(request: Request, name: str) -> dict[str, Any]:
    template, by = _all(request)[name]
    labels = shop(request).labels.values()
    return {
        "name": name,
        "title": template.title,
        "panel": str(template.panel),
        "by": by,
        "made_ms": 0,
        "labels": sum(label["template"] == name for label in labels),
        "fitting": sum(label["panel"] == str(template.panel) for label in labels),
        "template": template.model_dump(mode="json", exclude_none=True),
    }


def _wrong(exc: TemplateError) -> JSONResponse:
    place, _, why = str(exc).partition(": ")
    return refuse(422, "template", f"{place}: {why}", place)


def _content(product: dict[str, Any]) -> LabelContent:
    name = product["name"]
    return LabelContent(
        product["gtin"], name["zh"], name["en"], product["price_minor"], "CNY", product.get("unit", ""), was_minor=2_900
    )


async def listed(request: Request) -> JSONResponse:
    return JSONResponse(
        [_view(request, name) for name in sorted(_all(request), key=lambda name: (name in built_in_names(), name))]
    )


async def one(request: Request) -> Response:
    name = request.path_params["name"]
    if request.method == "DELETE":
        shop(request).templates.pop(name, None)
        return Response(status_code=204)
    try:
        body = parse_template((await request.json())["template"] | {"name": name})
    except TemplateError as exc:
        return _wrong(exc)
    shop(request).templates[name] = body.model_dump(mode="json", exclude_none=True)
    shop(request).tell("templates", {})
    return JSONResponse(_view(request, name))


async def use(request: Request) -> JSONResponse:
    name = request.path_params["name"]
    panel = _view(request, name)["panel"]
    changed = [label for label in shop(request).labels.values() if label["panel"] == panel]
    for label in changed:
        label["template"] = name
        shop(request).tell("label", label)
    return JSONResponse({"labels": [label["id"] for label in changed]})


async def try_it(request: Request) -> JSONResponse:
    body = await request.json()
    products = shop(request).products
    product = products[body.get("gtin") or next(iter(products))]
    answer: dict[str, Any] = {
        "gtin": product["gtin"],
        "name": product["name"],
        "png": None,
        "problem": "",
        "took_us": 210,
    }
    try:
        picture = render(parse_template(body["template"]), _content(product))
        answer["png"] = base64.b64encode(picture.png()).decode()
    except TemplateError as exc:
        return _wrong(exc)
    except ValueError as exc:
        answer["problem"] = str(exc)
    return JSONResponse(answer)


async def check(request: Request) -> JSONResponse:
    template = parse_template((await request.json())["template"])
    problems = []
    for product in shop(request).products.values():
        try:
            render(template, _content(product))
        except ValueError as exc:
            problems.append({"gtin": product["gtin"], "name": product["name"], "problem": str(exc)})
    return JSONResponse(
        {"products": len(shop(request).products), "problems": problems[:50], "more": max(0, len(problems) - 50)}
    )


async def tasks(request: Request) -> JSONResponse:
    return JSONResponse([task for task in shop(request).tasks if task["closed_ms"] is None])


async def take(request: Request) -> JSONResponse:
    task = next(task for task in shop(request).tasks if task["id"] == int(request.path_params["task"]))
    task["taken_by"] = "manager" if (await request.json())["taken"] else ""
    shop(request).tell("task", task)
    return JSONResponse(task)


async def hang(request: Request) -> JSONResponse:
    store, body = shop(request), await request.json()
    taken = next((one for one in store.labels.values() if one["address"] == body["address"].upper()), None)
    if taken is not None:
        message = f"{body['address']} is {taken['id']} already: no two labels may have one address"
        return refuse(422, "pairing", message, "address")
    if "label" in request.path_params:
        label = store.labels[request.path_params["label"]]
    else:
        product = store.products[body["product"].zfill(14)]
        label = dict(next(iter(store.labels.values()))) | {
            "id": f"label-{len(store.labels) + 1}",
            "name": product["name"],
        }
        label |= {"gtin": product["gtin"], "panel": body["panel"]}
    label |= {"address": body["address"].upper(), "state": "pending", "price_minor": None, "image_sha256": None}
    store.labels[label["id"]] = label
    store.tell("label", label)
    return JSONResponse(label, status_code=201)


async def take_down(request: Request) -> Response:
    shop(request).labels.pop(request.path_params["label"], None)
    shop(request).tell("reload", {})
    return Response(status_code=204)


LABEL_ROUTES = [
    Route("/api/labels", hang, methods=["POST"]),
    Route("/api/labels/{label}/replace", hang, methods=["POST"]),
    Route("/api/labels/{label}", take_down, methods=["DELETE"]),
    Route("/api/stores/{store}/tasks", tasks),
    Route("/api/stores/{store}/tasks/{task}/take", take, methods=["POST"]),
    Route(AT, listed),
    Route(f"{AT}/try", try_it, methods=["POST"]),
    Route(f"{AT}/check", check, methods=["POST"]),
    Route(f"{AT}/{{name}}/use", use, methods=["POST"]),
    Route(f"{AT}/{{name}}", one, methods=["PUT", "DELETE"]),
]
