"""The app: every router, one error shape, the pages."""

from fastapi import FastAPI

from cloud_broker.api import (
    audio,
    baskets,
    blobs,
    books,
    claims,
    devices,
    errors,
    fleet,
    labels,
    live,
    models,
    offers,
    prices,
    promotions,
    session,
    shelves,
    stores,
    surveys,
    tasks,
    templates,
)
from cloud_broker.api.context import Context
from cloud_broker.version import VERSION
from dashboards.serve import routes

PUBLIC = frozenset({"/api/hello", "/enrol", "/blobs/{sha256}"})
"""What may be reached without a session, besides signing in and the pages themselves."""

ROUTERS = (
    session,
    stores,
    prices,
    books,
    promotions,
    labels,
    tasks,
    shelves,
    baskets,
    templates,
    audio,
    offers,
    surveys,
    devices,
    claims,
    fleet,
    models,
    live,
    blobs,
)


def make_app(context: Context) -> FastAPI:
    """Return the cloud's HTTP app."""
    app = FastAPI(
        title="Aisle",
        version=VERSION,
        summary="The IoT edge platform for in-store devices",
        # The usual manual pages load their scripts from a CDN; the document itself is enough for any reader.
        docs_url=None,
        redoc_url=None,
        description="Sign in with `POST /api/session`; changes need the header `X-Aisle: 1`.",
    )
    app.state.context = context
    errors.install(app)
    for module in ROUTERS:
        app.include_router(module.router)
    app.router.routes.extend(routes("home"))
    return app
