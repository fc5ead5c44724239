"""What a picture shows that has no code: the model's classes, and what the store has taught."""

import logging
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from edge_agent.app import Held
from edge_agent.roles.matter import matter_of
from edge_agent.roles.models_in_use import ModelsInUse
from firmware_specs.desired import Row
from firmware_specs.items import TaughtItem, TaughtItems
from firmware_specs.models import ModelError, ModelManifest
from vision.basket import evidence
from vision.items import Answer, Look, Looker, Taught, answer

logger = logging.getLogger(__name__)

MOST_TOLD = 3


class NoModelError(Exception):
    """This device has no model for items; the text says why."""


class Recogniser:
    """Looks at pictures, one at a time, in a thread.

    Args:
        models: whose model for items is looked with.
        row_of: a product's row in the book in force, by its GTIN.
    """

    def __init__(self, models: ModelsInUse, row_of: Callable[[str], Row | None]) -> None:
        self._models = models
        self._row_of = row_of
        self._looker: Looker | None = None
        self._limiter = anyio.CapacityLimiter(1)
        self._items: tuple[TaughtItem, ...] = ()

    @property
    def taught(self) -> tuple[str, ...]:
        """The GTINs that the store has taught."""
        return tuple(item.gtin for item in self._items)

    def take(self, held: Held) -> None:
        """Know these items from now on. Raises MatterRefusedError; then the ones before stay."""
        self._items = tuple(matter_of(held, TaughtItems).items)

    async def look(self, pixels: NDArray[np.uint8]) -> Look:
        """Return what the model makes of a picture, uint8 of shape (height, width, 3), BGR. Raises NoModelError."""
        look, _ = await self._seen(pixels)
        return look

    async def name(self, pixels: NDArray[np.uint8], extra: tuple[Taught, ...] = ()) -> dict[str, Any]:
        """Return what a picture shows, as the local API says it, with `extra` known this once. Raises NoModelError."""
        look, manifest = await self._seen(pixels)
        given = answer(look, manifest, (*self._known(look, extra), *extra), most=MOST_TOLD)
        return self._told(given)

    async def chances(self, pixels: NDArray[np.uint8]) -> tuple[dict[str, float], int]:
        """Return what a picture says for each product that was taught, by GTIN, and of how many things it tells.

        Raises NoModelError.
        """
        look, manifest = await self._seen(pixels)
        known = self._known(look, ())
        things = len(manifest.labels) + len(known)
        given = answer(look, manifest, known, most=things)
        taught = {item.label for item in known}
        said = evidence({guess.label: guess.p for guess in given.top})
        return {gtin: chance for gtin, chance in said.items() if gtin in taught}, things

    async def _seen(self, pixels: NDArray[np.uint8]) -> tuple[Look, ModelManifest]:
        try:
            model = await self._models.model("items")
            if self._looker is None or self._looker.manifest != model.manifest:
                self._looker = Looker(model)
        except ModelError as exc:
            raise NoModelError(f"this device cannot see goods: {exc}") from exc
        looker = self._looker
        return await anyio.to_thread.run_sync(looker.look, pixels, limiter=self._limiter), looker.manifest

    def _known(self, look: Look, extra: tuple[Taught, ...]) -> list[Taught]:
        found = []
        again = {item.label for item in extra}
        for item in self._items:
            direction = np.frombuffer(item.direction, "<f4").astype(np.float32)
            # Another model's space means nothing in ours: such items wait to be taught again.
            if (
                item.model_sha256 == look.model_sha256
                and direction.shape == look.direction.shape
                and item.gtin not in again
            ):
                found.append(Taught(item.gtin, "", direction, item.spread))
        return found

    def _told(self, given: Answer) -> dict[str, Any]:
        top = []
        for guess in given.top:
            row = self._row_of(guess.label) if guess.label.isdigit() else None
            top.append(
                {
                    "gtin": None if row is None else row.gtin,
                    "label": guess.label,
                    "name": {} if row is None else dict(row.name),
                    "p": round(guess.p, 4),
                }
            )
        return {"abstain": given.abstain, "top": top}
