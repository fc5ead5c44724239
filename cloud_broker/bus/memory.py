"""A broker in memory behind the same port, for tests and dry runs: retained, wildcards, `$share`, stop and start.

broker = MemoryBroker()
bus = MemoryBus(broker, "cart-1")
async with create_task_group() as group:
    group.start_soon(bus.run, ["aisle/1/d/cart-1/n/#"], on_message)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from cloud_broker.bus.port import BusRefusedError, BusUnavailableError, Message, OnLink, OnMessage, ignore_link
from firmware_specs.wire import MAX_MESSAGE_BYTES


def matches(topic_filter: str, topic: str) -> bool:
    """Return whether a topic matches a filter (MQTT 5, 4.7)."""
    wanted, parts = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for place, want in enumerate(wanted):
        if want == "#":
            return True
        if place >= len(parts) or want not in ("+", parts[place]):
            return False
    return len(wanted) == len(parts)


@dataclass(eq=False)
class _Member:
    client: str
    filters: tuple[str, ...]
    inbox: MemoryObjectSendStream[Message]


@dataclass
class MemoryBroker:
    """All that a set of `MemoryBus` share; `stop` cuts every link until `start`."""

    members: list[_Member] = field(default_factory=list)
    retained: dict[str, Message] = field(default_factory=dict)
    is_up: bool = True
    changed: anyio.Event = field(default_factory=anyio.Event)
    turn: dict[str, int] = field(default_factory=dict)

    def stop(self) -> None:
        """Cut every link."""
        self._set(is_up=False)

    def start(self) -> None:
        """Let clients connect again."""
        self._set(is_up=True)

    def _set(self, *, is_up: bool) -> None:
        self.is_up = is_up
        self.changed.set()
        self.changed = anyio.Event()

    def publish(self, message: Message) -> None:
        """Deliver to every matching subscription, once to one member of each shared group."""
        if message.retain:
            if message.payload:
                self.retained[message.topic] = message
            else:
                self.retained.pop(message.topic, None)
        live = replace(message, retain=False)
        groups: dict[str, list[_Member]] = {}
        for member in tuple(self.members):
            for topic_filter in member.filters:
                if topic_filter.startswith("$share/"):
                    _, group, plain = topic_filter.split("/", 2)
                    if matches(plain, message.topic):
                        groups.setdefault(f"{group}/{plain}", []).append(member)
                elif matches(topic_filter, message.topic):
                    member.inbox.send_nowait(live)
                    break
        for name, candidates in groups.items():
            self.turn[name] = self.turn.get(name, -1) + 1
            candidates[self.turn[name] % len(candidates)].inbox.send_nowait(live)


class MemoryBus:
    """A `Bus` on a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker, client_id: str) -> None:
        self._broker = broker
        self._client_id = client_id
        self._is_linked = False

    async def run(self, filters: Sequence[str], on_message: OnMessage, on_link: OnLink = ignore_link) -> None:
        """See `Bus.run`."""
        broker = self._broker
        while True:
            while not broker.is_up:
                await broker.changed.wait()
            send, receive = anyio.create_memory_object_stream[Message](100_000)
            member = _Member(self._client_id, tuple(filters), send)
            broker.members.append(member)
            self._is_linked = True
            try:
                for topic, message in tuple(broker.retained.items()):
                    if any(matches(topic_filter, topic) for topic_filter in filters):
                        send.send_nowait(message)
                async with anyio.create_task_group() as group, receive:
                    group.start_soon(self._watch, group.cancel_scope)
                    await on_link(True)
                    async for message in receive:
                        await on_message(message)
            finally:
                self._is_linked = False
                broker.members.remove(member)
                send.close()
            await on_link(False)

    async def _watch(self, scope: anyio.CancelScope) -> None:
        while self._broker.is_up:
            await self._broker.changed.wait()
        scope.cancel()

    async def publish(self, message: Message) -> None:
        """See `Bus.publish`."""
        if len(message.payload) > MAX_MESSAGE_BYTES:
            raise BusRefusedError(f"{message.topic}: {len(message.payload)} bytes, at most {MAX_MESSAGE_BYTES}")
        if not self._is_linked or not self._broker.is_up:
            raise BusUnavailableError("the memory broker is stopped")
        self._broker.publish(message)
        await anyio.lowlevel.checkpoint()
