"""Surroundings for a role under test: a folder, a clock that the test moves, and lists of what was said.

surroundings = FakeSurroundings(tmp_path, "cart", device="cart-1")
role = make(surroundings)
role.on_matter(held("pricebook", book))
assert isinstance(surroundings.said[-1], BookHeld)
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cloud_broker.bus.mqtt import Tls
from cloud_broker.bus.port import Bus
from device_drivers.api import Driver
from edge_agent.app import BlobUnavailableError, Held
from edge_agent.outbox import OutboxFullError
from firmware_specs.desired import Configuration, Manifest
from firmware_specs.events import STREAM_OF, Event
from firmware_specs.kinds import Kind, kinds
from firmware_specs.leases import Delegation
from firmware_specs.signing import public_bytes, sign
from tests.fakes.books import BLOBS, Book, edition_of

STORE = "demo"
NOW_MS = 1_800_000_000_000


@dataclass
class FakeClock:
    """UTC milliseconds and monotonic seconds that move only when the test says so."""

    ms: int = NOW_MS
    monotonic_s: float = 1_000.0

    def pass_s(self, seconds: float) -> None:
        """Let time pass on both."""
        self.ms += int(seconds * 1000)
        self.monotonic_s += seconds

    def read_s(self) -> float:
        """Return monotonic seconds."""
        return self.monotonic_s


@dataclass
class FakeSurroundings:
    """Implements `Surroundings`. `said` collects events; `is_full` makes streams that never drop refuse.

    `unsaved_from` is the index in `said` from which on the disk has refused what was said.
    """

    folder: Path
    kind_id: str
    device: str = "device-1"
    store: str = STORE
    clock: FakeClock = field(default_factory=FakeClock)
    drivers: Mapping[str, Driver] = field(default_factory=dict)
    local: Bus | None = None
    cloud_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    release_key: Ed25519PrivateKey | None = None
    tls: Tls | None = None
    configuration: Configuration = field(
        default_factory=lambda: Configuration(device="x", version=1, store=STORE, volume_db=0.0)
    )
    said: list[Event] = field(default_factory=list)
    is_full: bool = False
    unsaved_from: int | None = None
    notes: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    envelopes: dict[str, bytes] = field(default_factory=dict)
    values: dict[str, bytes] = field(default_factory=dict)
    matters: dict[str, Held] = field(default_factory=dict)
    heads: dict[str, Manifest] = field(default_factory=dict)
    changes: int = 0

    def __post_init__(self) -> None:
        self.kind: Kind = kinds()[self.kind_id]
        self.signing_key: Ed25519PublicKey = self.cloud_key.public_key()

    def now_ms(self) -> int:
        """See `Surroundings.now_ms`."""
        return self.clock.ms

    def say(self, event: Event) -> int:
        """See `Surroundings.say`; a stream that the kind does not have is the role's bug."""
        policy = self.kind.streams[STREAM_OF[type(event)]]
        if self.is_full and policy.when_full == "refuse-work":
            raise OutboxFullError("the outbox is full")
        self.said.append(event)
        return len(self.said)

    def is_durable(self, point: int) -> bool:
        """See `Surroundings.is_durable`."""
        return self.unsaved_from is None or point <= self.unsaved_from

    def note(self, name: str, value: bytes) -> None:
        """See `Surroundings.note`."""
        self.notes[name] = value

    def noted(self, name: str) -> bytes | None:
        """See `Surroundings.noted`."""
        return self.notes.get(name)

    def of(self, kind: type[Event]) -> list[Event]:
        """Return what was said of one kind."""
        return [event for event in self.said if type(event) is kind]

    def held(self, matter: str) -> Held | None:
        """See `Surroundings.held`."""
        return self.matters.get(matter)

    def head(self, matter: str) -> Manifest | None:
        """See `Surroundings.head`."""
        return self.heads.get(matter)

    def desired_envelope(self, shadow: str) -> bytes | None:
        """See `Surroundings.desired_envelope`."""
        return self.envelopes.get(shadow)

    def remember(self, name: str, value: bytes) -> None:
        """See `Surroundings.remember`."""
        self.values[name] = value

    def recall(self, name: str) -> bytes | None:
        """See `Surroundings.recall`."""
        return self.values.get(name)

    def changed(self) -> None:
        """See `Surroundings.changed`."""
        self.changes += 1

    def blob(self, sha256: str) -> bytes | None:
        """See `Surroundings.blob`; the blobs of `tests.fakes.books` are in every cache."""
        return self.blobs.get(sha256) or BLOBS.get(sha256)

    async def fetch(self, sha256: str, size: int, chunks: Sequence[str] = ()) -> bytes:
        """See `Surroundings.fetch`."""
        found = self.blob(sha256)
        if found is None:
            raise BlobUnavailableError(f"nobody has {sha256[:12]}")
        return found

    def delegate(self, gateway: str, key: Ed25519PrivateKey, *, expires_ms: int | None = None) -> bytes:
        """Return the cloud's signed word that a gateway's key counts."""
        ends_ms = self.clock.ms + 86_400_000 if expires_ms is None else expires_ms
        public = public_bytes(key.public_key())
        return sign(
            Delegation(store=self.store, gateway=gateway, public_key=public, expires_ms=ends_ms), self.cloud_key
        )


def held(matter: str, value: msgspec.Struct, *, effective_ms: int = NOW_MS, version: int | None = None) -> Held:
    """Return a matter as the agent hands it over."""
    value = edition_of(value) if isinstance(value, Book) else value
    blob = msgspec.json.encode(value)
    store = getattr(value, "store", STORE)
    manifest = Manifest(
        matter=matter,
        store=store,
        version=getattr(value, "version", 1) if version is None else version,
        sha256=hashlib.sha256(blob).hexdigest(),
        size=len(blob),
        media_type="application/json",
        effective_ms=effective_ms,
        made_ms=NOW_MS,
    )
    return Held(manifest, blob)
