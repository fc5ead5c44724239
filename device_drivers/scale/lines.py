"""Two protocols of serial scales, sans-io: Mettler-Toledo 8217 of checkouts, and MT-SICS of laboratories and counters.

A driver sends `ask` and gives what comes back to `read`; both answer with one line for each question.
"""

import re
from dataclasses import dataclass
from typing import Final, Protocol

from device_drivers.scale.reading import Reading, ScaleBytesError

LONGEST: Final = 64
"""Bytes of a line; what is longer is no answer."""

_GRAMS: Final = {b"mg": 0.001, b"g": 1.0, b"kg": 1_000.0, b"oz": 28.349_523_125, b"lb": 453.592_37}

_8217_WEIGHT: Final = re.compile(rb"^\x02\s*([0-9]{1,3}\.[0-9]{1,4}|[0-9]{5})N?$")
_8217_STATUS: Final = re.compile(rb"^\x02\s*\?(.)$", re.DOTALL)
_SICS_WEIGHT: Final = re.compile(rb"^S ([SD])\s+(-?[0-9]{1,9}(?:\.[0-9]{1,6})?)\s+(mg|g|kg|oz|lb)$")
_SICS_FAULTS: Final = {
    b"S I": "the scale cannot weigh now",
    b"S +": "too heavy for the scale",
    b"S -": "the scale has to be set to zero",
    b"EL": "the scale did not understand",
    b"ES": "the scale did not understand",
    b"ET": "the scale did not understand",
}


class Language(Protocol):
    """How a serial scale is asked and answers."""

    @property
    def ask(self) -> bytes:
        """The question."""

    @property
    def end(self) -> bytes:
        """What ends a line of its own."""

    @property
    def is_7e1(self) -> bool:
        """Whether it has seven bits and even parity, in place of eight and none."""

    def read(self, line: bytes) -> Reading:
        """Return the reading in a line, its end taken off. Raises ScaleBytesError."""

    def say(self, reading: Reading) -> bytes:
        """Return the line with which a scale says this, its end on it."""


@dataclass(frozen=True, slots=True)
class Toledo8217:
    """`W` is answered by STX, the weight and CR; or by STX, `?`, a status and CR while it moves or cannot."""

    unit: str = "kg"
    """In which it is set to weigh, `kg` or `lb`: its lines do not say."""

    ask: bytes = b"W"
    end: bytes = b"\r"
    is_7e1: bool = True

    def read(self, line: bytes) -> Reading:
        """See `Language`."""
        grams = _GRAMS[self.unit.encode()]
        if (weight := _8217_WEIGHT.match(line)) is not None:
            said = weight[1]
            # Older ones leave the point out: thousandths of a kilogram, hundredths of a pound.
            value = float(said) if b"." in said else int(said) / (1_000 if self.unit == "kg" else 100)
            return Reading(value * grams, is_stable=True)
        if (status := _8217_STATUS.match(line)) is not None:
            return _of_8217(status[1][0])
        raise ScaleBytesError(f"no answer of an 8217: {line[:LONGEST]!r}")

    def say(self, reading: Reading) -> bytes:
        """See `Language`."""
        if reading.grams is None:
            bits = 0x02 if reading.fault == _HEAVY else 0x08
            return b"\x02?" + bytes([0x40 | bits]) + self.end
        if reading.grams < -0.5:
            return b"\x02?" + bytes([0x40 | 0x04]) + self.end
        if reading.is_stable is False:
            return b"\x02?" + bytes([0x40 | 0x01]) + self.end
        places = 3 if self.unit == "kg" else 2
        value = max(0.0, reading.grams) / _GRAMS[self.unit.encode()]
        return b"\x02" + f"{value:0{places + 3}.{places}f}".encode() + self.end


_HEAVY: Final = "too heavy for the scale"


def _of_8217(status: int) -> Reading:
    if status & 0x02:
        return Reading(None, fault=_HEAVY)
    if status & 0x01:
        # It moves, and says no weight meanwhile.
        return Reading(None, is_stable=False)
    if status & 0x0C:
        return Reading(None, fault="the scale has to be set to zero")
    raise ScaleBytesError(f"status {status:#04x} of an 8217 says nothing")


@dataclass(frozen=True, slots=True)
class MtSics:
    """`SI` is answered at once: `S S` and a stable weight, `S D` and a moving one, with its unit (MT-SICS, level 0)."""

    ask: bytes = b"SI\r\n"
    end: bytes = b"\r\n"
    is_7e1: bool = False

    def read(self, line: bytes) -> Reading:
        """See `Language`."""
        if (weight := _SICS_WEIGHT.match(line)) is not None:
            return Reading(float(weight[2]) * _GRAMS[weight[3]], is_stable=weight[1] == b"S")
        if line.strip() in _SICS_FAULTS:
            return Reading(None, fault=_SICS_FAULTS[line.strip()])
        raise ScaleBytesError(f"no answer of MT-SICS: {line[:LONGEST]!r}")

    def say(self, reading: Reading) -> bytes:
        """See `Language`."""
        if reading.grams is None:
            return (b"S +" if reading.fault == _HEAVY else b"S I") + self.end
        state = "D" if reading.is_stable is False else "S"
        return f"S {state} {reading.grams / 1000:10.4f} kg".encode() + self.end
