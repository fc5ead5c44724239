"""Signing in and out, and what answers here."""

import json

from fastapi import APIRouter, Request, Response

from cloud_broker import accounts
from cloud_broker.api.auth import COOKIE, Anyone
from cloud_broker.api.bodies.session import Hello, Person, SignIn
from cloud_broker.api.context import Cloud
from cloud_broker.api.errors import ApiError
from cloud_broker.api.throttle import SIGN_INS
from cloud_broker.clock import now_ms
from cloud_broker.settings import Settings
from cloud_broker.state.engine import reading
from cloud_broker.version import VERSION

router = APIRouter(tags=["session"])


def _demo_accounts(settings: Settings) -> list[dict[str, str]]:
    """Return the demo's people with their passwords; nobody outside the demo.

    The demo keeps them in the cloud's folder, the one place that it shares with this process.
    """
    path = settings.folder / "people.json"
    if not settings.demo or not path.exists():
        return []
    people: list[dict[str, str]] = json.loads(path.read_text())
    return people


@router.get("/api/hello", response_model=Hello)
def hello(cloud: Cloud) -> dict[str, object]:
    """Say what answers here; open to all."""
    return {
        "product": "Aisle",
        "version": VERSION,
        "demo": cloud.settings.demo,
        "accounts": _demo_accounts(cloud.settings),
        "pages": [page.model_dump() for page in cloud.settings.demo_pages] if cloud.settings.demo else [],
        "languages": ["zh", "en"],
        "now_ms": now_ms(),
    }


@router.post("/api/session", response_model=Person)
def sign_in(body: SignIn, response: Response, cloud: Cloud) -> dict[str, object]:
    """Sign in; open to all."""
    SIGN_INS.check(body.name)
    # The password's slow check holds no write lock.
    try:
        with reading(cloud.engine) as connection:
            person = accounts.check_password(connection, body.name, body.password)
    except accounts.AccountError as exc:
        SIGN_INS.failed(body.name)
        raise ApiError(401, "wrong", str(exc)) from exc
    with cloud.engine.begin() as connection:
        token = accounts.open_session(connection, person)
    response.set_cookie(
        COOKIE,
        token,
        max_age=accounts.SESSION_MS // 1000,
        httponly=True,
        samesite="strict",
        secure=cloud.settings.public_url.startswith("https"),
    )
    return {"name": person.name, "role": person.role, "stores": sorted(person.stores)}


@router.get("/api/session", response_model=Person)
def who(person: Anyone) -> dict[str, object]:
    """Return who is signed in."""
    return {"name": person.name, "role": person.role, "stores": sorted(person.stores)}


@router.delete("/api/session", status_code=204)
def sign_out(request: Request, response: Response, cloud: Cloud, _: Anyone) -> None:
    """Sign out."""
    with cloud.engine.begin() as connection:
        accounts.sign_out(connection, request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE)
