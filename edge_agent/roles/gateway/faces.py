"""What each label may be showing, on disk before the label is told: a restart forgets no picture."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from edge_agent.durable import read_durable, write_durably
from edge_agent.roles.gateway.law import Face, Picture


class _Picture(msgspec.Struct, frozen=True):
    gtin: str
    price_minor: int
    book_version: int
    content: str
    image_sha256: str
    slot: int


class _Face(msgspec.Struct, frozen=True):
    may_show: list[_Picture]
    is_proved: bool


class Faces:
    """One small file for each label. Its methods block for the time of a disk write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, label: str, face: Face) -> None:
        """Write what a label may be showing; it is on disk on return. Raises OSError."""
        pictures = [
            _Picture(each.gtin, each.price_minor, each.book_version, each.content, each.image_sha256, each.slot)
            for each in face.may_show
        ]
        write_durably(self._folder / f"{label}.json", msgspec.json.encode(_Face(pictures, face.is_proved)))

    def forget_others(self, labels: Iterable[str]) -> None:
        """Drop every label but these. Raises OSError."""
        kept = set(labels)
        for path in self._folder.glob("*.json"):
            if path.stem not in kept:
                path.unlink()

    def recall(self, label: str) -> Face | None:
        """Return what a label may be showing; None for one that this gateway never told anything. Raises OSError."""
        data = read_durable(self._folder / f"{label}.json")
        if data is None:
            return None
        kept = msgspec.json.decode(data, type=_Face)
        pictures = (
            Picture(each.gtin, each.price_minor, each.book_version, each.content, each.image_sha256, each.slot)
            for each in kept.may_show
        )
        return Face(tuple(pictures), kept.is_proved)
