"""The price part of the cloud's HTTP API, faked in memory."""

import csv
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.fakes import pages_prices as book
from tests.fakes.pages_answers import refuse, shop
from tests.fakes.pages_plan import Json, now_ms
from tests.fakes.pages_prices import RefusedError, Wish

Handler = Callable[[Request], Awaitable[Response]]

MOST_REPORTED = 100


def refusing(handler: Handler) -> Handler:
    """Answer what a handler refuses as the cloud does."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RefusedError as refused:
            return refuse(422, refused.code, str(refused), refused.field)

    return answer


def _wish(body: Json) -> Wish:
    return Wish(body["gtin"], body["price_minor"], body.get("member_minor"), body.get("was_minor"))


def _wishes(request: Request, body: Json) -> list[Wish]:
    store = shop(request)
    codes = body.get("gtins") or [
        code for code, product in store.products.items() if product["category"] == body["category"]
    ]
    return book.by_rule(store, codes, body["percent_bp"], body.get("ending_minor"))


def _publish(request: Request, wishes: list[Wish], body: Json) -> list[Json]:
    store = shop(request)
    for wish in wishes:
        book.check(store, wish, confirm_large=body.get("confirm_large", False))
    return book.publish(
        store,
        wishes,
        "manager",
        body.get("reason", ""),
        effective_ms=body.get("effective_ms"),
        until_ms=body.get("until_ms"),
        tasks=request.app.state.tasks,
    )


@refusing
async def prices(request: Request) -> Response:
    body = await request.json()
    if body["gtin"] not in shop(request).products:
        return refuse(404, "unknown", "no such product; search for it by name")
    return JSONResponse(_publish(request, [_wish(body)], body)[0], status_code=201)


@refusing
async def try_price(request: Request) -> Response:
    return JSONResponse(book.effect(shop(request), [_wish(await request.json())]))


@refusing
async def batch(request: Request) -> Response:
    body = await request.json()
    made = _publish(request, _wishes(request, body), body)
    answer = {"group": made[0]["group"], "changes": len(made), "book_version": made[0]["book_version"]}
    return JSONResponse(answer, status_code=201)


@refusing
async def try_batch(request: Request) -> Response:
    return JSONResponse(book.effect(shop(request), _wishes(request, await request.json())))


async def categories(request: Request) -> JSONResponse:
    return JSONResponse(sorted({product["category"] for product in shop(request).products.values()}))


async def history(request: Request) -> JSONResponse:
    store, code = shop(request), request.path_params["gtin"]
    return JSONResponse({**book.reference(store, code), "prices": book.points(store, code)})


async def changes(request: Request) -> JSONResponse:
    return JSONResponse(shop(request).changes[: int(request.query_params.get("limit", "50"))])


async def undo(request: Request) -> JSONResponse:
    store = shop(request)
    old = next(one for one in store.changes if str(one["id"]) == request.path_params["id"])
    if old["state"] == "planned":
        book.take_back(store, old["group"])
        return JSONResponse(old, status_code=201)
    wishes = [Wish(old["gtin"], old["from_minor"])]
    made = book.publish(store, wishes, "manager", f"undo of change {old['id']}", tasks=request.app.state.tasks)
    return JSONResponse(made[0], status_code=201)


async def undo_group(request: Request) -> JSONResponse:
    group = request.path_params["group"]
    undone = book.take_back(shop(request), group)
    if not undone:
        return refuse(404, "unknown", "nothing of it is planned any more")
    return JSONResponse({"group": group, "undone": undone})


async def books(request: Request) -> JSONResponse:
    return JSONResponse(book.book_views(shop(request)))


async def holders(request: Request) -> JSONResponse:
    return JSONResponse(
        [
            {
                "device": one["id"],
                "name": one["name"],
                "kind": one["kind"],
                "online": one["online"],
                "version": one["book_version"],
            }
            for one in shop(request).devices.values()
            if one["kind"] in book.HOLDING
        ]
    )


async def rollback(request: Request) -> JSONResponse:
    store, version = shop(request), int(request.path_params["version"])
    if version not in store.rows:
        return refuse(404, "unknown", f"no book {version}")
    rows = {
        code: {"price_minor": row["price_minor"]} for code, row in store.rows[version].items() if code in store.products
    }
    put = book.put_rows(store, rows, "manager", f"back to book {version}", request.app.state.tasks)
    changed = put["new"] + put["edited"] + put["repriced"]
    return JSONResponse({"rows": changed, "unchanged": 0, "rejected": [], "rejected_count": 0, **put})


def _rows(file: str, content: bytes) -> list[tuple[int, Json]]:
    text = content.decode("utf-8-sig")
    try:
        if file.endswith(".json"):
            return list(enumerate(json.loads(text), 1))
        lines = csv.DictReader(io.StringIO(text))
        if not {"gtin", "price_minor"} <= set(lines.fieldnames or ()):
            raise RefusedError("unreadable", f"{file}: row 1: no column gtin, price_minor", "file")
        return list(enumerate(lines, 2))
    except json.JSONDecodeError as exc:
        raise RefusedError("unreadable", f"{file}: not JSON: {exc}", "file") from exc


def _checked(request: Request, rows: list[tuple[int, Json]]) -> tuple[dict[str, Json], list[Json]]:
    """Return the good rows by GTIN, and the wrong ones with what is wrong."""
    known = shop(request).products
    good: dict[str, Json] = {}
    rejected = []
    for number, row in rows:
        code, price = str(row.get("gtin", "")), str(row.get("price_minor", ""))
        names = row.get("name") or {key[5:]: row[key] for key in ("name_zh", "name_en") if row.get(key)}
        reason = ""
        if len(code) != 14 or not code.isdigit():
            reason = f"gtin: {code!r} is no GTIN of 14 digits"
        elif not price.isdigit() or int(price) < 1:
            reason = f"price_minor: {price!r} is no price: whole hundredths from 1"
        elif code not in known and not names:
            reason = f"name: the store does not know {code}, so it needs a name"
        elif code in known and int(price) >= known[code]["price_minor"] * 100:
            reason = f"price_minor: {known[code]['price_minor']} → {price}: correct it, or change this price by hand"
        if reason:
            rejected.append({"row": number, "gtin": code, "reason": reason})
        else:
            fresh = {"gtin": code, "name": names, "category": row.get("category") or ""} if code not in known else {}
            good[code] = {"price_minor": int(price), **fresh}
    return good, rejected


@refusing
async def import_file(request: Request) -> Response:
    store, job = shop(request), request.path_params["job"]
    if job in store.imports:
        return refuse(409, "known", f"import {job} was sent before", "job")
    form = await request.form()
    upload = form["file"]
    assert not isinstance(upload, str)
    running = {"state": "reading", "done": 0, "of": 0, "rejected": []}
    store.imports[job] = running
    await anyio.sleep(0.3)
    try:
        rows = _rows(str(upload.filename), await upload.read())
    except RefusedError:
        running["state"] = "failed"
        raise
    running |= {"state": "checking", "of": len(rows)}
    for step in range(1, 7):
        running["done"] = len(rows) * step // 6
        await anyio.sleep(0.2)
    good, rejected = _checked(request, rows)
    running |= {"state": "publishing", "rejected": rejected}
    await anyio.sleep(0.2)
    put = book.put_rows(store, good, "manager", f"import of {upload.filename}", request.app.state.tasks)
    running["state"] = "done"
    changed = put["new"] + put["edited"] + put["repriced"]
    return JSONResponse(
        {
            "rows": len(rows),
            "unchanged": len(rows) - len(rejected) - changed,
            "rejected": rejected[:MOST_REPORTED],
            "rejected_count": len(rejected),
            **put,
        }
    )


async def progress(request: Request) -> JSONResponse:
    running = shop(request).imports.get(request.path_params["job"])
    if running is None:
        return refuse(404, "unknown", "no such import")
    return JSONResponse({**running, "rejected": len(running["rejected"])})


async def rejected_csv(request: Request) -> Response:
    job = request.path_params["job"]
    out = io.StringIO()
    lines = csv.DictWriter(out, ["row", "gtin", "reason"])
    lines.writeheader()
    lines.writerows(shop(request).imports[job]["rejected"])
    headers = {"Content-Disposition": f'attachment; filename="rejected-{job}.csv"'}
    return Response("\ufeff" + out.getvalue(), media_type="text/csv", headers=headers)


@refusing
async def promotions(request: Request) -> Response:
    store, id_ = shop(request), request.path_params.get("id", "")
    if request.method == "PUT":
        body = (await request.json())["promotion"] | {"id": id_}
        book.promotion_of(body)
        old: dict[str, Any] = store.promotions.get(id_, {"uses": 0, "saving_minor": 0})
        store.promotions[id_] = {**old, "promotion": body, "by": "manager", "made_ms": now_ms()}
        store.tell("promotions", {})
        return JSONResponse(next(one for one in book.promotion_views(store) if one["promotion"]["id"] == id_))
    if request.method == "DELETE":
        store.promotions.pop(id_, None)
        store.tell("promotions", {})
        return Response(status_code=204)
    return JSONResponse(book.promotion_views(store))


@refusing
async def try_promotion(request: Request) -> Response:
    body = (await request.json())["promotion"]
    return JSONResponse(book.promotion_effect(shop(request), book.promotion_of(body)))


STORE = "/api/stores/{store}"
PRICE_ROUTES = [
    Route(f"{STORE}/prices", prices, methods=["POST"]),
    Route(f"{STORE}/prices/try", try_price, methods=["POST"]),
    Route(f"{STORE}/prices/batch", batch, methods=["POST"]),
    Route(f"{STORE}/prices/batch/try", try_batch, methods=["POST"]),
    Route(f"{STORE}/categories", categories),
    Route(f"{STORE}/products/{{gtin}}/history", history),
    Route(f"{STORE}/changes", changes),
    Route("/api/changes/{id}/undo", undo, methods=["POST"]),
    Route(f"{STORE}/groups/{{group}}/undo", undo_group, methods=["POST"]),
    Route(f"{STORE}/books", books),
    Route(f"{STORE}/books/holders", holders),
    Route(f"{STORE}/books/{{version}}/rollback", rollback, methods=["POST"]),
    Route(f"{STORE}/imports/{{job}}", import_file, methods=["POST"]),
    Route(f"{STORE}/imports/{{job}}", progress),
    Route(f"{STORE}/imports/{{job}}/rejected.csv", rejected_csv),
    Route(f"{STORE}/promotions", promotions),
    Route(f"{STORE}/promotions/try", try_promotion, methods=["POST"]),
    Route(f"{STORE}/promotions/{{id}}", promotions, methods=["PUT", "DELETE"]),
]
