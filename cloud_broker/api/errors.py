"""Errors as the API says them: a code for programs, a sentence with the remedy for people."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from cloud_broker.registry.devices import UnknownError


class ApiError(Exception):
    """A refusal."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"code": code, "message": message}
        if field is not None:
            self.body["field"] = field


def _answer(status: int, body: dict[str, Any]) -> JSONResponse:
    return JSONResponse({"error": body}, status_code=status)


def install(app: FastAPI) -> None:
    """Let the app answer every error in one shape."""

    @app.exception_handler(ApiError)
    async def refused(_: Request, exc: ApiError) -> JSONResponse:
        return _answer(exc.status, exc.body)

    @app.exception_handler(UnknownError)
    async def unknown(_: Request, exc: UnknownError) -> JSONResponse:
        return _answer(404, {"code": "unknown", "message": str(exc.args[0])})

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, exc: RequestValidationError) -> JSONResponse:
        first = exc.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        return _answer(422, {"code": "invalid", "message": f"{field}: {first['msg']}", "field": field})

    @app.exception_handler(HTTPException)
    async def http(_: Request, exc: HTTPException) -> JSONResponse:
        return _answer(exc.status_code, {"code": "http", "message": str(exc.detail)})
