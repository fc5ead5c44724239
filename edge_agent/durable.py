"""Files that are on disk when the call returns: for what must outlive a power cut before anything follows from it."""

import os
from collections.abc import Iterable
from pathlib import Path


def write_durably(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Replace a file as a whole; its name appears only when its bytes are on disk. Raises OSError.

    `data` may come in pieces; what is raised while they are made leaves the file as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(path.name + ".half")
    try:
        with half.open("wb") as file:
            for piece in (data,) if isinstance(data, bytes) else data:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Return when the names in a folder are on disk. Raises OSError."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_durable(path: Path) -> bytes | None:
    """Return a file's bytes; None when there is none. Raises OSError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
