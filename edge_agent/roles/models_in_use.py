"""The models that a device looks with: those that its store wants (matter `models`), else those that it came with."""

import logging
from collections.abc import Callable, Collection
from typing import Any, Final

import anyio
import anyio.to_thread
import numpy as np

from edge_agent.app import BlobUnavailableError, Held, MatterRefusedError, Surroundings
from edge_agent.roles.matter import matter_of
from firmware_specs.models import ModelError, ModelManifest, Models, Task
from vision.detect import Detector
from vision.items import Looker
from vision.runtime import Model, find, open_model
from vision.runtime.picture import middle

logger = logging.getLogger(__name__)

_GREY: Final = np.full((64, 64, 3), 127, np.uint8)

_TRIED: Final[dict[Task, Callable[[Model], object]]] = {
    "items": lambda model: Looker(model).look(_GREY),
    "detector": lambda model: Detector(model).find(_GREY),
}
"""What a model for a task has to do without an error before it is believed."""


class ModelsInUse:
    """The models of one device, each open once.

    Args:
        tasks: what this device looks for; models for anything else are left alone.
    """

    def __init__(self, surroundings: Surroundings, tasks: Collection[Task]) -> None:
        self._surroundings = surroundings
        self._tasks = frozenset(tasks)
        self._wanted: dict[Task, ModelManifest] = {}
        self._open: dict[Task, Model] = {}
        self._troubles: dict[Task, str] = {}
        self._lock = anyio.Lock()

    async def prepare(self, held: Held) -> None:
        """Bring in the weights and try each model once. Raises BlobUnavailableError, MatterRefusedError."""
        for manifest in self._mine(held).values():
            weights = await self._surroundings.fetch(manifest.sha256, manifest.size)
            try:
                await anyio.to_thread.run_sync(_tried, manifest, weights)
            except ModelError as exc:
                raise MatterRefusedError(str(exc)) from exc

    def take(self, held: Held) -> None:
        """Look with these from now on. Raises MatterRefusedError; then the ones before stay."""
        wanted = self._mine(held)
        self._open = {task: model for task, model in self._open.items() if wanted.get(task) == self._wanted.get(task)}
        self._wanted, self._troubles = wanted, {}

    async def model(self, task: Task) -> Model:
        """Return the model for a task, the same one until another is wanted. Raises ModelError where there is none.

        One that is wanted but cannot be had is replaced by the one that the device came with.
        """
        async with self._lock:
            while task not in self._open:
                wanted = self._wanted.get(task)
                model = await self._opened(task)
                # Another may have been wanted while this one was brought in.
                if self._wanted.get(task) == wanted:
                    self._open[task] = model
            return self._open[task]

    def state(self) -> list[dict[str, Any]]:
        """Return which models are in use, and why one is not that is wanted."""
        wanted = self._wanted.values()
        return [
            {"task": one.task, "name": one.name, "version": one.version, "trouble": self._troubles.get(one.task, "")}
            for one in wanted
        ]

    def _mine(self, held: Held) -> dict[Task, ModelManifest]:
        models = matter_of(held, Models).models
        tasks = [manifest.task for manifest in models]
        if len(set(tasks)) < len(tasks):
            raise MatterRefusedError(f"several models for one task: {', '.join(sorted(tasks))}")
        return {manifest.task: manifest for manifest in models if manifest.task in self._tasks}

    async def _opened(self, task: Task) -> Model:
        manifest = self._wanted.get(task)
        if manifest is not None:
            try:
                # At a start it lies on the device's own disk, unless the disk forgot it.
                weights = await self._surroundings.fetch(manifest.sha256, manifest.size)
                return await anyio.to_thread.run_sync(open_model, manifest, weights)
            except (BlobUnavailableError, ModelError) as exc:
                logger.warning("%s %d is not in use, but what came along: %s", manifest.name, manifest.version, exc)
                self._troubles[task] = str(exc)
        return await anyio.to_thread.run_sync(find, task)


def _tried(manifest: ModelManifest, weights: bytes) -> None:
    model = open_model(manifest, weights)
    try:
        _TRIED[manifest.task](model)
        given = model.run(middle(_GREY, manifest.pixels))
    except (IndexError, ValueError) as exc:
        raise ModelError(f"{manifest.name}: it does not do what a model for {manifest.task} does: {exc}") from exc
    broken = [name for name, values in given.items() if not np.isfinite(values).all()]
    if broken:
        raise ModelError(f"{manifest.name}: of a grey picture it gives {', '.join(broken)} that are no numbers")
