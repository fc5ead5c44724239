"""Serves the pages, their modules and their libraries; mounted by the cloud and by every agent.

Files are read when asked for and answered with an ETag, so that a page is always the one on disk and a
second visit costs a few 304s. Everything comes from here: the Content-Security-Policy allows nothing else.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from dashboards import folder

COMMON_STYLES = ("tokens", "base", "controls", "shell", "signin")
PAGES: dict[str, tuple[str, ...]] = {
    "home": ("home",),
    "manager": ("map", "manager", "timeline", "templates", "tasks", "shelves"),
    "floor": ("tasks", "shelves"),
    "tech": ("uplot", "device", "map", "survey", "tech", "tasks"),
    "hq": ("uplot", "device", "hq", "tasks"),
    "cart": ("map", "sale", "survey", "cart", "camera"),
    "kiosk": ("map", "kiosk"),
    "gateway": ("device", "status", "shelves"),
    "status": ("device", "sale", "status"),
}
"""Page name (module `ui/pages/<name>.js`) to its style sheets beyond the common ones."""

OPEN_PAGES = ("manager", "floor", "tech", "hq", "kiosk", "cart")
"""Pages with an address of their own beside the home page."""

MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

_IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*["']((?:/|\.)[^"']+\.js)["']""")


@dataclass(frozen=True, slots=True)
class _Body:
    plain: bytes
    zipped: bytes
    etag: str


@lru_cache(maxsize=512)
def _body(path: Path, _mtime_ns: int) -> _Body:
    plain = path.read_bytes()
    return _packed(plain)


def _packed(plain: bytes) -> _Body:
    return _Body(plain, gzip.compress(plain, 6, mtime=0), f'"{hashlib.sha256(plain).hexdigest()[:24]}"')


def _answer(request: Request, body: _Body, media_type: str) -> Response:
    headers = {
        **SECURITY_HEADERS,
        "ETag": body.etag,
        # Revalidated each time: a page, its modules and its libraries must always be of one release.
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
    }
    if body.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = body.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = body.zipped
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=media_type, headers=headers)


def _file(request: Request) -> Response:
    """Answer one file below `ui/` or `lib/`; anything else is 404."""
    root = folder() / request.url.path.split("/", 2)[1]
    path = (root / request.path_params["path"]).resolve()
    media_type = MEDIA_TYPES.get(path.suffix)
    if media_type is None or not path.is_relative_to(root) or not path.is_file():
        return PlainTextResponse("not found", status_code=404, headers=SECURITY_HEADERS)
    return _answer(request, _body(path, path.stat().st_mtime_ns), media_type)


def imported(entry: str) -> list[str]:
    """Return the addresses of every module that `entry` (an address such as `/ui/pages/hq.js`) imports, deeply.

    The page names them to the browser at once, instead of one level for each round trip.
    """
    found: list[str] = []
    waiting = [entry]
    while waiting:
        address = waiting.pop()
        if address in found:
            continue
        path = folder() / address.removeprefix("/")
        if not path.is_file():
            continue
        found.append(address)
        source = path.read_text(encoding="utf-8")
        base = Path(address).parent
        for target in _IMPORT.findall(source):
            waiting.append(target if target.startswith("/") else _joined(base, target))
    return found


def _joined(base: Path, target: str) -> str:
    parts: list[str] = list(base.parts)
    for step in target.split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/" + "/".join(parts[1:])


def _style(name: str) -> str:
    return f"/lib/{name}.css" if (folder() / "lib" / f"{name}.css").is_file() else f"/ui/css/{name}.css"


def page_html(name: str) -> str:
    """Return the HTML of a page; KeyError when there is no such page."""
    entry = f"/ui/pages/{name}.js"
    styles = "".join(f'<link rel="stylesheet" href="{_style(style)}">' for style in (*COMMON_STYLES, *PAGES[name]))
    preloads = "".join(f'<link rel="modulepreload" href="{address}">' for address in imported(entry))
    template = (folder() / "ui" / "page.html").read_text(encoding="utf-8")
    return (
        template.replace("{{page}}", name)
        .replace("{{styles}}", styles)
        .replace("{{preloads}}", preloads)
        .replace("{{entry}}", entry)
    )


def _page(name: str) -> Route:
    def endpoint(request: Request) -> Response:
        if not (folder() / "lib" / "preact.js").is_file():
            return PlainTextResponse(
                "The pages' libraries are missing: run `npm ci` in dashboards/, then `python -m dashboards.libs`.",
                status_code=503,
                headers=SECURITY_HEADERS,
            )
        return _answer(request, _packed(page_html(name).encode()), "text/html; charset=utf-8")

    # The page's own name, not "endpoint", is what shows in logs and in route listings.
    endpoint.__name__ = f"{name}_page"
    return Route("/" if name == "" else f"/{name}", endpoint)


def routes(home: str) -> list[BaseRoute]:
    """Return the routes of the pages and of what they load.

    Args:
        home: the page at `/`: `home` for the cloud, which then has all pages; `cart`, `kiosk`, `gateway` or `status`
            for an agent, which has that page alone, at `/` and by its name.

    Raises KeyError when there is no such page.
    """
    PAGES[home]
    named = OPEN_PAGES if home == "home" else (home,)
    at_root = _page(home)
    return [
        Route("/", at_root.endpoint, name=f"{home}_root"),
        *(_page(name) for name in named),
        Route("/ui/{path:path}", _file, name="ui"),
        Route("/lib/{path:path}", _file, name="lib"),
    ]
