"""What a scale says at one instant."""

from dataclasses import dataclass


class ScaleBytesError(ValueError):
    """Bytes that no scale of this kind sends; they are counted and left out."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Grams on the scale; None with a `fault` where it cannot say.

    `is_stable` is the scale's own word; a scale that has none says None.
    """

    grams: float | None
    is_stable: bool | None = None
    fault: str = ""
