"""What symbols look like through a lens, along a line across their bars, and what digits cost against a line.

A line is the sum of what the fixed bars and each digit add to it, all blurred alike. So its squared difference from a
measured one is a sum over digits and over neighbouring digits, and the best digits can be found exactly.
Lines are darkness: 0 is white, 1 is a wide black; sample k lies `positions(symbol)[k]` modules from the first bar.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.codes.bars.symbols import Symbol, as_modules
from vision.ean13 import CODES

PER_MODULE: Final = 4
"""Samples per module."""

MARGIN: Final = 4
"""Modules of quiet zone that belong to the line on either side: a code that goes on is another one."""

_TYPICAL: Final = 40
"""Symbols of random digits from which the usual mean and contrast of a line are taken."""

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Model:
    """The blurred parts of a symbol.

    Attributes:
        sigma: standard deviation of the blur, in modules.
        fixed: shape (samples,), the bars that all have.
        parts: for each place shape (digits of all its number sets, samples around it), what each digit adds.
        begins: for each place the line's sample at which its parts begin.
        norms: for each place shape (digits,), squared sums of its parts.
        shared: for each place but the first shape (digits before, digits here), twice what two neighbours share.
        mean, contrast: of a usual line within the symbol.
    """

    symbol: Symbol
    sigma: float
    fixed: Floats32
    parts: tuple[Floats32, ...]
    begins: tuple[int, ...]
    norms: tuple[Floats32, ...]
    shared: tuple[Floats32, ...]
    mean: float
    contrast: float

    def costs(self, lines: Floats) -> tuple[list[Floats32], Floats32]:
        """Return what digits cost against lines of shape (lines, samples): for each place (lines, digits).

        To the costs of digits and neighbours comes what the second result says, shape (lines,).
        """
        rest = lines.astype(np.float32) - self.fixed
        costs = [
            np.asarray(norm - 2 * rest[:, begin : begin + part.shape[1]] @ part.T, np.float32)
            for part, begin, norm in zip(self.parts, self.begins, self.norms, strict=True)
        ]
        return costs, np.asarray(np.einsum("ij,ij->i", rest, rest), np.float32)


def samples(symbol: Symbol) -> int:
    """Return the length of a line, quiet zones included."""
    return (symbol.modules + 2 * MARGIN) * PER_MODULE


def within(symbol: Symbol) -> slice:
    """Return the samples of a line from the first bar to the last."""
    return slice(MARGIN * PER_MODULE, samples(symbol) - MARGIN * PER_MODULE)


@lru_cache(maxsize=8)
def positions(symbol: Symbol) -> Floats:
    """Return where samples lie, in modules from the first bar's edge."""
    return (np.arange(samples(symbol)) + 0.5) / PER_MODULE - MARGIN


def line_of(symbol: Symbol, bars: Floats, sigma: float) -> Floats:
    """Return the line of a symbol of known modules."""
    line = np.zeros(samples(symbol))
    line[within(symbol)] = np.repeat(bars, PER_MODULE)
    return np.convolve(line, _blur(sigma), "same")


@lru_cache(maxsize=64)
def model(symbol: Symbol, sigma: float) -> Model:
    """Return the model of a symbol at one blur."""
    by_set = {name: np.stack([_part(code, sigma) for code in codes]) for name, codes in CODES.items()}
    parts = tuple(np.concatenate([by_set[name] for name in sets]) for sets in symbol.sets)
    fixed = np.zeros(symbol.modules)
    for first, bars in symbol.fixed:
        fixed[first : first + len(bars)] = as_modules(bars)
    shared: list[Floats32] = [np.zeros((0, 0), np.float32)]
    for place in range(1, len(parts)):
        away = (symbol.places[place] - symbol.places[place - 1]) * PER_MODULE
        both = max(0, parts[place].shape[1] - away)
        common = 2 * parts[place - 1][:, away : away + both] @ parts[place][:, :both].T
        shared.append(common.astype(np.float32))
    usual = np.stack([line_of(symbol, bars, sigma)[within(symbol)] for bars in _some(symbol, fixed)])
    return Model(
        symbol,
        sigma,
        line_of(symbol, fixed, sigma).astype(np.float32),
        tuple(part.astype(np.float32) for part in parts),
        tuple(first * PER_MODULE for first in symbol.places),
        tuple(np.einsum("ij,ij->i", part, part).astype(np.float32) for part in parts),
        tuple(shared),
        float(usual.mean()),
        float(usual.std(axis=1).mean()),
    )


def _part(code: str, sigma: float) -> Floats:
    line = np.zeros((len(code) + 2 * MARGIN) * PER_MODULE)
    line[MARGIN * PER_MODULE : -MARGIN * PER_MODULE] = np.repeat(as_modules(code), PER_MODULE)
    return np.convolve(line, _blur(sigma), "same")


def _some(symbol: Symbol, fixed: Floats) -> list[Floats]:
    chance = np.random.default_rng(0)
    found = []
    for _ in range(_TYPICAL):
        bars = fixed.copy()
        for place, first in enumerate(symbol.places):
            sets = symbol.sets[place]
            bars[first : first + 7] = as_modules(CODES[sets[chance.integers(len(sets))]][chance.integers(10)])
        found.append(bars)
    return found


@lru_cache(maxsize=64)
def _blur(sigma: float) -> Floats:
    # No wider than what a part reaches beyond its digit.
    reach = min(int(np.ceil(4 * sigma * PER_MODULE)) + 1, MARGIN * PER_MODULE + PER_MODULE)
    at = np.arange(-reach, reach + 1) / PER_MODULE
    weights = np.exp(-at * at / (2 * sigma * sigma))
    return np.asarray(weights / weights.sum())
