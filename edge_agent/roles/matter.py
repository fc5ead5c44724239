"""Matters from verified blobs: bytes into contract values, checked against the manifest that named them."""

from typing import Final, Protocol, TypeVar

import msgspec

from edge_agent.app import Held, MatterRefusedError

MAX_BLOB_BYTES: Final = 64 * 1024 * 1024
"""The largest blob that a device decodes."""


class Matter(Protocol):
    """What every matter says of itself."""

    @property
    def store(self) -> str: ...
    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Matter)


def matter_of(held: Held, of: type[T]) -> T:
    """Return the matter in a blob; raises MatterRefusedError when it is not what its manifest says."""
    if len(held.blob) > MAX_BLOB_BYTES:
        raise MatterRefusedError(f"{held.manifest.matter} of {len(held.blob)} bytes: at most {MAX_BLOB_BYTES}")
    try:
        value = msgspec.json.decode(held.blob, type=of)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise MatterRefusedError(f"{held.manifest.matter} {held.manifest.version} cannot be read: {exc}") from exc
    for name, said, meant in (
        ("store", value.store, held.manifest.store),
        ("version", value.version, held.manifest.version),
    ):
        if said != meant:
            raise MatterRefusedError(f"{held.manifest.matter}: its {name} is {said!r}, the manifest says {meant!r}")
    return value
