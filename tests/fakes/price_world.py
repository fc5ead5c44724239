"""A store in which everything goes wrong that may: for the price law.

The cloud, a gateway, a till, two carts, and two labels of one product stand on the real rules; the gateway's campaigns
and the labels' firmware are the product's own (`price_labels`). The world only carries messages, late, doubled, out of
order or never, and lets clocks drift, labels dawdle and devices restart. After every step, and while time passes,
`breach` compares what each device charges with what each glass may show. Each rule is an attribute, so that a test can
take one away.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edge_agent.roles.books.opened import Opened, following, opened
from edge_agent.roles.gateway import law as rules
from edge_agent.roles.gateway.law import Law
from firmware_specs.desired import LabelPlace, LabelPlan, Member, Roster, Row
from firmware_specs.leases import Confirmation, Lease, Releases
from firmware_specs.rules import price_law
from tests.fakes.books import Book, open_book
from tests.fakes.price_labels import GTIN, LEAD_MS, REFRESH_S, Label, LabelDesk

STORE = "demo"
START_MS = 1_800_000_000_000
LABELS = ("label-1", "label-2")
INK_MS = 200
"""Time passes in such steps while labels may change."""

OTHER = Row(gtin="00012345678905", name={"en": "other"}, price_minor=500, floor_minor=500)


@dataclass
class Rules:
    """What the world's parts go by."""

    charge: Callable[..., price_law.Charge] = price_law.charge
    lease_holds: Callable[..., bool] = price_law.lease_holds
    is_timely: Callable[[int, int, int], bool] = price_law.is_timely
    next_floor: Callable[..., int] = price_law.next_floor
    following: Callable[[Opened, Opened], Opened] = following
    waiting: Callable[[Law, str, int, int], frozenset[str] | None] = rules.waiting
    releases: Callable[[Law, int], Releases | None] = rules.releases
    begin: Callable[[str, int], Law] = rules.begin
    keeps_faces_first: bool = True
    """Whether a face is on disk before its label is told."""
    forgets_slots_first: bool = True
    """Whether a slot is off the disk's list before it is overwritten."""
    heeds_old_proof: bool = False
    """Whether the cloud takes a proof for a price that was set later."""


@dataclass
class Device:
    """A till or a cart: its own clock, the books on its disk, and its permits in memory."""

    id: str
    kind: str
    offset_ms: int
    held: dict[int, Opened] = field(default_factory=dict)
    in_force: Opened | None = None
    lease: Lease | None = None
    releases: Releases | None = None
    said: Confirmation | None = None

    def take(self, book: Book) -> None:
        """Hold a book."""
        if book.version not in self.held and (self.in_force is None or book.version > self.in_force.version):
            self.held[book.version] = open_book(book)


@dataclass
class PriceWorld:
    """The store. Times are milliseconds of the true clock."""

    rules: Rules = field(default_factory=Rules)
    now_ms: int = START_MS
    gateway_offset_ms: int = 0

    def __post_init__(self) -> None:
        self.row = Row(gtin=GTIN, name={"en": "thing"}, price_minor=1000, floor_minor=1000)
        self.set_in = 1
        self.books: list[Book] = []
        self.proofs: dict[str, tuple[int, int]] = {}
        """Label → (price, book version) as the cloud knows it."""
        self.events: list[tuple[str, int, int]] = []
        self.devices = {
            "till-1": Device("till-1", "till", 0),
            "cart-1": Device("cart-1", "cart", 0),
            "cart-2": Device("cart-2", "cart", 0),
        }
        self.labels = {label: Label() for label in LABELS}
        self.desk = LabelDesk(self, self.labels)
        self.broken: str | None = None
        self.gateway_books: dict[int, Opened] = {}
        self.gateway_in_force: Opened | None = None
        self.leases: dict[str, list[Lease]] = {device: [] for device in self.devices}
        self.published: list[Releases] = []
        self.law = self._begun()
        self.publish(1000)

    # -- the cloud

    def publish(self, price_minor: int, later_ms: int = 0) -> None:
        """A person sets a price; the next book carries it. The same price makes a book about something else."""
        if self.books and price_minor != self.row.price_minor:
            oldest = 0 if self.rules.heeds_old_proof else self.set_in
            proved = all(
                label in self.proofs
                and self.proofs[label][0] == self.row.price_minor
                and self.proofs[label][1] >= oldest
                for label in LABELS
            )
            floor = self.rules.next_floor(self.row, proved=proved)
            self.row = Row(gtin=GTIN, name=self.row.name, price_minor=price_minor, floor_minor=floor)
            self.set_in = len(self.books) + 1
        effective_ms = max(self.now_ms + later_ms, self.books[-1].effective_ms if self.books else 0)
        version = len(self.books) + 1
        self.books.append(
            Book(store=STORE, version=version, currency="CNY", effective_ms=effective_ms, rows=[self.row, OTHER])
        )

    def hear_events(self, count: int = 1_000) -> None:
        """The cloud takes what the gateway said."""
        for label, price_minor, version in self.events[:count]:
            self.proofs[label] = (price_minor, version) if price_minor >= 0 else (-1, 0)
        del self.events[:count]

    # -- devices

    def clock_ms(self, device: Device) -> int:
        """Return what a device's clock shows."""
        return self.now_ms + device.offset_ms

    def deliver_book(self, device: str) -> None:
        """A device gets the newest book; those between it never saw."""
        self.devices[device].take(self.books[-1])
        self._switch(self.devices[device])

    def confirm(self, device: str) -> None:
        """A device's confirmation reaches the gateway."""
        each = self.devices[device]
        self._switch(each)
        if each.in_force is None:
            return
        newest = max([*each.held.values(), each.in_force], key=lambda book: book.version)
        each.said = Confirmation(
            device=each.id,
            book_version=newest.version,
            effective_ms=newest.effective_ms,
            at_ms=self.clock_ms(each),
            in_force_version=each.in_force.version,
        )
        self.law = rules.with_confirmation(self.law, each.said, self.steady_ms)

    def deliver_lease(self, device: str) -> None:
        """A device gets the oldest lease that is under way to it."""
        if self.leases[device]:
            lease = self.leases[device].pop(0)
            if self.rules.is_timely(lease.made_ms, lease.expires_ms, self.clock_ms(self.devices[device])):
                self.devices[device].lease = lease

    def deliver_releases(self, device: str, back: int = 0) -> None:
        """A device gets the last releases, or an older set that a broker had kept."""
        each = self.devices[device]
        if len(self.published) <= back:
            return
        said = self.published[-1 - back]
        if each.releases is not None and said.made_ms < each.releases.made_ms:
            return
        if self.rules.is_timely(said.made_ms, said.expires_ms, self.clock_ms(each)):
            each.releases = said

    def restart(self, device: str) -> None:
        """A device starts anew: books are on its disk, permits are not."""
        each = self.devices[device]
        each.lease = each.releases = None
        if each.in_force is not None:
            book = each.in_force
            each.in_force = opened(book.version, book.currency, book.effective_ms, book.sha256, book.rows)

    def charges(self, device: Device) -> int | None:
        """Return the firm price that a device charges now; None when it names none."""
        self._switch(device)
        book = device.in_force
        if book is None:
            return None
        now_ms = self.clock_ms(device)
        if device.kind == "cart" and not self.rules.lease_holds(device.lease, now_ms, book_version=book.version):
            return None
        row = book.rows[GTIN]
        since = book.since.get(GTIN, book.version)
        return self.rules.charge(row, device.releases, now_ms, book_version=since).price_minor

    def _switch(self, device: Device) -> None:
        due = [each for each in device.held.values() if each.effective_ms <= self.clock_ms(device)]
        device.in_force = self._later(device.in_force, due)

    def _later(self, before: Opened | None, due: list[Opened]) -> Opened | None:
        found = max(due, key=lambda each: each.version, default=None)
        if found is None or (before is not None and found.version <= before.version):
            return before
        return found if before is None else self.rules.following(before, found)

    # -- the gateway

    @property
    def steady_ms(self) -> int:
        """Return the gateway's monotonic milliseconds."""
        return self.now_ms - START_MS

    @property
    def gateway_ms(self) -> int:
        """Return what the gateway's clock shows."""
        return self.now_ms + self.gateway_offset_ms

    def _begun(self) -> Law:
        law = self.rules.begin(STORE, self.steady_ms)
        places = [LabelPlace(id=label, address=label, gtin=GTIN, x_m=0, y_m=0) for label in LABELS]
        members = [Member(id=each.id, kind=each.kind, in_service=True) for each in self.devices.values()]
        remembered = {label: kept.face for label, kept in self.desk.disk.items()}
        law = rules.with_plan(law, LabelPlan(store=STORE, version=1, labels=places), remembered)
        return rules.with_roster(law, Roster(store=STORE, version=1, members=members))

    def deliver_gateway_book(self) -> None:
        """The gateway gets the newest book."""
        book = self.books[-1]
        if book.version not in self.gateway_books:
            self.gateway_books[book.version] = open_book(book)
        self._gateway_switch()

    def restart_gateway(self) -> None:
        """The gateway starts anew, with its disk and what the brokers retained."""
        self.desk.restart()
        self.law = self._begun()
        for device in self.devices.values():
            if device.said is not None:
                self.law = rules.with_confirmation(self.law, device.said, self.steady_ms)
        if self.gateway_in_force is not None:
            book = self.gateway_in_force
            self.law = rules.with_book(self.law, book.version, book.rows)
        self._gateway_switch()

    def issue(self) -> None:
        """The gateway gives leases and releases."""
        self._gateway_switch()
        now_ms = self.gateway_ms
        self.law, given = rules.lease(self.law, self.steady_ms, now_ms)
        for lease in given:
            self.leases[lease.device].append(lease)
        releases = self.rules.releases(self.law, now_ms)
        if releases is not None:
            self.published.append(releases)

    def step(self, label: str, fate: int = 0) -> None:
        """The gateway takes one step with a label; see `LabelDesk.advance`."""
        self._gateway_switch()
        self.desk.advance(label, fate)

    def arm(self, label: str, *, arrives: bool = True) -> None:
        """The gateway tells a label, if the law permits; the command may get lost."""
        self._gateway_switch()
        self.desk.until_told(label, arrives=arrives)

    def refresh(self, label: str) -> None:
        """A label's instant comes, and its ink moves."""
        if self.labels[label].tag.is_pending:
            self.pass_ms(LEAD_MS + int(REFRESH_S * 1000) + INK_MS)

    def prove(self, label: str) -> None:
        """The gateway goes on with a label that was told."""
        self._gateway_switch()
        self.desk.until_done(label)

    def _gateway_switch(self) -> None:
        now_ms = self.gateway_ms
        due = [each for each in self.gateway_books.values() if each.effective_ms <= now_ms]
        found = self._later(self.gateway_in_force, due)
        if found is not None and found is not self.gateway_in_force:
            self.gateway_in_force = found
            self.law = rules.with_book(self.law, found.version, found.rows)

    # -- everything

    def pass_ms(self, duration_ms: int) -> None:
        """Let time pass, and look at every change of a glass on the way."""
        ends_ms = self.now_ms + duration_ms
        while self.now_ms < ends_ms:
            moves = any(label.tag.is_pending for label in self.labels.values())
            self.now_ms = min(ends_ms, self.now_ms + INK_MS) if moves else ends_ms
            self.desk.pass_time()
            self.broken = self.broken or self.breach()

    def settle(self) -> None:
        """Let everything arrive and every label prove: the quiet state of a store."""
        self.deliver_gateway_book()
        for _ in range(3):
            for device in self.devices:
                self.deliver_book(device)
                self.confirm(device)
            self.issue()
            for label in LABELS:
                self.arm(label)
                self.prove(label)
            self.issue()
            for device in self.devices:
                while self.leases[device]:
                    self.deliver_lease(device)
                self.deliver_releases(device)
            self.hear_events()

    def breach(self) -> str | None:
        """Return who charges more than a label may be showing; None while the law holds."""
        if self.broken is not None:
            return self.broken
        lowest = min((price for label in self.labels.values() for price in label.may_show), default=None)
        if lowest is None:
            return None
        for device in self.devices.values():
            charged = self.charges(device)
            if charged is not None and charged > lowest:
                return f"{device.id} charges {charged}, a label may be showing {lowest}"
        return None


STEPS: Mapping[str, Callable[[PriceWorld, int], None]] = {
    "publish": lambda world, n: world.publish((800, 900, 1000, 1100, 1200)[n % 5]),
    "publish later": lambda world, n: world.publish((800, 900, 1000, 1100, 1200)[n % 5], 1000 * (n % 40)),
    "publish other": lambda world, n: world.publish(world.row.price_minor),
    "cloud hears": lambda world, n: world.hear_events(n % 4),
    "book to gateway": lambda world, n: world.deliver_gateway_book(),
    "book to device": lambda world, n: world.deliver_book(_device(n)),
    "confirm": lambda world, n: world.confirm(_device(n)),
    "issue": lambda world, n: world.issue(),
    "lease": lambda world, n: world.deliver_lease(_device(n)),
    "releases": lambda world, n: world.deliver_releases(_device(n)),
    "old releases": lambda world, n: world.deliver_releases(_device(n), back=n % 7),
    "plan": lambda world, n: world.desk.plan(LABELS[n % 2], (800, 900, 1000, 1100, 1200)[n // 2 % 5]),
    "step": lambda world, n: world.step(LABELS[n % 2], (0, 0, 0, 1, 2)[n // 2 % 5]),
    "restart gateway": lambda world, n: world.restart_gateway(),
    "arm": lambda world, n: world.arm(LABELS[n % 2], arrives=n % 5 != 0),
    "refresh": lambda world, n: world.refresh(LABELS[n % 2]),
    "prove": lambda world, n: world.prove(LABELS[n % 2]),
    "time": lambda world, n: world.pass_ms((100, 1_000, 5_000, 20_000, 35_000)[n % 5]),
    "restart device": lambda world, n: world.restart(_device(n)),
    "settle": lambda world, n: world.settle(),
}


def _device(n: int) -> str:
    return ("till-1", "cart-1", "cart-2")[n % 3]
