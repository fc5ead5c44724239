"""Where a symbol lies on a line and how blurred it is, given its bars: least squares by Gauss and Newton."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vision.codes.bars.model import MARGIN, PER_MODULE, line_of, model, positions, samples, within
from vision.codes.bars.search import Best, lawful
from vision.codes.bars.symbols import Symbol

Floats = NDArray[np.float64]

SIGMAS: Final = (0.35, 0.5, 0.65, 0.8, 1.0, 1.2, 1.45, 1.75, 2.1)
"""Blurs that are told apart, in modules; beyond the last a line says nothing any more."""

_STEPS: Final = 6
_STILL: Final = 0.02
"""Samples of movement that are none."""

_STIFF: Final = np.diag([1e-6] * 6 + [1e-5, 1e-5, 3e-3, 1e-2])
"""A face is flat rather than bent, and bent evenly rather than unevenly."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a symbol lies on a line: `warp` (4,) gives the sample as a cubic of the way along it, -1 to 1."""

    warp: Floats
    sigma: float

    def at(self, symbol: Symbol) -> Floats:
        """Return the line's sample for each sample of the symbol's own line; shape (..., samples)."""
        return np.asarray(self.warp @ _basis(symbol))


@dataclass(frozen=True, slots=True)
class Light:
    """White and contrast along the symbol, each of shape (samples,)."""

    white: Floats
    contrast: Floats


def straight(begin: float, end: float, bend: float = 0.0, bulge: float = 0.0) -> Floats:
    """Return the warp of a symbol from one sample to another.

    Its middle is moved back by `bend` of half its length, and modules are wider there by `bulge` of their width.
    """
    half = (end - begin) / 2
    return np.array(((begin + end) / 2, half, bend * half, bulge * half))


def lines_at(line: Floats, warps: Floats, symbol: Symbol) -> Floats:
    """Return what a line shows at warps of shape (n, 4): shape (n, samples)."""
    at = warps @ _basis(symbol)
    return np.interp(at.ravel(), np.arange(len(line)), line).reshape(at.shape)


def fitted(line: Floats, symbol: Symbol, bars: Floats, place: Place) -> tuple[Place, Light] | None:
    """Return the place and light that explain a line best by known bars, near `place`; None when nothing does."""
    basis, t = _basis(symbol), _along(symbol)
    inside = slice(MARGIN * PER_MODULE // 2, -MARGIN * PER_MODULE // 2)
    ti, bi = t[inside], basis[:, inside]
    light_part = np.stack([np.ones_like(ti), ti, ti * ti])
    span, slope = np.arange(len(line)), np.gradient(line)
    chosen = min(range(len(SIGMAS)), key=lambda i: abs(SIGMAS[i] - place.sigma))
    warp = place.warp
    far = 3.0 * warp[1] / symbol.modules
    found: Floats = np.zeros(10)
    dark: dict[int, Floats] = {}
    columns: Floats = np.empty((10, len(ti)))
    columns[:3] = light_part
    for step in range(_STEPS):
        at = (warp @ basis)[inside]
        seen, steep = np.interp(at, span, line), np.interp(at, span, slope)
        np.multiply(-steep, bi, out=columns[6:])
        stiff = _STIFF * max(1.0, float(steep @ steep))
        tried = []
        for i in sorted({max(0, chosen - 1), chosen, min(len(SIGMAS) - 1, chosen + 1)}) if step % 2 == 0 else (chosen,):
            if i not in dark:
                dark[i] = line_of(symbol, bars, SIGMAS[i])[inside] * light_part
            columns[3:6] = dark[i]
            solved = np.linalg.solve(columns @ columns.T + stiff, columns @ seen)
            left = seen - solved @ columns
            tried.append((float(left @ left), i, np.asarray(solved, np.float64)))
        _, chosen, found = min(tried, key=lambda one: one[0])
        move = np.clip(found[6:], -far, far)
        warp = warp + move
        if np.abs(move).max() < _STILL:
            break
    light = _light(found, t)
    if light.contrast[within(symbol)].min() <= 0 or np.diff(warp @ basis).min() <= 0:
        return None
    return Place(warp, SIGMAS[chosen]), light


def lit(line: Floats, symbol: Symbol, bars: Floats, place: Place) -> Light | None:
    """Return the light that explains a line best by known bars at a place; None where they would be the lighter."""
    inside = slice(MARGIN * PER_MODULE // 2, -MARGIN * PER_MODULE // 2)
    t = _along(symbol)
    seen = np.interp(place.at(symbol)[inside], np.arange(len(line)), line)
    light_part = np.stack([np.ones_like(t), t, t * t])[:, inside]
    columns = np.concatenate([light_part, line_of(symbol, bars, place.sigma)[inside] * light_part])
    light = _light(np.linalg.solve(columns @ columns.T + _STIFF[:6, :6], columns @ seen), t)
    return None if light.contrast[within(symbol)].min() <= 0 else light


def _light(found: Floats, t: Floats) -> Light:
    return Light(found[0] + found[1] * t + found[2] * t * t, -(found[3] + found[4] * t + found[5] * t * t))


def darkness(line: Floats, symbol: Symbol, place: Place, light: Light | None) -> Floats:
    """Return the symbol's own line as it is seen, shape (samples,); without `light` by the usual mean and contrast."""
    seen = np.interp(place.at(symbol), np.arange(len(line)), line)
    if light is not None:
        return np.asarray((light.white - seen) / light.contrast)
    core = seen[within(symbol)]
    usual = model(symbol, place.sigma)
    return np.asarray((core.mean() - seen) / (core.std() + 1e-6) * usual.contrast + usual.mean)


def best_text(seen: Floats, symbol: Symbol, sigma: float, *, with_rival: bool) -> Best:
    """Return what a symbol's own line says; costs are squared differences in darkness."""
    costs, rest = model(symbol, sigma).costs(seen[None])
    best = lawful(model(symbol, sigma), [each[0] for each in costs], with_rival=with_rival)
    return replace(best, cost=best.cost + float(rest[0]), rival_cost=best.rival_cost + float(rest[0]))


@lru_cache(maxsize=8)
def _along(symbol: Symbol) -> Floats:
    return 2 * positions(symbol) / symbol.modules - 1


@lru_cache(maxsize=8)
def _basis(symbol: Symbol) -> Floats:
    # The last two leave the symbol's ends where they are.
    t = _along(symbol)
    assert len(t) == samples(symbol)
    return np.stack([np.ones_like(t), t, t**2 - 1, t**3 - t])
