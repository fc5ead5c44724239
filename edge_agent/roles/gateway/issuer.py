"""The law put into practice: hears confirmations, and gives leases and releases under the gateway's own key."""

import time
from collections.abc import Callable
from typing import Final

import anyio
import msgspec

from cloud_broker.bus.port import BusError, Message
from edge_agent.app import Surroundings
from edge_agent.roles.books.opened import Opened
from edge_agent.roles.gateway import law as rules
from edge_agent.roles.gateway.law import Law
from edge_agent.roles.saying import Saying
from firmware_specs import topics
from firmware_specs.events import PriceReleased
from firmware_specs.leases import Confirmation, Delegation, Release, Releases
from firmware_specs.rules.price_law import RELEASE_MS
from firmware_specs.signing import SignatureError, public_bytes, sign, verify
from firmware_specs.wire import MAX_MESSAGE_BYTES, WireError, decode

TICK_S: Final = 0.1
RENEW_S: Final = 15.0
DELEGATION: Final = "delegation"
_NO_KEY: Final = "no-release-key"
_NO_DELEGATION: Final = "no-delegation"
_TOO_MANY: Final = "too-many-releases"


class Issuer:
    """Holds the law's state; everything that it permits goes out from here.

    Args:
        saying: for events.
        monotonic_s: monotonic seconds.
    """

    def __init__(
        self, surroundings: Surroundings, saying: Saying, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._surroundings = surroundings
        self._saying = saying
        self._monotonic_s = monotonic_s
        self.law: Law = rules.begin(surroundings.store, self.steady_ms())
        self.refused = 0
        """Confirmations that could not be read, or spoke for another device."""

        self._asked = self.law
        self._found: Releases | None = None
        self._set_in: dict[str, int] = {}
        self._oldest_set = 0
        self._released: set[tuple[str, int, int]] = set()
        self._published: list[Release] | None = None
        self._due_s = float("-inf")
        store = surroundings.store
        self.local_filters: tuple[str, ...] = (f"{topics.ROOT}/l/{store}/d/+/confirm",)

    def steady_ms(self) -> int:
        """Return monotonic milliseconds."""
        return int(self._monotonic_s() * 1000)

    def set_in(self, gtin: str) -> int:
        """Return the version of the book that set a product's price, as far as this run knows; 0 when it does not."""
        return self._set_in.get(gtin, self._oldest_set)

    def take_book(self, before: Opened | None, now: Opened) -> None:
        """Go on under the book that has come into force."""
        if before is not None:
            # Across a gap a price may have gone and come back, so every price counts as set anew.
            is_next = now.version == before.version + 1
            if not is_next:
                self._oldest_set, self._set_in = now.version, {}
            for gtin in now.rows.repriced(before.rows):
                old = before.rows.get(gtin)
                if old is None or old.price_minor != now.rows[gtin].price_minor:
                    self._set_in[gtin] = now.version
        self.law = rules.with_book(self.law, now.version, now.rows)

    def hear(self, message: Message) -> None:
        """Take a store-local message."""
        try:
            said = decode(message.payload, Confirmation)
            topic = topics.local_from(self._surroundings.store, said.device, "confirm")
        except ValueError:
            self.refused += 1
            return
        # The broker lets each device speak only under its own name.
        if message.topic != topic:
            self.refused += 1
            return
        self.law = rules.with_confirmation(self.law, said, self.steady_ms())

    async def run(self) -> None:
        """Give and renew until cancelled."""
        while True:
            await self._tick()
            await anyio.sleep(TICK_S)

    async def _tick(self) -> None:
        key, bus = self._surroundings.release_key, self._surroundings.local
        self._saying.fault(_NO_KEY, None if key is not None else "this gateway has no release key: enrol it again")
        delegation = self._delegation()
        if key is None or bus is None or delegation is None:
            return
        now_ms = self._surroundings.now_ms()
        releases = self._releases(now_ms)
        is_due = self._monotonic_s() >= self._due_s
        # The next state stands before anything is sent: what was given is never forgotten.
        self.law, leases = rules.lease(self.law, self.steady_ms(), now_ms)
        try:
            if is_due:
                await bus.publish(Message(self._topic(DELEGATION), delegation, retain=True))
            for lease in leases:
                await bus.publish(Message(self._topic("lease", lease.device), sign(lease, key), expiry_s=30))
            if releases is not None and (is_due or releases.releases != self._published):
                await bus.publish(Message(self._topic("releases"), sign(releases, key), retain=True))
                self._published = releases.releases
                self._announce(releases)
        except BusError:
            # The bus itself says once that it is away; what was missed is given again when it is back.
            self._due_s = float("-inf")
            return
        if is_due:
            self._due_s = self._monotonic_s() + RENEW_S

    def _releases(self, now_ms: int) -> Releases | None:
        law, asked = self.law, self._asked
        # Ten times a second over a whole book would be much: only what releases follow from is looked at.
        if law.faces is not asked.faces or law.rows is not asked.rows or law.hanging is not asked.hanging:
            self._found = rules.releases(law, now_ms)
        self._asked = law
        if self._found is None:
            return None
        found = msgspec.structs.replace(self._found, made_ms=now_ms, expires_ms=now_ms + RELEASE_MS)
        # Each takes about 90 bytes, a third more in the envelope; what does not fit is charged at its floor.
        most = MAX_MESSAGE_BYTES // 150
        too_many = len(found.releases) - most
        self._saying.fault(_TOO_MANY, f"{too_many} increases wait for others to settle" if too_many > 0 else None)
        return msgspec.structs.replace(found, releases=found.releases[:most])

    def _announce(self, releases: Releases) -> None:
        released = set()
        for release in releases.releases:
            key = (release.gtin, release.price_minor, self.set_in(release.gtin))
            released.add(key)
            if key not in self._released:
                self._saying.say(
                    PriceReleased(
                        at_ms=releases.made_ms,
                        gtin=release.gtin,
                        price_minor=release.price_minor,
                        book_version=release.book_version,
                        expires_ms=releases.expires_ms,
                    )
                )
        self._released = released

    def _delegation(self) -> bytes | None:
        envelope = self._surroundings.desired_envelope(DELEGATION)
        reason = self._why_not(envelope)
        self._saying.fault(_NO_DELEGATION, reason)
        return None if reason is not None else envelope

    def _why_not(self, envelope: bytes | None) -> str | None:
        key = self._surroundings.release_key
        if envelope is None:
            return "the cloud has not delegated this store's prices to this gateway yet"
        try:
            said = verify(envelope, Delegation, self._surroundings.signing_key)
        except (SignatureError, WireError) as exc:
            return f"the delegation cannot be used: {exc}"
        if said.store != self._surroundings.store or said.expires_ms <= self._surroundings.now_ms():
            return f"the delegation is for {said.store}, until {said.expires_ms}"
        if key is not None and said.public_key != public_bytes(key.public_key()):
            return "the delegation names another key than this gateway's"
        return None

    def _topic(self, what: str, device: str | None = None) -> str:
        return topics.local_to(self._surroundings.store, what, device)
