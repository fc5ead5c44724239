"""The bars of an EAN-13 symbol (ISO/IEC 15420, 4.2; GS1 General Specifications, 5.2)."""

from functools import cache
from typing import Final

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
EAN_13_PARITY: Final = (
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


_PAIR_SETS: Final = {
    str(first): tuple(parity[place : place + 2] for place in (0, 2, 4)) for first, parity in enumerate(EAN_13_PARITY)
}
CODES: Final = {"A": _SET_A, "B": _SET_B, "C": _SET_C}
"""Seven modules for each digit, by number set."""


def ean13_row(digits: str, module_px: int = 1) -> int:
    """Return a row of pixels of the symbol of 13 digits as a number of 95 modules, 1 is a bar, the left one first.

    Raises GtinError when `digits` are not 13 with a right check digit.
    """
    if len(digits) != 13:
        raise GtinError(f"{digits[:40]!r}: an EAN-13 symbol carries 13 digits")
    normal(digits)
    table, sets = _pairs(module_px), _PAIR_SETS[digits[0]]
    pair_px = 14 * module_px
    row = table[_EDGE]
    for place in (0, 2, 4):
        row = row << pair_px | table[sets[place // 2] + digits[place + 1 : place + 3]]
    row = row << 5 * module_px | table[_CENTRE]
    for place in (7, 9, 11):
        row = row << pair_px | table["CC" + digits[place : place + 2]]
    return row << 3 * module_px | table[_EDGE]


@cache
def guard_rows(module_px: int) -> int:
    """Return the modules whose bars stand longer than the others, as `ean13_row` has them."""
    modules = ["0"] * MODULES
    for guard in GUARDS:
        modules[guard] = "1" * len(modules[guard])
    return _stretched("".join(modules), module_px)


@cache
def _pairs(module_px: int) -> dict[str, int]:
    # By two number sets and two digits: half as many look-ups as digit by digit.
    found = {name: _stretched(name, module_px) for name in (_EDGE, _CENTRE)}
    for sets in ("AA", "AB", "BA", "BB", "CC"):
        for pair in range(100):
            codes = (CODES[name][digit] for name, digit in zip(sets, divmod(pair, 10), strict=True))
            found[f"{sets}{pair:02}"] = _stretched("".join(codes), module_px)
    return found


def _stretched(modules: str, module_px: int) -> int:
    return int("".join(module * module_px for module in modules), 2)
