"""The database engine: SQLite (WAL, full sync) or PostgreSQL, chosen by the URL, brought up to date by Alembic.

Writers say `engine.begin()`; on SQLite that takes the write lock at once, so that two processes never
deadlock upgrading a read. Readers say `reading(engine)`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text


class StateError(Exception):
    """The database cannot be used; the text names the setting."""


def make_engine(url: str) -> Engine:
    """Return an engine for `sqlite:///path` or `postgresql+psycopg://…`.

    Raises StateError on any other URL.
    """
    if url.startswith("sqlite"):
        path = make_url(url).database
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if url.startswith("postgresql+psycopg"):
        return create_engine(url, pool_pre_ping=True)
    raise StateError(f"database url {url.split('@')[-1]!r}: expected sqlite:///… or postgresql+psycopg://…")


def _sqlite_connect(connection: Any, _: object) -> None:
    # The driver must not begin transactions by itself; `_sqlite_begin` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Yield a connection for reading, which takes no write lock."""
    with engine.connect().execution_options(reading=True) as connection:
        yield connection


def serialise_commits(connection: Connection) -> None:
    """Let writers of the journal commit one after another, so that its ids grow in order of commit."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(6134)"))


def lock_store(connection: Connection, store: str) -> None:
    """Let those who publish something of one store do so one after another."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(6135, hashtext(:store))"), {"store": store})


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision, the newest if not told otherwise."""
    with as_file(files("cloud_broker.state").joinpath("migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
