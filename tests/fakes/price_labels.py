"""The labels of the price law's world, and the gateway's campaigns for them: the product's own, step by step."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from device_drivers.labels.tag import Tag
from edge_agent.roles.gateway import campaign
from edge_agent.roles.gateway import law as rules
from edge_agent.roles.gateway.campaign import (
    Ask,
    Configure,
    Draw,
    Instant,
    Keep,
    LabelError,
    LabelRefusedError,
    Load,
    Rest,
    Step,
    Steps,
)
from edge_agent.roles.gateway.faces import Kept
from edge_agent.roles.gateway.law import Face, Picture
from edge_agent.roles.gateway.pictures import Draft, Drawn
from firmware_specs.frames.esl import CANCEL, DisplayTimedImage, ErrorResponse, absolute_time_ms, parse_response
from vision.labels.content import LabelContent

if TYPE_CHECKING:
    from tests.fakes.price_world import PriceWorld

GTIN = "04006381333931"
SLOTS = 2
"""As few as there can be: what is shown and what comes next."""

LEAD_MS = 600
LEAST_MS = 200
REFRESH_S = 0.8
PATIENCE = 60
"""Steps that a campaign takes at most, in a story that goes well."""


@dataclass
class Label:
    """A label's hardware, and what the gateway has in memory of it."""

    tag: Tag = field(default_factory=lambda: Tag(4, SLOTS, REFRESH_S))
    ahead_ms: int = 0
    """How far its clock is ahead of the gateway's."""
    stored: dict[int, str] = field(default_factory=dict)
    steps: Steps | None = None
    step: Step | None = None
    rests_until_ms: int = 0
    is_armed: bool = False
    switches_ms: int = 0
    """When it was told to switch, by the true clock; what the gateway has of it is on its disk."""

    @property
    def glass(self) -> int | None:
        """The price on the glass."""
        return _price(self.tag.panel)

    @property
    def may_show(self) -> set[int]:
        """Every price that somebody may read now or in a moment; its clock may be wrong, so a timed one counts too."""
        timed = None if self.tag.timed is None else self.tag.stored[self.tag.timed[0]]
        return {price for image in (self.tag.panel, self.tag.wanted, timed) if (price := _price(image)) is not None}

    def forget(self) -> None:
        """The gateway has crashed, or is done."""
        self.steps, self.step, self.is_armed = None, None, False


@dataclass
class LabelDesk:
    """See `Desk`: what campaigns go by in the world. `disk` is what the gateway has written of each label."""

    world: "PriceWorld"
    labels: Mapping[str, Label]
    disk: dict[str, Kept] = field(default_factory=dict)

    # -- the desk

    def now_s(self) -> float:
        """See `Desk`."""
        return self.world.steady_ms / 1000

    def instant(self, label: str) -> Instant:
        """See `Desk`."""
        each, now_ms = self.labels[label], self.world.now_ms
        if each.switches_ms - now_ms < LEAST_MS:
            each.switches_ms = now_ms + LEAD_MS
        at_ms = each.switches_ms + self.world.gateway_offset_ms
        return Instant(at_ms, (each.switches_ms - now_ms) / 1000 + self.now_s())

    def is_armed(self, label: str, draft: Draft) -> bool:
        """See `Desk`."""
        face, each = self.world.law.faces.get(label, Face()), self.labels[label]
        if face.is_proved or not face.may_show or face.may_show[-1].price_minor != draft.price_minor:
            return False
        return each.switches_ms - self.world.now_ms >= LEAST_MS

    def is_proved(self, label: str) -> bool:
        """See `Desk`."""
        return self.world.law.faces.get(label, Face()).is_proved

    def wanted(self, label: str) -> Draft | None:
        """See `Desk`."""
        row = rules.wanted(self.world.law, label)
        return None if row is None else Draft(LabelContent(GTIN, "", "thing", row.price_minor, "CNY"))

    def stored(self, label: str) -> Mapping[int, str]:
        """See `Desk`."""
        return self.labels[label].stored

    def spare(self, label: str) -> int:
        """See `Desk`."""
        stored = self.stored(label)
        shown = {picture.image_sha256 for picture in self.world.law.faces.get(label, Face()).may_show}
        free = [slot for slot in range(SLOTS) if slot not in stored]
        return free[0] if free else next((slot for slot in stored if stored[slot] not in shown), next(iter(stored)))

    def note_stored(self, label: str, stored: Mapping[int, str]) -> None:
        """See `Desk`."""
        self.labels[label].stored = dict(stored)

    def prepared(self, label: str, draft: Draft, drawn: Drawn) -> None:
        """See `Desk`."""

    def arm(self, label: str, draft: Draft, drawn: Drawn) -> bool:
        """See `Desk`."""
        if self._waits(draft) != frozenset():
            return False
        price, version = draft.price_minor, self.world.law.book_version
        self.world.law = rules.arm(self.world.law, label, Picture(GTIN, price, version, str(price), drawn.sha256))
        self.world.events.append((label, -1, 0))
        self.instant(label)
        self.labels[label].is_armed = True
        return True

    def prove(self, label: str) -> None:
        """See `Desk`."""
        picture = self.world.law.faces[label].may_show[-1]
        self._show(label, picture)
        self.disk[label] = self._kept(label)

    # -- campaigns

    def advance(self, label: str, fate: int = 0) -> None:
        """Take one step with a label. `fate` 1 loses an answer, 2 a command or an image."""
        each = self.labels[label]
        if each.steps is None:
            self._begin(label, each)
            return
        assert each.step is not None
        steps = each.steps
        try:
            answer = self._carried_out(label, each, each.step, fate)
        except LabelError as exc:
            # The name is gone when the block ends.
            told = exc
            self._go(each, lambda: steps.throw(told))
        else:
            self._go(each, lambda: steps.send(answer))

    def plan(self, label: str, price_minor: int) -> None:
        """Begin to prepare a label for a price that may never come into force."""
        each = self.labels[label]
        if each.steps is None and label in self.world.law.faces:
            draft = Draft(LabelContent(GTIN, "", "thing", price_minor, "CNY"))
            steps = each.steps = campaign.prepare(self, label, draft)
            self._go(each, lambda: next(steps))

    def until_told(self, label: str, *, arrives: bool) -> None:
        """Bring a label as far as the law permits now, until it is told; that command may get lost."""
        each = self.labels[label]
        for _ in range(PATIENCE):
            is_told = each.is_armed and isinstance(each.step, Rest)
            if is_told and arrives:
                return
            self.advance(label, 2 if not arrives and _shows(each.step) else 0)
            if each.steps is None:
                return

    def until_done(self, label: str) -> None:
        """Go on with a label until nothing more is to be done with it."""
        for _ in range(PATIENCE):
            if self.labels[label].steps is None:
                return
            self.advance(label)

    def restart(self) -> None:
        """What was in memory is gone."""
        for name, label in self.labels.items():
            label.forget()
            kept = self.disk.get(name, Kept())
            label.stored, label.switches_ms = dict(kept.stored), kept.switches_ms

    def pass_time(self) -> None:
        """Let ink move."""
        for label in self.labels.values():
            label.tag.advance(self.now_s(), self._clock_ms(label))

    def _begin(self, label: str, each: Label) -> None:
        draft = self.wanted(label)
        if draft is None:
            return
        law = self.world.law
        shown = law.faces.get(label, Face()).shown
        if shown is not None and shown.price_minor == draft.price_minor:
            if shown.book_version < law.book_version:
                self._show(label, replace(shown, book_version=law.book_version))
            return
        waits = self._waits(draft)
        if waits is not None:
            each.steps = campaign.prepare(self, label, draft) if waits else campaign.bring(self, label)
            steps = each.steps
            self._go(each, lambda: next(steps))

    def _go(self, each: Label, go: Callable[[], Step]) -> None:
        try:
            each.step = go()
        except StopIteration:
            each.forget()
        except LabelError:
            each.forget()
            each.switches_ms = 0
            return
        if isinstance(each.step, Rest):
            each.rests_until_ms = self.world.now_ms + round(each.step.seconds * 1000)

    def _carried_out(self, label: str, each: Label, step: Step, fate: int) -> object:
        match step:
            case Draw(draft):
                image = draft.price_minor.to_bytes(4, "big")
                return Drawn(image, hashlib.sha256(image).hexdigest())
            case Rest():
                self.world.pass_ms(max(0, each.rests_until_ms - self.world.now_ms))
                return None
            case Keep():
                taken = self.world.rules
                if taken.keeps_faces_first if each.is_armed else taken.forgets_slots_first:
                    self.disk[label] = self._kept(label)
                return None
        if fate == 2:
            raise LabelError("lost on its way")
        answer = None
        match step:
            case Load(slot, image):
                each.tag.load(slot, image)
            case Configure():
                each.ahead_ms = 0
            case Ask(command, accepts):
                said = each.tag.tell(bytes(command), self.now_s(), self._clock_ms(each))
                assert said is not None
                answer = parse_response(said)
                assert isinstance(answer, ErrorResponse) or accepts(answer)
        if fate == 1:
            raise LabelError("the answer was lost")
        if isinstance(answer, ErrorResponse):
            raise LabelRefusedError(answer.code)
        return answer

    def _show(self, label: str, picture: Picture) -> None:
        self.world.law = rules.prove(self.world.law, label, picture)
        self.world.events.append((label, picture.price_minor, picture.book_version))

    def _waits(self, draft: Draft) -> frozenset[str] | None:
        world = self.world
        return world.rules.waiting(world.law, GTIN, draft.price_minor, world.steady_ms)

    def _kept(self, label: str) -> Kept:
        each = self.labels[label]
        return Kept(self.world.law.faces.get(label, Face()), dict(each.stored), each.switches_ms)

    def _clock_ms(self, each: Label) -> int:
        return absolute_time_ms(self.world.gateway_ms + each.ahead_ms)


def _shows(step: Step | None) -> bool:
    return isinstance(step, Ask) and isinstance(step.command, DisplayTimedImage) and step.command.at_ms != CANCEL


def _price(image: bytes | None) -> int | None:
    return None if image is None else int.from_bytes(image, "big")
