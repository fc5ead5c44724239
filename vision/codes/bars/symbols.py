"""What symbols of the EAN/UPC family look like, and which digits they may hold (ISO/IEC 15420, 4.2 to 4.4)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.ean13 import CODES, EAN_13_PARITY

DIGITS: Final = "0123456789"

UPC_E_PARITY: Final = (
    "BBBAAA",
    "BBABAA",
    "BBAABA",
    "BBAAAB",
    "BABBAA",
    "BAABBA",
    "BAAABB",
    "BABABA",
    "BABAAB",
    "BAABAB",
)
"""Number sets of a UPC-E by its check digit.

Its number system is 0 (GS1 General Specifications, 5.2.2.4): a 1, which old readers know, has the sets of an EAN-13's
left half, so that half of any EAN-13 would be one.
"""

_UPC_E_WEIGHTS: Final = (
    ("012", (1, 3, 3, 1, 3, 1)),
    ("3", (1, 3, 1, 1, 3, 0)),
    ("4", (1, 3, 1, 3, 3, 0)),
    ("56789", (1, 3, 1, 3, 1, 3)),
)
"""What the check digit counts each of the six digits for, by the last, which says where zeros were left out."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to fill a symbol's places: number sets, what each digit counts, and what must come out.

    `before` and `behind` are digits that the number sets tell. The weighted sum begins with `start` and is right when
    it ends as a multiple of ten; the last digit is one of `last`.
    """

    sets: str
    weights: tuple[int, ...]
    start: int
    before: str = ""
    behind: str = ""
    last: str = DIGITS


@dataclass(frozen=True, slots=True, eq=False)
class Symbol:
    """A symbol of `modules` modules.

    `fixed` are bars that all have, each with its first module, 1 is a bar; `places` are the first modules of digits,
    seven modules each; `sets` the number sets that may stand in each place.
    """

    name: str
    modules: int
    fixed: tuple[tuple[int, str], ...]
    places: tuple[int, ...]
    rules: tuple[Rule, ...]
    sets: tuple[str, ...]

    def bars(self, text: str) -> NDArray[np.float64]:
        """Return the modules of the symbol that says `text`: shape (modules,), 1 is a bar. Raises ValueError."""
        for rule in self.rules:
            digits = text[len(rule.before) : len(text) - len(rule.behind)]
            fits = len(digits) == len(self.places) and digits[-1] in rule.last
            if fits and text.startswith(rule.before) and text.endswith(rule.behind):
                return self._filled(rule, digits)
        raise ValueError(f"{text[:40]!r} does not fit into {self.name}")

    def _filled(self, rule: Rule, digits: str) -> NDArray[np.float64]:
        modules = np.zeros(self.modules)
        placed = [(self.places[i], CODES[rule.sets[i]][int(digit)]) for i, digit in enumerate(digits)]
        for first, bars in (*self.fixed, *placed):
            modules[first : first + len(bars)] = as_modules(bars)
        return modules


def as_modules(bars: str) -> NDArray[np.float64]:
    """Return a pattern such as `0001101` as numbers."""
    return np.array([float(bar) for bar in bars])


def _symbol(
    name: str, modules: int, fixed: tuple[tuple[int, str], ...], places: tuple[int, ...], rules: tuple[Rule, ...]
) -> Symbol:
    sets = tuple("".join(sorted({rule.sets[place] for rule in rules})) for place in range(len(places)))
    return Symbol(name, modules, fixed, places, rules, sets)


def _upc_e_rules() -> Iterator[Rule]:
    for check, sets in enumerate(UPC_E_PARITY):
        for last, weights in _UPC_E_WEIGHTS:
            yield Rule(sets, weights, check, "0", str(check), last)


EAN_13: Final = _symbol(
    "EAN-13",
    95,
    ((0, "101"), (45, "01010"), (92, "101")),
    (*range(3, 45, 7), *range(50, 92, 7)),
    tuple(Rule(sets + "CCCCCC", (3, 1) * 6, first, str(first)) for first, sets in enumerate(EAN_13_PARITY)),
)
"""A UPC-A is one that begins with 0."""

EAN_8: Final = _symbol(
    "EAN-8",
    67,
    ((0, "101"), (31, "01010"), (64, "101")),
    (*range(3, 31, 7), *range(36, 64, 7)),
    (Rule("AAAACCCC", (3, 1) * 4, 0),),
)
UPC_E: Final = _symbol("UPC-E", 51, ((0, "101"), (45, "010101")), tuple(range(3, 45, 7)), tuple(_upc_e_rules()))
"""Its text is eight digits: 0, six, and the check digit."""
