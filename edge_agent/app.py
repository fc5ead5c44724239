"""What a role implements, and what it is given. A role holds the device's meaning; the agent does the plumbing.

The agent calls a role from one event loop, one call at a time, so a role needs no locks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from anyio.abc import TaskStatus
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from starlette.routing import BaseRoute

from cloud_broker.bus.mqtt import Tls
from cloud_broker.bus.port import Bus, Message
from device_drivers.api import Driver, Signal
from firmware_specs.desired import Command, Configuration, Manifest
from firmware_specs.events import Event
from firmware_specs.kinds import Kind


class MatterRefusedError(ValueError):
    """A blob that verified but cannot be applied; the text is reported to the cloud as the reason."""


class CommandFailedError(Exception):
    """A command that could not be carried out; the text closes it as failed."""


class BlobUnavailableError(Exception):
    """Nobody who can be reached has the blob; try again later."""


@dataclass(frozen=True, slots=True)
class Held:
    """A matter that the device holds: verified, on its own disk."""

    manifest: Manifest
    blob: bytes


class Surroundings(Protocol):
    """What the agent gives to a role."""

    device: str
    store: str
    kind: Kind
    folder: Path
    drivers: Mapping[str, Driver]
    local: Bus | None
    """The store-local bus; None until the configuration names one."""
    signing_key: Ed25519PublicKey
    """The cloud's public key, learnt at enrolment; it signs delegations."""
    release_key: Ed25519PrivateKey | None
    """A gateway's own key for leases and releases, made at enrolment; None for other kinds."""
    tls: Tls | None
    """The device's own certificate and its authority; None on a plain, anonymous broker."""

    @property
    def configuration(self) -> Configuration:
        """The desired configuration in force."""

    def now_ms(self) -> int:
        """Return UTC milliseconds."""

    def say(self, event: Event) -> int:
        """Put an event into the outbox; return the point for `is_durable` to ask when it is on disk.

        Raises OutboxFullError when its stream never drops and the outbox is full.
        """

    def is_durable(self, point: int) -> bool:
        """Return whether all that was said up to a point is on disk."""

    def note(self, name: str, value: bytes) -> None:
        """Keep a small value in one commit with what was said just before: after a power cut both hold, or neither."""

    def noted(self, name: str) -> bytes | None:
        """Return a value kept by `note`."""

    def held(self, matter: str) -> Held | None:
        """Return what the device holds of a matter."""

    def head(self, matter: str) -> Manifest | None:
        """Return the head of a matter as the cloud has said it over the link that is up; None while it has not."""

    def desired_envelope(self, shadow: str) -> bytes | None:
        """Return the signed bytes of a desired document of this device as they came, verified; None before any came."""

    def remember(self, name: str, value: bytes) -> None:
        """Keep a small value over power cuts."""

    def recall(self, name: str) -> bytes | None:
        """Return a value kept by `remember`."""

    def changed(self) -> None:
        """Tell the device's own screen that its state changed."""

    def blob(self, sha256: str) -> bytes | None:
        """Return a blob from the device's own cache, its hash verified; None where it is not there. For small ones."""

    async def fetch(self, sha256: str, size: int, chunks: Sequence[str] = ()) -> bytes:
        """Return a blob from the device's cache, a neighbour, the gateway, or the cloud, its hash verified.

        `chunks` are the hashes of its chunks: only by those are neighbours believed.
        Raises BlobUnavailableError when nobody reachable has it.
        """


class Role(Protocol):
    """One device's meaning."""

    local_filters: tuple[str, ...]
    """Store-local topics it listens to."""

    async def prepare(self, held: Held) -> None:
        """Bring in what else a matter needs before `on_matter` takes it; not called for what is held at start.

        Raises BlobUnavailableError to be asked again later, MatterRefusedError for what can never be used.
        """

    def on_matter(self, held: Held) -> None:
        """Take a matter into use; also called for each held matter at start. Raises MatterRefusedError."""

    def on_signal(self, driver: str, signal: Signal) -> None:
        """Take what a driver sensed."""

    async def on_local(self, message: Message) -> None:
        """Take a store-local message. Bad bytes are counted, never raised."""

    async def on_command(self, command: Command) -> str:
        """Carry out a command once; return the detail for its record. Raises CommandFailedError."""

    def state(self) -> dict[str, Any]:
        """Return what the device's own screen shows, merged over the agent's common state."""

    def routes(self) -> list[BaseRoute]:
        """Return the role's own local HTTP routes."""

    async def run(self, *, task_status: TaskStatus[None]) -> None:
        """Do what needs time of its own until cancelled."""


RoleFactory = Callable[[Surroundings], Role]
