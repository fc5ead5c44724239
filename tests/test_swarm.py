"""Chunks from neighbours: each travels into the store once; dead, slow and lying neighbours cost little."""

import hashlib
import shutil
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import anyio
import httpx
import pytest
from anyio.abc import TaskStatus
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from edge_agent.app import BlobUnavailableError
from edge_agent.blobs import BlobCache
from edge_agent.http import application, blob_routes, serve
from edge_agent.swarm import Swarm
from firmware_specs.rules.chunk_tree import CHUNK_BYTES, FAN_OUT, chunk_hashes, line_up, ring_of

DATA = Random(1).randbytes(5 * CHUNK_BYTES + 777)
NAME = hashlib.sha256(DATA).hexdigest()
CHUNKS = chunk_hashes(DATA)


@dataclass
class Store:
    """Devices that serve on loopback, a gateway that may be there, and a cloud that counts what it sends."""

    folder: Path
    count: int
    has_gateway: bool = False
    dead: frozenset[str] = frozenset()
    liars: frozenset[str] = frozenset()
    cloud_is_up: bool = True
    sent_bytes: int = 0
    wrong: list[str] = field(default_factory=list)
    urls: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.devices = [f"cart-{number}" for number in range(self.count)]
        self.apps: dict[str, ASGIApp] = {}
        self.caches: dict[str, BlobCache] = {}
        client = httpx.AsyncClient(transport=_Above(self))
        for device in [*self.devices, "gateway"]:
            is_below = device != "gateway" and self.has_gateway
            above = [*(["http://gateway"] if is_below else []), "http://cloud"]
            peers = {} if device == "gateway" else self.urls
            swarm = Swarm(device, client, partial(dict, peers), partial(list, above), on_wrong=self.wrong.append)
            cache = BlobCache(self.folder / device, client, partial(list, above), swarm=swarm)
            self.caches[device] = cache
            routes = blob_routes(cache, swarm, reads_through=device == "gateway")
            self.apps[device] = _lie if device in self.liars else application(routes)

    async def fetch(self, *names: str) -> None:
        """Let devices fetch the blob, all at once; those that are dead do not."""
        self.folder.mkdir(exist_ok=True)
        async with anyio.create_task_group() as servers:
            for device in self.devices:
                # Nobody listens at port 1.
                self.urls[device] = (
                    "http://127.0.0.1:1" if device in self.dead else await servers.start(self._serve, device)
                )
            async with anyio.create_task_group() as group:
                for device in names or [each for each in self.devices if each not in self.dead]:
                    group.start_soon(self._fetch, device)
                if self.has_gateway and not names:
                    group.start_soon(self._fetch, "gateway")
            servers.cancel_scope.cancel()

    async def _serve(self, device: str, *, task_status: TaskStatus[str]) -> None:
        await serve(
            self.apps[device],
            "127.0.0.1",
            0,
            address_file=self.folder / f"{device}.url",
            on_fault=lambda fault, detail: None,
            on_close=lambda: None,
            task_status=task_status,
        )

    async def _fetch(self, device: str) -> None:
        assert await self.caches[device].fetch(NAME, len(DATA), CHUNKS) == DATA


async def _lie(scope: Scope, receive: Receive, send: Send) -> None:
    last = int(scope["path"].rpartition("/")[2]) == len(CHUNKS) - 1
    await Response(b"?" * (len(DATA) % CHUNK_BYTES if last else CHUNK_BYTES))(scope, receive, send)


class _Above(httpx.AsyncBaseTransport):
    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        store, host = self._store, request.url.host
        if host in store.dead or (host == "cloud" and not store.cloud_is_up):
            raise httpx.ConnectError("refused")
        if host == "cloud":
            begin, _, end = request.headers["range"][6:].partition("-")
            data = DATA[int(begin) : int(end) + 1]
            store.sent_bytes += len(data)
            await anyio.sleep(0.002)
            return httpx.Response(206, content=data)
        answer = await httpx.ASGITransport(store.apps[host]).handle_async_request(request)
        # The transport under test takes answers whole.
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


async def test_a_blob_travels_into_the_store_once_and_spreads_inside_it(tmp_path: Path) -> None:
    store = Store(tmp_path, 20)
    await store.fetch()
    # On a machine that stalls for a second a device may take its neighbour for one that will not have it.
    assert store.sent_bytes <= 1.3 * len(DATA)
    assert store.wrong == []


async def test_with_a_gateway_only_the_gateway_asks_the_cloud(tmp_path: Path) -> None:
    store = Store(tmp_path, 12, has_gateway=True)
    await store.fetch()
    assert store.sent_bytes <= 1.3 * len(DATA)


async def test_dead_neighbours_cost_little_and_a_dead_gateway_no_more(tmp_path: Path) -> None:
    store = Store(tmp_path, 20, has_gateway=True, dead=frozenset({"gateway", "cart-3", "cart-7", "cart-11"}))
    store.has_gateway = False
    await store.fetch()
    # Where a root is dead one of its children stands in for it.
    assert store.sent_bytes <= 1.5 * len(DATA)


async def test_who_serves_wrong_bytes_is_named_and_believed_no_more(tmp_path: Path) -> None:
    store = Store(tmp_path, 8, liars=frozenset({"cart-2"}))
    await store.fetch(*(device for device in store.devices if device != "cart-2"))
    assert store.wrong
    assert all(said.startswith("cart-2 served wrong bytes of blob") for said in store.wrong)
    # Each who was lied to says so once, however many chunks it wanted.
    assert len(store.wrong) <= 7


async def test_a_download_that_broke_off_goes_on_with_the_chunks_that_are_right(tmp_path: Path) -> None:
    store = Store(tmp_path, 1)
    part = tmp_path / "cart-0" / f"{NAME}.part"
    part.parent.mkdir()
    part.write_bytes(DATA[: 4 * CHUNK_BYTES] + b"torn" + bytes(3 * CHUNK_BYTES))
    await store.fetch()
    assert store.sent_bytes == len(DATA) - 4 * CHUNK_BYTES


async def test_what_one_neighbour_has_all_can_have_while_the_cloud_is_away(tmp_path: Path) -> None:
    store = Store(tmp_path, 6)
    await store.fetch()
    store.cloud_is_up, store.sent_bytes = False, 0
    for device in store.devices[1:]:
        shutil.rmtree(tmp_path / device)
    await store.fetch()
    assert store.sent_bytes == 0


async def test_nobody_who_has_it_is_an_error_that_names_who_was_asked(tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as refused:
        await Store(tmp_path, 2, cloud_is_up=False).fetch("cart-0")
    assert refused.group_contains(BlobUnavailableError, match="http://cloud: refused")


@given(st.sets(st.integers(0, 200), min_size=1, max_size=60), st.integers(0, 500))
def test_every_chunk_has_one_root_and_everybody_a_way_to_it(numbers: set[int], chunk: int) -> None:
    devices = [f"cart-{number}" for number in numbers]
    ring = ring_of(devices)
    lines = {device: line_up(ring, place, NAME, chunk) for place, device in enumerate(ring)}
    assert sorted(place for place, _ in lines.values()) == list(range(len(devices)))
    (root,) = [device for device, (place, _) in lines.items() if place == 0]
    children: dict[str, int] = {}
    for place, above in lines.values():
        assert (root in above) == (place > 0)
        for parent in above[:1]:
            children[parent] = children.get(parent, 0) + 1
    assert all(count <= FAN_OUT for count in children.values())


def test_the_load_of_serving_is_shared_by_all(tmp_path: Path) -> None:
    devices = [f"cart-{number}" for number in range(100)]
    ring = ring_of(devices)
    load: dict[str, int] = dict.fromkeys(devices, 0)
    for chunk in range(80):
        for place in range(len(ring)):
            _, above = line_up(ring, place, NAME, chunk)
            if above:
                load[above[0]] += 1
    assert sum(load.values()) == 80 * 99
    assert max(load.values()) < 3 * 80
