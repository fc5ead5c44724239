"""Whom an access point speaks to: each label's address on the air and its keys, on disk before anybody uses them."""

import os
import secrets
import sqlite3
from pathlib import Path
from typing import Final

from device_drivers.labels.association import Association
from firmware_specs.frames.ead import KeyMaterial
from firmware_specs.frames.pawr import MOST_GROUPS, MOST_IN_GROUP

AHEAD: Final = 65_536
"""Randomizers that are set aside in one write; what is left of them at the end is never used."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS label (
    address TEXT PRIMARY KEY, grp INTEGER NOT NULL, esl_id INTEGER NOT NULL, response_key BLOB NOT NULL,
    knows INTEGER NOT NULL DEFAULT 0, UNIQUE (grp, esl_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS own (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""


class RegisterFullError(ValueError):
    """Every group of the train is full; the text says how many labels it carries."""


class Register:
    """The labels of one access point, in one file that only its owner may read.

    Args:
        path: of the file; made when it is not there.
        groups: of the train.

    Its methods block for the time of a disk write and raise sqlite3.Error when the disk refuses.
    """

    def __init__(self, path: Path, groups: int = 1) -> None:
        if not 1 <= groups <= MOST_GROUPS:
            raise ValueError(f"{groups} groups, expected 1 to {MOST_GROUPS}")
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._groups = groups
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)
        self.sync_key = self._own_key()
        self._next = self._limit = int.from_bytes(self._own("randomizer") or b"", "little")
        found = self._db.execute("SELECT address, grp, esl_id, response_key, knows FROM label").fetchall()
        self._labels = {address: self._association(*rest) for address, *rest, _ in found}
        self._knowing = {address for address, *_, knows in found if knows}

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def associate(self, address: str) -> Association:
        """Return a label's place and keys; a new label gets the emptiest group and a key of its own.

        Raises RegisterFullError.
        """
        known = self._labels.get(address)
        if known is not None:
            return known
        sizes = dict.fromkeys(range(self._groups), 0)
        taken = set()
        for each in self._labels.values():
            taken.add((each.group, each.esl_id))
            if each.group in sizes:
                sizes[each.group] += 1
        group = min(sizes, key=lambda number: (sizes[number], number))
        free = next((number for number in range(MOST_IN_GROUP) if (group, number) not in taken), None)
        if free is None:
            most = self._groups * MOST_IN_GROUP
            raise RegisterFullError(f"this access point carries {most} labels in {self._groups} groups, all are taken")
        key = secrets.token_bytes(24)
        self._db.execute("INSERT INTO label VALUES (?, ?, ?, ?, 0)", (address, group, free, key))
        made = self._labels[address] = self._association(group, free, key)
        return made

    def knows(self, address: str) -> bool:
        """Return whether a label was given its place and keys."""
        return address in self._knowing

    def note_knows(self, address: str) -> None:
        """Keep that a label was given its place and keys."""
        if address not in self._knowing:
            self._db.execute("UPDATE label SET knows = 1 WHERE address = ?", (address,))
            self._knowing.add(address)

    def next_count(self) -> int:
        """Return the next value of the randomizer counter; none is ever given twice, whatever crashes."""
        if self._next == self._limit:
            self._limit += AHEAD
            self._keep("randomizer", self._limit.to_bytes(8, "little"))
        self._next += 1
        return self._next - 1

    def _association(self, group: int, esl_id: int, response_key: bytes) -> Association:
        return Association(group, esl_id, self.sync_key, KeyMaterial.from_bytes(response_key))

    def _own_key(self) -> KeyMaterial:
        kept = self._own("sync-key")
        if kept is None:
            kept = secrets.token_bytes(24)
            self._keep("sync-key", kept)
        return KeyMaterial.from_bytes(kept)

    def _own(self, name: str) -> bytes | None:
        found = self._db.execute("SELECT value FROM own WHERE name = ?", (name,)).fetchone()
        return None if found is None else bytes(found[0])

    def _keep(self, name: str, value: bytes) -> None:
        self._db.execute("INSERT OR REPLACE INTO own VALUES (?, ?)", (name, value))
