"""What a label holds lies in a folder, as flash and ink do, and survives the process: for virtual labels, and for those
whose maker gave them no memory of their own.

For each address: `panel` is what its glass shows, `slot<n>` what it has stored, `wanted` what it was drawing, `timed`
its pending timed command (slot and absolute time, one and four bytes), `association` its address and keys, `clock` how
many milliseconds its clock is ahead of UTC, `count` its randomizers that are used up.
"""

import os
from pathlib import Path


class Flash:
    """One label's memory. Its methods block for the time of a disk access."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder
        self._stem = address.replace(":", "-")
        self._kept: dict[str, bytes | None] = {}

    def read(self, what: str) -> bytes | None:
        """Return what is kept under a name."""
        try:
            data = self._file(what).read_bytes()
        except FileNotFoundError:
            data = None
        self._kept[what] = data
        return data

    def keep(self, what: str, data: bytes | None) -> None:
        """Keep bytes under a name, None to drop them; a power cut leaves the old or the new, never half of one."""
        if self._kept.get(what) == data:
            return
        file = self._file(what)
        if data is None:
            file.unlink(missing_ok=True)
        else:
            part = file.with_suffix(".part")
            part.write_bytes(data)
            os.replace(part, file)
        self._kept[what] = data

    def _file(self, what: str) -> Path:
        return self._folder / f"{self._stem}.{what}.bin"


def addresses_in(folder: Path) -> set[str]:
    """Return the labels that a folder knows."""
    return {file.name.split(".")[0].replace("-", ":") for file in folder.glob("*.bin")}
