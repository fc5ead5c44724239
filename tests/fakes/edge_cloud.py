"""The cloud's side of a device's link, for tests: stores by the contract's own rule and answers with watermarks.

cloud = Cloud(broker, "cart-1")
group.start_soon(cloud.run)
await until(lambda: cloud.times("basket") == [1, 2, 3])
"""

from typing import TypeVar

from cloud_broker.bus.memory import MemoryBroker, MemoryBus
from cloud_broker.bus.port import Message
from firmware_specs import topics
from firmware_specs.batch import Batch, Mark, Verdict, Watermark, accept
from firmware_specs.events import Event
from firmware_specs.presence import Presence
from firmware_specs.wire import decode, encode

E = TypeVar("E", bound=Event)


class Cloud:
    """Stores what one device says; the next `deaf` batches are lost."""

    def __init__(self, broker: MemoryBroker, device: str) -> None:
        self._device = device
        self.bus = MemoryBus(broker, "cloud-ingest")
        self.marks: dict[str, Mark] = {}
        self.stored: dict[str, list[Event]] = {}
        self.presence: list[Presence] = []
        self.batches = 0
        self.lost = 0
        self.deaf = 0

    def times(self, stream: str) -> list[int]:
        """Return the times of a stream's events, in the order in which they were stored."""
        return [event.at_ms for event in self.stored.get(stream, [])]

    def said(self, of: type[E]) -> list[E]:
        """Return the events of one class, stream by stream."""
        return [event for events in self.stored.values() for event in events if isinstance(event, of)]

    async def run(self) -> None:
        """Listen until cancelled."""
        await self.bus.run((topics.ALL_EVENTS, topics.ALL_PRESENCE), self._take)

    async def _take(self, message: Message) -> None:
        if message.topic.endswith("/s"):
            self.presence.append(decode(message.payload, Presence))
            return
        self.batches += 1
        if self.deaf > 0:
            self.deaf -= 1
            return
        stream = topics.parse_upward(message.topic).stream
        batch = decode(message.payload, Batch)
        verdict = accept(
            self.marks.get(stream, Mark()),
            boot=batch.boot,
            first=batch.first,
            count=len(batch.events),
            head=batch.head,
        )
        if verdict.verdict is Verdict.FRESH:
            self.stored.setdefault(stream, []).extend(batch.events[verdict.skip :])
            self.lost += verdict.lost
        self.marks[stream] = verdict.mark
        mark = Watermark(stream=stream, boot=verdict.mark.boot, seq=verdict.mark.seq)
        await self.bus.publish(Message(topics.watermark(self._device), encode(mark)))
