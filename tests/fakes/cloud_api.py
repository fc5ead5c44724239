"""A cloud that serves its API, its broker away: the fixture `cloud`, and people who are signed in.

async with signed_in(cloud[1], "manager") as manager:
    answer = await manager.get("/api/stores/demo/templates")
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest

from cloud_broker.bus.mosquitto import free_port
from cloud_broker.demo.seed import seed
from cloud_broker.serve import Cloud
from cloud_broker.settings import Broker, Http, Settings
from firmware_specs.wire import encode
from tests.fakes.store import CATALOGUE, SITE

PASSWORDS = {role: f"password of {role}" for role in ("shopper", "associate", "manager", "tech", "hq", "supplier")}
PEOPLE = tuple({"name": role, "role": role, "password": password} for role, password in PASSWORDS.items())
GTIN = CATALOGUE[0]["gtin"]


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[tuple[Cloud, str]]:
    """A cloud that serves, its broker away: pages must work all the same."""
    settings = Settings(
        folder=tmp_path, broker=Broker(address=f"127.0.0.1:{free_port()}", plain=True), http=Http(port=free_port())
    )
    served = Cloud(settings)
    with served.context.engine.begin() as connection:
        seed(
            connection,
            served.context.publisher,
            people=PEOPLE,
            site=encode(SITE),
            catalogue=CATALOGUE,
            gateway_url="",
            local_broker="",
        )
    async with anyio.create_task_group() as group:
        port = await group.start(served.run)
        yield served, f"http://127.0.0.1:{port}"
        group.cancel_scope.cancel()
    served.context.readings.close()
    served.context.engine.dispose()


@asynccontextmanager
async def signed_in(url: str, role: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, headers={"x-aisle": "1"}, timeout=20) as client:
        answer = await client.post("/api/session", json={"name": role, "password": PASSWORDS[role]})
        assert answer.status_code == 200, answer.text
        yield client
