"""How the agent opens its SQLite files: durable at each commit, alone with the file, damaged ones set aside."""

import logging
import os
import sqlite3
from pathlib import Path

logger = logging.getLogger(__name__)


class StorageError(Exception):
    """The disk is full, read-only or gone; what was on it before is intact, and trying again may work."""


def open_database(
    path: Path, schema: str, *, page_bytes: int = 4096, checkpoint_pages: int = 256
) -> sqlite3.Connection:
    """Return a connection in WAL mode, synchronous=FULL, made with `schema` if it is new.

    A file that is no database is set aside as `.damaged` and a new one begun. Raises StorageError when
    the disk refuses.
    """
    try:
        return _open(path, schema, page_bytes, checkpoint_pages)
    except (sqlite3.OperationalError, OSError) as exc:
        raise StorageError(str(exc)) from exc
    except sqlite3.DatabaseError as exc:
        logger.error("%s is damaged and is set aside: %s", path, exc)
    try:
        for suffix in ("", "-wal"):
            if Path(f"{path}{suffix}").exists():
                os.replace(f"{path}{suffix}", f"{path}{suffix}.damaged")
        return _open(path, schema, page_bytes, checkpoint_pages)
    except (sqlite3.DatabaseError, OSError) as exc:
        raise StorageError(str(exc)) from exc


def _open(path: Path, schema: str, page_bytes: int, checkpoint_pages: int) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        # Alone with its file it needs no shared memory, whose creation would fail on a full disk.
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute(f"PRAGMA page_size = {page_bytes}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")
        db.execute(f"PRAGMA journal_size_limit = {2 * checkpoint_pages * page_bytes}")
        if not db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            db.executescript(f"BEGIN IMMEDIATE; {schema} COMMIT;")
    except sqlite3.Error:
        db.close()
        raise
    return db
