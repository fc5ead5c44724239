"""What the cloud sends down, read and verified: bytes in, a trusted value out; no I/O, no state."""

from collections.abc import Collection
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_broker.bus.port import Message
from firmware_specs import topics
from firmware_specs.batch import Watermark
from firmware_specs.desired import Command, Configuration, Manifest
from firmware_specs.leases import Delegation
from firmware_specs.signing import SignatureError, attached, verify
from firmware_specs.wire import WireError, decode

CONFIG = "config"
DELEGATION = "delegation"


class DownwardRefusedError(ValueError):
    """A message that is malformed, unsigned, or meant for somebody else; the text says which."""


@dataclass(frozen=True, slots=True)
class Desired:
    """A desired document of this device, with the signed bytes in which it came."""

    shadow: str
    document: Configuration | Delegation
    envelope: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a matter, and the blobs that came along with it, unverified."""

    manifest: Manifest
    attached: tuple[bytes, ...] = ()


Downward = Watermark | Head | Desired | Command


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what is sent to one device. `key` is the cloud's signing key, `follows` the matters of its kind."""

    device: str
    store: str
    follows: Collection[str]
    key: Ed25519PublicKey

    @property
    def filters(self) -> tuple[str, ...]:
        """The topics that the device listens to at the cloud's broker."""
        return (topics.downward(self.device), *(topics.head(self.store, matter) for matter in self.follows))

    def read(self, message: Message) -> Downward | None:
        """Return what a message says; None for what a later version may have sent, or a deleted document.

        Raises DownwardRefusedError.
        """
        try:
            return self._read(message)
        except (WireError, SignatureError) as exc:
            raise DownwardRefusedError(str(exc)) from exc

    def _read(self, message: Message) -> Downward | None:
        if not message.payload:
            return None
        if message.topic == topics.watermark(self.device):
            return decode(message.payload, Watermark)
        root = topics.downward(self.device).removesuffix("#")
        if message.topic.startswith(f"{root}c/"):
            return self._command(message)
        for shadow in (CONFIG, DELEGATION):
            if message.topic == topics.desired(self.device, shadow):
                return self._desired(shadow, message.payload)
        for matter in self.follows:
            if message.topic == topics.head(self.store, matter):
                return self._head(matter, message.payload)
        return None

    def _command(self, message: Message) -> Command:
        command = verify(message.payload, Command, self.key)
        if command.device != self.device:
            raise DownwardRefusedError(f"command {command.id} is for {command.device}")
        if message.topic != topics.command(self.device, command.id):
            raise DownwardRefusedError(f"command {command.id} came on {message.topic}")
        return command

    def _desired(self, shadow: str, payload: bytes) -> Desired:
        if shadow == CONFIG:
            configuration = verify(payload, Configuration, self.key)
            if configuration.device != self.device:
                raise DownwardRefusedError(f"a configuration for {configuration.device}")
            return Desired(shadow, configuration, payload)
        delegation = verify(payload, Delegation, self.key)
        if (delegation.gateway, delegation.store) != (self.device, self.store):
            raise DownwardRefusedError(f"a delegation for {delegation.gateway} in {delegation.store}")
        return Desired(shadow, delegation, payload)

    def _head(self, matter: str, payload: bytes) -> Head:
        manifest = verify(payload, Manifest, self.key)
        if (manifest.store, manifest.matter) != (self.store, matter):
            raise DownwardRefusedError(f"{manifest.matter} of {manifest.store} came as {matter} of {self.store}")
        return Head(manifest, attached(payload))
