"""One ingest worker: read, commit, acknowledge, announce the watermarks. Any number may share the load.

Workers keep a stable id, so that the broker deals to them what it queued while they were away. While
one group of messages is being committed in a thread, the next is being read.
"""

import logging
import time
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskStatus

from cloud_broker.bus.mqtt import Address
from cloud_broker.bus.port import BusUnavailableError
from cloud_broker.ingest.journal import Committed, Journal, Parsed
from cloud_broker.ingest.reader import Delivery, Reader, publish_packet
from cloud_broker.state.patience import patiently
from firmware_specs.batch import Mark, Watermark
from firmware_specs.topics import ALL_EVENTS, INGESTED, shared, watermark
from firmware_specs.wire import encode

logger = logging.getLogger(__name__)

GATHER_S = 0.003
"""How long to gather more messages before a commit, once one has come."""

ANNOUNCE_S = 0.25
"""At most one watermark for a stream in this time, after the first."""

EARLY_S = 5.0
"""How long a message waits for an earlier one that another worker still holds; longer than a device's first re-send."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that came early, and since when it waits, monotonic seconds."""

    message: Parsed
    since_s: float


@dataclass
class Announcer:
    """Holds watermarks back so that a busy stream gets few and an idle one its own at once."""

    waiting: dict[tuple[str, str], Mark] = field(default_factory=dict)
    said_s: dict[tuple[str, str], float] = field(default_factory=dict)

    def due(self, now_s: float) -> list[bytes]:
        """Return ready packets for every mark whose turn has come."""
        ready = [key for key in self.waiting if now_s - self.said_s.get(key, -1e9) >= ANNOUNCE_S]
        packets = []
        for key in ready:
            mark = self.waiting.pop(key)
            self.said_s[key] = now_s
            device, stream = key
            packets.append(
                publish_packet(watermark(device), encode(Watermark(stream=stream, boot=mark.boot, seq=mark.seq)))
            )
        return packets


@dataclass
class Worker:
    """An ingest worker; `run` until cancelled."""

    address: Address
    client_id: str
    journal: Journal
    counted: dict[str, int] = field(default_factory=lambda: {"messages": 0, "events": 0, "dead": 0, "commits": 0})

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Read and commit for ever; ready once subscribed. The broker's loss is said once, its return once."""
        away = False
        ready = False
        while True:
            try:
                async with Reader(self.address, self.client_id, [shared("ingest", ALL_EVENTS)]) as reader:
                    if not ready:
                        task_status.started()
                        ready = True
                    if away:
                        logger.info("broker %s is back", self.address)
                        away = False
                    await self._pump(reader)
            except BusUnavailableError as exc:
                if not away:
                    logger.warning("broker %s is away: %s", self.address, exc)
                    away = True
                await anyio.sleep(0.3)

    async def _pump(self, reader: Reader) -> None:
        announcer = Announcer()
        early: dict[bytes, Waiting] = {}
        limiter = anyio.CapacityLimiter(1)
        while True:
            taken = await reader.collect(0.02 if early or announcer.waiting else 1.0)
            if taken and len(taken) < 500:
                await anyio.sleep(GATHER_S)
                taken += await reader.collect(0)
            if taken or early:
                now_s = time.monotonic()
                again = [waiting.message for waiting in early.values()]
                result = await patiently(
                    "ingest", self.journal.commit, taken, time.time_ns() // 1_000_000, again, limiter=limiter
                )
                self._count(len(taken), result)
                group = [message.delivery for message in again] + taken
                early = self._after(reader, group, result, early, now_s)
                announcer.waiting.update(result.marks)
                if result.stored:
                    reader.publish([publish_packet(INGESTED, b"{}")])
            reader.publish(announcer.due(time.monotonic()))

    def _after(
        self, reader: Reader, group: list[Delivery], result: Committed, early: dict[bytes, Waiting], now_s: float
    ) -> dict[bytes, Waiting]:
        """Acknowledge what is settled and keep what came early, until its time is over."""
        waiting = {}
        for message in result.early:
            packet_id = message.delivery.packet_id
            since_s = early[packet_id].since_s if packet_id in early else now_s
            if now_s - since_s < EARLY_S:
                waiting[packet_id] = Waiting(message, since_s)
        reader.acknowledge([each for each in group if each.packet_id not in waiting])
        return waiting

    def _count(self, messages: int, result: Committed) -> None:
        self.counted["messages"] += messages
        self.counted["events"] += result.events
        self.counted["dead"] += result.dead
        self.counted["commits"] += 1
