"""The port of readings: append points, read them back by series. Two sinks may follow one store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class ReadingsError(Exception):
    """Readings cannot be stored or sent now."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of one series of one device at one time; `series` has its unit in its name."""

    device: str
    series: str
    at_ms: int
    value: float


class Readings(Protocol):
    """A store that keeps readings."""

    def append(self, readings: Sequence[Reading]) -> None:
        """Keep readings. Raises ReadingsError; then none of them was kept."""

    def read(self, device: str, series: str, from_ms: int, to_ms: int) -> list[tuple[int, float]]:
        """Return (at_ms, value) with from_ms <= at_ms < to_ms, in order of time."""
