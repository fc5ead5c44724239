"""Who fetches which chunk of a blob from whom, so that each travels into the store once and spreads inside it.

The devices of a store stand in a ring, ordered by the hash of their names. Each chunk begins at a place of its
own in the ring, drawn by its hash, and spreads from there in a tree of `FAN_OUT`: the first fetches from above,
every other from its parent. Nobody needs to ask around, all compute the same; with many chunks each device is
near the root of some and a leaf of most, so all carry the same load. Where a parent is away its children go to
the parent's parent, and where the root is, one of its children stands in. Rings that differ by a device that
came or left differ in few places only.
"""

import hashlib
from collections.abc import Collection, Sequence
from typing import Final

CHUNK_BYTES: Final = 2 * 1024 * 1024
FAN_OUT: Final = 4


def chunk_hashes(data: bytes) -> list[str]:
    """Return the SHA-256 of each chunk of a blob; empty for one that is a single chunk."""
    if len(data) <= CHUNK_BYTES:
        return []
    return [hashlib.sha256(data[at : at + CHUNK_BYTES]).hexdigest() for at in range(0, len(data), CHUNK_BYTES)]


def ring_of(devices: Collection[str]) -> list[str]:
    """Return the ring of a store's devices; the same for all, whatever order they know them in."""
    return sorted(set(devices), key=lambda device: hashlib.sha256(device.encode()).digest())


def line_up(ring: Sequence[str], me: int, sha256: str, chunk: int) -> tuple[int, list[str]]:
    """Return the place in the tree of one chunk, and whom to ask: the parent, its parent, up to the root.

    Behind the root come the first places below it, in case it is away: the first of them that is there takes its part.

    Args:
        ring: the devices, as `ring_of` orders them.
        me: this device's index in the ring.

    Place 0 is the root, which asks nobody.
    """
    begin = int.from_bytes(hashlib.sha256(f"{sha256}/{chunk}".encode()).digest()[:8], "big") % len(ring)
    place = (me - begin) % len(ring)
    above, at = [], place
    while at > 0:
        at = (at - 1) // FAN_OUT
        above.append(at)
    above += [first for first in range(1, min(place, FAN_OUT + 1)) if first not in above]
    return place, [ring[(begin + at) % len(ring)] for at in above]
