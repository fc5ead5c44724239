"""What the fake cloud and the fake agent answer alike."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from tests.fakes.pages_store import Store


def refuse(status: int, code: str, message: str, field: str | None = None) -> JSONResponse:
    error = {"code": code, "message": message} | ({} if field is None else {"field": field})
    return JSONResponse({"error": error}, status_code=status)


def shop(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def found(store: Store, request: Request, shelf: bool) -> JSONResponse:
    query = request.query_params.get("q", "").lower()
    offset, limit = (int(request.query_params.get(key, other)) for key, other in (("offset", "0"), ("limit", "50")))
    places = {label["gtin"]: {"x_m": label["x_m"], "y_m": label["y_m"]} for label in store.labels.values()}
    items = [
        one
        for one in store.products.values()
        if query in one["name"]["zh"]
        or query in one["name"]["en"].lower()
        or query in one["gtin"]
        or query in one["category"]
    ]
    if shelf:
        items = [{**one, "shelf": places.get(one["gtin"])} for one in items]
    return JSONResponse({"total": len(items), "items": items[offset : offset + limit]})


async def products(request: Request) -> JSONResponse:
    return found(shop(request), request, shelf="store" not in request.path_params)


def listed(what: str) -> Any:
    async def answer(request: Request) -> JSONResponse:
        return JSONResponse(getattr(shop(request), what))

    return answer
