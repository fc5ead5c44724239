"""One answer out of the model's classes and a store's own items, or none: then a person is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from firmware_specs.models import ModelManifest
from vision.items.look import Look
from vision.items.taught import Taught

_SHARPNESS: Final = 25.0
"""Log odds that a taught item gains for each unit of cosine."""

_HALFWAY: Final = 3.5
_LEAST_SPREAD: Final = 0.04
_LEAST_LIKENESS: Final = 0.55
"""A picture so many spreads away from a taught item is as likely to be another thing; on val, at three pictures a
class, 92 % of the class's own others are nearer than 0.55, and 1 % of other classes."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One thing that a picture may show; `p` is its probability."""

    label: str
    coarse: str
    p: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The likeliest things first; `abstain` when the best is not likely enough to be taken for it."""

    abstain: bool
    top: tuple[Guess, ...]


def answer(look: Look, manifest: ModelManifest, taught: Sequence[Taught] = (), *, most: int = 5) -> Answer:
    """Return what a picture shows.

    A taught item takes its share from the model's classes: what it does not claim stays theirs.
    """
    guesses = [
        Guess(label.name, label.coarse, float(p)) for label, p in zip(manifest.labels, look.chances, strict=True)
    ]
    claims = [(item, _claim(look, item)) for item in taught]
    if claims:
        odds = np.array([claim / max(1 - claim, 1e-6) for _, claim in claims])
        total = 1 + float(odds.sum())
        guesses = [Guess(guess.label, guess.coarse, guess.p / total) for guess in guesses]
        guesses += [
            Guess(item.label, item.coarse, float(odd) / total) for (item, _), odd in zip(claims, odds, strict=True)
        ]
    # A taught item has been compared with its own pictures already; a class of the model has not.
    alike = {label.name: float(like) for label, like in zip(manifest.labels, look.likeness, strict=True)}
    guesses.sort(key=lambda guess: -guess.p)
    best = guesses[0]
    unsure = best.p < manifest.sure_above or alike.get(best.label, 1.0) < manifest.alike_above
    return Answer(unsure, tuple(guesses[:most]))


def _claim(look: Look, item: Taught) -> float:
    likeness = float(look.direction @ item.direction)
    halfway = max(_LEAST_LIKENESS, 1 - _HALFWAY * max(item.spread, _LEAST_SPREAD))
    return float(1 / (1 + np.exp(-_SHARPNESS * (likeness - halfway))))
