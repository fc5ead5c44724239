"""People: accounts with a role and stores, argon2 passwords, sessions that expire."""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, insert, select

from cloud_broker.clock import now_ms
from cloud_broker.state.tables import accounts, sessions

ROLES = ("shopper", "associate", "manager", "tech", "hq", "supplier")
SESSION_MS = 12 * 3600 * 1000


class AccountError(ValueError):
    """A name, password or role that will not do."""


@dataclass(frozen=True, slots=True)
class Account:
    """A signed-in person; `stores` holds `*` for all."""

    name: str
    role: str
    stores: frozenset[str]

    def may_see(self, store: str) -> bool:
        """Return whether this person works with a store."""
        return "*" in self.stores or store in self.stores


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


def add_account(connection: Connection, name: str, password: str, role: str, stores: list[str]) -> None:
    """Add a person. Raises AccountError for an unknown role or a password under eight characters."""
    if role not in ROLES:
        raise AccountError(f"role {role!r}: one of {', '.join(ROLES)}")
    if len(password) < 8:
        raise AccountError("password: at least 8 characters")
    connection.execute(delete(accounts).where(accounts.c.name == name))
    # Whoever changes a password wants the others out.
    connection.execute(delete(sessions).where(sessions.c.account == name))
    connection.execute(
        insert(accounts).values(name=name, role=role, stores=stores, password_hash=_hasher().hash(password))
    )


def check_password(connection: Connection, name: str, password: str) -> Account:
    """Return the person. Raises AccountError, the same for a wrong name or password; slow on purpose."""
    row = connection.execute(select(accounts).where(accounts.c.name == name)).first()
    try:
        # An unknown name costs the same time as a wrong password.
        _hasher().verify(row.password_hash if row else _dummy_hash(), password)
    except (VerificationError, InvalidHashError) as exc:
        raise AccountError("name or password is wrong") from exc
    if row is None:
        raise AccountError("name or password is wrong")
    return Account(row.name, row.role, frozenset(row.stores))


def open_session(connection: Connection, account: Account) -> str:
    """Return the token of a new session."""
    token = secrets.token_urlsafe(32)
    now = now_ms()
    connection.execute(delete(sessions).where(sessions.c.expires_ms <= now))
    connection.execute(
        insert(sessions).values(token_sha256=_digest(token), account=account.name, expires_ms=now + SESSION_MS)
    )
    return token


@cache
def _dummy_hash() -> str:
    return _hasher().hash("nobody has this password")


def account_of(connection: Connection, token: str) -> Account | None:
    """Return who holds a session, or None."""
    row = connection.execute(
        select(accounts)
        .join(sessions, sessions.c.account == accounts.c.name)
        .where(sessions.c.token_sha256 == _digest(token), sessions.c.expires_ms > now_ms())
    ).first()
    return Account(row.name, row.role, frozenset(row.stores)) if row else None


def sign_out(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute(delete(sessions).where(sessions.c.token_sha256 == _digest(token)))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
