"""Who may do what: every handler names the roles it is for; whoever is not named is refused."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from cloud_broker.accounts import ROLES, Account, account_of
from cloud_broker.api.context import Cloud
from cloud_broker.api.errors import ApiError
from cloud_broker.state.engine import reading

COOKIE = "aisle_session"


def allow(*roles: str) -> Callable[[Request, Cloud], Account]:
    """Return a dependency that yields the person if their role is one of these."""

    def person(request: Request, cloud: Cloud) -> Account:
        token = request.cookies.get(COOKIE, "")
        with reading(cloud.engine) as connection:
            account = account_of(connection, token) if token else None
        if account is None:
            raise ApiError(401, "signed-out", "sign in first")
        # A browser sends our cookie with a foreign page's form, but never this header.
        if request.method not in ("GET", "HEAD") and request.headers.get("x-aisle") != "1":
            raise ApiError(403, "no-header", "changes need the header X-Aisle: 1")
        if account.role not in roles:
            raise ApiError(
                403, "role", f"this needs the role {' or '.join(roles)}; you are signed in as {account.role}"
            )
        return account

    return person


Anyone = Annotated[Account, Depends(allow(*ROLES))]
Floor = Annotated[Account, Depends(allow("associate", "manager", "tech", "hq"))]
"""Who works in a store: store associates, and all who run it."""

Staff = Annotated[Account, Depends(allow("manager", "tech", "hq"))]
Manager = Annotated[Account, Depends(allow("manager", "hq"))]
Tech = Annotated[Account, Depends(allow("tech", "hq"))]
Hq = Annotated[Account, Depends(allow("hq"))]


def need_store(person: Account, store: str) -> None:
    """Refuse a person who does not work with this store."""
    if not person.may_see(store):
        raise ApiError(403, "store", f"you have no rights in store {store!r}")
