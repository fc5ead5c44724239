"""Photos of shelves on the gateway: who may send them, what is found, and that no picture leaves it."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from edge_agent.app import BlobUnavailableError, MatterRefusedError
from edge_agent.http import application
from edge_agent.pictures import decode_picture
from edge_agent.roles.auditing import Auditor, audit_routes
from edge_agent.roles.auditing import auditor as auditing
from edge_agent.roles.auditing.album import KEPT_MS, without_people
from edge_agent.roles.auditing.routes import LARGEST_PHOTO
from firmware_specs.bays import StaffPass
from firmware_specs.events import DateChecked, ShelfAudited
from firmware_specs.signing import sign
from firmware_specs.wire import encode
from tests.fakes import bays as fake
from tests.fakes.surroundings import FakeSurroundings, held

HOUR_MS = 3_600_000


@pytest.fixture
async def surroundings(tmp_path: Path) -> FakeSurroundings:
    made = FakeSurroundings(tmp_path, "gateway", device="gateway-1")
    made.blobs = {front.sha256: fake.fronts()[front.gtin] for front in fake.bay().fronts}
    return made


@pytest.fixture
async def auditor(surroundings: FakeSurroundings) -> Auditor:
    made = Auditor(surroundings)
    matter = held("bays", fake.bays())
    await made.prepare(matter)
    made.take(matter)
    return made


def shown(surroundings: FakeSurroundings, *, key: Ed25519PrivateKey | None = None, **changed: Any) -> dict[str, str]:
    word = StaffPass(store="demo", name="ann", expires_ms=surroundings.now_ms() + HOUR_MS)
    envelope = sign(replace(word, **changed), key or surroundings.cloud_key)
    return {"x-aisle": "1", "x-aisle-pass": base64.b64encode(envelope).decode()}


@asynccontextmanager
async def page(auditor: Auditor, surroundings: FakeSurroundings) -> AsyncIterator[httpx.AsyncClient]:
    app = application(audit_routes(auditor, surroundings))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", timeout=60) as client:
        yield client


async def test_a_photo_is_compared_told_and_kept_and_only_words_leave(
    auditor: Auditor, surroundings: FakeSurroundings
) -> None:
    before = fake.photo(is_stocked=False)
    async with page(auditor, surroundings) as client:
        headers = shown(surroundings)
        answer = await client.post("/api/bays/bay-1/photos", content=before.data, headers=headers)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        surroundings.clock.pass_s(60)
        await client.post("/api/bays/bay-1/photos", content=fake.photo(is_stocked=True).data, headers=headers)
        seen = (await client.get("/api/bays", headers=headers)).json()
        picture = await client.get(f"/api/bays/bay-1/photos/{found['audit']}.jpg", headers=headers)
        planned = await client.get("/api/bays/bay-1/plan.jpg", headers=headers)
    assert decode_picture(picture.content, colour=True).shape == (1200, 1600, 3)
    assert decode_picture(planned.content, colour=True).shape[0] > 400
    first, second = surroundings.of(ShelfAudited)
    assert isinstance(first, ShelfAudited)
    assert isinstance(second, ShelfAudited)
    truth = [
        (facing.product.gtin, stands)
        for facing, stands in zip(fake.plan().facings, before.stands, strict=True)
        if stands != facing.product.gtin
    ]
    wrong = [(each.gtin, place.seen) for each in first.products for place in (*each.gaps, *each.wrong)]
    assert sorted(map(str, wrong)) == sorted(str((gtin, stands or None)) for gtin, stands in truth)
    assert (first.by, second.right, second.products) == ("ann", second.facings, [])
    # What leaves is words: an event of a few hundred bytes, of a photo of megabytes.
    assert len(encode(first)) < 2_000 < len(before.data)
    photos = seen["bays"][0]["photos"]
    assert seen["who"] == "ann"
    assert [each["audit"] for each in photos] == [second.audit, first.audit]
    assert photos[1]["gaps"] + photos[1]["wrong"] == len(truth)


async def test_nobody_without_the_cloud_s_pass_for_this_store_sends_or_sees_a_photo(
    auditor: Auditor, surroundings: FakeSurroundings
) -> None:
    own = shown(surroundings)
    stranger = Ed25519PrivateKey.generate()
    refused = [
        ({"x-aisle": "1"}, 401, "no-pass"),
        ({"x-aisle": "1", "x-aisle-pass": "nonsense"}, 401, "bad-pass"),
        ({"x-aisle": "1", "x-aisle-pass": base64.b64encode(b"{}").decode()}, 401, "bad-pass"),
        (shown(surroundings, key=stranger), 401, "bad-pass"),
        (shown(surroundings, store="other"), 403, "other-store"),
        (shown(surroundings, expires_ms=surroundings.now_ms()), 401, "old-pass"),
        ({"x-aisle-pass": own["x-aisle-pass"]}, 403, "csrf"),
    ]
    async with page(auditor, surroundings) as client:
        for headers, status, code in refused:
            answer = await client.post("/api/bays/bay-1/photos", content=b"x", headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert (await client.get("/api/bays")).status_code == 401
        assert (await client.get("/api/bays/bay-1/plan.jpg")).status_code == 401
    assert surroundings.said == []


async def test_what_is_no_photo_of_this_bay_is_refused_by_name_and_nothing_is_said(
    auditor: Auditor, surroundings: FakeSurroundings
) -> None:
    ceiling = fake.packed(np.full((900, 1200, 3), 210, np.uint8))
    whole = fake.photo(is_stocked=True).data
    refused = [
        ("bay-1", b"", 422, "no-photo"),
        ("bay-1", b"not a picture", 422, "no-photo"),
        ("bay-1", whole[:2_000], 422, "no-photo"),
        ("bay-1", ceiling, 422, "not-this-shelf"),
        ("bay-1", bytes(LARGEST_PHOTO + 1), 413, "too-large"),
        ("bay-9", whole, 404, "no-bay"),
    ]
    async with page(auditor, surroundings) as client:
        for bay, data, status, code in refused:
            answer = await client.post(f"/api/bays/{bay}/photos", content=data, headers=shown(surroundings))
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
        surroundings.is_full = True
        answer = await client.post("/api/bays/bay-1/photos", content=whole, headers=shown(surroundings))
        assert answer.json()["error"]["code"] == "full"
        seen = (await client.get("/api/bays", headers=shown(surroundings))).json()
    assert surroundings.said == []
    assert seen["bays"][0]["photos"] == []


async def test_a_crowd_of_photos_is_turned_away_not_gathered(
    auditor: Auditor, surroundings: FakeSurroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "MOST_WAITING", 1)
    statuses: list[int] = []
    async with page(auditor, surroundings) as client, anyio.create_task_group() as group:

        async def send() -> None:
            data = fake.photo(is_stocked=True).data
            answer = await client.post("/api/bays/bay-1/photos", content=data, headers=shown(surroundings))
            statuses.append(answer.status_code)

        for _ in range(3):
            group.start_soon(send)
    assert sorted(statuses) == [200, 503, 503]


async def test_a_date_is_said_of_a_product_of_the_bay_only(auditor: Auditor, surroundings: FakeSurroundings) -> None:
    gtin = fake.plan().products[0].gtin
    async with page(auditor, surroundings) as client:
        for body, status in (
            ({"gtin": gtin, "expires_on": "2026-12-10"}, 200),
            ({"gtin": gtin, "expires_on": None}, 200),
            ({"gtin": gtin, "expires_on": "10.12.2026"}, 422),
            ({"gtin": gtin}, 422),
            ({"gtin": "00000000000000", "expires_on": "2026-12-10"}, 422),
        ):
            answer = await client.post("/api/bays/bay-1/dates", json=body, headers=shown(surroundings))
            assert answer.status_code == status, (body, answer.text)
    said = surroundings.of(DateChecked)
    assert [str(event.expires_on) for event in said if isinstance(event, DateChecked)] == ["2026-12-10", "None"]


async def test_photos_are_forgotten_with_time_and_with_their_bay(
    auditor: Auditor, surroundings: FakeSurroundings
) -> None:
    data = fake.photo(is_stocked=True).data
    for _ in range(3):
        await auditor.look("bay-1", data, "ann")
        surroundings.clock.pass_s(60)
    folder = surroundings.folder / "shelves" / "bay-1"
    assert len(list(folder.glob("*.jpg"))) == len(list(folder.glob("*.json"))) == 2
    # A file that a power cut left half is no photo.
    (folder / "000000000000001-audit-x.json").write_text("{")
    surroundings.clock.ms += KEPT_MS
    assert auditor.views()[0]["photos"] == []
    assert list(folder.iterdir()) == []
    await auditor.look("bay-1", data, "ann")
    auditor.take(held("bays", replace(fake.bays(2), bays=[])))
    assert not folder.exists()


def test_people_in_a_photo_cannot_be_recognised() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (600, 800, 3), np.uint8)
    hidden = without_people(noise, [(100.0, 50.0, 300.0, 500.0), (-20.0, 590.0, 5.0, 700.0)])
    assert np.array_equal(hidden[:, 310:], noise[:, 310:])
    detail = np.abs(np.diff(hidden[50:500, 100:300].astype(int), axis=1)).mean()
    assert detail < 2 < 80 < np.abs(np.diff(noise.astype(int), axis=1)).mean()


async def test_bays_without_a_picture_are_refused_and_those_on_their_way_waited_for(
    auditor: Auditor, surroundings: FakeSurroundings
) -> None:
    poor = replace(fake.bay(), fronts=fake.bay().fronts[1:])
    with pytest.raises(MatterRefusedError, match="no picture of"):
        await auditor.prepare(held("bays", replace(fake.bays(2), bays=[poor])))
    surroundings.blobs.clear()
    with pytest.raises(BlobUnavailableError):
        await auditor.prepare(held("bays", fake.bays(2)))
