"""Goods without a code on the shared photographs: right names, one picture of each, and swaps that are caught."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from firmware_specs.models import Pixels
from tests.bench.frame import MissingPartError, middle, say
from vision.basket import evidence, sight_odds, weight_odds
from vision.items import Looker, answer
from vision.runtime import SHIPPED, Model, find
from vision.runtime.picture import middle as picture_middle
from vision.training.pictures import Labelled, catalogue_of, classes_of, families, pictures_of

DATA: Final = Path(os.environ.get("AISLE_DATA", Path(__file__).parents[3] / "shared" / "data"))
MODELS: Final = Path(os.environ.get("AISLE_MODELS", SHIPPED))
"""Another folder of models to measure, as one that was trained without val."""

_LITE0: Final = Pixels(width_px=224, height_px=224, mean=[127, 127, 127], scale=[128, 128, 128])
_SIGMA_G: Final = 5.0


@dataclass(frozen=True, slots=True)
class Grocery:
    """The pictures, by class; `family` is the number of each class's family."""

    train: tuple[Labelled, ...]
    val: tuple[Labelled, ...]
    catalogue: tuple[Labelled, ...]
    family: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Seen:
    """Features of length 1, shape (n, 1280), calibrated chances, shape (n, classes), answered or not, and median ms."""

    features: NDArray[np.float32]
    chances: NDArray[np.float32]
    answered: NDArray[np.bool_]
    ms: float


def grocery() -> Grocery:
    """Return the shared photographs. Raises MissingPartError."""
    folder = DATA / "grocery"
    if not folder.is_dir():
        raise MissingPartError(f"no photographs in {folder}: AISLE_DATA names the folder of the shared data")
    return Grocery(
        pictures_of(folder, "train"), pictures_of(folder, "val"), catalogue_of(folder), families(classes_of(folder))
    )


def seen(model: Model, pictures: tuple[Labelled, ...]) -> Seen:
    """Return what our model sees in pictures."""
    looker, looks, took = Looker(model), [], []
    for one in pictures:
        began_s = time.perf_counter()
        looks.append(looker.look(one.pixels))
        took.append((time.perf_counter() - began_s) * 1000)
    return Seen(
        np.stack([look.direction for look in looks]),
        np.stack([look.chances for look in looks]),
        np.array([not answer(look, model.manifest).abstain for look in looks]),
        middle(took),
    )


def right(chances: NDArray[np.float32], pictures: tuple[Labelled, ...], group: NDArray[np.intp]) -> float:
    """Return the share whose likeliest class is of the right group, %."""
    wanted = group[[one.label for one in pictures]]
    return float((group[chances.argmax(1)] == wanted).mean() * 100)


def nearest(features: NDArray[np.float32], known: NDArray[np.float32], pictures: tuple[Labelled, ...]) -> float:
    """Return the share that is nearest to its own class's one picture, %."""
    labels = np.array([one.label for one in pictures])
    return float(((features @ known.T).argmax(1) == labels).mean() * 100)


@dataclass(frozen=True, slots=True)
class Frozen:
    """The peer: ImageNet's Lite0 as it is, a logistic regression on its features."""

    fine: float
    coarse: float
    one_shot: float
    chances: NDArray[np.float32]
    ms: float


def frozen(data: Grocery) -> Frozen:
    """Measure the peer on the same pictures."""
    path = DATA / "models" / "efflite0_int8.onnx"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def features(pictures: tuple[Labelled, ...]) -> tuple[NDArray[np.float32], float]:
        found, took = [], []
        for one in pictures:
            began_s = time.perf_counter()
            found.append(session.run(["avg"], {"x": picture_middle(one.pixels, _LITE0)})[0][0])
            took.append((time.perf_counter() - began_s) * 1000)
        stacked = np.stack(found)
        return stacked / np.linalg.norm(stacked, axis=1, keepdims=True), middle(took)

    say("the peer: frozen Lite0 and a logistic regression")
    train, _ = features(data.train)
    val, ms = features(data.val)
    icons, _ = features(data.catalogue)
    chances = _logistic(train, np.array([one.label for one in data.train]), val)
    return Frozen(
        right(chances, data.val, np.arange(len(data.family))), right(chances, data.val, data.family),
        nearest(val, icons, data.val), chances, ms,
    )  # fmt: skip


def _logistic(train: NDArray[np.float32], labels: NDArray[np.intp], asked: NDArray[np.float32]) -> NDArray[np.float32]:
    # Full gradients with momentum on standardised features.
    mean, spread = train.mean(0), train.std(0) + 1e-6
    train, asked = (np.asarray((part - mean) / spread, np.float32) for part in (train, asked))
    classes = int(labels.max()) + 1
    wanted = np.eye(classes, dtype=np.float32)[labels]
    weights, speed = np.zeros((train.shape[1], classes), np.float32), np.zeros((train.shape[1], classes), np.float32)
    for _ in range(250):
        slope: NDArray[np.float32] = train.T @ (_softmax(train @ weights) - wanted) / len(train) + 1e-2 * weights
        speed = 0.9 * speed - 0.05 * slope
        weights += speed
    return _softmax(asked @ weights)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True)
class Caught:
    """Shares of swaps that are caught at 1 % false alarms, %: by sight, and by sight and weight."""

    random: float
    sibling: float
    random_weighed: float
    sibling_weighed: float


def caught(chances: NDArray[np.float32], pictures: tuple[Labelled, ...], family: NDArray[np.intp]) -> Caught:
    """Return how often another item than the scanned one is noticed; weights are drawn, 80 to 1,200 g, sigma 5 g."""
    rng = np.random.default_rng(7)
    classes = len(family)
    weights = rng.uniform(80, 1200, classes)
    truth = np.array([one.label for one in pictures])
    honest: list[tuple[float, float]] = []
    random: list[tuple[float, float]] = []
    sibling: list[tuple[float, float]] = []
    for seen, label in zip(chances, truth, strict=True):
        chance = evidence({number: float(p) for number, p in enumerate(seen)})
        gained = float(weights[label] + rng.normal(0, _SIGMA_G))
        honest.append(_odds(chance, label, gained, weights))
        for other in range(classes):
            if other != label:
                (sibling if family[other] == family[label] else random).append(_odds(chance, other, gained, weights))
    by_sight = [np.array([one[0] for one in each]) for each in (honest, random + sibling, sibling)]
    both = [np.array([sum(one) for one in each]) for each in (honest, random + sibling, sibling)]
    return Caught(*(_below(each[0], other) for each in (by_sight, both) for other in each[1:]))


def _odds(
    chance: Mapping[int, float], scanned: int, gained: float, weights: NDArray[np.float64]
) -> tuple[float, float]:
    return (
        sight_odds(chance[scanned], 1 / len(weights)),
        weight_odds(gained, float(weights[scanned]), _SIGMA_G),
    )


def _below(honest: NDArray[np.float64], swapped: NDArray[np.float64]) -> float:
    return float((swapped < np.quantile(honest, 0.01)).mean() * 100)


def ours() -> Model:
    """Return the model to be measured."""
    return find("items", MODELS)
