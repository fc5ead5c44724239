"""What is wanted: head manifests of stores and desired documents of devices, signed and kept, then published.

Writing and publishing are apart. A change is committed first; `Dispatcher` then sends it, and sends
everything again whenever the link to the broker comes back, so that a broker that lost its retained
messages is put right.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import anyio
from msgspec import Struct
from sqlalchemy import Connection, Engine, delete, insert, select

from cloud_broker.blobs.store import BlobStore
from cloud_broker.bus.port import Bus, BusRefusedError, BusUnavailableError, Message
from cloud_broker.clock import now_ms
from cloud_broker.prices.tables import TableCache
from cloud_broker.registry.authority import Signer
from cloud_broker.state.engine import lock_store, reading
from cloud_broker.state.patience import patiently
from cloud_broker.state.tables import commands, desired, heads
from firmware_specs import topics
from firmware_specs.desired import Command, Manifest
from firmware_specs.wire import decode, encode

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=Struct)

MOST_ATTACHED = 128 * 1024
"""Blobs of more bytes than that are fetched; in base64 and with the head they still make one message."""

OVERLAP_MS = 60_000
"""Look back this far: a transaction commits later than the moment that it wrote down."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Turns a matter into a blob and a signed head, and a document into a signed desired state."""

    blobs: BlobStore
    signer: Signer
    tables: TableCache

    @classmethod
    def at(cls, folder: Path, signer: Signer) -> "Publisher":
        """Return a publisher whose blobs and tables stand below a folder."""
        blobs = BlobStore(str((folder / "blobs").absolute()))
        return cls(blobs, signer, TableCache((folder / "tables").absolute(), blobs))

    def next_version(self, connection: Connection, store: str, matter: str) -> int:
        """Return the version that the next head of this matter will have."""
        query = select(heads.c.version).where(heads.c.store == store, heads.c.matter == matter)
        return (connection.execute(query).scalar() or 0) + 1

    def publish(
        self,
        connection: Connection,
        store: str,
        matter: str,
        make: Callable[[int], Struct],
        *,
        effective_ms: int | None = None,
        version: int | None = None,
        attached: Sequence[bytes] = (),
    ) -> Manifest:
        """Make the next version of a matter its head. `make` gets the version and returns the content.

        What says the same as the head before leaves that as it is: nobody has to fetch it anew.

        Args:
            version: where several versions are made at once, the last of them.
            attached: blobs that ride along with the head, as long as all of them are small.
        """
        lock_store(connection, store)
        if version is None and effective_ms is None and (same := _unchanged(connection, store, matter, make)):
            return same
        version = self.next_version(connection, store, matter) if version is None else version
        content = make(version)
        data = encode(content)
        # What a device would refuse must not be published: one bad slot would silence a store.
        decode(data, type(content), limit=None)
        made = now_ms()
        manifest = Manifest(
            matter=matter,
            store=store,
            version=version,
            sha256=self.blobs.put(data),
            size=len(data),
            media_type="application/json",
            effective_ms=made if effective_ms is None else effective_ms,
            made_ms=made,
        )
        connection.execute(delete(heads).where(heads.c.store == store, heads.c.matter == matter))
        connection.execute(
            insert(heads).values(
                store=store,
                matter=matter,
                version=version,
                sha256=manifest.sha256,
                effective_ms=manifest.effective_ms,
                made_ms=made,
                envelope=self.signer.sign(
                    manifest, attached if sum(len(blob) for blob in attached) <= MOST_ATTACHED else ()
                ),
            )
        )
        return manifest

    def want(self, connection: Connection, device: str, shadow: str, make: Callable[[int], Struct]) -> None:
        """Make the next version of a device's document its desired state."""
        where = (desired.c.device == device, desired.c.shadow == shadow)
        version = (connection.execute(select(desired.c.version).where(*where)).scalar() or 0) + 1
        connection.execute(delete(desired).where(*where))
        connection.execute(
            insert(desired).values(
                device=device,
                shadow=shadow,
                version=version,
                made_ms=now_ms(),
                envelope=self.signer.sign(make(version)),
            )
        )


@dataclass
class Dispatcher:
    """Sends what is wanted; `poke` after a commit, `resend_all` when the link is back."""

    engine: Engine
    bus: Bus
    signer: Signer
    _sent: dict[str, int] = field(default_factory=dict)
    _looked_ms: int = 0
    _wake: anyio.Event = field(default_factory=anyio.Event)

    def poke(self) -> None:
        """Look for something to send now."""
        self._wake.set()

    def resend_all(self) -> None:
        """Forget what was sent: the broker may have lost it."""
        self._sent.clear()
        self._looked_ms = 0
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            wake = self._wake = anyio.Event()
            looking_ms = now_ms()
            wanted = await patiently("the dispatcher", self._wanted, self._looked_ms - OVERLAP_MS)
            current = {topic for topic, _, _ in wanted}
            self._sent = {topic: version for topic, version in self._sent.items() if topic in current}
            for topic, version, message in wanted:
                if self._sent.get(topic, -1) >= version:
                    continue
                try:
                    await self.bus.publish(message)
                except BusUnavailableError:
                    # `resend_all` follows when the link is back.
                    break
                except BusRefusedError as exc:
                    logger.error("%s cannot be sent: %s", topic, exc)
                self._sent[topic] = version
            else:
                self._looked_ms = max(self._looked_ms, looking_ms)
            with anyio.move_on_after(5):
                await wake.wait()

    def _wanted(self, since_ms: int) -> list[tuple[str, int, Message]]:
        found: list[tuple[str, int, Message]] = []
        now = now_ms()
        with reading(self.engine) as connection:
            for row in connection.execute(select(heads).where(heads.c.made_ms >= since_ms)):
                topic = topics.head(row.store, row.matter)
                found.append((topic, row.version, _retained(topic, row.envelope)))
            for row in connection.execute(select(desired).where(desired.c.made_ms >= since_ms)):
                topic = topics.desired(row.device, row.shadow)
                found.append((topic, row.version, _retained(topic, row.envelope)))
            query = select(commands).where(commands.c.state == "sent", commands.c.expires_ms > now)
            for row in connection.execute(query):
                topic = topics.command(row.device, row.id)
                command = Command(
                    id=row.id,
                    device=row.device,
                    name=row.name,
                    expires_ms=row.expires_ms,
                    arguments=row.arguments,
                )
                message = Message(
                    topic,
                    self.signer.sign(command),
                    expiry_s=max(1, (row.expires_ms - now) // 1000),
                    content_type="application/json",
                    response_topic=topics.upward(row.device, "state"),
                    correlation=row.id.encode(),
                )
                found.append((topic, 1, message))
        return found


def _unchanged(connection: Connection, store: str, matter: str, make: Callable[[int], Struct]) -> Manifest | None:
    head = connection.execute(select(heads).where(heads.c.store == store, heads.c.matter == matter)).first()
    if head is None:
        return None
    data = encode(make(head.version))
    if hashlib.sha256(data).hexdigest() != head.sha256:
        return None
    return Manifest(
        matter=matter,
        store=store,
        version=head.version,
        sha256=head.sha256,
        size=len(data),
        media_type="application/json",
        effective_ms=head.effective_ms,
        made_ms=head.made_ms,
    )


def _retained(topic: str, envelope: bytes) -> Message:
    return Message(topic, envelope, retain=True, content_type="application/json")
