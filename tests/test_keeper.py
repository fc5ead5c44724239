"""The keeper: the cloud's broker beside a cloud that serves; what the broker refuses is seen by HQ."""

import logging
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import anyio
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cloud_broker.accounts import add_account
from cloud_broker.bus.memory import MemoryBroker, MemoryBus
from cloud_broker.bus.mosquitto import BrokerFailedError, Mosquitto, free_port, program
from cloud_broker.bus.mqtt import Address, MqttBus, Tls
from cloud_broker.bus.port import Message
from cloud_broker.demo.process import Child, command_path
from cloud_broker.fleet.keeper import MOST_UNTOLD, Keeper, make_keeper
from cloud_broker.fleet.security import SecurityNotice
from cloud_broker.registry.authority import Keys, open_keys
from cloud_broker.settings import Broker, Http, Settings, load
from cloud_broker.state.engine import make_engine, migrate
from firmware_specs import topics
from firmware_specs.wire import decode

HOST = "127.0.0.2"
"""On loopback, but no name that every server certificate carries."""


@pytest.fixture(autouse=True)
def _mosquitto() -> None:
    try:
        program()
    except BrokerFailedError as exc:
        pytest.skip(f"missing: {exc}")


def a_device(keys: Keys, name: str) -> Tls:
    """Return the certificate of a device, as enrolment would have given it."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    paths = Tls(keys.folder / "ca.crt", keys.folder / f"{name}.pem", keys.folder / f"{name}.key")
    paths.key.write_bytes(pem)
    paths.cert.write_bytes(keys.authority.issue(name, key.public_key(), life=timedelta(days=1)))
    return paths


async def publish(address: Address, client: str, *messages: Message) -> None:
    """Say something as a client, once it is linked."""
    bus = MqttBus(address, client, longest_backoff_s=0.2)
    linked = anyio.Event()

    async def on_link(_: bool) -> None:
        linked.set()

    async with anyio.create_task_group() as group:
        group.start_soon(bus.run, (), _ignore, on_link)
        await linked.wait()
        for message in messages:
            await bus.publish(message)
        group.cancel_scope.cancel()


async def _ignore(_: Message) -> None:
    return


async def test_a_device_that_speaks_for_another_is_seen_by_hq_without_any_demo(tmp_path: Path) -> None:
    broker, pages = free_port(), free_port()
    config = tmp_path / "cloud.toml"
    config.write_text(
        f'folder = "{tmp_path / "cloud"}"\n[broker]\naddress = "{HOST}:{broker}"\n[http]\nport = {pages}\n'
    )
    settings = load(config)
    settings.folder.mkdir()
    engine = make_engine(settings.url)
    migrate(engine)
    with engine.begin() as connection:
        add_account(connection, "hq", "correct horse", "hq", ["*"])
    engine.dispose()
    command = [command_path("cloud-broker")]
    # Both at once, on a folder without keys: they must agree on one authority.
    parts = [
        Child(name, [*command, name, "--config", str(config)], tmp_path / f"{name}.log") for name in ("broker", "serve")
    ]
    try:
        async with anyio.create_task_group() as group:
            for part in parts:
                group.start_soon(part.start)
        tls = a_device(open_keys(settings.folder / "keys"), "cart-9")
        wrong = Message(topics.upward("cart-1", "price"), b"{}")
        await publish(Address(HOST, broker, tls), "cart-9", wrong, Message(topics.upward("cart-9", "price"), b"{}"))
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{pages}", headers={"x-aisle": "1"}) as hq:
            await hq.post("/api/session", json={"name": "hq", "password": "correct horse"})
            events: list[dict[str, str]] = []
            with anyio.move_on_after(10):
                while not events:
                    events = (await hq.get("/api/security")).json()
                    await anyio.sleep(0.1)
    finally:
        for part in parts:
            await part.stop()
    (event,) = events
    assert (event["device"], event["kind"]) == ("cart-9", "topic-refused")
    assert event["detail"] == "cart-9 tried to publish on aisle/1/d/cart-1/u/price"


async def test_a_broker_that_dies_is_started_again_and_that_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(folder=tmp_path, broker=Broker(address=f"127.0.0.1:{free_port()}"))
    keys = open_keys(tmp_path / "keys")
    keeper = make_keeper(settings, keys)
    address = Address.parse(settings.broker.address, a_device(keys, "cart-9"))
    with caplog.at_level(logging.INFO, logger="cloud_broker.fleet.keeper"):
        async with anyio.create_task_group() as group:
            await group.start(keeper.run)
            keeper.kill()
            with anyio.fail_after(20):
                while "the broker is back" not in caplog.text:
                    await anyio.sleep(0.05)
            await publish(address, "cart-9", Message(topics.presence("cart-9"), b"{}"))
            group.cancel_scope.cancel()
    said = [record.getMessage() for record in caplog.records if record.name == "cloud_broker.fleet.keeper"]
    assert said == [
        f"mosquitto on port {address.port} ended with status -9; starting it again",
        f"the broker is back on port {address.port}",
    ]


@pytest.mark.parametrize(("listen", "port_is_taken"), [("127.0.0.1", True), ("192.0.2.1", False)])
async def test_a_broker_that_cannot_start_ends_the_command_with_the_reason(
    tmp_path: Path, listen: str, port_is_taken: bool
) -> None:
    port = free_port()
    config = tmp_path / "cloud.toml"
    config.write_text(f'folder = "{tmp_path}"\n[broker]\naddress = "127.0.0.1:{port}"\n')
    async with AsyncExitStack() as stack:
        if port_is_taken:
            await stack.enter_async_context(await anyio.create_tcp_listener(local_host=listen, local_port=port))
        command = [command_path("cloud-broker"), "broker", "--config", str(config), "--listen", listen]
        result = await anyio.run_process(command, check=False)
    assert result.returncode == 1
    assert f"mosquitto cannot listen on {listen} port {port}".encode() in result.stderr
    assert b"Traceback" not in result.stderr


async def test_refusals_wait_while_the_link_is_away_and_a_flood_is_counted(tmp_path: Path) -> None:
    broker = MemoryBroker()
    broker.stop()
    keeper = Keeper(Mosquitto(tmp_path, 1, None), MemoryBus(broker, "cloud-keeper"))
    heard: list[SecurityNotice] = []

    async def on_message(message: Message) -> None:
        heard.append(decode(message.payload, SecurityNotice))

    for number in range(MOST_UNTOLD + 5):
        keeper._on_denied(f"Denied PUBLISH from cart-{number} (d0, q1, r0, m1, 'aisle/1/d/x/s', ... (2 bytes))")
    keeper._on_denied("Denied PUBLISH and something that nobody can read")
    async with anyio.create_task_group() as group:
        group.start_soon(MemoryBus(broker, "cloud-api").run, [topics.SECURITY], on_message)
        group.start_soon(keeper.report)
        await anyio.sleep(0.1)
        assert heard == []
        broker.start()
        with anyio.fail_after(20):
            while len(heard) < MOST_UNTOLD:
                await anyio.sleep(0.05)
        group.cancel_scope.cancel()
    assert [notice.device for notice in heard] == [f"cart-{number}" for number in range(MOST_UNTOLD)]
    assert keeper.dropped == 5


def test_a_server_certificate_is_made_anew_for_a_host_that_it_does_not_name(tmp_path: Path) -> None:
    keys = open_keys(tmp_path)
    keys.ensure_process("broker", server=True)
    first, key = (tmp_path / "broker.crt").read_bytes(), (tmp_path / "broker.key").read_bytes()
    keys.ensure_process("broker", server=True, hosts=("127.0.0.1",))
    assert (tmp_path / "broker.crt").read_bytes() == first
    keys.ensure_process("broker", server=True, hosts=("192.168.1.5", "shop.example"))
    assert (tmp_path / "broker.crt").read_bytes() != first
    assert (tmp_path / "broker.key").read_bytes() == key


def test_an_address_that_is_none_is_named(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path, broker=Broker(address="nowhere"), http=Http(port=0))
    with pytest.raises(ValueError, match="expected host:port"):
        make_keeper(settings, open_keys(tmp_path / "keys"))
