"""A whole store for measurements: broker with certificates, cloud, ingest, gateway, and crowds of tills."""

import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
from sqlalchemy import insert

from cloud_broker.accounts import add_account
from cloud_broker.bus.acl import cloud_acl
from cloud_broker.bus.mosquitto import BrokerFailedError, Mosquitto, free_port, program
from cloud_broker.bus.mqtt import Tls
from cloud_broker.demo.people import Visitor
from cloud_broker.demo.process import Child, command_path
from cloud_broker.labels.plan import publish_plan
from cloud_broker.prices.book import publish_book
from cloud_broker.registry.authority import open_keys
from cloud_broker.registry.claims import make_claim
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import publish_roster
from cloud_broker.state.engine import make_engine, migrate
from cloud_broker.state.tables import products, stores
from firmware_specs.gtin import normal, with_check_digit
from tests.bench.frame import MissingPartError, say

STORE = "bench"
CLIENTS = ("cloud-api", "cloud-ingest-1")
PRODUCTS = 1000
PRICE_MINOR = 1000


def gtin(number: int) -> str:
    """Return the normal form of the number-th product's GTIN."""
    return normal(with_check_digit(f"690{number:09d}"))


@dataclass(frozen=True, slots=True)
class Store:
    """A store that runs; the manager is signed in."""

    folder: Path
    url: str
    manager: Visitor

    @property
    def database(self) -> str:
        """The cloud's database."""
        return f"sqlite:///{self.folder / 'cloud' / 'state.db'}"

    def claims(self, kind: str, count: int) -> list[str]:
        """Let `count` devices of a kind in."""
        engine = make_engine(self.database)
        with engine.begin() as connection:
            made = [
                make_claim(connection, store=STORE, kind=kind, name=f"{kind} {n}", by="bench") for n in range(count)
            ]
        engine.dispose()
        return [claim.code for claim in made]


@asynccontextmanager
async def store(folder: Path, *, tills: int, crowds: int) -> AsyncIterator[Store]:
    """Yield a store with one gateway and so many tills, spread over so many processes; all are enrolled and up."""
    try:
        program()
    except BrokerFailedError as exc:
        raise MissingPartError(str(exc)) from exc
    ports = {name: free_port() for name in ("broker", "pages", "gateway", "local")}
    url = f"http://127.0.0.1:{ports['pages']}"
    password = secrets.token_urlsafe(9)
    say("filling the cloud and starting it")
    await anyio.to_thread.run_sync(_fill, folder, ports, password)
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(anyio.create_task_group())
        stack.callback(group.cancel_scope.cancel)
        keys = folder / "cloud" / "keys"
        tls = Tls(keys / "ca.crt", keys / "broker.crt", keys / "broker.key")
        mosquitto = Mosquitto(folder / "broker", ports["broker"], tls, cloud_acl(CLIENTS), watch_denied=False)
        await group.start(mosquitto.run)
        config = ["--config", str(folder / "cloud.toml")]
        await _child(stack, folder, "cloud", [command_path("cloud-broker"), "serve", *config])
        await _child(stack, folder, "ingest", [command_path("cloud-broker"), "ingest", "--worker", "1", *config])
        manager = await stack.enter_async_context(Visitor(url, "manager", password))
        found = Store(folder, url, manager)
        say("enrolling and starting the gateway")
        await _child(
            stack, folder, "gateway", _crowd(folder, "gateway", url, found.claims("gateway", 1), ports["gateway"])
        )
        say(f"enrolling and starting {tills} tills")
        claims = found.claims("till", tills)
        async with anyio.create_task_group() as starting:
            for number in range(crowds):
                name = f"tills-{number}"
                starting.start_soon(_child, stack, folder, name, _crowd(folder, name, url, claims[number::crowds]))
        yield found


async def _child(stack: AsyncExitStack, folder: Path, name: str, words: Sequence[str]) -> None:
    child = Child(name, list(words), folder / f"{name}.log", ready_s=240)
    stack.push_async_callback(child.stop)
    await child.start()


def _crowd(folder: Path, name: str, url: str, claims: Sequence[str], http_port: int = 0) -> list[str]:
    place = folder / name
    place.mkdir()
    (place / "claims").write_text("\n".join(claims))
    words = ["--cloud", url, "--claims", str(place / "claims"), "--folder", str(place), "--http-port", str(http_port)]
    return [sys.executable, "-m", "tests.bench.crowd", *words]


def _fill(folder: Path, ports: dict[str, int], password: str) -> None:
    cloud = folder / "cloud"
    cloud.mkdir(parents=True)
    (folder / "cloud.toml").write_text(
        f'folder = "{cloud}"\n[broker]\naddress = "127.0.0.1:{ports["broker"]}"\n[http]\nport = {ports["pages"]}\n'
    )
    keys = open_keys(cloud / "keys")
    for client in CLIENTS:
        keys.ensure_process(client)
    keys.ensure_process("broker", server=True)
    engine = make_engine(f"sqlite:///{cloud / 'state.db'}")
    migrate(engine)
    publisher = Publisher.at(cloud, keys.signer)
    with engine.begin() as connection:
        connection.execute(
            insert(stores).values(
                id=STORE,
                name={"en": "Bench", "zh": "测量店"},
                currency="CNY",
                gateway_url=f"http://127.0.0.1:{ports['gateway']}",
                local_broker=f"127.0.0.1:{ports['local']}",
            )
        )
        add_account(connection, "manager", password, "manager", [STORE])
        connection.execute(insert(products), [_product(number) for number in range(PRODUCTS)])
        publish_plan(connection, publisher, STORE)
        publish_roster(connection, publisher, STORE)
        publish_book(connection, publisher, STORE, by="bench", reason="the first book")
    engine.dispose()


def _product(number: int) -> dict[str, object]:
    return {
        "store": STORE,
        "gtin": gtin(number),
        "name": {"en": f"Product {number}", "zh": f"商品{number}"},
        "search": f"product {number} {gtin(number)}",
        "category": "grocery",
        "unit": "piece",
        "price_minor": PRICE_MINOR,
        "floor_minor": PRICE_MINOR,
        "book_version": 1,
        "row_version": 1,
    }
