"""`cloud-broker …`: the cloud's commands. Each loads only what it needs, when it is called."""

import argparse
import json
import logging
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio

from cloud_broker.failures import leaves
from cloud_broker.prices.arguments import price_commands
from cloud_broker.settings import Settings, SettingsError, load


def _settings(arguments: argparse.Namespace) -> Settings:
    return load(Path(arguments.config)) if arguments.config else Settings()


def _until_signalled(work: Callable[[], Awaitable[None]]) -> None:
    """Run until SIGINT or SIGTERM, then end every task in order."""

    async def main() -> None:
        async with anyio.create_task_group() as group:

            async def watch() -> None:
                with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                    async for _ in signals:
                        group.cancel_scope.cancel()
                        return

            group.start_soon(watch, name="signals")
            await work()
            group.cancel_scope.cancel()

    anyio.run(main)


def _serve(arguments: argparse.Namespace) -> int:
    from cloud_broker.serve import Cloud

    cloud = Cloud(_settings(arguments))

    async def work() -> None:
        async with anyio.create_task_group() as group:
            port = await group.start(cloud.run)
            sys.stdout.write(json.dumps({"ready": True, "url": f"http://{cloud.settings.http.host}:{port}"}) + "\n")
            sys.stdout.flush()

    _until_signalled(work)
    return 0


def _broker(arguments: argparse.Namespace) -> int:
    from cloud_broker.bus.mosquitto import BrokerFailedError
    from cloud_broker.fleet.keeper import make_keeper
    from cloud_broker.registry.authority import open_keys

    settings = _settings(arguments)
    try:
        keeper = make_keeper(settings, open_keys(settings.folder / "keys"), listen=arguments.listen)
    except ValueError as exc:
        raise SettingsError(f"broker.address: {exc}") from exc

    async def work() -> None:
        async with anyio.create_task_group() as group:
            await group.start(keeper.run)
            sys.stdout.write(json.dumps({"ready": True, "broker": settings.broker.address}) + "\n")
            sys.stdout.flush()

    failures: list[BaseException] = []
    try:
        _until_signalled(work)
    except* BrokerFailedError as failed:
        failures += leaves(failed)
    for failure in failures:
        sys.stderr.write(f"{failure}\n")
    return 1 if failures else 0


def _worker(text: str) -> int:
    from cloud_broker.fleet.keeper import INGEST_WORKERS

    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= INGEST_WORKERS:
        raise argparse.ArgumentTypeError(
            f"{text!r}: a whole number from 1 to {INGEST_WORKERS}, as the broker knows them"
        )
    return int(text)


def _ingest(arguments: argparse.Namespace) -> int:
    from cloud_broker.bus.mqtt import Address
    from cloud_broker.ingest.journal import Journal
    from cloud_broker.ingest.worker import Worker
    from cloud_broker.registry.authority import open_keys
    from cloud_broker.state.engine import make_engine, migrate

    settings = _settings(arguments)
    client = f"cloud-ingest-{arguments.worker}"
    if not settings.broker.plain:
        open_keys(settings.folder / "keys").ensure_process(client)
    engine = make_engine(settings.url)
    migrate(engine)
    worker = Worker(Address.parse(settings.broker.address, settings.tls(client)), client, Journal(engine))

    async def work() -> None:
        async with anyio.create_task_group() as group:
            await group.start(worker.run)
            sys.stdout.write(json.dumps({"ready": True, "worker": client}) + "\n")
            sys.stdout.flush()

    _until_signalled(work)
    sys.stdout.write(json.dumps(worker.counted) + "\n")
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    from cloud_broker.state.engine import make_engine, migrate

    settings = _settings(arguments)
    settings.folder.mkdir(parents=True, exist_ok=True)
    migrate(make_engine(settings.url))
    return 0


def _account(arguments: argparse.Namespace) -> int:
    import getpass
    import os

    from cloud_broker.accounts import AccountError, add_account
    from cloud_broker.state.engine import make_engine, migrate

    settings = _settings(arguments)
    password = os.environ.get("AISLE_PASSWORD") or getpass.getpass(f"password for {arguments.name}: ")
    engine = make_engine(settings.url)
    migrate(engine)
    try:
        with engine.begin() as connection:
            add_account(connection, arguments.name, password, arguments.role, arguments.store or ["*"])
    except AccountError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    return 0


def _store(arguments: argparse.Namespace) -> int:
    from cloud_broker.registry.authority import open_keys
    from cloud_broker.registry.desired import Publisher
    from cloud_broker.state.engine import make_engine, migrate
    from cloud_broker.stores.files import StoreFileError, read_store
    from cloud_broker.stores.opening import StoreExistsError, open_store

    settings = _settings(arguments)
    try:
        store = read_store(Path(arguments.file))
        settings.folder.mkdir(parents=True, exist_ok=True)
        keys = open_keys(settings.folder / "keys")
        publisher = Publisher.at(settings.folder, keys.signer)
        engine = make_engine(settings.url)
        migrate(engine)
        with engine.begin() as connection:
            open_store(connection, publisher, store)
        engine.dispose()
    except (StoreFileError, StoreExistsError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    counted = {"products": len(store.products), "labels": len(store.labels), "beacons": len(store.site.beacons)}
    sys.stdout.write(json.dumps({"store": store.head.id, **counted}) + "\n")
    return 0


def _codes(arguments: argparse.Namespace) -> int:
    from cloud_broker.registry.authority import open_keys
    from cloud_broker.registry.desired import Publisher
    from cloud_broker.registry.devices import UnknownError
    from cloud_broker.state.engine import make_engine, migrate
    from cloud_broker.stores.codes import publish_codes
    from cloud_broker.stores.files import StoreFileError, read_codes

    settings = _settings(arguments)
    try:
        profile = read_codes(Path(arguments.file)).profile(arguments.store)
        publisher = Publisher.at(settings.folder, open_keys(settings.folder / "keys").signer)
        engine = make_engine(settings.url)
        migrate(engine)
        with engine.begin() as connection:
            version = publish_codes(connection, publisher, profile)
        engine.dispose()
    except (StoreFileError, UnknownError) as exc:
        sys.stderr.write(f"{exc.args[0]}\n")
        return 2
    said = {"store": arguments.store, "version": version, "patterns": len(profile.patterns)}
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


def _watch(arguments: argparse.Namespace) -> int:
    from cloud_broker.bus.watch import watch
    from cloud_broker.registry.authority import open_keys

    settings = _settings(arguments)
    if not settings.broker.plain:
        open_keys(settings.folder / "keys").ensure_process("cloud-watch")
    return watch(settings.broker.address, settings.tls("cloud-watch"), arguments.filter, sys.stdout.write)


def _prices(arguments: argparse.Namespace) -> int:
    from cloud_broker.prices.command import run

    return run(arguments, _settings(arguments))


def _demo(arguments: argparse.Namespace) -> int:
    from cloud_broker.demo.command import run_demo

    return run_demo(arguments)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="cloud-broker", description="Aisle's cloud side")
    sub = parser.add_subparsers(dest="command", required=True)

    def add(name: str, about: str, run: Callable[[argparse.Namespace], int], within: Any = sub) -> ArgumentParser:
        one: ArgumentParser = within.add_parser(name, help=about, description=about)
        one.add_argument("--config", help="settings in TOML")
        one.set_defaults(run=run)
        return one

    add("serve", "API, pages, projector and dispatcher", _serve)
    broker = add("broker", "the cloud's MQTT broker (Mosquitto) with our rights and certificates, watched", _broker)
    broker.add_argument("--listen", default="", help="address to listen on; the host of broker.address when not given")
    ingest = add("ingest", "an ingest worker", _ingest)
    ingest.add_argument(
        "--worker", type=_worker, default=1, help="a number of its own from 1 to 32, the same after a restart"
    )
    add("migrate", "bring the database up to date", _migrate)
    account = add(
        "account", "add a person, or change one; the password comes from AISLE_PASSWORD or a prompt", _account
    )
    account.add_argument("name")
    account.add_argument("--role", required=True, choices=["shopper", "manager", "tech", "hq", "supplier"])
    account.add_argument("--store", action="append", help="a store of theirs; all when not given")
    store = sub.add_parser("store", help="the stores that the cloud knows").add_subparsers(dest="deed", required=True)
    new_store = add("add", "open a store from a store file and the tables it names, all or nothing", _store, store)
    new_store.add_argument(
        "file", help="TOML or JSON: id, name, currency, site, products, labels, gateway_url, local_broker, codes"
    )
    codes = add("codes", "say how a store's scales print their codes, in place of what was said before", _codes, store)
    codes.add_argument("store")
    codes.add_argument("file", help="TOML or JSON: sets (china-13, china-18), patterns, currency_number, minor_digits")
    price_commands(sub, add, _prices)
    watcher = add("watch", "print what travels on the bus, one JSON line a message", _watch)
    watcher.add_argument("filter", nargs="?", default="aisle/1/#", help="topics, with MQTT's wildcards")
    demo = add("demo", "a whole store on this machine, to be watched and steered in a browser", _demo)
    demo.add_argument("--check", action="store_true", help="run the journey, print one JSON line, exit")
    demo.add_argument("--folder", default=".aisle/demo", help="where its state lives")
    demo.add_argument("--fresh", action="store_true", help="forget what an earlier demo left")
    demo.add_argument("--port", type=int, default=8080, help="the pages' port; another is taken if it is in use")
    demo.add_argument("--seed", type=int, default=None, help="the world's seed; drawn when not given")
    return parser


def main() -> int:
    """Run a command."""
    arguments = _parser().parse_args()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("alembic", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        code: int = arguments.run(arguments)
    except SettingsError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    return code
