"""The link to the cloud: birth and will, batches up until a watermark covers them, verified messages down.

One batch of each stream is under way at a time, always from the stream's head; it is sent again when no
watermark came, and at once when the link is back. Nothing rests on the broker's acknowledgement.
"""

import logging
import random
from collections.abc import Callable

import anyio
from anyio.abc import TaskStatus

from cloud_broker.bus.port import Bus, BusError, BusRefusedError, BusUnavailableError, Message
from edge_agent.downward import Downward, DownwardRefusedError, Reader
from edge_agent.outbox import Outbox
from firmware_specs import topics
from firmware_specs.batch import Watermark
from firmware_specs.presence import Presence
from firmware_specs.wire import encode

logger = logging.getLogger(__name__)

BATCH_EVENTS = 500
BATCH_BYTES = 200_000
LONGEST_RETRANSMIT_S = 30.0
JSON = "application/json"


class Link:
    """One device's link.

    Args:
        make_bus: returns the bus, given the last will to leave with the broker.
        outbox: what goes up.
        reader: what may come down.
        receive: takes what came down, in order; must not wait.
        on_fault: hears of a fault by name, with its detail, and with None when it is over.
        on_change: called when the link comes or goes.
        now_ms: UTC milliseconds.
        kind, agent_version: what the birth tells.
        share_url: where the device shares blobs; empty while it does not.
        retransmit_s: the first wait for a watermark; doubled at each further one, up to 30 s.
    """

    def __init__(
        self,
        make_bus: Callable[[Callable[[], Message]], Bus],
        outbox: Outbox,
        reader: Reader,
        receive: Callable[[Downward], None],
        *,
        on_fault: Callable[[str, str | None], None],
        now_ms: Callable[[], int],
        kind: str,
        agent_version: str,
        on_change: Callable[[], None] = lambda: None,
        retransmit_s: float = 3.0,
        share_url: Callable[[], str] = str,
    ) -> None:
        self._outbox = outbox
        self._reader = reader
        self._receive = receive
        self._on_fault = on_fault
        self._on_change = on_change
        self._now_ms = now_ms
        self._kind = kind
        self._agent_version = agent_version
        self._retransmit_s = retransmit_s
        self._share_url = share_url
        self._session = 0
        self._bad: set[str] = set()
        self._up, self._down = anyio.Event(), anyio.Event()
        self._bus = make_bus(self._will)
        self.is_up = False
        self.refused = 0
        """How many messages from above were malformed or unsigned."""

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Stay linked until cancelled, then say that the device leaves."""
        async with anyio.create_task_group() as group:
            # The bus outlives the senders by a moment, so that leaving can still be said.
            leaving = anyio.CancelScope(shield=True)
            group.start_soon(self._stay, leaving, name="link bus")
            task_status.started()
            try:
                await self._send_while_up()
            finally:
                if self.is_up:
                    with anyio.move_on_after(1, shield=True):
                        await self._say_presence(is_online=False)
                leaving.cancel()

    async def _stay(self, scope: anyio.CancelScope) -> None:
        with scope:
            await self._bus.run(self._reader.filters, self._on_message, self._on_link)

    # ---- who is there

    def _presence(self, *, is_online: bool, session: int) -> Message:
        said = Presence(
            online=is_online,
            boot=self._outbox.boot,
            session=session,
            kind=self._kind,
            agent_version=self._agent_version,
            at_ms=self._now_ms(),
            share_url=self._share_url(),
        )
        return Message(topics.presence(self._reader.device), encode(said), retain=True, content_type=JSON)

    def _will(self) -> Message:
        # Of the session that is about to be born.
        return self._presence(is_online=False, session=self._session + 1)

    async def _say_presence(self, *, is_online: bool) -> None:
        try:
            await self._bus.publish(self._presence(is_online=is_online, session=self._session))
        except BusError as exc:
            logger.debug("presence was not said: %s", exc)

    async def _on_link(self, is_up: bool) -> None:
        self.is_up = is_up
        if is_up:
            self._session += 1
            await self._say_presence(is_online=True)
            self._down = anyio.Event()
            self._up.set()
        else:
            self._up = anyio.Event()
            self._down.set()
        self._on_change()

    # ---- up

    async def _send_while_up(self) -> None:
        while True:
            await self._up.wait()
            down = self._down
            async with anyio.create_task_group() as group:
                for stream in self._outbox.streams:
                    group.start_soon(self._send, stream, name=f"send {stream}")
                await down.wait()
                group.cancel_scope.cancel()

    async def _send(self, stream: str) -> None:
        linger_s = self._outbox.streams[stream].linger_ms / 1000
        wait_s = self._retransmit_s
        topic = topics.upward(self._reader.device, stream)
        while True:
            await self._outbox.wait_sendable(stream)
            if self._outbox.waiting(stream) < BATCH_EVENTS:
                await anyio.sleep(linger_s)
            packed = await self._outbox.batch(stream, max_events=BATCH_EVENTS, max_bytes=BATCH_BYTES)
            if packed is None:
                # Dropped meanwhile, or the disk refuses to be read: neither is over at once.
                await anyio.sleep(0.2)
                continue
            try:
                await self._bus.publish(Message(topic, packed.payload, content_type=JSON))
                self._on_fault("broker-refuses", None)
            except BusUnavailableError as exc:
                logger.debug("stream %s waits for the link: %s", stream, exc)
            except BusRefusedError as exc:
                self._on_fault("broker-refuses", f"the broker refuses stream {stream}: {exc}")
            with anyio.move_on_after(wait_s * random.uniform(0.8, 1.2)):
                await self._outbox.wait_past(stream, packed.last)
            if self._outbox.head(stream) > packed.first:
                wait_s = self._retransmit_s
            else:
                wait_s = min(2 * wait_s, LONGEST_RETRANSMIT_S)

    # ---- down

    async def _on_message(self, message: Message) -> None:
        # A command's topic is its own: only what may come again on the same topic can be put right there.
        place = message.topic.rsplit("/", 1)[0] if "/n/c/" in message.topic else message.topic
        try:
            said = self._reader.read(message)
        except DownwardRefusedError as exc:
            self.refused += 1
            self._bad.add(place)
            self._on_fault("bad-message", f"{message.topic}: {exc}")
            return
        self._bad.discard(place)
        if not self._bad:
            self._on_fault("bad-message", None)
        match said:
            case None:
                pass
            case Watermark():
                self._outbox.acknowledge(said)
            case _:
                self._receive(said)
