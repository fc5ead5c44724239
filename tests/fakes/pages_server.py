"""A store made up in memory that speaks the HTTP API of the cloud and of an agent: for looking at pages.

`python -m tests.fakes.pages_server --port 8800` serves the cloud's pages, `--home cart` (or `kiosk`, `gateway`,
`status`) an agent's. `POST /fake/break {"path": "/api/fleet", "status": 500}` makes calls below a path fail until
`{}`; `{"online": false}` takes the agent's cloud away, `{"local_online": false}` its gateway;
`{"weigh_g": 482}` scans a bag from the scale, `{"refuse": "expired"}` a code that is not sold.
"""

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards import serve
from tests.fakes.pages_agent import AGENT_ROUTES
from tests.fakes.pages_answers import refuse, shop
from tests.fakes.pages_cloud import CLOUD_ROUTES
from tests.fakes.pages_labels import LABEL_ROUTES
from tests.fakes.pages_life import live, turn_away, weigh
from tests.fakes.pages_models import MODEL_ROUTES, made_up_models
from tests.fakes.pages_plan import Json
from tests.fakes.pages_prices import fill_prices, keep_time
from tests.fakes.pages_prices_api import PRICE_ROUTES
from tests.fakes.pages_shelves import GATEWAY_ROUTES, SHELF_ROUTES, made_up_bays, shelf_tasks
from tests.fakes.pages_store import Store, filled, state


async def stream(request: Request) -> StreamingResponse:
    store = shop(request)
    sender, receiver = anyio.create_memory_object_stream[tuple[str, Json]](500)
    of_agent = "store" not in request.query_params
    store.streams.add(sender)

    async def body() -> AsyncIterator[bytes]:
        yield b"event: ping\ndata: {}\n\n"
        try:
            while True:
                with anyio.move_on_after(10) as waited:
                    type_, data = await receiver.receive()
                if waited.cancelled_caught:
                    yield b"event: ping\ndata: {}\n\n"
                elif of_agent == (type_ == "state"):
                    yield f"event: {type_}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
        finally:
            store.streams.discard(sender)

    return StreamingResponse(body(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def wreck(request: Request) -> JSONResponse:
    store, body = shop(request), await request.json()
    store.broken = {body["path"]: body["status"]} if body.get("path") else {}
    for key in ("online", "local_online"):
        if key in body:
            setattr(store, key, body[key])
    if "weigh_g" in body:
        weigh(store, body["weigh_g"])
    if "refuse" in body:
        turn_away(store, body["refuse"])
    store.tell("state", state(store))
    return JSONResponse({})


class Breaker:
    """Fails calls below a path, as `POST /fake/break` asked."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for path, status in scope["app"].state.store.broken.items():
                if scope["path"].startswith(path):
                    await refuse(status, f"http-{status}", "broken on purpose")(scope, receive, send)
                    return
        await self.app(scope, receive, send)


def with_shelves(store: Store) -> Store:
    """Give the made-up store bays, and tasks of them."""
    store.bays = made_up_bays()
    store.models = made_up_models()
    store.tasks += shelf_tasks(list(store.products.values()))
    return store


def app(home: str = "home", store: Store | None = None) -> Starlette:
    """Return the fake cloud (`home`) or a fake agent (`cart`, `kiosk`, `gateway`, `status`)."""

    @asynccontextmanager
    async def lifespan(served: Starlette) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            served.state.tasks = tasks
            tasks.start_soon(live, served.state.store)
            tasks.start_soon(keep_time, served.state.store, tasks)
            yield
            tasks.cancel_scope.cancel()

    of_cloud = [*CLOUD_ROUTES, *PRICE_ROUTES, *LABEL_ROUTES, *SHELF_ROUTES, *MODEL_ROUTES]
    own = of_cloud if home == "home" else [*AGENT_ROUTES, *GATEWAY_ROUTES]
    served = Starlette(
        routes=[*own, Route("/api/live", stream), Route("/fake/break", wreck, methods=["POST"]), *serve.routes(home)],
        lifespan=lifespan,
        middleware=[Middleware(Breaker)],
    )
    served.state.store = store or with_shelves(fill_prices(filled()))
    served.state.store.own = {"kiosk": "screen-1", "status": "till-1", "gateway": "gateway-1"}.get(home, "cart-1")
    return served


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8800)
    parser.add_argument("--home", default="home", choices=["home", "cart", "kiosk", "status", "gateway"])
    options = parser.parse_args()
    uvicorn.run(app(options.home), host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
