"""Chance that can be repeated: numbers that depend on a key alone, never on what was drawn before.

Processes and receivers so need no shared generator: the same packet at the same place fades alike.
"""

import hashlib
import math
import random

_SCALE = 2.0**-64


def uniforms(*key: object) -> tuple[float, float, float, float]:
    """Return four independent numbers in (0, 1) for this key."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=32).digest()
    a, b, c, d = (int.from_bytes(digest[at : at + 8]) for at in (0, 8, 16, 24))
    return (a + 0.5) * _SCALE, (b + 0.5) * _SCALE, (c + 0.5) * _SCALE, (d + 0.5) * _SCALE


def normals(first: float, second: float) -> tuple[float, float]:
    """Return two independent standard normal numbers from two uniform ones (Box and Muller, 1958)."""
    radius = math.sqrt(-2.0 * math.log(first))
    return radius * math.cos(math.tau * second), radius * math.sin(math.tau * second)


def generator(*key: object) -> random.Random:
    """Return a generator seeded by this key."""
    return random.Random(hashlib.blake2b(repr(key).encode(), digest_size=16).digest())
