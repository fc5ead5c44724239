"""What the gateway allows this device: its lease and the releases, each verified under a delegated key."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from firmware_specs.leases import Delegation, Lease, Releases
from firmware_specs.rules.price_law import DRIFT_MS, is_timely, lease_holds
from firmware_specs.signing import SignatureError, WireError, verify

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=Struct)


@dataclass(frozen=True, slots=True)
class _Until:
    # The end of a permit by the monotonic clock too, so that a wall clock stepped back stretches nothing.
    ends_s: float

    def holds(self, monotonic_s: float) -> bool:
        return monotonic_s < self.ends_s - DRIFT_MS / 1000


class Permits:
    """Delegation, lease and releases, as last heard. All that is not verified is ignored and counted.

    Args:
        store, device: whose permits these are.
        signing_key: the cloud's; it signs delegations.
        now_ms: UTC milliseconds. monotonic_s: monotonic seconds.
    """

    def __init__(
        self,
        *,
        store: str,
        device: str,
        signing_key: Ed25519PublicKey,
        now_ms: Callable[[], int],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._store = store
        self._device = device
        self._signing_key = signing_key
        self._now_ms = now_ms
        self._monotonic_s = monotonic_s
        self._delegation: Delegation | None = None
        self._lease: tuple[Lease, _Until] | None = None
        self._releases: tuple[Releases, _Until] | None = None
        # Retained messages come in any order: what came before its delegation waits for it.
        self._early: dict[str, bytes] = {}
        self.refused = 0
        self.last_refusal = ""
        self.is_late = False
        """Whether the last permit came from the future or past its end: the clocks of the store disagree."""

    def on_delegation(self, data: bytes) -> None:
        """Take the cloud's word on who issues in this store."""
        said = self._verified(data, Delegation, self._signing_key)
        if said is None:
            return
        if said.store != self._store or said.expires_ms <= self._now_ms():
            self._refuse(f"a delegation for {said.store} until {said.expires_ms} does not count here and now")
            return
        # An older delegation may still lie on a broker: the one that lasts longest is the newest.
        if self._delegation is not None and said.expires_ms < self._delegation.expires_ms:
            return
        if self._delegation is not None and said.public_key != self._delegation.public_key:
            self._lease = self._releases = None
        self._delegation = said
        early, self._early = self._early, {}
        for name, payload in early.items():
            (self.on_lease if name == "lease" else self.on_releases)(payload)

    def on_lease(self, data: bytes) -> None:
        """Take a lease for this device."""
        said = self._issued(data, Lease, "lease")
        if said is None:
            return
        if said.store != self._store or said.device != self._device:
            self._refuse(f"a lease for {said.device} in {said.store}")
            return
        self.is_late = not is_timely(said.made_ms, said.expires_ms, self._now_ms())
        if not self.is_late:
            self._lease = said, self._until(said.expires_ms)

    def on_releases(self, data: bytes) -> None:
        """Take the releases in force; an older set than the one held is ignored."""
        said = self._issued(data, Releases, "releases")
        if said is None:
            return
        if said.store != self._store:
            self._refuse(f"releases for {said.store}")
            return
        if self._releases is not None and said.made_ms < self._releases[0].made_ms:
            return
        if is_timely(said.made_ms, said.expires_ms, self._now_ms()):
            self._releases = said, self._until(said.expires_ms)

    def releases(self) -> Releases | None:
        """Return the releases that may be used now; their wall-clock end is for the rule to judge."""
        if self._releases is None or not self._releases[1].holds(self._monotonic_s()):
            return None
        return self._releases[0]

    def is_leased(self, book_version: int) -> bool:
        """Return whether a cart charging by this book may name a firm total now."""
        if self._lease is None or not self._lease[1].holds(self._monotonic_s()):
            return False
        return lease_holds(self._lease[0], self._now_ms(), book_version=book_version)

    @property
    def lease_expires_ms(self) -> int | None:
        """The wall-clock end of the last lease."""
        return None if self._lease is None else self._lease[0].expires_ms

    def _until(self, expires_ms: int) -> _Until:
        return _Until(self._monotonic_s() + (expires_ms - self._now_ms()) / 1000)

    def _issued(self, data: bytes, of: type[T], name: str) -> T | None:
        if self._delegation is None:
            self._early[name] = data
            return None
        if self._delegation.expires_ms <= self._now_ms():
            self._refuse("the gateway's delegation has expired")
            return None
        try:
            key = Ed25519PublicKey.from_public_bytes(self._delegation.public_key)
        except ValueError as exc:
            self._refuse(f"the delegated key cannot be used: {exc}")
            return None
        return self._verified(data, of, key)

    def _verified(self, data: bytes, of: type[T], key: Ed25519PublicKey) -> T | None:
        try:
            return verify(data, of, key)
        except (SignatureError, WireError) as exc:
            self._refuse(f"{of.__name__.lower()}: {exc}")
            return None

    def _refuse(self, reason: str) -> None:
        if not self.refused:
            logger.warning("a store-local message was refused: %s", reason)
        self.refused += 1
        self.last_refusal = reason[:500]
