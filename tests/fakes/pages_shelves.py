"""Bays, tasks of shelves, and photos of the made-up store: what the cloud and its gateway answer of them."""

import functools
from typing import Any

import cv2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge_agent.pictures import PictureError, decode_picture
from tests.fakes import bays as fake
from tests.fakes.pages_answers import refuse, shop
from tests.fakes.pages_plan import now_ms
from vision.shelf import NotThisShelfError, audit
from vision.shelf.drawn import drawn

BAY = {"zh": "三号货架第一组", "en": "Aisle 3, first bay"}
PASS = "a-pass"


def shelf_tasks(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tasks of each kind that a shelf has, one of them overdue."""
    now, hour = now_ms(), 3_600_000
    causes: list[tuple[str, str, dict[str, Any], int]] = [
        ("stock", "gap", {"missing": 2, "planned": 5, "places": [[2, 3], [2, 4]]}, 1),
        ("stock", "out-of-stock", {"missing": 3, "planned": 3, "places": [[1, 1], [1, 2], [1, 3]]}, -2),
        ("place", "wrong", {"places": [[3, 7]], "seen": [{"gtin": "", "name": products[9]["name"]}]}, 2),
        ("date", "near-expiry", {"expires_on": "2026-12-01"}, 20),
    ]
    return [
        {
            "id": 100 + number, "store": "demo", "kind": kind, "about": f"bay-1:{product['gtin']}", "bay": "bay-1",
            "gtin": product["gtin"], "cause": cause, "detail": "as the cloud says it",
            "facts": {"bay_name": BAY, "name": product["name"], **facts},
            "opened_ms": now - 4 * hour, "due_ms": now + due_h * hour, "owner": "associate",
            "escalated_to": "manager" if due_h < 0 else "", "taken_by": "associate" if number == 2 else "",
            "closed_ms": None, "proof": None,
        }
        for number, (product, (kind, cause, facts, due_h)) in enumerate(zip(products, causes, strict=False))
    ]  # fmt: skip


def _audits() -> list[dict[str, Any]]:
    now = now_ms()
    rights = (41, 43, 39, 30, 42)
    return [
        {
            "id": f"audit-{number}", "bay": "bay-1", "by": "associate", "at_ms": now - number * 86_400_000 - 600_000,
            "facings": 43, "right": right, "gaps": 43 - right, "wrong": 0,
        }
        for number, right in enumerate(rights)
    ]  # fmt: skip


def made_up_bays() -> list[dict[str, Any]]:
    """The bays of the made-up store as its cloud shows them."""
    first = {"id": "bay-1", "name": BAY, "facings": 43, "shelves": 4, "products": 27, "by": "manager", "made_ms": 0}
    second = {"id": "bay-2", "name": {"zh": "冷柜", "en": "Cold shelf"}, "facings": 20, "shelves": 3, "products": 9}
    return [{**first, "audits": _audits()}, {**second, "by": "manager", "made_ms": 0, "audits": []}]


async def bays(request: Request) -> Response:
    store = shop(request)
    bay = str(request.path_params.get("bay"))
    if request.method == "DELETE":
        store.bays = [one for one in store.bays if one["id"] != bay]
        return Response(status_code=204)
    if request.method == "PUT":
        form = await request.form()
        plan: Any = form["plan"]
        if b"gtin" not in await plan.read():
            return refuse(422, "bay", "the first line has to name the columns; missing: gtin, shelf", "plan")
        names = {language: str(form[f"name_{language}"]) for language in ("zh", "en") if form[f"name_{language}"]}
        made = {**made_up_bays()[1], "id": bay, "name": names or {"en": bay}}
        store.bays = [*(one for one in store.bays if one["id"] != bay), made]
        store.tell("shelf", {"bay": bay})
        return JSONResponse(made)
    return JSONResponse(store.bays)


async def staff_pass(request: Request) -> JSONResponse:
    return JSONResponse({"staff_pass": PASS, "expires_ms": now_ms() + 3_600_000, "url": ""})


async def done(request: Request) -> JSONResponse:
    tasks = shelf_tasks(list(shop(request).products.values())[10:])
    proofs = (
        ("photo", "ann", "audit-1"), ("dropped", "manager", "being filled"), ("gone", "", ""), ("look", "ann", ""),
    )  # fmt: skip
    return JSONResponse(
        [
            {**task, "closed_ms": now_ms() - 60_000, "proof": {"kind": kind, "by": by, "note": note}}
            for task, (kind, by, note) in zip(tasks, proofs, strict=True)
        ]
    )


async def overdue(request: Request) -> JSONResponse:
    return JSONResponse([task for task in shop(request).tasks if task["due_ms"] < now_ms()])


async def drop(request: Request) -> JSONResponse:
    task = next(task for task in shop(request).tasks if task["id"] == int(request.path_params["task"]))
    reason = (await request.json())["reason"]
    task |= {"closed_ms": now_ms(), "proof": {"kind": "dropped", "by": "manager", "note": reason}}
    shop(request).tell("task", task)
    return JSONResponse(task)


SHELF_ROUTES = [
    Route("/api/stores/{store}/bays", bays),
    Route("/api/stores/{store}/bays/{bay}", bays, methods=["PUT", "DELETE"]),
    Route("/api/stores/{store}/pass", staff_pass, methods=["POST"]),
    Route("/api/stores/{store}/tasks/done", done),
    Route("/api/stores/{store}/tasks/{task}/drop", drop, methods=["POST"]),
    Route("/api/tasks/overdue", overdue),
]


# ---- the gateway's side


@functools.lru_cache
def _found(data: bytes) -> dict[str, Any]:
    pixels = decode_picture(data, colour=True)
    pictures = {gtin: decode_picture(front, colour=True) for gtin, front in fake.fronts().items()}
    height, width = pixels.shape[:2]
    return {"width_px": width, "height_px": height, **audit(pixels, fake.plan(), pictures).as_json()}


async def own_bays(request: Request) -> JSONResponse:
    if request.headers.get("x-aisle-pass") != PASS:
        return refuse(401, "bad-pass", "this pass is not the cloud's: open this page from your task list")
    products = [{"gtin": one.gtin, "name": one.name} for one in fake.plan().products]
    bay = {"id": "bay-1", "name": BAY, "facings": len(fake.plan().facings), "shelves": 4, "products": products}
    return JSONResponse({"who": "associate", "bays": [{**bay, "photos": shop(request).photos}]})


async def plan_picture(request: Request) -> Response:
    pictures = {gtin: decode_picture(front, colour=True) for gtin, front in fake.fronts().items()}
    return _jpeg(drawn(fake.plan(), pictures))


async def photo_picture(request: Request) -> Response:
    is_first = request.path_params["audit"] == "audit-1"
    return _jpeg(decode_picture(fake.photo(is_stocked=not is_first).data, colour=True))


async def take_photo(request: Request) -> JSONResponse:
    store = shop(request)
    try:
        found = _found(await request.body())
    except PictureError:
        return refuse(422, "no-photo", "the photo is not a picture that can be read")
    except NotThisShelfError as exc:
        return refuse(422, "not-this-shelf", str(exc))
    number = len(store.photos) + 1
    told = {"audit": f"audit-{number}", "at_ms": now_ms(), "by": "associate", "took_ms": 1_234, **found}
    store.photos = [told, *store.photos][:2]
    return JSONResponse(told)


async def date(request: Request) -> JSONResponse:
    await request.json()
    return JSONResponse({})


async def items(request: Request) -> JSONResponse:
    store = shop(request)
    return JSONResponse({"items": [{"gtin": gtin, "name": store.products[gtin]["name"]} for gtin in store.taught]})


async def lesson(request: Request) -> JSONResponse:
    """A lesson that goes well; a file that is no picture is refused."""
    store, gtin, deed = shop(request), request.path_params["gtin"], request.path_params.get("deed", "")
    if request.method == "DELETE":
        store.taught = [one for one in store.taught if one != gtin]
        return JSONResponse({})
    if deed == "learn":
        store.taught = [*store.taught, gtin]
        return JSONResponse({})
    try:
        decode_picture(await request.body(), colour=True)
    except PictureError:
        return refuse(422, "no-photo", "the photo is not a picture that can be read")
    name = store.products[gtin]["name"]
    if deed == "try":
        return JSONResponse({"abstain": False, "top": [{"gtin": gtin, "label": gtin, "name": name, "p": 0.94}]})
    count = store.lessons.get(gtin, -1) + 1
    store.lessons[gtin] = 0 if request.query_params.get("of") == "empty" else count
    few = {"code": "not-an-item", "message": f"{store.lessons[gtin]} pictures are too few"}
    return JSONResponse(
        {"gtin": gtin, "name": name, "pictures": store.lessons[gtin], "has_empty": True,
         "problem": few if store.lessons[gtin] < 3 else None}
    )  # fmt: skip


def _jpeg(picture: Any) -> Response:
    return Response(cv2.imencode(".jpg", picture)[1].tobytes(), media_type="image/jpeg")


GATEWAY_ROUTES = [
    Route("/api/bays", own_bays),
    Route("/api/bays/{bay}/plan.jpg", plan_picture),
    Route("/api/bays/{bay}/photos/{audit}.jpg", photo_picture),
    Route("/api/bays/{bay}/photos", take_photo, methods=["POST"]),
    Route("/api/bays/{bay}/dates", date, methods=["POST"]),
    Route("/api/items", items),
    Route("/api/items/{gtin}", lesson, methods=["DELETE"]),
    Route("/api/items/{gtin}/{deed}", lesson, methods=["POST"]),
]
