"""A picture through the model: what it is like, and what of the model's own classes it may be."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_specs.models import ModelError
from vision.runtime.picture import middle
from vision.runtime.session import Model

_OUTPUTS: Final = ("features", "logits", "likeness")

SURE: Final = 0.7
"""Chance from which a second look changes nothing; on val a second one below it names 2.4 % more of all rightly."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the model sees in a picture.

    `direction` is float32 of shape (features,), of length 1; `chances` float32 of shape (classes,), summing to 1;
    `likeness` float32 of shape (classes,), the cosine to each class's usual direction. All of them mean something
    only beside looks by the same weights, of the hash `model_sha256`.
    """

    direction: NDArray[np.float32]
    chances: NDArray[np.float32]
    likeness: NDArray[np.float32]
    model_sha256: str


class Looker:
    """Looks at pictures with a model for items; not for two threads at once. Raises ModelError for another model."""

    def __init__(self, model: Model) -> None:
        names = [port.name for port in model.manifest.gives]
        if model.manifest.task != "items" or names != list(_OUTPUTS):
            raise ModelError(f"{model.manifest.name}: a {model.manifest.task} that gives {names}, not {list(_OUTPUTS)}")
        self._model = model
        self.manifest = model.manifest

    def look(self, pixels: NDArray[np.uint8]) -> Look:
        """Return what is seen in the middle of a picture, uint8 of shape (height, width, 3), BGR.

        Where one look leaves doubt, a second one goes to the mirrored picture, and their mean counts.
        """
        first = self._once(pixels)
        if float(first.chances.max()) >= SURE:
            return first
        second = self._once(np.ascontiguousarray(pixels[:, ::-1]))
        return Look(
            directed(first.direction + second.direction),
            np.asarray((first.chances + second.chances) / 2, np.float32),
            np.asarray((first.likeness + second.likeness) / 2, np.float32),
            self.manifest.sha256,
        )

    def _once(self, pixels: NDArray[np.uint8]) -> Look:
        given = self._model.run(middle(pixels, self.manifest.pixels))
        chances = softmax(given["logits"][0] / self.manifest.temperature)
        # A picture without any features has no direction, and is like nothing.
        likeness = np.nan_to_num(given["likeness"][0], nan=0.0)
        return Look(directed(given["features"][0]), chances, likeness, self.manifest.sha256)


def directed(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features at length 1; a picture of nothing keeps its zeros."""
    return np.asarray(features / max(float(np.linalg.norm(features)), 1e-9), np.float32)


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities."""
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), np.float32)
