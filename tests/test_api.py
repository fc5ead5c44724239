"""The API: deny by default, clear refusals, complete documents, a live stream that tells what happened."""

import json
import socket
from typing import Any

import anyio
import httpx
import pytest
from sqlalchemy import insert

from cloud_broker.api.app import PUBLIC
from cloud_broker.demo.props import melody
from cloud_broker.live import Notice
from cloud_broker.serve import Cloud
from cloud_broker.settings import Settings, SettingsError, parse
from cloud_broker.state.tables import devices
from tests.fakes.cloud_api import GTIN, signed_in
from tests.fakes.store import csr_pem


async def test_whoever_is_not_signed_in_is_refused_everywhere(cloud: tuple[Cloud, str]) -> None:
    _, url = cloud
    refused = 0
    async with httpx.AsyncClient(base_url=url, headers={"x-aisle": "1"}) as stranger:
        document = (await stranger.get("/openapi.json")).json()
        for template, methods in document["paths"].items():
            path = template.replace("{change}", "1").replace("{sha256}", "ab" * 32).replace("{store}", "demo")
            path = path.replace("{device}", "cart-1").replace("{label}", "label-01")
            path = (
                path.replace("{name}", "x")
                .replace("{task}", "1")
                .replace("{offer}", "x")
                .replace("{slot}", "x")
                .replace("{claim}", "x")
            )
            for method in methods:
                if template in PUBLIC or (template, method) == ("/api/session", "post"):
                    continue
                answer = await stranger.request(method.upper(), path, params={"store": "demo", "series": "x"})
                assert answer.status_code == 401, (method, path, answer.status_code)
                refused += 1
    assert refused > 25


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        ("shopper", "POST", "/api/stores/demo/prices"),
        ("tech", "POST", "/api/stores/demo/prices"),
        ("supplier", "GET", "/api/devices"),
        ("shopper", "GET", "/api/live"),
        ("manager", "POST", "/api/stores/demo/claims"),
        ("manager", "GET", "/api/security"),
        ("tech", "GET", "/api/deadletters"),
    ],
)
async def test_a_role_that_is_not_named_is_refused(cloud: tuple[Cloud, str], role: str, method: str, path: str) -> None:
    body = {"gtin": GTIN, "price_minor": 1, "kind": "cart"} if method == "POST" else None
    if path.endswith("claims"):
        body = {"kind": "cart"}
    elif body:
        body = {"gtin": GTIN, "price_minor": 1}
    async with signed_in(cloud[1], role) as person:
        answer = await person.request(method, path, json=body)
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "role"


async def test_another_store_and_a_foreign_page_are_refused(cloud: tuple[Cloud, str]) -> None:
    async with signed_in(cloud[1], "manager") as manager:
        assert (await manager.get("/api/stores/other/changes")).json()["error"]["code"] == "store"
        del manager.headers["x-aisle"]
        answer = await manager.post("/api/stores/demo/prices", json={"gtin": GTIN, "price_minor": 510})
        assert answer.json()["error"]["code"] == "no-header"


async def test_a_wrong_password_says_no_more_than_that(cloud: tuple[Cloud, str]) -> None:
    async with httpx.AsyncClient(base_url=cloud[1]) as stranger:
        for name in ("manager", "nobody"):
            answer = await stranger.post("/api/session", json={"name": name, "password": "x"})
            assert (answer.status_code, answer.json()["error"]["message"]) == (401, "name or password is wrong")


async def test_a_price_change_is_made_seen_and_undone(cloud: tuple[Cloud, str]) -> None:
    async with signed_in(cloud[1], "manager") as manager:
        made = (await manager.post("/api/stores/demo/prices", json={"gtin": GTIN, "price_minor": 450})).json()
        assert (made["from_minor"], made["to_minor"], made["direction"]) == (500, 450, "down")
        undone = (await manager.post(f"/api/changes/{made['id']}/undo", json={})).json()
        assert (undone["from_minor"], undone["to_minor"]) == (450, 500)
        found = (await manager.get("/api/stores/demo/products", params={"q": "饼干0号"})).json()
        assert [item["price_minor"] for item in found["items"]] == [500]
        assert len((await manager.get("/api/stores/demo/changes")).json()) == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"gtin": GTIN, "price_minor": -1}, "invalid"),
        ({"gtin": GTIN, "price_minor": 500 * 100}, "suspicious"),
        ({"gtin": GTIN, "price_minor": 500}, "same"),
        ({"gtin": "123", "price_minor": 5}, "invalid"),
        ({"gtin": GTIN, "price_minor": 5.5}, "invalid"),
        ({"gtin": GTIN, "price_minor": 450, "colour": "red"}, "invalid"),
        ({"gtin": "0" * 14, "price_minor": 5}, "unknown"),
    ],
)
async def test_a_price_that_cannot_be_is_refused_by_its_field(
    cloud: tuple[Cloud, str], body: dict[str, Any], code: str
) -> None:
    async with signed_in(cloud[1], "manager") as manager:
        answer = await manager.post("/api/stores/demo/prices", json=body)
        assert answer.status_code in (404, 422)
        assert answer.json()["error"]["code"] == code
        assert (await manager.get("/api/stores/demo/changes")).json() == []


async def test_search_is_by_words_in_either_language(cloud: tuple[Cloud, str]) -> None:
    async with signed_in(cloud[1], "manager") as manager:
        for query, total in (
            ("饼干7", 1),
            ("BISCUIT", 12),
            ("snacks 11", 1),
            ("%", 0),
            ("_", 0),
            ("nothing", 0),
            ("", 12),
        ):
            found = (await manager.get("/api/stores/demo/products", params={"q": query})).json()
            assert found["total"] == total, query


async def test_a_sound_is_uploaded_planned_and_cancelled_and_what_is_no_sound_is_refused(
    cloud: tuple[Cloud, str],
) -> None:
    async with signed_in(cloud[1], "manager") as manager:
        wrong = await manager.post("/api/stores/demo/assets", files={"file": ("x.mp3", b"ID3nonsense")})
        assert wrong.status_code == 422
        assert "WAV" in wrong.json()["error"]["message"]
        asset = (await manager.post("/api/stores/demo/assets", files={"file": ("c.wav", melody())})).json()
        assert (asset["rate_hz"], asset["channels"]) == (16_000, 1)
        assert (await manager.get(f"/api/assets/{asset['sha256']}/audio")).content == melody()
        slot = await manager.post(
            "/api/stores/demo/schedule", json={"asset_sha256": asset["sha256"], "start_ms": 4_000_000_000_000}
        )
        assert slot.status_code == 201
        assert (await manager.delete(f"/api/schedule/{slot.json()['id']}")).status_code == 204
        assert (await manager.get("/api/stores/demo/schedule")).json() == []


async def test_a_device_enrols_once_and_a_thief_is_a_security_event(cloud: tuple[Cloud, str]) -> None:
    async with signed_in(cloud[1], "tech") as tech, signed_in(cloud[1], "hq") as hq:
        claim = (await tech.post("/api/stores/demo/claims", json={"kind": "cart", "name": "New"})).json()
        assert claim["qr_svg"].startswith("<svg")
        body = {"claim": claim["code"], "csr_pem": csr_pem(), "serial": "sn-1"}
        enrolled = (await tech.post("/enrol", json=body)).json()
        assert (enrolled["device"], enrolled["store"]) == ("cart-1", "demo")
        assert (await tech.post("/enrol", json=body)).status_code == 403
        assert (await hq.get("/api/security")).json()[0]["kind"] == "claim-refused"
        assert (await tech.get("/api/stores/demo/claims")).json()[0]["state"] == "used"
        refused = await tech.post("/api/devices/cart-1/commands", json={"name": "explode"})
        assert "does not know 'explode'" in refused.json()["error"]["message"]


async def test_pages_hear_of_a_change_as_it_happens(cloud: tuple[Cloud, str]) -> None:
    async with signed_in(cloud[1], "manager") as manager, manager.stream("GET", "/api/live?store=demo") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: ping"
        async with signed_in(cloud[1], "hq") as hq:
            await hq.post("/api/stores/demo/prices", json={"gtin": GTIN, "price_minor": 480})
        with anyio.fail_after(5):
            while await anext(lines) != "event: change":
                pass
            assert json.loads((await anext(lines))[6:])["to_minor"] == 480


async def test_blobs_are_fetched_whole_and_in_ranges_by_their_hash(cloud: tuple[Cloud, str]) -> None:
    served, url = cloud
    sha256 = served.context.publisher.blobs.put(b"0123456789")
    async with httpx.AsyncClient(base_url=url) as device:
        assert (await device.get(f"/blobs/{sha256}")).content == b"0123456789"
        part = await device.get(f"/blobs/{sha256}", headers={"Range": "bytes=4-"})
        assert (part.status_code, part.content) == (206, b"456789")
        for wrong in ("ab" * 32, "x", "..%2f..%2fkeys%2fca.key"):
            assert (await device.get(f"/blobs/{wrong}")).status_code == 404


async def test_openapi_describes_every_answer_and_has_examples(cloud: tuple[Cloud, str]) -> None:
    async with httpx.AsyncClient(base_url=cloud[1]) as anyone:
        document = (await anyone.get("/openapi.json")).json()
    examples = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description"), (method, path)
            good = [answer for code, answer in operation["responses"].items() if code.startswith("2")]
            assert good, (method, path)
    examples = json.dumps(document).count('"examples"')
    assert examples >= 8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[http]\nport = 'x'", "http.port: input should be a valid integer"),
        ("[http]\nprot = 1", "http.prot: extra inputs are not permitted"),
        ("folder = 3", "folder: "),
        ("x = [", "not TOML"),
        ("journal_days = 0", "journal_days: input should be greater than 0"),
    ],
)
def test_wrong_settings_name_the_key_and_what_was_expected(text: str, expected: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse(text, "cloud.toml")
    assert expected in str(refused.value)


def test_the_database_password_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(database_url="postgresql+psycopg://aisle@db/aisle", database_password_env="AISLE_DB")
    with pytest.raises(SettingsError, match="the environment has no AISLE_DB"):
        _ = settings.url
    monkeypatch.setenv("AISLE_DB", "p@ss/word")
    assert settings.url == "postgresql+psycopg://aisle:p%40ss%2Fword@db/aisle"


def test_loopback_is_where_it_listens_by_default() -> None:
    assert Settings().http.host == "127.0.0.1"
    assert socket.inet_aton(Settings().http.host) == b"\x7f\0\0\1"


async def test_guessing_a_password_is_made_slow(cloud: tuple[Cloud, str]) -> None:
    async with httpx.AsyncClient(base_url=cloud[1]) as stranger:
        codes = []
        for _ in range(12):
            answer = await stranger.post("/api/session", json={"name": "guessed", "password": "x"})
            codes.append(answer.status_code)
    assert codes == [401] * 10 + [429] * 2


async def test_an_offer_on_a_zone_too_small_for_the_stores_accuracy_is_refused_with_the_remedy(
    cloud: tuple[Cloud, str],
) -> None:
    # Six beacons in one row cannot tell left from right.
    async with signed_in(cloud[1], "manager") as manager:
        worths = (await manager.get("/api/stores/demo/zones")).json()
        assert [worth["zone"] for worth in worths] == ["entrance", "dairy"]
        assert not any(worth["is_enough"] for worth in worths)
        body = {"id": "o", "zone": "dairy", "headline": {"en": "x"}}
        answer = await manager.put("/api/stores/demo/offers/o", json=body)
        assert answer.status_code == 422
        error = answer.json()["error"]
        assert (error["code"], error["field"]) == ("zone-unfit", "zone")
        assert "zone 'dairy' of 3.0 x 3.0 m is too small" in error["message"]
        unknown = await manager.put("/api/stores/demo/offers/o", json={**body, "zone": "attic"})
        assert "there is no zone 'attic'; the zones are dairy, entrance" in unknown.json()["error"]["message"]
        kept = (await manager.get("/api/stores/demo/offers")).json()
        assert "o" not in [offer["id"] for offer in kept]
        easy = await manager.put("/api/stores/demo/offers/o", json={**body, "probability": 0.05, "when": "exit"})
        assert easy.status_code == 422, "of ten noticed too few would be visits"
        assert (await manager.get("/api/stores/demo/zones", params={"at_least": 2})).status_code == 422


async def test_numbers_that_json_cannot_say_are_refused(cloud: tuple[Cloud, str]) -> None:
    async with signed_in(cloud[1], "manager") as manager:
        body = '{"id":"o","zone":"dairy","headline":{"en":"x"},"cooldown_s":Infinity}'
        answer = await manager.put(
            "/api/stores/demo/offers/o", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422
        assert (await manager.get("/api/stores/demo/offers")).status_code == 200


async def test_a_tech_gives_a_label_to_another_product_and_takes_it_back(cloud: tuple[Cloud, str]) -> None:
    async with signed_in(cloud[1], "tech") as tech:
        labels = (await tech.get("/api/stores/demo/snapshot")).json()["labels"]
        label, other = labels[0], next(each for each in labels if each["gtin"] != labels[0]["gtin"])
        scanned = {"store": "demo", "product": other["gtin"].lstrip("0"), "label": label["address"].replace(":", "")}
        answer = await tech.post("/api/labels/pair", json=scanned)
        assert answer.status_code == 200, answer.text
        assert answer.json()["before"] == label["gtin"]
        paired = answer.json()["label"]
        assert (paired["id"], paired["gtin"], paired["state"]) == (label["id"], other["gtin"], "pending")
        assert paired["price_minor"] is None
        back = await tech.post(
            "/api/labels/pair", json={"store": "demo", "product": label["gtin"], "label": label["id"]}
        )
        assert back.json()["label"]["gtin"] == label["gtin"]


@pytest.mark.parametrize(
    ("product", "label", "field", "says"),
    [
        ("6901234567890", "label-01", "product", "check digit"),
        ("12345670", "label-01", "product", "does not sell 00000012345670"),
        ("", "label-01", "product", "at least 1 character"),
        (GTIN, "label-99", "label", "no label 'label-99' hangs in this store"),
        (GTIN, "F0:FF:FF:FF:FF:FF", "label", "no label"),
    ],
)
async def test_a_scan_that_names_nothing_is_refused_by_its_field(
    cloud: tuple[Cloud, str], product: str, label: str, field: str, says: str
) -> None:
    async with signed_in(cloud[1], "tech") as tech:
        answer = await tech.post("/api/labels/pair", json={"store": "demo", "product": product, "label": label})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
    assert says in answer.json()["error"]["message"]


async def test_a_label_is_flashed_by_the_stores_gateway_or_it_is_said_that_there_is_none(
    cloud: tuple[Cloud, str],
) -> None:
    served, url = cloud
    async with signed_in(url, "manager") as manager:
        answer = await manager.post("/api/labels/label-01/flash", json={"store": "demo"})
        assert answer.status_code == 404
        assert "has no gateway" in answer.json()["error"]["message"]
        with served.context.engine.begin() as connection:
            connection.execute(
                insert(devices).values(id="gateway-1", store="demo", kind="gateway", name="", serial="", enrolled_ms=1)
            )
        answer = await manager.post("/api/labels/label-01/flash", json={"store": "demo"})
        assert answer.status_code == 201, answer.text
        assert (answer.json()["device"], answer.json()["name"]) == ("gateway-1", "flash")
        assert (await manager.post("/api/labels/label-99/flash", json={"store": "demo"})).status_code == 404


async def test_security_events_are_told_to_hq_alone(cloud: tuple[Cloud, str]) -> None:
    served, url = cloud
    async with (
        signed_in(url, "manager") as manager,
        manager.stream("GET", "/api/live?store=demo") as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: ping"
        served.context.hub.publish([Notice("security", "", {}, frozenset({"hq"})), Notice("change", "demo", {})])
        with anyio.fail_after(5):
            while not (line := await anext(lines)).startswith("event: ") or line == "event: ping":
                pass
        assert line == "event: change"
