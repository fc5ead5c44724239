"""A line into a text: guesses of where a symbol may lie, the best digits there, and how sure they are.

A reading is judged by how much of the line's steps it explains, and by what the next best text leaves unexplained.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.codes.bars.fit import Light, Place, best_text, darkness, fitted, lines_at, lit, straight
from vision.codes.bars.line import bars_seen, extents, levelled, quantile, usual_bend
from vision.codes.bars.model import MARGIN, PER_MODULE, line_of, model, within
from vision.codes.bars.search import loosest
from vision.codes.bars.symbols import EAN_8, EAN_13, UPC_E, Symbol

Floats = NDArray[np.float64]

SYMBOLS: Final = (EAN_13, EAN_8, UPC_E)
BARS: Final = {EAN_13.name: 30, EAN_8.name: 22, UPC_E.name: 17}
_SPLIT: Final = 2
"""Bars that noise adds."""

BLURRED: Final = 0.65
"""Modules of blur from which on bars run into each other."""

_COARSE_SIGMAS: Final = (0.5, 0.8, 1.2, 1.75)
_NEAR: Final = 0.02
_HOPELESS: Final = 0.62
"""Share of a line's contrast that the loosest digits leave unexplained where no symbol is."""

_UNLIKE: Final = 0.28
"""Share of a symbol's own line that its best digits leave unexplained once they lie where they fit best, above which
nothing is read there; what was ever believed, sharp, blurred or dark, leaves less than 0.18."""

_SAME: Final = 0.01
_QUIET: Final = 0.2
"""Share of the steps within a symbol that there may be in its quiet zones."""

_USUAL_SIGMA: Final = 0.65
_ASTRAY: Final = 4.0
"""Modules by which another reader may be wrong about where a symbol ends."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text that a line says.

    Attributes:
        explains: share of the line's squared steps that the text accounts for, at most 1.
        surer: logarithm of how much likelier it is than the next best text. What remains unexplained comes from
            shape rather than noise, so each module counts once, whatever the number of samples.
        weakest: share that is explained of the digit that is seen least: 0 where nothing is seen of it.
        is_quiet: whether the line is quiet before and behind: the middle of a long symbol looks like a short one.
        begin, end: samples of the first and last bar's outer edges, in reading direction.
    """

    symbol: Symbol
    text: str
    explains: float
    surer: float
    place: Place
    weakest: float
    is_quiet: bool
    is_reversed: bool
    begin: float
    end: float


def usual_blur(line: Floats, begin: float, end: float, symbol: Symbol) -> float:
    """Return how blurred a symbol between two samples is, in modules, by its steepest edges; noise sharpens them."""
    part = line[max(0, round(begin)) : round(end) + 1]
    steepest = quantile(np.abs(np.diff(part)), 0.97) * (end - begin) / symbol.modules
    contrast = quantile(part, 0.97) - quantile(part, 0.03)
    # The edge between a wide bar and a wide space rises by contrast / (sigma * sqrt(2 pi)).
    return 0.4 * contrast / (steepest + 1e-9) + 1e-3


@dataclass(frozen=True, slots=True)
class Grid:
    """Places that are tried: ends moved by up to `reach` modules in steps, the middle by shares of half the length.

    With `is_bent` the middle is moved from where the density of edges has it. `kept` places are looked at more closely,
    of each symbol with `is_each`. `extents` are tried, the likeliest first, where `shown` of a symbol's bars are seen:
    blur joins bars.
    """

    reach: float
    step: float
    bends: tuple[float, ...]
    kept: int
    is_bent: bool = False
    is_each: bool = False
    extents: int = 3
    shown: float = 0.4


NEAR: Final = Grid(1.0, 0.5, (0.0,), 3, extents=1)
SOFT: Final = Grid(1.0, 0.5, (0.0,), 3, extents=2, shown=0.25)
BENT: Final = Grid(1.0, 1.0, (-0.05, -0.025, 0.0, 0.025, 0.05), 4, is_bent=True)
FAR: Final = Grid(2.5, 0.5, (0.0,), 2, is_each=True, shown=0.25)


def decode(
    line: Floats,
    expected: float,
    grid: Grid,
    *,
    is_levelled: bool = True,
    is_late: Callable[[], bool] = lambda: False,
) -> Iterator[Reading]:
    """Yield readings of a line, likely ones first.

    Args:
        line: shape (samples,), brightness.
        expected: the length in samples that a symbol has, more or less.
        grid: the places that are tried.
        is_levelled: whether shadow and glare are evened out first; of a blurred line that takes more than it gives.
        is_late: asked before each place whether to give up.
    """
    for begin, end in extents(line, expected)[: grid.extents]:
        if is_late():
            return
        even = levelled(line, begin, end)
        symbols = _likely(bars_seen(even, begin, end), grid.shown)
        yield from _readings(even if is_levelled else line, symbols, begin, end, grid)


def may_be_symbol(line: Floats, begin: int, end: int, shown: float) -> bool:
    """Return whether a line shows such a share of some symbol's bars between two samples."""
    return bool(_likely(bars_seen(levelled(line, begin, end), begin, end), shown))


def explained(line: Floats, symbol: Symbol, text: str, begin: float, end: float) -> Reading | None:
    """Return how a line is explained by a text that somebody else has read from `begin` to `end`, or by what it says.

    The reading's text is another one when that explains it better.
    """
    is_reversed = begin > end
    seen, lo, hi = _turned(line, begin, end) if is_reversed else (line, begin, end)
    bars = symbol.bars(text)
    module = (hi - lo) / symbol.modules
    moves = np.arange(-_ASTRAY, _ASTRAY + 0.01, 0.8) * module
    warps = np.array([straight(lo + a, hi + b) for a in moves for b in moves])
    lines = lines_at(seen, warps, symbol)
    lines -= lines.mean(axis=1, keepdims=True)
    ideal = line_of(symbol, bars, _USUAL_SIGMA)
    alike = lines @ (ideal - ideal.mean()) / (np.sqrt(np.einsum("ij,ij->i", lines, lines)) + 1e-9)
    warp = warps[int(alike.argmin())]
    found = fitted(seen, symbol, bars, Place(warp, _USUAL_SIGMA))
    return _judged(seen, symbol, found, (warp[0] - warp[1], warp[0] + warp[1]), is_reversed) if found else None


def agrees(line: Floats, reading: Reading) -> bool:
    """Return whether another line at the same place says the same, any digits in any number sets allowed."""
    seen = line[::-1] if reading.is_reversed else line
    symbol, bars = reading.symbol, reading.symbol.bars(reading.text)
    # Mostly it lies where the whole does; only where it does not, another place is looked for.
    light = lit(seen, symbol, bars, reading.place)
    if light is not None and _says(seen, symbol, bars, reading.place, light):
        return True
    found = fitted(seen, symbol, bars, reading.place)
    return found is not None and _says(seen, symbol, bars, *found)


def _says(line: Floats, symbol: Symbol, bars: Floats, place: Place, light: Light) -> bool:
    own = darkness(line, symbol, place, light)
    costs, rest = model(symbol, place.sigma).costs(own[None])
    least = float((loosest(model(symbol, place.sigma), costs) + rest)[0])
    return float(np.square(own - line_of(symbol, bars, place.sigma)).sum()) <= least + _SAME


def _likely(bars: int, shown: float) -> list[Symbol]:
    return [symbol for symbol in SYMBOLS if shown * BARS[symbol.name] <= bars <= BARS[symbol.name] + _SPLIT]


def _readings(line: Floats, symbols: list[Symbol], begin: float, end: float, grid: Grid) -> Iterator[Reading]:
    guesses = []
    for is_reversed in (False, True):
        seen, lo, hi = _turned(line, begin, end) if is_reversed else (line, begin, end)
        for symbol in symbols:
            guesses += [(cost, place, symbol, is_reversed) for cost, place in _guesses(seen, symbol, lo, hi, grid)]
    guesses.sort(key=lambda guess: guess[0])
    if grid.is_each:
        # The longer a symbol, the more it can explain: each gets its turn.
        chosen = [guess for one in symbols for guess in [each for each in guesses if each[2] is one][: grid.kept]]
    else:
        chosen = guesses[: grid.kept]
    for _, place, symbol, is_reversed in chosen:
        seen, lo, hi = _turned(line, begin, end) if is_reversed else (line, begin, end)
        reading = _read(seen, symbol, place, (lo, hi), is_reversed)
        if reading is not None:
            yield reading


def _guesses(line: Floats, symbol: Symbol, begin: float, end: float, grid: Grid) -> Iterator[tuple[float, Place]]:
    module = (end - begin) / symbol.modules
    moves = np.arange(-grid.reach, grid.reach + 0.01, grid.step) * module
    bend, bulge = usual_bend(line, begin, end) if grid.is_bent else (0.0, 0.0)
    shapes = [(bend + each, share * bulge) for each in grid.bends for share in ((0.5, 1.0) if grid.is_bent else (0.0,))]
    warps = np.array([straight(begin + a, end + b, *shape) for a in moves for b in moves for shape in shapes])
    lines = lines_at(line, warps, symbol)
    core = lines[:, within(symbol)]
    even = (core.mean(axis=1, keepdims=True) - lines) / (core.std(axis=1, keepdims=True) + 1e-6)
    costs = []
    sigmas = _likely_sigmas(line, begin, end, symbol)
    for sigma in sigmas:
        usual = model(symbol, sigma)
        seen = even * usual.contrast + usual.mean
        digits, rest = usual.costs(seen)
        variance = np.square(seen[:, within(symbol)] - usual.mean).sum(axis=1)
        costs.append((loosest(usual, digits) + rest) / variance)
    cost = np.stack(costs, axis=1)
    chosen: list[Floats] = []
    for flat in np.argsort(cost, axis=None):
        at, blur = divmod(int(flat), len(sigmas))
        if cost[at, blur] > _HOPELESS:
            return
        if any(np.abs(warps[at] - other).max() < _NEAR * warps[at][1] for other in chosen):
            continue
        chosen.append(warps[at])
        yield float(cost[at, blur]), Place(warps[at], sigmas[blur])
        if len(chosen) == grid.kept:
            return


def _likely_sigmas(line: Floats, begin: float, end: float, symbol: Symbol) -> list[float]:
    sigma = usual_blur(line, begin, end, symbol)
    return sorted(_COARSE_SIGMAS, key=lambda one: abs(math.log(one / sigma)))[:2]


def _read(line: Floats, symbol: Symbol, place: Place, window: tuple[float, float], is_reversed: bool) -> Reading | None:
    # Digits and place in turn, until the digits stay.
    text = ""
    found: tuple[Place, Light] | None = None
    own = darkness(line, symbol, place, None)
    for _ in range(3):
        said = best_text(own, symbol, place.sigma, with_rival=False).text
        if said == text:
            break
        text = said
        found = fitted(line, symbol, symbol.bars(text), place)
        if found is None:
            return None
        place, light = found
        own = darkness(line, symbol, place, light)
    if found is None or _unlike(own, line_of(symbol, symbol.bars(text), place.sigma)) > _UNLIKE:
        return None
    return _judged(line, symbol, found, window, is_reversed)


def _unlike(own: Floats, ideal: Floats) -> float:
    return float(np.square(own - ideal).sum() / (np.square(own - own.mean()).sum() + 1e-9))


def _judged(
    line: Floats, symbol: Symbol, found: tuple[Place, Light], window: tuple[float, float], is_reversed: bool
) -> Reading:
    place, light = found
    own = darkness(line, symbol, place, light)
    best = best_text(own, symbol, place.sigma, with_rival=True)
    begin, end = float(place.warp[0] - place.warp[1]), float(place.warp[0] + place.warp[1])
    if is_reversed:
        begin, end = len(line) - 1 - begin, len(line) - 1 - end
    return Reading(
        symbol,
        best.text,
        _explains(line, symbol, best.text, place, light, window),
        0.5 * symbol.modules * math.log(max(best.rival_cost, 1e-9) / max(best.cost, 1e-9)),
        place,
        _weakest(own, symbol, best.text, place.sigma),
        _is_quiet(line, symbol, place),
        is_reversed,
        begin,
        end,
    )


def _weakest(seen: Floats, symbol: Symbol, text: str, sigma: float) -> float:
    ideal = line_of(symbol, symbol.bars(text), sigma)
    wanted = np.square(ideal[PER_MODULE:] - ideal[:-PER_MODULE])
    left = seen - ideal
    missed = np.square(left[PER_MODULE:] - left[:-PER_MODULE])
    digits = [slice((MARGIN + first) * PER_MODULE, (MARGIN + first + 7) * PER_MODULE) for first in symbol.places]
    return min(1 - float(missed[digit].sum()) / (float(wanted[digit].sum()) + 1e-9) for digit in digits)


def _is_quiet(line: Floats, symbol: Symbol, place: Place) -> bool:
    module = 2 * place.warp[1] / symbol.modules
    begin, end = place.warp[0] - place.warp[1], place.warp[0] + place.warp[1]
    steps = np.square(np.diff(line))
    inside = float(steps[max(0, round(begin)) : round(end)].mean())
    # Blur reaches a module or two beyond the last bar.
    reach = (1.0 + place.sigma) * module, (5.0 + place.sigma) * module
    before = steps[max(0, round(begin - reach[1])) : max(0, round(begin - reach[0]))]
    behind = steps[round(end + reach[0]) : round(end + reach[1])]
    return all(len(zone) == 0 or float(zone.mean()) < _QUIET * inside for zone in (before, behind))


def _explains(
    line: Floats, symbol: Symbol, text: str, place: Place, light: Light, window: tuple[float, float]
) -> float:
    # Steps over a module, not levels: a shadow's edge is no evidence. Over the whole window, which all texts share.
    begin, end = window
    pad, lag = 0.04 * (end - begin), max(1, round((end - begin) / 100))
    x = np.arange(max(0, round(begin - pad)), min(len(line), round(end + pad)))
    ideal = light.white - light.contrast * line_of(symbol, symbol.bars(text), place.sigma)
    seen = line[x]
    left = seen - np.interp(x, place.at(symbol), ideal)
    steps, missed = seen[lag:] - seen[:-lag], left[lag:] - left[:-lag]
    return 1 - float(missed @ missed) / (float(steps @ steps) + 1e-9)


def _turned(line: Floats, begin: float, end: float) -> tuple[Floats, float, float]:
    return line[::-1], len(line) - 1 - max(begin, end), len(line) - 1 - min(begin, end)
