"""The ingest's four statements, handed to the database driver as they are.

SQLAlchemy's own parameter handling cost more than the rest of a commit together; the tables are still
its tables (`state.tables`), and one suite runs these statements on SQLite and PostgreSQL.
"""

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from firmware_specs.batch import Mark

JournalRow = tuple[str, str, int, int, int, int, int, bytes]
"""device, stream, boot, first, events, skip, received_ms, body"""


def _sql(connection: Connection, text: str) -> str:
    # SQLite's driver marks parameters with `?`, PostgreSQL's with `%s`.
    return text if connection.dialect.name == "sqlite" else text.replace("?", "%s")


def append_journal(connection: Connection, rows: Sequence[JournalRow]) -> None:
    """Append rows in order."""
    statement = (
        "INSERT INTO journal (device, stream, boot, first, events, skip, received_ms, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    )
    connection.exec_driver_sql(_sql(connection, statement), list(rows))


def read_marks(connection: Connection, keys: Sequence[str]) -> dict[str, Mark]:
    """Return the marks of these `device/stream` keys; those not there are left out."""
    if connection.dialect.name == "sqlite":
        statement = "SELECT key, boot, seq FROM marks WHERE key IN (SELECT value FROM json_each(?))"
        found = connection.exec_driver_sql(statement, (json.dumps(keys),))
    else:
        found = connection.exec_driver_sql("SELECT key, boot, seq FROM marks WHERE key = ANY(%s)", (list(keys),))
    return {key: Mark(boot, seq) for key, boot, seq in found}


def make_marks(connection: Connection, rows: Sequence[tuple[str, int, int, int]]) -> None:
    """Insert marks: key, boot, seq, lost."""
    if rows:
        statement = "INSERT INTO marks (key, boot, seq, lost) VALUES (?, ?, ?, ?)"
        connection.exec_driver_sql(_sql(connection, statement), list(rows))


def move_marks(connection: Connection, rows: Sequence[tuple[int, int, int, str]]) -> None:
    """Move marks: boot, seq, how many more were lost, key."""
    if rows:
        statement = "UPDATE marks SET boot = ?, seq = ?, lost = lost + ? WHERE key = ?"
        connection.exec_driver_sql(_sql(connection, statement), list(rows))
