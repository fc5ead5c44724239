"""The device's own HTTP: its page, its state as it changes, and its blobs for neighbours; on loopback by default."""

import contextlib
import json
import logging
import re
import socket
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from anyio.abc import TaskStatus
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from edge_agent.app import BlobUnavailableError
from edge_agent.blobs import BlobCache
from edge_agent.swarm import WAIT_S, Swarm

logger = logging.getLogger(__name__)

PING_S = 10.0
LEAST_GAP_S = 0.2
"""At most five states a second to each page."""
RETRY_S = 5.0
_WAIT = re.compile(r"\bwait=(\d{1,3})\b", re.ASCII)


class Page:
    """What the device shows of itself; `state` is asked anew for each page that looks."""

    def __init__(self, state: Callable[[], dict[str, Any]]) -> None:
        self._state = state
        self._changed = anyio.Event()
        self._closed = False

    def changed(self) -> None:
        """Tell all pages that the state changed."""
        self._changed.set()
        self._changed = anyio.Event()

    def close(self) -> None:
        """End the streams of all pages."""
        self._closed = True
        self.changed()

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the state and its stream."""
        return [Route("/api/state", self._once), Route("/api/live", self._live)]

    def text(self) -> str:
        """Return the state as JSON."""
        return json.dumps(self._state(), ensure_ascii=False, separators=(",", ":"))

    async def _once(self, _request: Request) -> Response:
        return Response(self.text(), media_type="application/json", headers={"Cache-Control": "no-store"})

    async def _live(self, _request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(), media_type="text/event-stream", headers=headers)

    async def _events(self) -> AsyncIterator[str]:
        said = ""
        while not self._closed:
            changed = self._changed
            text = self.text()
            if text != said:
                said = text
                yield f"event: state\ndata: {text}\n\n"
                await anyio.sleep(LEAST_GAP_S)
            with anyio.move_on_after(PING_S) as quiet:
                await changed.wait()
            if quiet.cancelled_caught:
                yield "event: ping\ndata: {}\n\n"


def blob_routes(blobs: BlobCache, swarm: Swarm | None = None, *, reads_through: bool) -> list[BaseRoute]:
    """Return the routes of the blobs; a gateway fetches what it does not have, others serve what they have."""

    async def chunk(request: Request) -> Response:
        sha256, number = request.path_params["sha256"], request.path_params["number"]
        data = None
        if swarm is not None:
            data = await swarm.serve(sha256, number, partial(blobs.path, sha256), _wait_s(request))
        if data:
            return Response(data, media_type="application/octet-stream")
        is_coming = swarm is not None and swarm.is_fetching(sha256)
        return Response(status_code=503 if is_coming else 404, headers={"Cache-Control": "no-store"})

    async def blob(request: Request) -> Response:
        sha256 = request.path_params["sha256"]
        path = blobs.path(sha256)
        if path is None and reads_through:
            try:
                path = await blobs.ensure(sha256)
            except BlobUnavailableError as exc:
                logger.debug("a neighbour asked in vain: %s", exc)
        if path is None:
            message = "this device does not have that blob: ask the gateway or the cloud"
            return JSONResponse({"error": {"code": "unknown", "message": message}}, 404)
        headers = {"ETag": f'"{sha256}"', "Cache-Control": "public, max-age=31536000, immutable"}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return FileResponse(path, media_type="application/octet-stream", headers=headers)

    return [Route("/blobs/{sha256}/chunks/{number:int}", chunk), Route("/blobs/{sha256}", blob)]


def _wait_s(request: Request) -> float:
    """Return how long who asks would wait (RFC 7240, 4.3)."""
    found = _WAIT.search(request.headers.get("prefer", ""))
    return WAIT_S if found is None else float(found[1])


class SameOrigin:
    """Refuses what a page of another origin sends: a browser on this machine could reach loopback for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            origin = headers.get("origin")
            if origin is not None and origin.partition("://")[2] != headers.get("host", ""):
                message = "only the device's own pages may do this"
                await JSONResponse({"error": {"code": "origin", "message": message}}, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def application(routes: Sequence[BaseRoute]) -> ASGIApp:
    """Return the web application of one device."""
    return SameOrigin(Starlette(routes=list(routes)))


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # Signals belong to the agent, which ends everything in order.
        yield


async def serve(
    app: ASGIApp,
    host: str,
    port: int,
    *,
    address_file: Path,
    on_fault: Callable[[str, str | None], None],
    on_close: Callable[[], None],
    task_status: TaskStatus[str] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until cancelled; ready with the address. A port that is taken is a fault, tried again until it is free.

    `address_file` receives the address, for `edge-agent status`.
    """
    is_told = False
    while True:
        try:
            listener = _listen(host, port)
            break
        except OSError as exc:
            on_fault("http-port", f"{host}:{port} cannot be had: {exc}")
            if not is_told:
                task_status.started("")
                is_told = True
            await anyio.sleep(RETRY_S)
    on_fault("http-port", None)
    chosen = f"http://{host}:{listener.getsockname()[1]}"
    logger.info("pages at %s/", chosen)
    with contextlib.suppress(OSError):
        await anyio.Path(address_file).write_text(chosen + "\n", "utf-8")
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", server_header=False, timeout_graceful_shutdown=1
    )
    server = _Server(config)
    async with anyio.create_task_group() as group:
        scope = anyio.CancelScope(shield=True)

        async def run() -> None:
            with scope, listener:
                await server.serve(sockets=[listener])

        group.start_soon(run, name="http server")
        if not is_told:
            task_status.started(chosen)
        try:
            await anyio.sleep_forever()
        finally:
            on_close()
            server.should_exit = True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(100)
    except OSError:
        listener.close()
        raise
    return listener
