"""What campaigns go by: what each label must show, what it has stored, and what the law permits it to show."""

import time
from collections.abc import Callable, Mapping
from typing import Final

import anyio

from edge_agent.app import Surroundings
from edge_agent.roles.books.opened import Opened
from edge_agent.roles.gateway import law as rules
from edge_agent.roles.gateway.campaign import Instant
from edge_agent.roles.gateway.faces import Kept
from edge_agent.roles.gateway.issuer import Issuer
from edge_agent.roles.gateway.law import Face, Picture
from edge_agent.roles.gateway.pictures import STANDARD, Draft, Drawn, key_of, templates_of
from edge_agent.roles.saying import Saying
from firmware_specs.desired import LabelPlace, LabelPlan, Row
from firmware_specs.events import LabelArmed, LabelPrepared, LabelShown
from vision.labels.content import content_of

SLOTS: Final = 4
"""Images that a label stores: what it shows, what comes next, and what is planned."""

LEAD_S: Final = 0.6
"""A label is told at least so long before it switches, for its command may be lost and said again."""

TOLD_A_SECOND: Final = 250
"""Labels that can be told in a second, with room for repetitions; all of one change switch at one instant."""

ROOM: Final = 1.5
"""A question took so long lately: the next one may take so many times as long."""


class ShelfDesk:
    """See `Desk`.

    Args:
        issuer: holds the law's state.
        saying: for events.
        wall_ms: the machine's clock, from which labels have their time too: right or wrong, only differences count.
        delay_s: how long a label took to answer lately.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        issuer: Issuer,
        saying: Saying,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        delay_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._surroundings = surroundings
        self._issuer = issuer
        self._saying = saying
        self._wall_ms = wall_ms
        self._delay_s = delay_s
        self._currency = ""
        self._planned: tuple[Opened, ...] = ()
        self._drafts: dict[tuple[str, int, str], Draft] = {}
        self._keys: dict[Draft, str] = {}
        self._addresses: dict[str, str] = {}
        self._templates: dict[str, str] = {}
        """By which each label is drawn."""

        self._stored: dict[str, Mapping[int, str]] = {}
        self._prepared: dict[str, dict[Draft, str]] = {}
        """The pictures that each label surely has in a slot, and their SHA-256."""

        self._wave = Instant(0, float("-inf"))
        self.switching: dict[str, Instant] = {}
        """Labels that have been armed and have not proved it."""

        self.proofs: dict[str, int] = {}
        """The ticket of each proof that was said and is not kept yet."""

        self.crowd = 0
        """How many labels are to be told now."""

    @property
    def is_open(self) -> bool:
        """Whether a book is in force."""
        return bool(self._currency)

    def under(self, now: Opened) -> None:
        """A book has come into force."""
        self._currency = now.currency
        self._forget_drafts()

    @property
    def planned(self) -> tuple[Opened, ...]:
        """The books that will come into force, the next one first."""
        return self._planned

    def plan(self, planned: tuple[Opened, ...]) -> None:
        """Books will come into force, the next one first."""
        if [each.version for each in planned] != [each.version for each in self._planned]:
            self._planned = planned
            self._forget_drafts()

    def recall(self, found: Mapping[str, Kept]) -> None:
        """Take what labels had stored before a restart, and when they were to switch."""
        now_s, now_ms = self.now_s(), self._wall_ms()
        for label, kept in found.items():
            self._stored[label] = kept.stored
            left_ms = kept.switches_ms - now_ms
            if left_ms > 0:
                self.switching[label] = Instant(kept.switches_ms, now_s + left_ms / 1000)

    def hang(self, plan: LabelPlan) -> None:
        """These labels hang from now on, and no others; of one with another address nothing is known."""
        hanging = {place.id: place.address for place in plan.labels}
        known = self._addresses or hanging
        for kept in (self._stored, self._prepared, self.switching):
            for label in [label for label in kept if hanging.get(label) != known.get(label)]:
                del kept[label]
        self._addresses = hanging
        self._templates = templates_of(plan)

    def hangs(self, place: LabelPlace) -> bool:
        """Return whether a label is still this piece of hardware."""
        return self._addresses.get(place.id) == place.address

    def kept(self, label: str) -> Kept:
        """Return what belongs on the disk of a label."""
        instant = self.switching.get(label)
        face = self._issuer.law.faces.get(label, Face())
        switches_ms = 0 if instant is None else instant.wall_ms
        return Kept(face, self.stored(label), switches_ms, self._addresses.get(label, ""))

    # ---- what labels must show

    def is_proved(self, label: str) -> bool:
        """See `Desk.is_proved`."""
        face = self._issuer.law.faces.get(label)
        return face is not None and face.is_proved

    def is_armed(self, label: str, draft: Draft) -> bool:
        """See `Desk.is_armed`."""
        face = self._issuer.law.faces.get(label)
        if face is None or face.is_proved or not face.may_show or face.may_show[-1].content != self._key(draft):
            return False
        return self._is_far(self.switching.get(label))

    def wanted(self, label: str) -> Draft | None:
        """See `Desk.wanted`."""
        row = rules.wanted(self._issuer.law, label)
        return None if row is None else self._draft(label, row, self._issuer.law.book_version)

    def later(self, label: str) -> Draft | None:
        """Return what a label must show by the next planned book that changes it; None when none does."""
        gtin, now = self._issuer.law.hanging.get(label), self.wanted(label)
        if gtin is None:
            return None
        for book in self._planned:
            row = book.rows.get(gtin)
            if row is not None and (draft := self._draft(label, row, book.version)) != now:
                return draft
        return None

    def key(self, label: str) -> str | None:
        """Return the name of what a label must show."""
        draft = self.wanted(label)
        return None if draft is None else self._key(draft)

    def is_prepared(self, label: str, draft: Draft) -> bool:
        """Return whether a label surely has a picture in a slot."""
        return draft in self._prepared.get(label, ())

    # ---- what labels have stored

    def stored(self, label: str) -> Mapping[int, str]:
        """See `Desk.stored`."""
        return self._stored.get(label, {})

    def spare(self, label: str) -> int:
        """See `Desk.spare`."""
        stored, face = self.stored(label), self._issuer.law.faces.get(label, Face())
        free = next((slot for slot in range(SLOTS) if slot not in stored), None)
        if free is not None:
            return free
        soon = (self.wanted(label), self.later(label))
        needed = {picture.image_sha256 for picture in face.may_show}
        needed |= {sha256 for draft, sha256 in self._prepared.get(label, {}).items() if draft in soon}
        return next((slot for slot, sha256 in stored.items() if sha256 not in needed), next(iter(stored)))

    def note_stored(self, label: str, stored: Mapping[int, str]) -> None:
        """See `Desk.note_stored`."""
        self._stored[label] = dict(stored)
        kept = set(stored.values())
        before = self._prepared.get(label, {})
        self._prepared[label] = {draft: sha256 for draft, sha256 in before.items() if sha256 in kept}

    def prepared(self, label: str, draft: Draft, drawn: Drawn) -> None:
        """See `Desk.prepared`."""
        known = self._prepared.setdefault(label, {})
        if draft in known:
            return
        known[draft] = drawn.sha256
        self._saying.say(
            LabelPrepared(
                at_ms=self._surroundings.now_ms(),
                label=label,
                gtin=draft.gtin,
                price_minor=draft.price_minor,
                image_sha256=drawn.sha256,
            )
        )

    # ---- what the law permits

    def now_s(self) -> float:
        """See `Desk.now_s`."""
        return anyio.current_time()

    def instant(self, label: str) -> Instant:
        """See `Desk.instant`."""
        armed = self.switching.get(label)
        if armed is not None and self._is_far(armed):
            return armed
        if not self._is_far(self._wave):
            lead_s = self._least_s() + self.crowd / TOLD_A_SECOND
            self._wave = Instant(self._wall_ms() + round(lead_s * 1000), self.now_s() + lead_s)
        if armed is not None:
            self.switching[label] = self._wave
        return self._wave

    def _least_s(self) -> float:
        return LEAD_S + ROOM * self._delay_s()

    def _is_far(self, instant: Instant | None) -> bool:
        return instant is not None and instant.at_s - self.now_s() >= self._least_s()

    def arm(self, label: str, draft: Draft, drawn: Drawn) -> bool:
        """See `Desk.arm`."""
        law = self._issuer.law
        if rules.waiting(law, draft.gtin, draft.price_minor, self._issuer.steady_ms()) != frozenset():
            return False
        if label not in law.hanging:
            return False
        picture = Picture(draft.gtin, draft.price_minor, law.book_version, self._key(draft), drawn.sha256)
        self._issuer.law = rules.arm(law, label, picture)
        instant = self.switching[label] = self.instant(label)
        now_ms = self._surroundings.now_ms()
        self._saying.say(
            LabelArmed(
                at_ms=now_ms,
                label=label,
                gtin=picture.gtin,
                price_minor=picture.price_minor,
                book_version=picture.book_version,
                image_sha256=picture.image_sha256,
                shows_ms=now_ms + max(0, round((instant.at_s - self.now_s()) * 1000)),
            )
        )
        return True

    def prove(self, label: str) -> None:
        """See `Desk.prove`."""
        face = self._issuer.law.faces.get(label)
        if face is not None and face.may_show:
            self.show(label, face.may_show[-1])

    def kept_proofs(self, tickets: Mapping[str, int]) -> None:
        """These labels' proofs are on disk; a label may have proved another picture since."""
        for label, ticket in tickets.items():
            if self.proofs.get(label) == ticket:
                del self.proofs[label]

    def show(self, label: str, picture: Picture) -> None:
        """A label shows a picture and nothing else."""
        self.switching.pop(label, None)
        self._issuer.law = rules.prove(self._issuer.law, label, picture)
        self.proofs[label] = self._saying.say(
            LabelShown(
                at_ms=self._surroundings.now_ms(),
                label=label,
                gtin=picture.gtin,
                price_minor=picture.price_minor,
                book_version=picture.book_version,
                image_sha256=picture.image_sha256,
            )
        )

    # ---- made once

    def _draft(self, label: str, row: Row, version: int) -> Draft:
        template = self._templates.get(label, STANDARD)
        place = (row.gtin, version, template)
        if place not in self._drafts:
            self._drafts[place] = Draft(content_of(row, self._currency), template)
        return self._drafts[place]

    def _key(self, draft: Draft) -> str:
        if draft not in self._keys:
            self._keys[draft] = key_of(draft)
        return self._keys[draft]

    def _forget_drafts(self) -> None:
        self._drafts.clear()
        self._keys.clear()
