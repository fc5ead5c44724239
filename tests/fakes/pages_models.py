"""Models of the made-up fleet: what the cloud answers of them."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes.pages_answers import refuse, shop
from tests.fakes.pages_plan import now_ms


def _in_store(store: str, *, using: int = 1) -> dict[str, Any]:
    return {"store": store, "by": "hq", "since_ms": now_ms(), "devices": 5, "using": using, "refused": []}


def made_up_models() -> list[dict[str, Any]]:
    """Two models, one of them given to the store and refused by one device."""
    model = {
        "name": "items", "version": 3, "task": "items", "sha256": "5f" * 32, "size": 5_919_826, "precision": "int8",
        "licence": "Apache-2.0 (the weights that it started from)", "source": "EfficientNet-Lite2, ImageNet",
        "data": "GroceryStoreDataset, MIT; pictures of other things", "classes": 81, "by": "hq",
        "added_ms": now_ms() - 7_200_000,
        "measured": [
            {"what": "class right, %", "value": 90.9, "sample": "val, 296 pictures of 60 classes"},
            {"what": "family right, %", "value": 93.9, "sample": "val, 296 pictures of 60 classes"},
        ],
    }  # fmt: skip
    trouble = {"device": "speaker-1", "detail": "detector: no outputs of 2704 places with 80 labels"}
    used = {**_in_store("demo", using=3), "refused": [trouble]}
    other = {**model, "name": "detector", "version": 2, "task": "detector", "classes": 80, "size": 5_375_826}
    return [{**model, "stores": []}, {**other, "measured": [], "stores": [used]}]


def _stopped(models: list[dict[str, Any]], store: str, task: str) -> None:
    for one in models:
        if one["task"] == task:
            one["stores"] = [use for use in one["stores"] if use["store"] != store]


async def models(request: Request) -> Response:
    store = shop(request)
    name, version = request.path_params.get("name"), request.path_params.get("version")
    if request.method == "POST":
        form = await request.form()
        written: Any = form["manifest"]
        manifest = json.loads(await written.read())
        if "sha256" not in manifest:
            return refuse(
                422, "model", "the manifest does not read: Object missing required field `sha256`", "manifest"
            )
        made = {**made_up_models()[0], **manifest, "added_ms": now_ms(), "stores": []}
        store.models = [made, *store.models]
        return JSONResponse(made, status_code=201)
    if request.method == "DELETE":
        store.models = [one for one in store.models if (one["name"], str(one["version"])) != (name, version)]
        return Response(status_code=204)
    return JSONResponse(store.models)


async def in_store(request: Request) -> Response:
    store, at = shop(request), str(request.path_params["store"])
    if request.method == "DELETE":
        _stopped(store.models, at, str(request.path_params["task"]))
    else:
        body = await request.json()
        wanted = next(one for one in store.models if (one["name"], one["version"]) == (body["name"], body["version"]))
        _stopped(store.models, at, wanted["task"])
        wanted["stores"].append(_in_store(at))
    store.tell("models", {})
    return JSONResponse(store.models)


MODEL_ROUTES = [
    Route("/api/models", models, methods=["GET", "POST"]),
    Route("/api/models/{name}/{version}", models, methods=["DELETE"]),
    Route("/api/stores/{store}/models", in_store, methods=["PUT"]),
    Route("/api/stores/{store}/models/{task}", in_store, methods=["DELETE"]),
]
