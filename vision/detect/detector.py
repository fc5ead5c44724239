"""NanoDet: one look at a picture, boxes at three scales (generalised focal loss, Li et al. 2020)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from firmware_specs.models import ModelError
from vision.detect.boxes import Box, distinct
from vision.runtime.picture import whole
from vision.runtime.session import Model

_STRIDES: Final = (8, 16, 32)
_MOST: Final = 300
"""Candidates that are compared with each other; a shelf has fewer facings that are told apart at this size."""


class Detector:
    """Finds people and goods with a detector's model; not for two threads at once. Raises ModelError for another."""

    def __init__(self, model: Model) -> None:
        manifest = model.manifest
        if manifest.task != "detector":
            raise ModelError(f"{manifest.name}: a model for {manifest.task} draws no boxes")
        self._model = model
        self.manifest: Final = manifest
        self._labels = manifest.labels
        sizes = {(port.shape[1], port.shape[2]): port.name for port in manifest.gives if len(port.shape) == 3}
        side = manifest.pixels.width_px
        self._scales: list[tuple[int, str, str]] = []
        for stride in _STRIDES:
            cells = (side // stride) ** 2
            classes = sizes.get((cells, len(self._labels)))
            edges = next((name for (n, width), name in sizes.items() if n == cells and width % 4 == 0
                          and width != len(self._labels)), None)  # fmt: skip
            if classes is None or edges is None:
                raise ModelError(f"{manifest.name}: no outputs of {cells} places with {len(self._labels)} labels")
            self._scales.append((stride, classes, edges))

    def find(self, pixels: NDArray[np.uint8], *, least: float = 0.35) -> tuple[Box, ...]:
        """Return what is in a picture, the likeliest first; `least` is the probability below which nothing is said.

        Args:
            pixels: uint8 of shape (height, width, 3), BGR, or (height, width).
        """
        values, scale = whole(pixels, self.manifest.pixels)
        given = self._model.run(values)
        found = [
            _candidates(given[classes][0], given[edges][0], stride, least) for stride, classes, edges in self._scales
        ]
        scores = np.concatenate([each[0] for each in found])
        labels = np.concatenate([each[1] for each in found])
        boxes = np.asarray(np.concatenate([each[2] for each in found]) / scale, np.float32)
        best = np.argsort(-scores, kind="stable")[:_MOST]
        scores, labels, boxes = scores[best], labels[best], boxes[best]
        height, width = pixels.shape[:2]
        boxes = np.asarray(np.clip(boxes, 0, np.array([width, height, width, height])), np.float32)
        told = []
        for place in distinct(boxes, scores, labels):
            label = self._labels[int(labels[place])]
            left, top, right, bottom = (float(value) for value in boxes[place])
            told.append(Box(label.name, label.coarse, float(scores[place]), left, top, right, bottom))
        return tuple(told)


def _candidates(
    classes: NDArray[np.float32], edges: NDArray[np.float32], stride: int, least: float
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.float32]]:
    # Each place says, for each side of its box, how likely every distance in strides is; the mean is the side.
    places, labels = np.nonzero(classes >= least)
    side = round(len(classes) ** 0.5)
    spread = edges[places].reshape(len(places), 4, edges.shape[1] // 4)
    raised = np.exp(spread - spread.max(2, keepdims=True))
    steps = np.arange(spread.shape[2], dtype=np.float32)
    far = (raised * steps).sum(2) / raised.sum(2) * stride
    centre = np.stack([places % side, places // side], 1) * stride + (stride - 1) / 2
    boxes = np.concatenate([centre - far[:, :2], centre + far[:, 2:]], 1)
    return classes[places, labels], labels, boxes.astype(np.float32)
