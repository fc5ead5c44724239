"""All labels of a store: which one is served when, what goes wrong, and who is asked again.

A proof does not last by itself: every label that has proved a picture is asked again in turn, and one that
is silent, not well, or shows another image is trusted no more.
"""

import logging
import random
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any, Final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from edge_agent.app import Surroundings
from edge_agent.database import StorageError
from edge_agent.roles.gateway import campaign
from edge_agent.roles.gateway import law as rules
from edge_agent.roles.gateway.campaign import Ask, Configure, Draw, Keep, LabelError, Load, Rest, Step, Steps
from edge_agent.roles.gateway.desk import ShelfDesk
from edge_agent.roles.gateway.faces import Faces
from edge_agent.roles.gateway.issuer import Issuer
from edge_agent.roles.gateway.law import Face
from edge_agent.roles.gateway.pictures import Draft, draw
from edge_agent.roles.gateway.radio import LabelRadio
from edge_agent.roles.saying import Saying
from firmware_specs.desired import LabelPlace, LabelPlan
from firmware_specs.events import LabelFailed

logger = logging.getLogger(__name__)

AT_ONCE: Final = 10_000
"""How many labels are served at the same time; most only wait for the instant at which all of them switch."""

LOOK_S: Final = 0.1
FAILED_AFTER: Final = 3
"""So many attempts in a row without success are told."""

LONGEST_BACKOFF_S: Final = 60.0
AUDIT_S: Final = 60.0
"""A label is asked again whether it still shows what it proved, at latest so long after its last word."""

AUDITS_AT_ONCE: Final = 32
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
    cause: str = ""
    is_told: bool = False


class Shelf:
    """All labels of one store, each served by one task at a time."""

    def __init__(
        self, surroundings: Surroundings, issuer: Issuer, radio: LabelRadio, saying: Saying, desk: ShelfDesk
    ) -> None:
        self._surroundings = surroundings
        self._issuer = issuer
        self._radio = radio
        self._saying = saying
        self._desk = desk
        self._faces = Faces(surroundings.folder / "faces.sqlite3")
        self._busy: set[str] = set()
        self._asked: set[str] = set()
        self._turns: dict[str, float] = {}
        """When each label that has proved a picture is asked again."""

        self._open: dict[str, LabelPlace] = {}
        """Labels that may have something to do."""

        self._looked_at: tuple[object, ...] = ()
        self._audit_s = 0.0
        self._known: set[str] = set()
        self._gone: set[str] = set()
        """Labels to forget."""

        self._trouble: dict[str, _Trouble] = {}
        self._waits: dict[str, frozenset[str]] = {}
        self._drawing = anyio.CapacityLimiter(1)

    def remembered(self, plan: LabelPlan) -> dict[str, Face]:
        """Return what is on disk of the labels that hang, where they are still the same hardware.

        Raises StorageError.
        """
        found = self._faces.recall()
        self._known |= set(found)
        addresses = {place.id: place.address for place in plan.labels}
        same = {label: kept for label, kept in found.items() if kept.address == addresses.get(label)}
        self._desk.recall(same)
        return {label: kept.face for label, kept in same.items()}

    def hang(self, plan: LabelPlan) -> None:
        """These labels hang from now on, and no others."""
        labels = {place.id for place in plan.labels}
        self._gone = (self._gone | self._known) - labels
        self._known = labels
        self._turns.clear()
        self._desk.hang(plan)

    async def run(self) -> None:
        """Serve labels until cancelled."""
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(self._keep_proofs, name="proofs")
                while True:
                    self._look(group)
                    self._audit_some(group)
                    await anyio.sleep(LOOK_S)
        finally:
            self._faces.close()

    def state(self) -> list[dict[str, Any]]:
        """Return every label with its state, for the gateway's own page."""
        plan = self._issuer.law.plan
        return [] if plan is None else [self._label_state(place) for place in plan.labels]

    def _label_state(self, place: LabelPlace) -> dict[str, Any]:
        face = self._issuer.law.faces.get(place.id, Face())
        row, trouble = rules.wanted(self._issuer.law, place.id), self._trouble.get(place.id)
        is_shown = row is not None and face.shown is not None and face.shown.content == self._desk.key(place.id)
        if trouble is not None and trouble.is_told:
            state = "failed"
        elif is_shown:
            state = "shown"
        elif place.id in self._desk.switching:
            state = "armed"
        else:
            state = "preparing" if place.id in self._busy else "pending"
        return {
            "id": place.id,
            "gtin": place.gtin,
            "state": state,
            "may_show_minor": sorted({picture.price_minor for picture in face.may_show}),
            "target_minor": None if row is None else row.price_minor,
            "waits_for": sorted(self._waits.get(place.id, ())),
            "reason": "" if trouble is None else trouble.reason,
            "cause": "" if trouble is None else trouble.cause,
        }

    # ---- who is served

    def _look(self, group: TaskGroup) -> None:
        law = self._issuer.law
        self._saying.flush()
        if law.plan is None or not self._desk.is_open or self._saying.waits:
            return
        self._reopen(law)
        verdicts: dict[tuple[str, int], frozenset[str] | None] = {}
        waits: dict[str, frozenset[str]] = {}
        due: list[LabelPlace] = []
        later: list[tuple[LabelPlace, Draft]] = []
        for place in list(self._open.values()):
            if place.id in self._busy or place.id in self._asked:
                continue
            draft = self._desk.wanted(place.id)
            if draft is None or self._is_settled(place):
                planned = self._desk.later(place.id)
                if planned is None or self._desk.is_prepared(place.id, planned):
                    del self._open[place.id]
                else:
                    later.append((place, planned))
                continue
            price = (draft.gtin, draft.price_minor)
            if price not in verdicts:
                verdicts[price] = rules.waiting(law, *price, self._issuer.steady_ms())
            verdict = verdicts[price]
            if verdict:
                waits[place.id] = verdict
                if not self._desk.is_prepared(place.id, draft):
                    later.append((place, draft))
            elif verdict is not None and self._may_try(place):
                due.append(place)
        self._waits = waits
        self._desk.crowd = min(len(due), AT_ONCE)
        for place in due[: max(0, AT_ONCE - len(self._busy))]:
            self._start(group, place, campaign.bring(self._desk, place.id))
        if not due:
            # Ahead of its time: showing it will take one command.
            for place, draft in later[: max(0, AT_ONCE - len(self._busy))]:
                if self._may_try(place):
                    self._start(group, place, campaign.prepare(self._desk, place.id, draft))

    def _reopen(self, law: rules.Law) -> None:
        # Ten thousand labels are not looked at ten times a second: only when something has changed for all.
        looked_at = (law.rows, law.plan, self._desk.planned)
        if any(now is not before for now, before in zip_longest(looked_at, self._looked_at)):
            self._looked_at = looked_at
            self._open = {place.id: place for place in (() if law.plan is None else law.plan.labels)}

    def _start(self, group: TaskGroup, place: LabelPlace, steps: Steps) -> None:
        self._busy.add(place.id)
        group.start_soon(self._serve, place, steps, name=f"label {place.id}")

    def _may_try(self, place: LabelPlace) -> bool:
        trouble = self._trouble.get(place.id)
        if trouble is None or trouble.content != self._desk.key(place.id):
            return True
        return anyio.current_time() >= trouble.again_s

    def _is_settled(self, place: LabelPlace) -> bool:
        face, key = self._issuer.law.faces.get(place.id), self._desk.key(place.id)
        if key is None:
            return True
        if face is None or face.shown is None or face.shown.content != key:
            return False
        if face.shown.book_version < self._issuer.set_in(place.gtin):
            # A price that went and came back: the label never changed, and that proves the newer book, too.
            self._turns.pop(place.id, None)
            self._desk.show(place.id, replace(face.shown, book_version=self._issuer.law.book_version))
        return True

    async def _serve(self, place: LabelPlace, steps: Steps) -> None:
        key = self._desk.key(place.id) or ""
        try:
            await self._carry_out(place, steps)
        except LabelError as exc:
            self._fail(place, key, exc, anyio.current_time())
        except StorageError as exc:
            self._fail(place, key, LabelError(str(exc), "storage"), anyio.current_time())
        except _UndrawableError as exc:
            self._fail(place, key, LabelError(str(exc), "undrawable"), float("inf"))
        else:
            self._trouble.pop(place.id, None)
        finally:
            steps.close()
            self._busy.discard(place.id)
            self._open[place.id] = place
            self._turns.pop(place.id, None)
            self._desk.switching.pop(place.id, None)
        self._surroundings.changed()

    async def _carry_out(self, place: LabelPlace, steps: Steps) -> None:
        try:
            step = next(steps)
            while True:
                try:
                    answer = await self._do(place, step)
                    if not self._desk.hangs(place):
                        raise LabelError("the label was replaced by another", "replaced")
                except LabelError as exc:
                    step = steps.throw(exc)
                else:
                    step = steps.send(answer)
        except StopIteration:
            return

    async def _do(self, place: LabelPlace, step: Step) -> Any:
        match step:
            case Ask():
                return await self._radio.ask(place.address, step)
            case Draw(draft):
                try:
                    return await anyio.to_thread.run_sync(draw, draft, limiter=self._drawing)
                except ValueError as exc:
                    raise _UndrawableError(f"the picture cannot be drawn: {exc}") from exc
            case Load(slot, image):
                await self._radio.load(place.address, slot, image)
            case Configure():
                await self._radio.configure(place.address)
            case Keep():
                await self._faces.keep({place.id: self._desk.kept(place.id)})
            case Rest(seconds):
                await anyio.sleep(seconds)
        return None

    # ---- who is asked again

    def _audit_some(self, group: TaskGroup) -> None:
        # Also while the outbox is full: releases are renewed then, too.
        law, now_s = self._issuer.law, anyio.current_time()
        if now_s < self._audit_s:
            return
        self._audit_s = now_s + AUDIT_S / 100
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
            reason = await self._why_doubted(place, picture.image_sha256)
            if reason is not None and place.id in self._issuer.law.faces:
                await self._doubt(place, reason)
        finally:
            self._asked.discard(place.id)
            self._turns.pop(place.id, None)

    async def _why_doubted(self, place: LabelPlace, image_sha256: str) -> LabelError | None:
        reason = None
        for again in range(AUDIT_TRIES):
            if again:
                await anyio.sleep(AUDIT_AGAIN_S)
            try:
                await self._carry_out(place, campaign.audit(image_sha256))
            except LabelError as exc:
                reason = exc
            else:
                return None
        return reason

    async def _doubt(self, place: LabelPlace, reason: LabelError) -> None:
        # The release goes with the very next tick; only then is the rest told and written.
        self._issuer.law = rules.doubt(self._issuer.law, place.id)
        self._open[place.id] = place
        doubt = LabelError(f"asked again: {reason}", reason.cause)
        self._fail(place, self._desk.key(place.id) or "", doubt, anyio.current_time(), is_lost=True)
        self._surroundings.changed()
        try:
            await self._faces.keep({place.id: self._desk.kept(place.id)})
        except StorageError as exc:
            # After a restart it counts as proved until it is asked again.
            logger.warning("label %s: that it is doubted cannot be kept: %s", place.id, exc)

    async def _keep_proofs(self) -> None:
        # Only what the cloud will surely hear: a proof that is kept is not said again after a restart.
        while True:
            proofs, law = self._desk.proofs, self._issuer.law
            kept = {label: ticket for label, ticket in proofs.items() if self._saying.is_durable(ticket)}
            try:
                if kept:
                    # What holds now: a label may have been armed again meanwhile.
                    await self._faces.keep({label: self._desk.kept(label) for label in kept if label in law.faces})
                if self._gone:
                    await self._faces.forget(self._gone)
                    self._gone = set()
            except StorageError as exc:
                # What is on disk names these pictures among others: safe, and proved again after a restart.
                logger.warning("what %d labels show cannot be kept: %s", len(kept), exc)
            else:
                self._desk.kept_proofs(kept)
            await anyio.sleep(LOOK_S)

    def _fail(self, place: LabelPlace, content: str, why: LabelError, from_s: float, *, is_lost: bool = False) -> None:
        trouble = self._trouble.get(place.id)
        if trouble is None or trouble.content != content:
            is_told = trouble is not None and trouble.is_told
            trouble = self._trouble[place.id] = _Trouble(content, is_told=is_told)
        trouble.failures += 1
        reason = trouble.reason = str(why)
        trouble.cause = why.cause
        backoff_s = min(LONGEST_BACKOFF_S, 2.0 ** (trouble.failures - 1))
        trouble.again_s = from_s + backoff_s * random.uniform(0.5, 1.0)
        is_final = is_lost or from_s == float("inf")
        if (trouble.failures >= FAILED_AFTER or is_final) and not trouble.is_told:
            trouble.is_told = True
            logger.warning("label %s counts as showing every price it may: %s", place.id, reason)
            self._saying.say(
                LabelFailed(
                    at_ms=self._surroundings.now_ms(),
                    label=place.id,
                    gtin=place.gtin,
                    reason=reason[:2000],
                    cause=why.cause,
                )
            )
