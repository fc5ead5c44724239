"""A disk whose power may go at any moment: what was written is there for sure only once it was synced.

with Recorder(folder) as recorder:
    work_on(folder)
recorder.after(cut, random, elsewhere)   # the folder as it may be when the power went after `cut` operations

Files are written whole and renamed into place, names are synced by their folder: that is all that
`edge_agent.durable` does, and what is modelled here (POSIX fsync, rename). What was not synced may have
happened or not, each operation by itself; a file whose bytes were not synced holds a part of them, or zeros.
"""

import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self
from unittest import mock


class Recorder:
    """Notes every fsync, rename and unlink below a folder while it is entered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.operations: list[tuple[str, str, Any]] = []
        self._patches: list[Any] = []

    def __enter__(self) -> Self:
        real_fsync, real_replace, real_unlink = os.fsync, Path.replace, Path.unlink

        def fsync(descriptor: int) -> None:
            real_fsync(descriptor)
            path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            if self._is_ours(path):
                self.operations.append(("sync", str(path), None if path.is_dir() else path.read_bytes()))

        def replace(path: Path, target: Path) -> Path:
            data = path.read_bytes()
            moved = real_replace(path, target)
            if self._is_ours(path):
                self.operations.append(("rename", str(path), (str(target), data)))
            return moved

        def unlink(path: Path, missing_ok: bool = False) -> None:
            real_unlink(path, missing_ok)
            if self._is_ours(path):
                self.operations.append(("unlink", str(path), None))

        patches: list[tuple[Any, str, Callable[..., Any]]] = [
            (os, "fsync", fsync),
            (Path, "replace", replace),
            (Path, "unlink", unlink),
        ]
        self._patches = [mock.patch.object(owner, name, new) for owner, name, new in patches]
        for patch in self._patches:
            patch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for patch in self._patches:
            patch.stop()

    def after(self, cut: int, random: Random, folder: Path) -> None:
        """Make `folder` what the disk may hold when the power went after `cut` operations."""
        synced: dict[str, bytes] = {}
        names: dict[str, bytes] = {}
        loose: list[tuple[str, str, bytes | None]] = []
        for deed, path, more in self.operations[:cut]:
            if deed == "sync" and more is None:
                # A folder: all that happened to its names is on disk now.
                kept, loose = _split(loose, path)
                _apply(names, kept)
            elif deed == "sync":
                synced[path] = more
            elif deed == "rename":
                target, data = more
                # Renamed before its bytes were synced, it may hold anything.
                loose.append((target, "put", data if synced.get(path) == data else _torn(data, random)))
            else:
                loose.append((path, "drop", None))
        _apply(names, [each for each in loose if random.random() < 0.5])
        for path, data in names.items():
            place = folder / Path(path).relative_to(self._folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    def _is_ours(self, path: Path) -> bool:
        return path == self._folder or self._folder in path.parents


def _split(
    loose: list[tuple[str, str, bytes | None]], folder: str
) -> tuple[list[tuple[str, str, bytes | None]], list[tuple[str, str, bytes | None]]]:
    inside = [each for each in loose if str(Path(each[0]).parent) == folder]
    return inside, [each for each in loose if each not in inside]


def _apply(names: dict[str, bytes], deeds: list[tuple[str, str, bytes | None]]) -> None:
    for path, deed, data in deeds:
        if deed == "put" and data is not None:
            names[path] = data
        else:
            names.pop(path, None)


def _torn(data: bytes, random: Random) -> bytes:
    length = random.randrange(len(data) + 1)
    return data[:length] + bytes(random.choice((0, len(data) - length)))
