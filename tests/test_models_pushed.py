"""Models at the API: checked before they are kept, given to a store, confirmed or refused by its devices."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import insert, select

from cloud_broker.serve import Cloud
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import devices, heads, reported
from firmware_specs.models import Models
from firmware_specs.wire import decode
from tests.fakes.cloud_api import signed_in
from vision.runtime import SHIPPED

WEIGHTS = (SHIPPED / "detector.onnx").read_bytes()


def upload(*, weights: bytes = WEIGHTS, **changed: Any) -> dict[str, Any]:
    """Return a form with the shipped detector under another version, and what else is `changed`."""
    manifest = json.loads((SHIPPED / "detector.json").read_text("utf-8")) | {"version": 7} | changed
    files = [("manifest", ("detector.json", json.dumps(manifest).encode())), ("weights", ("detector.onnx", weights))]
    return {"files": files}


def wanted(served: Cloud) -> Models | None:
    """Return the models that the store's devices would follow now."""
    with reading(served.context.engine) as connection:
        query = select(heads.c.sha256).where(heads.c.store == "demo", heads.c.matter == "models")
        sha256 = connection.execute(query).scalar()
    return None if sha256 is None else decode(served.context.publisher.blobs.get(sha256), Models)


def answered(served: Cloud, device: str, kind: str, *, applied: bool, detail: str = "", version: int = 1) -> None:
    """Have a device of the store say what it made of its models."""
    with served.context.engine.begin() as connection:
        connection.execute(
            insert(devices).values(id=device, kind=kind, name="", store="demo", serial=device, enrolled_ms=1)
        )
        connection.execute(
            insert(reported).values(
                device=device, matter="models", version=version, applied=applied, detail=detail, at_ms=1
            )
        )


async def test_a_model_is_added_used_confirmed_and_taken_back(cloud: tuple[Cloud, str]) -> None:
    served, url = cloud
    async with signed_in(url, "hq") as hq:
        assert (await hq.get("/api/models")).json() == []
        added = await hq.post("/api/models", **upload())
        assert added.status_code == 201, added.text
        assert (added.json()["version"], added.json()["stores"], added.json()["classes"]) == (7, [], 80)
        assert served.context.publisher.blobs.get(added.json()["sha256"]) == WEIGHTS
        assert wanted(served) is None
        # The same again is the same; another one under its name and version is not.
        assert (await hq.post("/api/models", **upload())).status_code == 201
        assert (await hq.post("/api/models", **upload(temperature=2.0))).status_code == 409

        use = {"name": "detector", "version": 7}
        assert (await hq.put("/api/stores/demo/models", json=use | {"version": 8})).status_code == 404
        assert (await hq.put("/api/stores/demo/models", json=use)).status_code == 200
        matter = wanted(served)
        assert matter is not None
        assert [(one.name, one.version) for one in matter.models] == [("detector", 7)]
        answered(served, "cart-9", "cart", applied=True)
        answered(served, "speaker-9", "speaker", applied=False, detail="detector: it cannot be run")
        answered(served, "till-9", "till", applied=True)
        answered(served, "gateway-9", "gateway", applied=True, version=0)
        ((model,),) = ((await hq.get("/api/models")).json(),)
        (store,) = model["stores"]
        assert (store["store"], store["by"], store["devices"], store["using"]) == ("demo", "hq", 3, 1)
        assert store["refused"] == [{"device": "speaker-9", "detail": "detector: it cannot be run"}]

        refused = await hq.delete("/api/models/detector/7")
        assert (refused.status_code, "demo" in refused.json()["error"]["message"]) == (409, True)
        assert (await hq.delete("/api/stores/demo/models/detector")).status_code == 200
        assert (await hq.delete("/api/stores/demo/models/detector")).status_code == 404
        matter = wanted(served)
        assert matter is not None
        assert (matter.version, matter.models) == (2, [])
        assert (await hq.delete("/api/models/detector/7")).status_code == 204
        assert (await hq.delete("/api/models/detector/7")).status_code == 404


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (upload(weights=WEIGHTS[:-1] + b"\x00"), "hash"),
        (upload(weights=b""), "bytes"),
        (upload(takes={"name": "x", "shape": [1, 3, 9, 9]}), "takes.shape"),
        (upload(colour="blue"), "colour"),
        ({"files": [("manifest", ("a.json", b"\xff")), ("weights", ("a.onnx", WEIGHTS))]}, "manifest"),
    ],
)
async def test_a_model_that_is_not_what_it_says_is_refused_by_name_and_not_kept(
    cloud: tuple[Cloud, str], form: dict[str, Any], says: str
) -> None:
    _, url = cloud
    async with signed_in(url, "hq") as hq:
        answer = await hq.post("/api/models", **form)
        assert (answer.status_code, says in answer.json()["error"]["message"]) == (422, True), answer.text
        assert (await hq.get("/api/models")).json() == []


async def test_only_headquarters_gives_models_to_stores(cloud: tuple[Cloud, str]) -> None:
    _, url = cloud

    async def refused(answer: httpx.Response) -> None:
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "role")

    async with signed_in(url, "manager") as manager:
        await refused(await manager.get("/api/models"))
        await refused(await manager.post("/api/models", **upload()))
        await refused(await manager.put("/api/stores/demo/models", json={"name": "detector", "version": 7}))
