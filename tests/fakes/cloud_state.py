"""The cloud's state on SQLite and on a real PostgreSQL, without its servers: the fixture `state_cloud`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from cloud_broker.clock import now_ms
from cloud_broker.demo.seed import seed
from cloud_broker.ingest.journal import Journal
from cloud_broker.ingest.reader import Delivery
from cloud_broker.live import LiveHub
from cloud_broker.prices.changes import Made, Wish, change_prices
from cloud_broker.prices.views import find_change, view
from cloud_broker.projector.run import Projector
from cloud_broker.readings.embedded import EmbeddedReadings
from cloud_broker.registry import claims as enrolment
from cloud_broker.registry.authority import open_keys
from cloud_broker.registry.desired import Publisher
from cloud_broker.state.engine import make_engine, migrate, reading
from cloud_broker.state.tables import heads
from firmware_specs import events, signing, topics
from firmware_specs.batch import Batch
from firmware_specs.desired import Manifest
from firmware_specs.events import AnyEvent
from firmware_specs.pricebook.edition import Edition
from firmware_specs.wire import decode, encode
from tests.fakes.books import Book, published
from tests.fakes.store import CATALOGUE, SITE, csr_pem

PEOPLE = ({"name": "manager", "role": "manager", "password": "correct horse"},)


class Cloud:
    """The cloud's state without its servers, and devices that speak straight into its journal."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.keys = open_keys(folder / "keys")
        self.publisher = Publisher.at(folder, self.keys.signer)
        self.readings = EmbeddedReadings(folder / "readings.db")
        self.projector = Projector(engine, self.readings, LiveHub())
        self.journal = Journal(engine)
        self.seqs: dict[tuple[str, str], int] = {}
        with engine.begin() as connection:
            seed(
                connection,
                self.publisher,
                people=PEOPLE,
                site=encode(SITE),
                catalogue=CATALOGUE,
                gateway_url="http://127.0.0.1:1",
                local_broker="127.0.0.1:2",
            )

    def enrol(self, kind: str, *, code: str | None = None) -> str:
        with self.engine.begin() as connection:
            if code is None:
                code = enrolment.make_claim(connection, store="demo", kind=kind, name=kind, by="tech").code
        with self.engine.begin() as connection:
            return enrolment.redeem(
                connection,
                self.keys,
                self.publisher,
                code=code,
                csr_pem=csr_pem(),
                serial="s",
                release_key=bytes(32) if kind == "gateway" else None,
                cloud_url="http://127.0.0.1:3",
            ).device

    def say(self, device: str, *said: AnyEvent) -> None:
        for event in said:
            stream = events.STREAM_OF[type(event)]
            seq = self.seqs[device, stream] = self.seqs.get((device, stream), 0) + 1
            batch = Batch(boot=1, first=seq, head=seq, events=[event])
            self.journal.commit([Delivery(topics.upward(device, stream).encode(), encode(batch), b"\0\1")], now_ms())
        while self.projector.step()[0]:
            pass

    def change(self, gtin: str, price_minor: int) -> int:
        return self.change_many(Wish(gtin, price_minor)).changes[0]

    def change_many(self, *wishes: Wish, **options: Any) -> Made:
        with self.engine.begin() as connection:
            return change_prices(
                connection,
                self.publisher,
                store="demo",
                wishes=wishes,
                by="manager",
                reason="",
                confirm_large=False,
                **options,
            )

    def seen(self, change: int) -> dict[str, object]:
        with reading(self.engine) as connection:
            return view(connection, find_change(connection, change))

    def edition(self) -> Edition:
        with reading(self.engine) as connection:
            head = connection.execute(select(heads).where(heads.c.matter == "pricebook")).one()
        manifest = signing.verify(head.envelope, Manifest, self.keys.signer.public_key)
        return decode(self.publisher.blobs.get(manifest.sha256), Edition)

    def book(self, version: int | None = None) -> Book:
        return published(self.publisher, self.edition(), version)


@pytest.fixture(params=["sqlite", "postgresql"])
def state_cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cloud]:
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path}/state.db")
    else:
        engine = make_engine(request.getfixturevalue("postgres"))
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    migrate(engine)
    held = Cloud(engine, tmp_path)
    yield held
    held.readings.close()
    engine.dispose()
