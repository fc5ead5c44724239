"""Labels brought from what they show to what they must show: armed when the law permits, proved, tried again.

A proof does not last by itself: every label that has proved a picture is asked again in turn, and one that
is silent, not well, or shows another image is trusted no more.
"""

import logging
import random
from dataclasses import dataclass
from typing import Any, Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from edge_agent.app import Surroundings
from edge_agent.roles.gateway import law as rules
from edge_agent.roles.gateway.faces import Faces
from edge_agent.roles.gateway.issuer import Issuer
from edge_agent.roles.gateway.law import Face, Picture
from edge_agent.roles.gateway.pictures import Drawn, content_of, draw, key_of
from edge_agent.roles.gateway.radio import LabelError, LabelRadio
from edge_agent.roles.saying import Saying
from firmware_specs.desired import LabelPlace
from firmware_specs.events import LabelArmed, LabelFailed, LabelShown
from vision.labels import LabelContent

logger = logging.getLogger(__name__)

AT_ONCE: Final = 8
"""How many labels are served at the same time."""

LOOK_S: Final = 0.1
REFRESH_S: Final = 0.9
"""A panel's refresh takes at least this long; then it is asked whether it has ended."""

LONGEST_REFRESH_S: Final = 30.0
FAILED_AFTER: Final = 3
"""So many attempts in a row without success are told."""

LONGEST_BACKOFF_S: Final = 60.0
AUDIT_S: Final = 60.0
"""A label is asked again whether it still shows what it proved, at latest so long after its last word."""

AUDITS_AT_ONCE: Final = 4
AUDIT_TRIES: Final = 2
"""An answer may be lost on the air: so often a label is asked before it is doubted."""

AUDIT_AGAIN_S: Final = 1.0


class _UndrawableError(Exception):
    """A content that no label can show; trying again does not help."""


@dataclass(slots=True)
class _Trouble:
    # What went wrong with a label since its last success, for which content, and when to try again.
    content: str
    failures: int = 0
    again_s: float = 0.0
    reason: str = ""
    is_told: bool = False


class Shelf:
    """All labels of one store, each served by one task at a time."""

    def __init__(
        self,
        surroundings: Surroundings,
        issuer: Issuer,
        radio: LabelRadio,
        saying: Saying,
        *,
        refresh_s: float = REFRESH_S,
    ) -> None:
        self._surroundings = surroundings
        self._issuer = issuer
        self._radio = radio
        self._saying = saying
        self._refresh_s = refresh_s
        self._faces = Faces(surroundings.folder / "faces")
        self._currency = ""
        self._busy: set[str] = set()
        self._proofs: dict[str, int] = {}
        """The ticket of each proof that was said and is not kept yet."""

        self._asked: set[str] = set()
        self._turns: dict[str, float] = {}
        """When each label that has proved a picture is asked again."""

        self._trouble: dict[str, _Trouble] = {}
        self._waits: dict[str, frozenset[str]] = {}
        self._drawing = anyio.CapacityLimiter(1)
        self._disk = anyio.CapacityLimiter(1)
        self._keys: dict[tuple[str, int], str] = {}

    def remembered(self, labels: list[str]) -> dict[str, Face]:
        """Return what is on disk of these labels."""
        found = {label: self._faces.recall(label) for label in labels}
        return {label: face for label, face in found.items() if face is not None}

    def forget_others(self, labels: list[str]) -> None:
        """Drop what is on disk of labels that were taken down."""
        self._turns.clear()
        self._faces.forget_others(labels)

    def under(self, currency: str) -> None:
        """A book has come into force."""
        self._currency = currency
        self._keys.clear()

    async def run(self) -> None:
        """Serve labels until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._keep_proofs, name="proofs")
            while True:
                self._look(group)
                self._audit_some(group)
                await anyio.sleep(LOOK_S)

    def state(self) -> list[dict[str, Any]]:
        """Return every label with its state, for the gateway's own page."""
        plan = self._issuer.law.plan
        return [] if plan is None else [self._label_state(place) for place in plan.labels]

    def _label_state(self, place: LabelPlace) -> dict[str, Any]:
        face = self._issuer.law.faces.get(place.id, Face())
        row, trouble = rules.wanted(self._issuer.law, place.id), self._trouble.get(place.id)
        is_shown = row is not None and face.shown is not None and face.shown.content == self._key(place.id)
        if trouble is not None and trouble.is_told:
            state = "failed"
        elif is_shown:
            state = "shown"
        else:
            state = "armed" if place.id in self._busy else "pending"
        return {
            "id": place.id,
            "gtin": place.gtin,
            "state": state,
            "may_show_minor": sorted({picture.price_minor for picture in face.may_show}),
            "target_minor": None if row is None else row.price_minor,
            "waits_for": sorted(self._waits.get(place.id, ())),
            "reason": "" if trouble is None else trouble.reason,
        }

    def _look(self, group: TaskGroup) -> None:
        law = self._issuer.law
        self._saying.flush()
        if law.plan is None or not self._currency or self._saying.waits:
            return
        verdicts: dict[str, frozenset[str] | None] = {}
        self._waits = {}
        for place in law.plan.labels:
            if place.id in self._busy | self._asked or self._is_settled(place):
                continue
            trouble = self._trouble.get(place.id)
            if trouble is not None and trouble.content == self._key(place.id):
                if anyio.current_time() < trouble.again_s:
                    continue
            if place.gtin not in verdicts:
                verdicts[place.gtin] = rules.waiting(law, place.id, self._issuer.steady_ms())
            waits = verdicts[place.gtin]
            if waits:
                self._waits[place.id] = waits
            elif waits is not None and len(self._busy) < AT_ONCE:
                self._busy.add(place.id)
                group.start_soon(self._serve, place, name=f"label {place.id}")

    def _key(self, label: str) -> str | None:
        # The name of what a label must show; made once for each product and book.
        row = rules.wanted(self._issuer.law, label)
        if row is None:
            return None
        place = (row.gtin, self._issuer.law.book_version)
        if place not in self._keys:
            self._keys[place] = key_of(content_of(row, self._currency))
        return self._keys[place]

    def _is_settled(self, place: LabelPlace) -> bool:
        face, key = self._issuer.law.faces.get(place.id, Face()), self._key(place.id)
        if key is None:
            return True
        if face.shown is None or face.shown.content != key:
            return False
        if face.shown.book_version < self._issuer.set_in(place.gtin):
            # A price that went and came back: the label never changed, and that proves the newer book, too.
            picture = _under(face.shown, self._issuer.law.book_version)
            self._prove(place.id, picture)
        return True

    def _audit_some(self, group: TaskGroup) -> None:
        # Also while the outbox is full: releases are renewed then, too.
        law, now_s = self._issuer.law, anyio.current_time()
        due = []
        for place in () if law.plan is None else law.plan.labels:
            face = law.faces.get(place.id)
            if face is None or face.shown is None or place.id in self._busy or place.id in self._asked:
                continue
            if place.id not in self._turns:
                self._turns[place.id] = now_s + AUDIT_S * random.uniform(0.5, 1.0)
            if self._turns[place.id] <= now_s:
                due.append(place)
        due.sort(key=lambda place: self._turns[place.id])
        for place in due[: max(0, AUDITS_AT_ONCE - len(self._asked))]:
            self._asked.add(place.id)
            group.start_soon(self._audit, place, name=f"audit of label {place.id}")

    async def _audit(self, place: LabelPlace) -> None:
        try:
            face = self._issuer.law.faces.get(place.id)
            picture = None if face is None else face.shown
            if picture is None:
                return
            reason = await self._why_doubted(place.address, picture.image_sha256)
            if reason is not None and place.id in self._issuer.law.faces:
                await self._doubt(place, reason)
        finally:
            self._asked.discard(place.id)
            self._turns.pop(place.id, None)

    async def _why_doubted(self, address: str, image_sha256: str) -> str | None:
        reason = ""
        for again in range(AUDIT_TRIES):
            if again:
                await anyio.sleep(AUDIT_AGAIN_S)
            try:
                await self._radio.prove(address, image_sha256)
            except LabelError as exc:
                reason = str(exc)
            else:
                return None
        return reason

    async def _doubt(self, place: LabelPlace, reason: str) -> None:
        # The release goes with the very next tick; only then is the rest told and written.
        self._issuer.law = rules.doubt(self._issuer.law, place.id)
        self._fail(place, self._key(place.id) or "", f"asked again: {reason}", anyio.current_time(), is_lost=True)
        self._surroundings.changed()
        try:
            face = self._issuer.law.faces[place.id]
            await anyio.to_thread.run_sync(self._faces.keep, place.id, face, limiter=self._disk)
        except OSError as exc:
            # After a restart it counts as proved until it is asked again.
            logger.warning("label %s: that it is doubted cannot be kept: %s", place.id, exc)

    async def _serve(self, place: LabelPlace) -> None:
        key = self._key(place.id)
        try:
            await self._bring(place)
        except (LabelError, OSError) as exc:
            self._fail(place, key or "", str(exc), anyio.current_time())
        except _UndrawableError as exc:
            self._fail(place, key or "", str(exc), float("inf"))
        else:
            self._trouble.pop(place.id, None)
        finally:
            self._busy.discard(place.id)
        self._surroundings.changed()

    async def _bring(self, place: LabelPlace) -> None:
        row = rules.wanted(self._issuer.law, place.id)
        if row is None:
            return
        content = content_of(row, self._currency)
        try:
            drawn = await anyio.to_thread.run_sync(draw, content, limiter=self._drawing)
        except ValueError as exc:
            raise _UndrawableError(f"the picture cannot be drawn: {exc}") from exc
        # The answer to this also ends whatever the label still had to say to an earlier attempt.
        is_pending = await self._radio.is_pending(place.address)
        picture = self._arm(place.id, content, drawn)
        if picture is None:
            return
        face = self._issuer.law.faces[place.id]
        await anyio.to_thread.run_sync(self._faces.keep, place.id, face, limiter=self._disk)
        if is_pending or not await self._shows(place.address, drawn):
            await self._radio.load(place.address, picture.slot, drawn.image)
            await self._radio.display(place.address, picture.slot)
            await self._until_refreshed(place.address)
        await self._radio.prove(place.address, drawn.sha256)
        self._prove(place.id, picture)

    def _arm(self, label: str, content: LabelContent, drawn: Drawn) -> Picture | None:
        # Permission and its consequence in one step: what was heard while the picture was drawn counts.
        law, key = self._issuer.law, key_of(content)
        if rules.waiting(law, label, self._issuer.steady_ms()) != frozenset() or self._key(label) != key:
            return None
        may_show = law.faces.get(label, Face()).may_show
        slot = next((each.slot for each in may_show if each.content == key), None)
        if slot is None:
            slot = 1 - may_show[-1].slot if may_show else 0
        picture = Picture(content.gtin, content.price_minor, law.book_version, key, drawn.sha256, slot)
        self._issuer.law = rules.arm(law, label, picture)
        self._saying.say(
            LabelArmed(
                at_ms=self._surroundings.now_ms(),
                label=label,
                gtin=picture.gtin,
                price_minor=picture.price_minor,
                book_version=picture.book_version,
                image_sha256=picture.image_sha256,
            )
        )
        return picture

    async def _shows(self, address: str, drawn: Drawn) -> bool:
        # Tried again, a label often shows it by now: no refresh is spent on it. One that cannot say is told anyway.
        try:
            return await self._radio.shows(address, drawn.sha256)
        except LabelError:
            return False

    async def _until_refreshed(self, address: str) -> None:
        await anyio.sleep(self._refresh_s)
        with anyio.move_on_after(LONGEST_REFRESH_S):
            while True:
                if not await self._radio.is_pending(address):
                    return
                await anyio.sleep(0.5)
        raise LabelError(f"the panel has not refreshed after {LONGEST_REFRESH_S:g} s")

    def _prove(self, label: str, picture: Picture) -> None:
        self._turns.pop(label, None)
        self._issuer.law = rules.prove(self._issuer.law, label, picture)
        self._proofs[label] = self._saying.say(
            LabelShown(
                at_ms=self._surroundings.now_ms(),
                label=label,
                gtin=picture.gtin,
                price_minor=picture.price_minor,
                book_version=picture.book_version,
                image_sha256=picture.image_sha256,
            )
        )

    async def _keep_proofs(self) -> None:
        # Only what the cloud will surely hear: a proof that is kept is not said again after a restart.
        while True:
            for label, ticket in tuple(self._proofs.items()):
                if self._saying.is_durable(ticket):
                    self._proofs.pop(label, None)
                    await self._keep_proof(label)
            await anyio.sleep(LOOK_S)

    async def _keep_proof(self, label: str) -> None:
        # What is written is what holds then: the label may have been armed again meanwhile.
        face = self._issuer.law.faces.get(label)
        if face is None:
            return
        try:
            await anyio.to_thread.run_sync(self._faces.keep, label, face, limiter=self._disk)
        except OSError as exc:
            # The older file names this picture among others: safe, and it is proved again after a restart.
            logger.warning("label %s: its proof cannot be kept: %s", label, exc)

    def _fail(self, place: LabelPlace, content: str, reason: str, from_s: float, *, is_lost: bool = False) -> None:
        trouble = self._trouble.get(place.id)
        if trouble is None or trouble.content != content:
            is_told = trouble is not None and trouble.is_told
            trouble = self._trouble[place.id] = _Trouble(content, is_told=is_told)
        trouble.failures += 1
        trouble.reason = reason
        backoff_s = min(LONGEST_BACKOFF_S, 2.0 ** (trouble.failures - 1))
        trouble.again_s = from_s + backoff_s * random.uniform(0.5, 1.0)
        is_final = is_lost or from_s == float("inf")
        if (trouble.failures >= FAILED_AFTER or is_final) and not trouble.is_told:
            trouble.is_told = True
            logger.warning("label %s counts as showing every price it may: %s", place.id, reason)
            self._saying.say(
                LabelFailed(at_ms=self._surroundings.now_ms(), label=place.id, gtin=place.gtin, reason=reason[:2000])
            )


def _under(picture: Picture, book_version: int) -> Picture:
    return Picture(picture.gtin, picture.price_minor, book_version, picture.content, picture.image_sha256, picture.slot)
