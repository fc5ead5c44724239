"""What the local HTTP routes of several roles share: JSON in and out, errors with their remedy, product search."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from edge_agent.outbox import OutboxFullError
from edge_agent.roles.catalogue import Catalogue
from edge_agent.roles.sale import NoTripError, Sale
from edge_agent.roles.service import OutOfServiceError, Service
from edge_agent.roles.surveying import SurveyError, Surveying
from edge_agent.roles.weighing import NoQuestionError, Weighing

Body = dict[str, Any]
Action = Callable[[Body], Awaitable[Body]]


class ApiError(Exception):
    """An answer of status 4xx: a code for programs, a sentence with the remedy for people."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"code": code, "message": message} | ({"field": field} if field else {})


def action(path: str, act: Action) -> BaseRoute:
    """Return a POST route that reads a JSON object and answers one."""

    async def endpoint(request: Request) -> Response:
        try:
            # A page of another origin cannot set this header without asking first.
            if request.headers.get("x-aisle") != "1":
                raise ApiError(403, "csrf", "send the header X-Aisle: 1 with every change")
            return JSONResponse(await act(await read_body(request)))
        except ApiError as exc:
            return JSONResponse({"error": exc.error}, exc.status)
        except NoTripError as exc:
            return JSONResponse({"error": {"code": "no-trip", "message": str(exc)}}, 409)
        except OutOfServiceError as exc:
            return JSONResponse({"error": {"code": "out-of-service", "message": str(exc)}}, 409)
        except OutboxFullError as exc:
            message = f"{exc}: wait until the cloud can be reached again"
            return JSONResponse({"error": {"code": "full", "message": message}}, 409)

    return Route(path, endpoint, methods=["POST"])


def products(catalogue: Catalogue) -> BaseRoute:
    """Return the product search."""

    async def endpoint(request: Request) -> Response:
        try:
            offset = _whole(request, "offset", 0)
            limit = _whole(request, "limit", 50)
        except ApiError as exc:
            return JSONResponse({"error": exc.error}, exc.status)
        return JSONResponse(catalogue.find(request.query_params.get("q", "")[:100], offset, limit))

    return Route("/api/products", endpoint)


def survey_routes(surveying: Surveying, service: Service) -> list[BaseRoute]:
    """Return the routes of a survey; one is walked only while nothing is sold here."""

    async def start(body: Body) -> Body:
        if service.out is None:
            raise ApiError(409, "in-service", "take this device out of service first: shoppers must not walk surveys")
        return {"survey": surveying.start()}

    async def at(body: Body) -> Body:
        return surveying.at(metres(body, "x_m"), metres(body, "y_m"))

    async def undo(body: Body) -> Body:
        surveying.undo()
        return {}

    async def finish(body: Body) -> Body:
        surveying.finish()
        return {}

    async def promise(request: Request) -> Response:
        return JSONResponse(surveying.promise())

    def told(act: Action) -> Action:
        async def acted(body: Body) -> Body:
            try:
                return await act(body)
            except SurveyError as exc:
                raise ApiError(409, "survey", str(exc)) from exc

        return acted

    deeds = {"start": start, "at": at, "undo": undo, "finish": finish}
    return [
        Route("/api/survey", promise),
        *(action(f"/api/survey/{name}", told(act)) for name, act in deeds.items()),
    ]


def sale_routes(sale: Sale) -> list[BaseRoute]:
    """Return the routes of a trip."""

    async def start(body: Body) -> Body:
        return {"trip": sale.start()}

    async def close(body: Body) -> Body:
        closed = sale.close()
        return {"trip": closed.trip, "total_minor": closed.total_minor, "provisional": closed.provisional}

    async def remove(body: Body) -> Body:
        sale.remove(text(body, "gtin"), minor(body, "price_minor") if "price_minor" in body else None)
        return sale.state()

    async def coupon(body: Body) -> Body:
        code = text(body, "code").strip()
        if not 0 < len(code) <= 64:
            raise ApiError(422, "invalid", "code must have 1 to 64 characters", "code")
        sale.present(code)
        return sale.state()

    return [
        action("/api/trip/start", start),
        action("/api/coupon", coupon),
        action("/api/trip/close", close),
        action("/api/basket/remove", remove),
    ]


def question_routes(weighing: Weighing, sale: Sale) -> list[BaseRoute]:
    """Return the route by which a shopper answers what the cart asks."""

    async def answer(body: Body) -> Body:
        question, said = text(body, "question"), text(body, "answer")
        try:
            if said == "right":
                weighing.insist(question)
            elif said == "remove":
                sale.remove(weighing.removed(question))
                weighing.close(question, "removed")
            else:
                raise ApiError(422, "invalid", "answer must be right or remove", "answer")
        except NoQuestionError as exc:
            raise ApiError(409, "answered", str(exc)) from exc
        return sale.state()

    async def unwait(_: Body) -> Body:
        weighing.wait_no_more()
        return sale.state()

    return [action("/api/basket/answer", answer), action("/api/basket/unwait", unwait)]


def text(body: Body, field: str) -> str:
    """Return a text of the body; raises ApiError."""
    value = body.get(field)
    if not isinstance(value, str):
        raise ApiError(422, "invalid", f"{field} is missing or is no text", field)
    return value


def metres(body: Body, field: str) -> float:
    """Return a length of the body; raises ApiError."""
    value = body.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e5 <= value <= 1e5:
        raise ApiError(422, "invalid", f"{field} must be metres in the store's frame", field)
    return float(value)


def grams(body: Body, field: str) -> float:
    """Return a weight of the body; raises ApiError."""
    value = body.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e5 <= value <= 1e5:
        raise ApiError(422, "invalid", f"{field} must be grams, 100 kg at most", field)
    return float(value)


def minor(body: Body, field: str) -> int:
    """Return money of the body; raises ApiError."""
    value = body.get(field)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**12:
        raise ApiError(422, "invalid", f"{field} must be a whole number of minor units", field)
    return value


def truth(body: Body, field: str) -> bool:
    """Return a yes or no of the body; raises ApiError."""
    value = body.get(field)
    if not isinstance(value, bool):
        raise ApiError(422, "invalid", f"{field} must be true or false", field)
    return value


async def read_body(request: Request) -> Body:
    """Return the JSON object that a request brings. Raises ApiError."""
    try:
        value = json.loads(await request.body() or b"{}")
    except (ValueError, RecursionError) as exc:
        raise ApiError(422, "invalid", f"the body is not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise ApiError(422, "invalid", "the body must be a JSON object")
    return value


def _whole(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, str(default))
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise ApiError(422, "invalid", f"{name} must be a whole number", name)
    return int(value)
