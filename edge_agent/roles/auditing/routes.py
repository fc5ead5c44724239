"""The way in for staff: bays, photos, dates, items; for who shows the cloud's pass (`X-Aisle-Pass`, base64)."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Final

import anyio.to_thread
import cv2
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from edge_agent.app import Surroundings
from edge_agent.outbox import OutboxFullError
from edge_agent.roles.auditing.auditor import AuditError, Auditor
from edge_agent.roles.auditing.teacher import Teacher
from edge_agent.roles.routes import ApiError, read_body, text
from firmware_specs.bays import StaffPass
from firmware_specs.signing import SignatureError, verify
from firmware_specs.wire import WireError

LARGEST_PHOTO: Final = 32 * 2**20

_STATUS: Final = {"no-bay": 404, "not-taught": 404, "busy": 503}
_NOT_STORED: Final = {"cache-control": "no-store"}

Answer = Callable[[Request, str], Awaitable[Response]]


def audit_routes(auditor: Auditor, teacher: Teacher, surroundings: Surroundings) -> list[BaseRoute]:
    """Return the routes of the store's bays, and of the items that it teaches."""

    def admitted(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                if request.method != "GET" and request.headers.get("x-aisle") != "1":
                    raise ApiError(403, "csrf", "send the header X-Aisle: 1 with every change")
                return await answer(request, _who(request, surroundings))
            except ApiError as exc:
                return JSONResponse({"error": exc.error}, exc.status)
            except AuditError as exc:
                return JSONResponse({"error": {"code": exc.code, "message": str(exc)}}, _STATUS.get(exc.code, 422))
            except OutboxFullError as exc:
                message = f"{exc}: wait until the cloud can be reached again"
                return JSONResponse({"error": {"code": "full", "message": message}}, 409)

        return endpoint

    async def bays(_request: Request, who: str) -> Response:
        return JSONResponse({"who": who, "bays": auditor.views()}, headers=_NOT_STORED)

    async def plan(request: Request, _who: str) -> Response:
        picture = await auditor.planned(request.path_params["bay"])
        packed = await anyio.to_thread.run_sync(cv2.imencode, ".jpg", picture)
        return Response(packed[1].tobytes(), media_type="image/jpeg", headers=_NOT_STORED)

    async def photo(request: Request, _who: str) -> Response:
        path = auditor.photo(request.path_params["bay"], request.path_params["audit"])
        if path is None:
            raise ApiError(404, "no-photo", "this photo is no longer kept")
        return FileResponse(path, media_type="image/jpeg", headers=_NOT_STORED)

    async def look(request: Request, who: str) -> Response:
        return JSONResponse(await auditor.look(request.path_params["bay"], await _photo_of(request), who))

    async def dated(request: Request, who: str) -> Response:
        body = await read_body(request)
        auditor.date_checked(request.path_params["bay"], text(body, "gtin"), _day(body), who)
        return JSONResponse({})

    async def items(_request: Request, _who: str) -> Response:
        return JSONResponse({"items": teacher.views()}, headers=_NOT_STORED)

    async def shown(request: Request, _who: str) -> Response:
        is_empty = request.query_params.get("of") == "empty"
        data = await _photo_of(request)
        return JSONResponse(await teacher.show(request.path_params["gtin"], data, is_empty=is_empty))

    async def tried(request: Request, _who: str) -> Response:
        return JSONResponse(await teacher.attempt(request.path_params["gtin"], await _photo_of(request)))

    async def learnt(request: Request, who: str) -> Response:
        teacher.learn(request.path_params["gtin"], who)
        return JSONResponse({})

    async def forgotten(request: Request, who: str) -> Response:
        teacher.forget(request.path_params["gtin"], who)
        return JSONResponse({})

    return [
        Route("/api/items", admitted(items)),
        Route("/api/items/{gtin}/pictures", admitted(shown), methods=["POST"]),
        Route("/api/items/{gtin}/try", admitted(tried), methods=["POST"]),
        Route("/api/items/{gtin}/learn", admitted(learnt), methods=["POST"]),
        Route("/api/items/{gtin}", admitted(forgotten), methods=["DELETE"]),
        Route("/api/bays", admitted(bays)),
        Route("/api/bays/{bay}/plan.jpg", admitted(plan)),
        Route("/api/bays/{bay}/photos/{audit}.jpg", admitted(photo)),
        Route("/api/bays/{bay}/photos", admitted(look), methods=["POST"]),
        Route("/api/bays/{bay}/dates", admitted(dated), methods=["POST"]),
    ]


def _who(request: Request, surroundings: Surroundings) -> str:
    shown = request.headers.get("x-aisle-pass", "")
    if not shown:
        raise ApiError(401, "no-pass", "open this page from your task list: it brings the pass for this store")
    try:
        word = verify(base64.b64decode(shown, validate=True), StaffPass, surroundings.signing_key)
    except (binascii.Error, WireError, SignatureError) as exc:
        raise ApiError(401, "bad-pass", "this pass is not the cloud's: open this page from your task list") from exc
    if word.store != surroundings.store:
        raise ApiError(403, "other-store", f"this pass is for store {word.store!r}: open this page from its task list")
    if word.expires_ms <= surroundings.now_ms():
        raise ApiError(401, "old-pass", "this pass has expired: open this page from your task list again")
    return word.name


async def _photo_of(request: Request) -> bytes:
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > LARGEST_PHOTO:
            raise ApiError(413, "too-large", f"a photo may have {LARGEST_PHOTO // 2**20} MiB: take it smaller")
    return bytes(data)


def _day(body: dict[str, Any]) -> date | None:
    if "expires_on" in body and body["expires_on"] is None:
        return None
    try:
        return date.fromisoformat(text(body, "expires_on"))
    except ValueError as exc:
        raise ApiError(
            422, "invalid", "expires_on must be a day, as 2026-12-01, or null where no pack is left", "expires_on"
        ) from exc
