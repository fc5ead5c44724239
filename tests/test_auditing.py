"""Photos of shelves on the gateway: who may send them, what is found, and that no picture leaves it."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import cv2
import httpx
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from edge_agent.app import BlobUnavailableError, MatterRefusedError
from edge_agent.http import application
from edge_agent.pictures import decode_picture
from edge_agent.roles.auditing import Auditor, Teacher, audit_routes
from edge_agent.roles.auditing import auditor as auditing
from edge_agent.roles.auditing.album import KEPT_MS, without_people
from edge_agent.roles.auditing.routes import LARGEST_PHOTO
from edge_agent.roles.models_in_use import ModelsInUse
from edge_agent.roles.recognising import Recogniser
from firmware_specs.bays import StaffPass
from firmware_specs.desired import Row
from firmware_specs.events import DateChecked, ItemForgotten, ItemTaught, ShelfAudited
from firmware_specs.items import TaughtItem, TaughtItems
from firmware_specs.signing import sign
from firmware_specs.wire import encode
from tests.fakes import bays as fake
from tests.fakes.store import CATALOGUE
from tests.fakes.surroundings import FakeSurroundings, held

HOUR_MS = 3_600_000
NAMES = {each["gtin"]: each["name"] for each in CATALOGUE}


def row_of(gtin: str) -> Row | None:
    return Row(gtin=gtin, name=NAMES[gtin], price_minor=500, floor_minor=500) if gtin in NAMES else None


@pytest.fixture
async def surroundings(tmp_path: Path) -> FakeSurroundings:
    made = FakeSurroundings(tmp_path, "gateway", device="gateway-1")
    made.blobs = {front.sha256: fake.fronts()[front.gtin] for front in fake.bay().fronts}
    return made


@pytest.fixture
async def auditor(surroundings: FakeSurroundings) -> Auditor:
    made = Auditor(surroundings, ModelsInUse(surroundings, ["detector"]))
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
    recogniser = Recogniser(ModelsInUse(surroundings, ["items"]), row_of)
    teacher = Teacher(surroundings, recogniser, row_of)
    app = application(audit_routes(auditor, teacher, surroundings))
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


def held_up(front: int, turn: int) -> bytes:
    """A product's front held before a wall, turned and lit in another way each time."""
    gtin = list(fake.fronts())[front]
    picture = fake.sold().pictures[gtin]
    chance = np.random.default_rng([front, turn])
    scene = np.full((480, 640, 3), chance.integers(150, 190), np.uint8)
    size = (int(picture.shape[1] * 340 / picture.shape[0]), 340)
    way: Any = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), float(chance.uniform(-12, 12)), 1.0)
    way[:, 2] += np.array([320 - size[0] / 2, 240 - size[1] / 2]) + chance.uniform(-20, 20, 2)
    cv2.warpAffine(
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA),
        way,
        (640, 480),
        dst=scene,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    lit = np.clip(scene * chance.uniform(0.85, 1.1) + chance.normal(0, 4, scene.shape), 0, 255)
    return fake.packed(lit.astype(np.uint8))


def floor(turn: int) -> bytes:
    chance = np.random.default_rng(turn)
    return fake.packed(np.clip(165 + chance.normal(0, 4, (480, 640, 3)), 0, 255).astype(np.uint8))


async def test_an_item_is_taught_by_a_few_pictures_tried_at_once_and_known_by_its_direction(
    auditor: Auditor, surroundings: FakeSurroundings
) -> None:
    mine, *_, other = list(fake.fronts())[:10]
    headers = shown(surroundings)
    async with page(auditor, surroundings) as client:
        at = f"/api/items/{mine}"
        begun = (await client.post(f"{at}/pictures?of=empty", content=floor(0), headers=headers)).json()
        assert (begun["has_empty"], begun["pictures"], begun["problem"]["code"]) == (True, 0, "not-an-item")
        for turn in range(4):
            told = (await client.post(f"{at}/pictures", content=held_up(0, turn), headers=headers)).json()
        assert (told["pictures"], told["problem"], told["name"]) == (4, None, NAMES[mine])
        right = (await client.post(f"{at}/try", content=held_up(0, 9), headers=headers)).json()
        wrong = (await client.post(f"{at}/try", content=held_up(9, 9), headers=headers)).json()
        assert (right["abstain"], right["top"][0]["gtin"], right["top"][0]["name"]) == (False, mine, NAMES[mine])
        assert wrong["abstain"] or wrong["top"][0]["gtin"] != mine
        assert (await client.post(f"{at}/learn", headers=headers)).status_code == 200
        assert (await client.post(f"{at}/learn", headers=headers)).json()["error"]["code"] == "no-empty"
    (said,) = surroundings.of(ItemTaught)
    assert isinstance(said, ItemTaught)
    assert (said.gtin, said.by, said.pictures) == (mine, "ann", 4)
    # A device that only hears of it knows it, and no other thing by it.
    recogniser = Recogniser(ModelsInUse(surroundings, ["items"]), row_of)
    item = TaughtItem(gtin=mine, model_sha256=said.model_sha256, direction=said.direction, spread=said.spread)
    recogniser.take(held("items", TaughtItems(store="demo", version=1, items=[item])))
    known = await recogniser.name(decode_picture(held_up(0, 20), colour=True))
    assert (known["abstain"], known["top"][0]["gtin"]) == (False, mine)
    strange = await recogniser.name(decode_picture(held_up(9, 20), colour=True))
    assert strange["abstain"] or strange["top"][0]["gtin"] not in (mine, other)
    # Taught to another model it means nothing here.
    foreign = replace(item, model_sha256="0" * 64)
    recogniser.take(held("items", TaughtItems(store="demo", version=2, items=[foreign])))
    unknown = await recogniser.name(decode_picture(held_up(0, 20), colour=True))
    assert unknown["abstain"] or unknown["top"][0]["gtin"] != mine


async def test_pictures_of_the_floor_or_of_different_things_teach_nothing(
    auditor: Auditor, surroundings: FakeSurroundings
) -> None:
    headers = shown(surroundings)
    first, second = list(fake.fronts())[:2]
    async with page(auditor, surroundings) as client:
        for turn in range(5):
            of = "?of=empty" if turn == 0 else ""
            told = (await client.post(f"/api/items/{first}/pictures{of}", content=floor(turn), headers=headers)).json()
        assert told["problem"]["code"] == "not-an-item"
        answer = await client.post(f"/api/items/{first}/learn", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not-an-item")
        assert "empty place" in answer.json()["error"]["message"]
        await client.post(f"/api/items/{second}/pictures", content=held_up(1, 0), headers=headers)
        answer = await client.post(f"/api/items/{second}/learn", headers=headers)
        assert answer.json()["error"]["code"] == "no-empty"
        refused = [
            (f"/api/items/{second}/pictures", b"no picture", "no-photo"),
            ("/api/items/00000000000000/pictures", held_up(1, 0), "no-product"),
            ("/api/items/nonsense/pictures", held_up(1, 0), "no-product"),
        ]
        for path, data, code in refused:
            answer = await client.post(path, content=data, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)
        assert (await client.delete(f"/api/items/{second}", headers=headers)).status_code == 200
        assert (await client.delete(f"/api/items/{second}", headers=headers)).status_code == 404
    assert surroundings.of(ItemTaught) == surroundings.of(ItemForgotten) == []
