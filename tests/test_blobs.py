"""Blobs arrive whole and verified, from whoever has them, and go on where they stopped."""

import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette

from edge_agent.app import BlobUnavailableError
from edge_agent.blobs import BlobCache
from edge_agent.http import blob_routes

DATA = bytes(range(256)) * 2000
NAME = hashlib.sha256(DATA).hexdigest()

Handler = Callable[[httpx.Request], httpx.Response]


class Sources:
    """Hosts by name; `asked` tells who was asked for which range."""

    def __init__(self, **hosts: Handler) -> None:
        self._hosts = hosts
        self.asked: list[tuple[str, str | None]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.host, request.headers.get("range")))
        return self._hosts[request.url.host](request)

    def cache(self, folder: Path, **options: int) -> BlobCache:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        return BlobCache(folder, client, lambda: [f"http://{host}/" for host in self._hosts], **options)  # type: ignore[arg-type]


def whole(request: httpx.Request) -> httpx.Response:
    begin = int(request.headers.get("range", "bytes=0-")[6:-1])
    if begin == 0:
        return httpx.Response(200, content=DATA)
    headers = {"Content-Range": f"bytes {begin}-{len(DATA) - 1}/{len(DATA)}"}
    return httpx.Response(206, content=DATA[begin:], headers=headers)


def absent(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(404)


def away(_request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


async def _broken_stream() -> AsyncIterator[bytes]:
    yield DATA[:200_000]
    raise httpx.ReadError("the line broke")


def breaks(_request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, content=_broken_stream())


async def test_the_gateway_is_asked_first_and_the_cache_answers_from_then_on(tmp_path: Path) -> None:
    sources = Sources(gateway=whole, cloud=whole)
    blobs = sources.cache(tmp_path)
    assert await blobs.fetch(NAME, len(DATA)) == DATA
    assert await blobs.fetch(NAME, len(DATA)) == DATA
    assert sources.asked == [("gateway", None)]


async def test_with_the_gateway_away_or_ignorant_the_cloud_gives_it(tmp_path: Path) -> None:
    for gateway in (away, absent):
        sources = Sources(gateway=gateway, cloud=whole)
        assert await sources.cache(tmp_path / gateway.__name__).fetch(NAME, len(DATA)) == DATA
        assert [host for host, _ in sources.asked] == ["gateway", "cloud"]


async def test_a_download_that_broke_goes_on_where_it_stopped(tmp_path: Path) -> None:
    sources = Sources(gateway=breaks, cloud=whole)
    assert await sources.cache(tmp_path).fetch(NAME, len(DATA)) == DATA
    (_, first), (host, second) = sources.asked
    assert (first, host) == (None, "cloud")
    assert second is not None
    assert int(second[6:-1]) > 100_000


async def test_wrong_bytes_are_never_kept(tmp_path: Path) -> None:
    def lies(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"x" * len(DATA))

    def endless(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=DATA + b"more")

    for liar in (lies, endless):
        folder = tmp_path / liar.__name__
        with pytest.raises(BlobUnavailableError, match="gateway"):
            await Sources(gateway=liar).cache(folder).fetch(NAME, len(DATA))
        assert await Sources(gateway=liar, cloud=whole).cache(folder).fetch(NAME, len(DATA)) == DATA


async def test_nobody_has_it_says_who_was_asked(tmp_path: Path) -> None:
    with pytest.raises(BlobUnavailableError, match=r"gateway.*refused.*cloud.*404"):
        await Sources(gateway=away, cloud=absent).cache(tmp_path).fetch(NAME, len(DATA))
    with pytest.raises(BlobUnavailableError, match="no SHA-256"):
        await Sources(cloud=whole).cache(tmp_path).fetch("../../etc/passwd", 1)


async def test_a_damaged_file_is_removed_and_fetched_again(tmp_path: Path) -> None:
    sources = Sources(cloud=whole)
    blobs = sources.cache(tmp_path)
    await blobs.fetch(NAME, len(DATA))
    (tmp_path / NAME).write_bytes(b"flipped")
    with pytest.raises(BlobUnavailableError):
        await blobs.fetch(NAME, len(DATA))
    assert await blobs.fetch(NAME, len(DATA)) == DATA


async def test_many_who_want_it_at_once_cost_one_download(tmp_path: Path) -> None:
    sources = Sources(cloud=whole)
    blobs = sources.cache(tmp_path)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(blobs.fetch, NAME, len(DATA))
    assert len(sources.asked) == 1


async def test_what_was_not_used_for_longest_is_forgotten_but_never_what_is_held(tmp_path: Path) -> None:
    contents = [bytes([n]) * 1000 for n in range(5)]
    names = [hashlib.sha256(one).hexdigest() for one in contents]
    by_name = dict(zip(names, contents, strict=True))

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=by_name[request.url.path.rsplit("/", 1)[1]])

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    blobs = BlobCache(tmp_path, client, lambda: ["http://cloud"], held=lambda: frozenset(names[:1]), cache_bytes=2500)
    for name in names:
        await blobs.fetch(name, 1000)
        await anyio.sleep(0.01)
    assert {path.name for path in tmp_path.iterdir()} == {names[0], names[3], names[4]}


async def test_a_gateway_reads_through_and_others_serve_what_they_have(tmp_path: Path) -> None:
    for reads_through, status in ((True, 200), (False, 404)):
        blobs = Sources(cloud=whole).cache(tmp_path / str(reads_through))
        app = Starlette(routes=blob_routes(blobs, reads_through=reads_through))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
            first = await client.get(f"/blobs/{NAME}")
            assert first.status_code == status
            await blobs.fetch(NAME, len(DATA))
            part = await client.get(f"/blobs/{NAME}", headers={"Range": "bytes=100-199"})
            assert (part.status_code, part.content) == (206, DATA[100:200])
            same = await client.get(f"/blobs/{NAME}", headers={"If-None-Match": part.headers["etag"]})
            assert same.status_code == 304
            assert (await client.get("/blobs/nonsense")).status_code == 404
