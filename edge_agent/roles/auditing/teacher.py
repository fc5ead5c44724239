"""Teaching an item: the empty place, then three to five pictures; what is learnt is told, pictures are forgotten."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from edge_agent.app import Surroundings
from edge_agent.pictures import PictureError, decode_picture
from edge_agent.roles.auditing.auditor import AuditError
from edge_agent.roles.recognising import NoModelError, Recogniser
from firmware_specs.desired import Row
from firmware_specs.events import ItemForgotten, ItemTaught
from vision.items import Look, NotAnItemError, Taught, teach

MOST_PICTURES: Final = 8
LONGEST_S: Final = 30 * 60.0
"""A lesson that nobody went on with for so long is forgotten."""

MOST_LESSONS: Final = 20


@dataclass(frozen=True, slots=True)
class _Lesson:
    began_s: float
    empty: Look | None = None
    looks: tuple[Look, ...] = ()

    @property
    def model_sha256(self) -> str:
        """The hash of the model that looked; empty before any picture."""
        looks = self.looks or ((self.empty,) if self.empty is not None else ())
        return looks[0].model_sha256 if looks else ""


class Teacher:
    """The lessons under way, by product.

    Args:
        row_of: a product's row in the book in force, by its GTIN.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        recogniser: Recogniser,
        row_of: Callable[[str], Row | None],
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._surroundings = surroundings
        self._recogniser = recogniser
        self._row_of = row_of
        self._monotonic_s = monotonic_s
        self._lessons: dict[str, _Lesson] = {}

    def views(self) -> list[dict[str, Any]]:
        """Return what the store has taught."""
        return [self._view(gtin) for gtin in self._recogniser.taught]

    async def show(self, gtin: str, data: bytes, *, is_empty: bool) -> dict[str, Any]:
        """Take a picture of a product, or of the place without it; return how far the lesson is. Raises AuditError."""
        row = self._row(gtin)
        lesson = self._lesson(gtin)
        if len(lesson.looks) >= MOST_PICTURES:
            raise AuditError("enough", f"{MOST_PICTURES} pictures are enough: let it be learnt, or begin anew")
        look = await self._look(data)
        lesson = self._lesson(gtin)
        if lesson.model_sha256 not in ("", look.model_sha256):
            # Another model came in between: what the old one saw says nothing to it.
            lesson = _Lesson(self._monotonic_s())
        if is_empty:
            lesson = _Lesson(self._monotonic_s(), look)
        else:
            lesson = _Lesson(self._monotonic_s(), lesson.empty, (*lesson.looks, look))
        self._lessons[gtin] = lesson
        return self._progress(row, lesson)

    async def attempt(self, gtin: str, data: bytes) -> dict[str, Any]:
        """Return what a picture is taken for, with what this lesson taught. Raises AuditError."""
        self._row(gtin)
        try:
            return await self._recogniser.name(_pixels(data), (self._taught(gtin),))
        except NoModelError as exc:
            raise AuditError("no-model", str(exc)) from exc

    def learn(self, gtin: str, by: str) -> None:
        """Tell the store what was taught. Raises AuditError, OutboxFullError; then the lesson goes on."""
        self._row(gtin)
        taught, lesson = self._taught(gtin), self._lesson(gtin)
        self._surroundings.say(
            ItemTaught(
                at_ms=self._surroundings.now_ms(),
                gtin=gtin,
                by=by,
                pictures=len(lesson.looks),
                model_sha256=lesson.model_sha256,
                direction=taught.direction.astype("<f4").tobytes(),
                spread=round(taught.spread, 6),
            )
        )
        del self._lessons[gtin]

    def forget(self, gtin: str, by: str) -> None:
        """Take back what was taught of a product, or break its lesson off. Raises AuditError, OutboxFullError."""
        if self._lessons.pop(gtin, None) is None and gtin not in self._recogniser.taught:
            raise AuditError("not-taught", f"nothing was taught of {gtin[:14]}")
        if gtin in self._recogniser.taught:
            self._surroundings.say(ItemForgotten(at_ms=self._surroundings.now_ms(), gtin=gtin, by=by))

    def _taught(self, gtin: str) -> Taught:
        lesson = self._lesson(gtin)
        if lesson.empty is None:
            raise AuditError(
                "no-empty", "first take a picture of the place without the item: the floor teaches nothing"
            )
        try:
            return teach(gtin, "", lesson.looks, (lesson.empty,))
        except NotAnItemError as exc:
            raise AuditError("not-an-item", str(exc)) from exc

    def _lesson(self, gtin: str) -> _Lesson:
        now_s = self._monotonic_s()
        self._lessons = {each: one for each, one in self._lessons.items() if now_s - one.began_s < LONGEST_S}
        if gtin not in self._lessons and len(self._lessons) >= MOST_LESSONS:
            raise AuditError("busy", "many items are being taught: finish one first")
        return self._lessons.get(gtin, _Lesson(now_s))

    def _progress(self, row: Row, lesson: _Lesson) -> dict[str, Any]:
        told: dict[str, Any] = {
            **self._view(row.gtin),
            "pictures": len(lesson.looks),
            "has_empty": lesson.empty is not None,
        }
        told["problem"] = None
        try:
            self._taught(row.gtin)
        except AuditError as exc:
            told["problem"] = {"code": exc.code, "message": str(exc)}
        return told

    def _view(self, gtin: str) -> dict[str, Any]:
        row = self._row_of(gtin)
        return {"gtin": gtin, "name": {} if row is None else dict(row.name)}

    def _row(self, gtin: str) -> Row:
        row = self._row_of(gtin) if len(gtin) == 14 and gtin.isascii() and gtin.isdigit() else None
        if row is None:
            raise AuditError("no-product", f"{gtin[:14]} is not in the price book: choose a product that is sold here")
        return row

    async def _look(self, data: bytes) -> Look:
        try:
            return await self._recogniser.look(_pixels(data))
        except NoModelError as exc:
            raise AuditError("no-model", str(exc)) from exc


def _pixels(data: bytes) -> np.ndarray[Any, np.dtype[np.uint8]]:
    try:
        return decode_picture(data, colour=True)
    except PictureError as exc:
        raise AuditError("no-photo", f"the photo {exc}: take it again, as JPEG, PNG or WebP") from exc
