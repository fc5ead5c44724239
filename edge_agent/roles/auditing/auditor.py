"""Compares photos with the store's planograms, one at a time, in a thread; the store's cloud may be away."""

import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from edge_agent.app import BlobUnavailableError, Held, MatterRefusedError, Surroundings
from edge_agent.pictures import PictureError, decode_picture
from edge_agent.roles.auditing.album import Album, Kept, without_people
from edge_agent.roles.matter import matter_of
from edge_agent.roles.models_in_use import ModelsInUse
from firmware_specs.bays import Bay, Bays
from firmware_specs.events import DateChecked, Place, ProductFound, ShelfAudited
from firmware_specs.models import ModelError
from vision.detect import Detector
from vision.shelf import Audit, NotThisShelfError, audit
from vision.shelf.drawn import drawn

logger = logging.getLogger(__name__)

MOST_WAITING: Final = 4
"""Photos that wait for one that is being compared; each takes a second or two."""

_PERSON: Final = 0.3


class AuditError(Exception):
    """A photo or an answer that cannot be used; `code` is for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Auditor:
    """The bays of a store, and the last photos of each."""

    def __init__(self, surroundings: Surroundings, models: ModelsInUse) -> None:
        self._surroundings = surroundings
        self._models = models
        self._album = Album(surroundings.folder / "shelves")
        self._bays: dict[str, Bay] = {}
        self._version = 0
        self._waiting = 0
        self._limiter = anyio.CapacityLimiter(1)

    async def prepare(self, held: Held) -> None:
        """Bring in the fronts of all products. Raises BlobUnavailableError, MatterRefusedError."""
        for bay in matter_of(held, Bays).bays:
            missing = {one.gtin for one in bay.planogram.known} - {front.gtin for front in bay.fronts}
            if missing:
                raise MatterRefusedError(f"bay {bay.id}: no picture of {', '.join(sorted(missing)[:5])}")
            for front in bay.fronts:
                await self._surroundings.fetch(front.sha256, front.size)

    def take(self, held: Held) -> None:
        """Compare with these from now on. Raises MatterRefusedError."""
        bays = matter_of(held, Bays)
        self._bays = {bay.id: bay for bay in bays.bays}
        self._version = bays.version
        self._album.keep_only(frozenset(self._bays), self._surroundings.now_ms())

    def bay(self, bay: str) -> Bay:
        """Return a bay. Raises AuditError."""
        if bay not in self._bays:
            raise AuditError(
                "no-bay", f"this store has no bay {bay[:63]!r}: the manager adds it, with its planogram, on their page"
            )
        return self._bays[bay]

    def views(self) -> list[dict[str, Any]]:
        """Return each bay as staff see it: its products, and what the last two photos showed, the newest first."""
        now_ms = self._surroundings.now_ms()
        return [
            {
                "id": bay.id,
                "name": bay.name,
                "facings": len(bay.planogram.facings),
                "shelves": len({one.shelf for one in bay.planogram.facings}),
                "products": [{"gtin": one.gtin, "name": one.name} for one in bay.planogram.products],
                "photos": [kept.told for kept in self._album.of(bay.id, now_ms)],
            }
            for bay in self._bays.values()
        ]

    def photo(self, bay: str, audit_: str) -> Path | None:
        """Return where a photo lies; None for one that is no longer kept."""
        found: list[Kept] = self._album.of(self.bay(bay).id, self._surroundings.now_ms())
        return next((kept.path for kept in found if kept.told.get("audit") == audit_), None)

    async def planned(self, bay: str) -> NDArray[np.uint8]:
        """Return a picture of how a bay must look. Raises AuditError."""
        fronts = await self._fronts(self.bay(bay))
        return await anyio.to_thread.run_sync(_drawn, self.bay(bay), fronts, limiter=self._limiter)

    async def look(self, bay: str, data: bytes, by: str) -> dict[str, Any]:
        """Compare a photo, say what was found, and keep it. Raises AuditError, OutboxFullError; then nothing happened.

        Args:
            data: a picture file.
            by: who took it.
        """
        planned, version = self.bay(bay), self._version
        if self._waiting >= MOST_WAITING:
            raise AuditError("busy", "several photos are being compared: take this one again in a few seconds")
        self._waiting += 1
        try:
            fronts = await self._fronts(planned)
            began_s = time.perf_counter()
            found, pixels = await anyio.to_thread.run_sync(_compared, planned, fronts, data, limiter=self._limiter)
        finally:
            self._waiting -= 1
        said = self._said(planned, version, found, by)
        self._surroundings.say(said)
        told = {
            "audit": said.audit,
            "at_ms": said.at_ms,
            "by": by,
            "took_ms": round((time.perf_counter() - began_s) * 1000),
            "width_px": pixels.shape[1],
            "height_px": pixels.shape[0],
            **found.as_json(),
        }
        await self._keep(planned.id, pixels, told)
        self._surroundings.changed()
        return told

    def date_checked(self, bay: str, gtin: str, expires_on: date | None, by: str) -> None:
        """Say when the first pack of a product expires, None where none is left. Raises AuditError, OutboxFullError."""
        if gtin not in {one.gtin for one in self.bay(bay).planogram.products}:
            raise AuditError("no-product", f"{gtin} does not stand in this bay: choose a product of its plan")
        self._surroundings.say(
            DateChecked(at_ms=self._surroundings.now_ms(), bay=bay, gtin=gtin, expires_on=expires_on, by=by)
        )

    def _said(self, bay: Bay, version: int, found: Audit, by: str) -> ShelfAudited:
        planned: dict[str, int] = defaultdict(int)
        gaps: dict[str, list[Place]] = defaultdict(list)
        wrong: dict[str, list[Place]] = defaultdict(list)
        for slot in found.slots:
            gtin = slot.facing.product.gtin
            planned[gtin] += 1
            place = Place(shelf=slot.facing.shelf, position=slot.facing.position, seen=slot.seen)
            if slot.state != "right":
                (gaps if slot.state == "gap" else wrong)[gtin].append(place)
        return ShelfAudited(
            at_ms=self._surroundings.now_ms(),
            audit=f"audit-{secrets.token_hex(6)}",
            bay=bay.id,
            version=version,
            by=by,
            facings=len(found.slots),
            right=sum(slot.state == "right" for slot in found.slots),
            products=[
                ProductFound(gtin=gtin, planned=count, gaps=gaps[gtin], wrong=wrong[gtin])
                for gtin, count in planned.items()
                if gaps[gtin] or wrong[gtin]
            ],
            extra=[Place(shelf=shelf, position=0, seen=gtin) for shelf, gtin in found.extra],
        )

    async def _fronts(self, bay: Bay) -> dict[str, bytes]:
        try:
            return {front.gtin: await self._surroundings.fetch(front.sha256, front.size) for front in bay.fronts}
        except BlobUnavailableError as exc:
            message = f"a product's picture cannot be had: {exc}; try again when the store's cloud can be reached"
            raise AuditError("no-picture", message) from exc

    async def _keep(self, bay: str, pixels: NDArray[np.uint8], told: dict[str, Any]) -> None:
        try:
            detector = Detector(await self._models.model("detector"))
        except ModelError:
            logger.exception("people could not be hidden, so that the photo of %s was not kept", bay)
            return

        def kept() -> None:
            boxes = detector.find(pixels, least=_PERSON)
            people = [(box.left, box.top, box.right, box.bottom) for box in boxes if box.kind == "person"]
            self._album.put(bay, without_people(pixels, people), told)

        await anyio.to_thread.run_sync(kept, limiter=self._limiter)


def _pictures(bay: Bay, fronts: Mapping[str, bytes]) -> dict[str, NDArray[np.uint8]]:
    pictures = {}
    for gtin, data in fronts.items():
        try:
            pictures[gtin] = decode_picture(data, colour=True)
        except PictureError as exc:
            raise AuditError("no-picture", f"the picture of {gtin} {exc}: the manager gives bay {bay.id} anew") from exc
    return pictures


def _compared(bay: Bay, fronts: Mapping[str, bytes], data: bytes) -> tuple[Audit, NDArray[np.uint8]]:
    try:
        pixels = decode_picture(data, colour=True)
    except PictureError as exc:
        raise AuditError("no-photo", f"the photo {exc}: take it again, as JPEG, PNG or WebP") from exc
    try:
        return audit(pixels, bay.planogram, _pictures(bay, fronts)), pixels
    except NotThisShelfError as exc:
        raise AuditError("not-this-shelf", str(exc)) from exc


def _drawn(bay: Bay, fronts: Mapping[str, bytes]) -> NDArray[np.uint8]:
    return drawn(bay.planogram, _pictures(bay, fronts))
