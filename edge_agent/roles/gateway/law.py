"""The store's only issuer of leases, arming and releases: a pure state machine round `rules.price_law`.

State and what was heard go in, the next state comes out; permission and its consequence are one step, so
nothing can come between. Two clocks come in: `steady_ms`, monotonic milliseconds, for every duration
that the gateway waits for; `now_ms`, UTC, only for what others read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rpds import HashTrieMap

from firmware_specs.desired import LabelPlan, Member, Roster, Row
from firmware_specs.leases import Confirmation, Lease, Release, Releases
from firmware_specs.pricebook.book import Pricebook
from firmware_specs.rules.price_law import (
    LEASE_MS,
    LEASED,
    RELEASE_MS,
    LabelFace,
    lowers,
    releases_in_force,
    waits_for,
)

FRESH_MS = 15_000
"""A device that has not confirmed for longer is out of reach."""

LEASE_RENEWED_MS = 5_000


@dataclass(frozen=True, slots=True)
class Picture:
    """What a label may be showing; `content` names all that is drawn, so equal contents are equal pictures."""

    gtin: str
    price_minor: int
    book_version: int
    content: str
    image_sha256: str


@dataclass(frozen=True, slots=True)
class Face:
    """Every picture that a label may be showing; `is_proved` when it is surely the only one there."""

    may_show: tuple[Picture, ...] = ()
    is_proved: bool = False

    @property
    def shown(self) -> Picture | None:
        """The picture that the label has proved."""
        return self.may_show[0] if self.is_proved and len(self.may_show) == 1 else None


@dataclass(frozen=True, slots=True)
class Heard:
    """A confirmation and when it came."""

    confirmation: Confirmation
    steady_ms: int


@dataclass(frozen=True, slots=True)
class Law:
    """All that the gateway decides by. `assumed_until_ms`: leases given before a restart may last until then."""

    store: str
    assumed_until_ms: int
    book_version: int = -1
    rows: Mapping[str, Row] = field(default_factory=dict)
    raised: tuple[Row, ...] = ()
    """The rows whose price is above its floor: those that a release is for."""
    plan: LabelPlan | None = None
    roster: Roster | None = None
    heard: Mapping[str, Heard] = field(default_factory=dict)
    lease_ends_ms: Mapping[str, int] = field(default_factory=dict)
    faces: "HashTrieMap[str, Face]" = field(default_factory=HashTrieMap)
    """Persistent: one label of ten thousand changes without copying the others."""
    hanging: Mapping[str, str] = field(default_factory=dict)
    """The GTIN of each label of the plan."""
    labels_of: "HashTrieMap[str, frozenset[str]]" = field(default_factory=HashTrieMap)
    """The labels of the plan that count for each product: its own, and those that may still show its picture."""


def begin(store: str, steady_ms: int) -> Law:
    """Return the law after a start: which leases were given is forgotten, so every cart may hold one."""
    return Law(store, assumed_until_ms=steady_ms + LEASE_MS)


def with_book(law: Law, version: int, rows: Pricebook) -> Law:
    """Return the law under the book that has come into force; an older one changes nothing."""
    if version <= law.book_version:
        return law
    raised = tuple(rows[gtin] for gtin in rows.raised())
    return replace(law, book_version=version, rows=rows, raised=raised)


def with_plan(law: Law, plan: LabelPlan, remembered: Mapping[str, Face]) -> Law:
    """Return the law for the labels that hang now.

    `remembered` counts for the first plan after a start only. A label that was taken down is forgotten; one
    that is hung up later, or is another piece of hardware by now, is unknown: what it may be showing binds
    nobody's price until it proves otherwise.
    """
    known: Mapping[str, Face] = remembered
    if law.plan is not None:
        before = {place.id: place.address for place in law.plan.labels}
        same = {place.id for place in plan.labels if before.get(place.id) == place.address}
        known = {label: face for label, face in law.faces.items() if label in same}
    hanging = {place.id: place.gtin for place in plan.labels}
    faces = {label: face for label, face in known.items() if label in hanging}
    labels_of: dict[str, set[str]] = {}
    for label, gtin in hanging.items():
        for each in _products(gtin, faces.get(label)):
            labels_of.setdefault(each, set()).add(label)
    return replace(
        law,
        plan=plan,
        faces=HashTrieMap(faces),
        hanging=hanging,
        labels_of=HashTrieMap({gtin: frozenset(labels) for gtin, labels in labels_of.items()}),
    )


def with_roster(law: Law, roster: Roster) -> Law:
    """Return the law for those who belong to the store now."""
    return replace(law, roster=roster)


def with_confirmation(law: Law, confirmation: Confirmation, steady_ms: int) -> Law:
    """Return the law after a device's word; its last word counts, also when it names an older book."""
    return replace(law, heard={**law.heard, confirmation.device: Heard(confirmation, steady_ms)})


def wanted(law: Law, label: str) -> Row | None:
    """Return what a label must show by the book in force; None when the book or the plan says nothing."""
    gtin = law.hanging.get(label)
    return None if gtin is None else law.rows.get(gtin)


def waiting(law: Law, gtin: str, price_minor: int, steady_ms: int) -> frozenset[str] | None:
    """Return whom showing a price on a label must wait for; empty means go, None that nothing may be said.

    A price that is no decrease against what any label of the product may be showing waits for nobody.
    """
    labels = law.labels_of.get(gtin, frozenset())
    may_show = [
        picture.price_minor
        for label in labels
        for picture in law.faces.get(label, Face()).may_show
        if picture.gtin == gtin
    ]
    if not lowers(price_minor, may_show):
        return frozenset()
    if law.roster is None:
        return None
    return waits_for(
        (*law.roster.members, *_strangers(law, steady_ms)),
        {device: heard.confirmation for device, heard in law.heard.items()},
        {member.id: law.assumed_until_ms for member in law.roster.members} | dict(law.lease_ends_ms),
        book_version=law.book_version,
        now_ms=steady_ms,
    )


def arm(law: Law, label: str, picture: Picture) -> Law:
    """Return the law once a label is about to be told to show a picture: it may show that, too."""
    face = law.faces.get(label, Face())
    others = tuple(each for each in face.may_show if each.content != picture.content)
    return _with_face(law, label, Face((*others, picture), is_proved=False))


def prove(law: Law, label: str, picture: Picture) -> Law:
    """Return the law once a label has proved a picture: it shows that and nothing else."""
    return _with_face(law, label, Face((picture,), is_proved=True))


def doubt(law: Law, label: str) -> Law:
    """Return the law once a label cannot be trusted any more to show only what it proved."""
    face = law.faces.get(label)
    return law if face is None else _with_face(law, label, replace(face, is_proved=False))


def lease(law: Law, steady_ms: int, now_ms: int) -> tuple[Law, tuple[Lease, ...]]:
    """Return the leases to give or renew now: to each cart in reach that charges by the book in force.

    The law that is returned knows their ends before anyone can have received them.
    """
    if law.roster is None or law.book_version < 0:
        return law, ()
    ends_ms = dict(law.lease_ends_ms)
    given = []
    for member in law.roster.members:
        heard = law.heard.get(member.id)
        if member.kind not in LEASED or not member.in_service or heard is None:
            continue
        in_reach = steady_ms - heard.steady_ms <= FRESH_MS and now_ms - heard.confirmation.at_ms <= FRESH_MS
        is_due = ends_ms.get(member.id, 0) - LEASE_MS + LEASE_RENEWED_MS <= steady_ms
        if in_reach and is_due and heard.confirmation.in_force_version >= law.book_version:
            ends_ms[member.id] = steady_ms + LEASE_MS
            given.append(
                Lease(
                    store=law.store,
                    device=member.id,
                    book_version=law.book_version,
                    made_ms=now_ms,
                    expires_ms=now_ms + LEASE_MS,
                )
            )
    return replace(law, lease_ends_ms=ends_ms), tuple(given)


def releases(law: Law, now_ms: int) -> Releases | None:
    """Return the releases in force; None while the gateway does not know which labels hang."""
    if law.plan is None or law.book_version < 0:
        return None
    faces = (face for row in law.raised for face in _faces(law, row.gtin))
    found: tuple[Release, ...] = releases_in_force(law.raised, faces, book_version=law.book_version)
    return Releases(store=law.store, made_ms=now_ms, expires_ms=now_ms + RELEASE_MS, releases=list(found))


def _faces(law: Law, gtin: str) -> list[LabelFace]:
    # A label counts for the product that it belongs to, and for every product whose picture it may still show.
    found = []
    for label in law.labels_of.get(gtin, frozenset()):
        face = law.faces.get(label, Face())
        prices = frozenset(picture.price_minor for picture in face.may_show if picture.gtin == gtin)
        found.append(LabelFace(label, gtin, prices, face.is_proved))
    return found


def _products(gtin: str, face: Face | None) -> set[str]:
    return {gtin, *(picture.gtin for picture in (() if face is None else face.may_show))}


def _strangers(law: Law, steady_ms: int) -> list[Member]:
    # Who confirms but stands on no roster yet is waited for like a till, as long as it speaks; who left the
    # roster may still hold the lease it was given.
    assert law.roster is not None
    known = {member.id for member in law.roster.members}
    speaking = [
        Member(id=device, kind="till", in_service=True)
        for device, heard in law.heard.items()
        if device not in known and steady_ms - heard.steady_ms <= FRESH_MS
    ]
    leased = [Member(id=device, kind="cart", in_service=False) for device in law.lease_ends_ms if device not in known]
    return speaking + leased


def _with_face(law: Law, label: str, face: Face) -> Law:
    gtin = law.hanging.get(label)
    if gtin is None:
        # It was taken down meanwhile.
        return law
    labels_of = law.labels_of
    before, after = _products(gtin, law.faces.get(label)), _products(gtin, face)
    for each in before - after:
        labels_of = labels_of.insert(each, labels_of[each] - {label})
    for each in after - before:
        labels_of = labels_of.insert(each, labels_of.get(each, frozenset()) | {label})
    return replace(law, faces=law.faces.insert(label, face), labels_of=labels_of)
