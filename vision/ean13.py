"""The bars of an EAN-13 symbol (ISO/IEC 15420, 4.2; GS1 General Specifications, 5.2)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_specs.gtin import GtinError, normal

MODULES: Final = 95
QUIET_LEFT: Final = 11
QUIET_RIGHT: Final = 7
"""Quiet zones in modules."""

GUARDS: Final = (slice(0, 3), slice(45, 50), slice(92, 95))
"""The modules whose bars stand longer than the others."""

_EDGE: Final = "101"
_CENTRE: Final = "01010"
_SET_A: Final = (
    "0001101",
    "0011001",
    "0010011",
    "0111101",
    "0100011",
    "0110001",
    "0101111",
    "0111011",
    "0110111",
    "0001011",
)
_SET_C: Final = tuple(code.translate(str.maketrans("01", "10")) for code in _SET_A)
_SET_B: Final = tuple(code[::-1] for code in _SET_C)
_PARITY: Final = (
    "AAAAAA",
    "AABABB",
    "AABBAB",
    "AABBBA",
    "ABAABB",
    "ABBAAB",
    "ABBBAA",
    "ABABAB",
    "ABABBA",
    "ABBABA",
)
"""The number sets of the left half, which carry the first digit."""


_BITS: Final = np.array(
    [[[module == "1" for module in code] for code in codes] for codes in (_SET_A, _SET_B, _SET_C)], np.bool_
)
"""By number set and digit, bool of shape (3, 10, 7)."""

_SETS: Final = np.array([["AB".index(name) for name in parity] for parity in _PARITY])
_SYMBOL: Final = np.array([module == "1" for module in _EDGE + "0" * 42 + _CENTRE + "0" * 42 + _EDGE], np.bool_)


def ean13_modules(digits: str) -> NDArray[np.bool_]:
    """Return the symbol of 13 digits as bool of shape (95,), True is a bar.

    Raises GtinError when `digits` are not 13 with a right check digit.
    """
    if len(digits) != 13:
        raise GtinError(f"{digits[:40]!r}: an EAN-13 symbol carries 13 digits")
    normal(digits)
    first, *others = map(int, digits)
    modules = _SYMBOL.copy()
    modules[3:45] = _BITS[_SETS[first], others[:6]].ravel()
    modules[50:92] = _BITS[2, others[6:]].ravel()
    return modules
