"""The bus port, one suite on the broker in memory and on Mosquitto with certificates."""

import gc
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream, TaskGroup

from cloud_broker.bus.memory import MemoryBroker, MemoryBus, matches
from cloud_broker.bus.mqtt import Address, MqttBus
from cloud_broker.bus.port import Bus, BusRefusedError, BusUnavailableError, Message
from tests.parts import Broker, running_broker


@dataclass
class Place:
    """A broker of either kind."""

    bus: Callable[[str], Bus]
    kill: Callable[[], None]
    start: Callable[[], None]
    is_real: bool


@pytest.fixture(params=["memory", "mosquitto"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "memory":
        memory = MemoryBroker()
        yield Place(lambda name: MemoryBus(memory, name), memory.stop, memory.start, is_real=False)
        return
    with running_broker(tmp_path) as real:
        yield Place(lambda name: real_bus(real, name), real.kill, real.start, is_real=True)


def real_bus(broker: Broker, name: str) -> MqttBus:
    return MqttBus(broker.address(name), name, longest_backoff_s=0.3)


@dataclass
class Ear:
    """Collects what a bus hears."""

    heard: list[Message] = field(default_factory=list)
    links: list[bool] = field(default_factory=list)
    _news: anyio.Event = field(default_factory=anyio.Event)

    async def on_message(self, message: Message) -> None:
        self.heard.append(message)
        self._wake()

    async def on_link(self, is_up: bool) -> None:
        self.links.append(is_up)
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = anyio.Event()

    async def until(self, done: Callable[[], bool], within_s: float = 10) -> None:
        with anyio.fail_after(within_s):
            while not done():
                await self._news.wait()

    async def payloads(self, count: int) -> list[bytes]:
        await self.until(lambda: len(self.heard) >= count)
        return [message.payload for message in self.heard]


async def link(group: TaskGroup, bus: Bus, *filters: str) -> Ear:
    ear = Ear()
    group.start_soon(bus.run, filters, ear.on_message, ear.on_link)
    await ear.until(lambda: ear.links == [True])
    return ear


async def within(work: Callable[[TaskGroup], Awaitable[None]]) -> None:
    async with anyio.create_task_group() as group:
        await work(group)
        group.cancel_scope.cancel()


async def test_a_message_arrives_in_order_at_who_subscribed(place: Place) -> None:
    async def work(group: TaskGroup) -> None:
        bus = place.bus("cloud-api")
        ear = await link(group, bus, "aisle/1/d/+/u/#")
        for number in range(20):
            await bus.publish(Message("aisle/1/d/cart-1/u/price", b"%d" % number))
        await bus.publish(Message("aisle/1/d/cart-1/s", b"elsewhere"))
        assert await ear.payloads(20) == [b"%d" % number for number in range(20)]

    await within(work)


async def test_a_retained_message_waits_for_who_comes_later_and_an_empty_one_ends_it(place: Place) -> None:
    async def work(group: TaskGroup) -> None:
        bus = place.bus("cloud-api")
        await link(group, bus)
        await bus.publish(Message("aisle/1/g/demo/site", b"old", retain=True))
        await bus.publish(Message("aisle/1/g/demo/site", b"new", retain=True))
        late = await link(group, place.bus("cloud-test"), "aisle/1/g/#")
        assert await late.payloads(1) == [b"new"]
        await bus.publish(Message("aisle/1/g/demo/site", b"", retain=True))
        await late.payloads(2)
        later = await link(group, place.bus("cloud-ingest-1"), "aisle/1/g/#")
        await bus.publish(Message("aisle/1/g/demo/offers", b"only this"))
        assert await later.payloads(1) == [b"only this"]

    await within(work)


async def test_a_shared_subscription_gives_each_message_to_one_member(place: Place) -> None:
    async def work(group: TaskGroup) -> None:
        first = await link(group, place.bus("cloud-test"), "$share/g/aisle/1/d/+/u/+")
        second = await link(group, place.bus("cloud-ingest-1"), "$share/g/aisle/1/d/+/u/+")
        bus = place.bus("cloud-api")
        await link(group, bus)
        for number in range(40):
            await bus.publish(Message("aisle/1/d/cart-1/u/price", b"%d" % number))
        with anyio.fail_after(10):
            while len(first.heard) + len(second.heard) < 40:
                await anyio.sleep(0.02)
        both = [message.payload for message in first.heard + second.heard]
        assert sorted(both) == sorted(b"%d" % number for number in range(40))
        assert first.heard
        assert second.heard

    await within(work)


async def test_response_topic_correlation_and_content_type_travel_untouched(place: Place) -> None:
    async def work(group: TaskGroup) -> None:
        bus = place.bus("cloud-api")
        ear = await link(group, bus, "aisle/1/d/cart-1/n/#")
        asked = Message(
            "aisle/1/d/cart-1/n/c/x",
            b"{}",
            expiry_s=30,
            content_type="application/json",
            response_topic="aisle/1/d/cart-1/u/state",
            correlation=bytes(range(256)),
        )
        await bus.publish(asked)
        await ear.payloads(1)
        heard = ear.heard[0]
        assert (heard.content_type, heard.response_topic, heard.correlation) == (
            asked.content_type,
            asked.response_topic,
            asked.correlation,
        )
        assert heard.expiry_s is not None
        assert 0 < heard.expiry_s <= 30

    await within(work)


async def test_what_is_too_large_is_refused_with_its_size(place: Place) -> None:
    async def work(group: TaskGroup) -> None:
        bus = place.bus("cloud-api")
        await link(group, bus)
        with pytest.raises(BusRefusedError, match="300000 bytes"):
            await bus.publish(Message("aisle/1/svc/x", bytes(300_000)))

    await within(work)


async def test_publishing_without_a_link_says_so(place: Place) -> None:
    with pytest.raises(BusUnavailableError):
        await place.bus("cloud-api").publish(Message("aisle/1/svc/x", b"x"))


async def test_a_broker_that_dies_is_one_warning_and_its_return_one_info(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(group: TaskGroup) -> None:
        bus = place.bus("cloud-api")
        ear = await link(group, bus, "aisle/1/svc/#")
        place.kill()
        await ear.until(lambda: ear.links == [True, False])
        with pytest.raises(BusUnavailableError):
            await bus.publish(Message("aisle/1/svc/x", b"lost"))
        await anyio.sleep(1.0)
        place.start()
        await ear.until(lambda: ear.links == [True, False, True])
        await bus.publish(Message("aisle/1/svc/x", b"found"))
        assert await ear.payloads(1) == [b"found"]

    with caplog.at_level(logging.INFO):
        await within(work)
    if place.is_real:
        said = [record.levelname for record in caplog.records if record.name == "cloud_broker.bus.mqtt"]
        assert said == ["WARNING", "INFO"]


async def test_a_device_cannot_speak_for_another_and_the_refusal_is_logged(broker: Broker) -> None:
    async def work(group: TaskGroup) -> None:
        cloud = await link(group, real_bus(broker, "cloud-api"), "aisle/1/d/+/u/+")
        # The client id asked for is the victim's; the broker puts the certificate's name in its place.
        thief = MqttBus(broker.address("cart-2"), "cart-1")
        victim = await link(group, real_bus(broker, "cart-1"), "aisle/1/d/cart-1/n/#")
        await link(group, thief, "aisle/1/d/cart-1/n/#")
        await thief.publish(Message("aisle/1/d/cart-1/u/price", b"forged"))
        await thief.publish(Message("aisle/1/d/cart-2/u/price", b"own"))
        assert await cloud.payloads(1) == [b"own"]
        assert victim.links == [True]

    await within(work)
    assert broker.log is not None
    denied = [line for line in broker.log.read_text().splitlines() if "Denied PUBLISH from cart-2" in line]
    assert len(denied) == 1
    assert "aisle/1/d/cart-1/u/price" in denied[0]


async def test_a_device_hears_only_what_is_meant_for_it(broker: Broker) -> None:
    async def work(group: TaskGroup) -> None:
        spy = await link(group, real_bus(broker, "cart-2"), "#")
        cloud = real_bus(broker, "cloud-api")
        await link(group, cloud)
        await cloud.publish(Message("aisle/1/d/cart-1/n/c/x", b"not yours"))
        await cloud.publish(Message("aisle/1/svc/ingested", b"not yours"))
        await cloud.publish(Message("aisle/1/d/cart-2/n/c/y", b"yours"))
        assert await spy.payloads(1) == [b"yours"]
        await anyio.sleep(0.2)
        assert len(spy.heard) == 1

    await within(work)


async def test_without_a_certificate_of_ours_nobody_comes_in(broker: Broker) -> None:
    ear = Ear()
    stranger = MqttBus(Address("127.0.0.1", broker.mosquitto.port), "cart-1", longest_backoff_s=0.2)
    with anyio.move_on_after(1.0):
        await stranger.run(("#",), ear.on_message, ear.on_link)
    assert ear.links == []


async def test_a_handshake_that_is_cut_leaves_no_socket_open(broker: Broker) -> None:
    cut = 0

    async def hang_up(stream: SocketStream) -> None:
        nonlocal cut
        await stream.aclose()
        cut += 1

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        port = listener.extra(SocketAttribute.local_port)
        tls = broker.address("cart-1").tls
        group.start_soon(listener.serve, hang_up)
        bus = MqttBus(Address("127.0.0.1", port, tls), "cart-1", longest_backoff_s=0.1)
        group.start_soon(bus.run, (), Ear().on_message)
        with anyio.fail_after(10):
            while cut < 3:
                await anyio.sleep(0.02)
        group.cancel_scope.cancel()
    # A socket left open would warn when it is collected, and a warning is an error here.
    gc.collect()


async def test_a_will_says_that_a_device_is_gone_and_a_quick_return_cancels_it(broker: Broker) -> None:
    topic = "aisle/1/d/cart-1/s"

    def bus() -> MqttBus:
        return MqttBus(
            broker.address("cart-1"), "cart-1", will=lambda: Message(topic, b"gone", retain=True), will_delay_s=1
        )

    async def work(group: TaskGroup) -> None:
        cloud = await link(group, real_bus(broker, "cloud-api"), "aisle/1/d/+/s")
        async with anyio.create_task_group() as device:
            await link(device, bus())
            device.cancel_scope.cancel()
        await anyio.sleep(1.6)
        # A cancelled bus says DISCONNECT: that is no reason for a will.
        assert [message.payload for message in cloud.heard] == []

    await within(work)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a/b/c/d", False),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "$SYS/x", False),
        ("+/b", "$SYS/b", False),
        ("a/b", "a/b", True),
        ("a/b", "a/bc", False),
    ],
)
def test_filters_match_as_the_standard_says(topic_filter: str, topic: str, expected: bool) -> None:
    assert matches(topic_filter, topic) is expected
