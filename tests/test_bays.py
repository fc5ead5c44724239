"""Bays and their planograms at the API: checked as a whole before anything changes, and pushed to the gateway."""

import base64
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from cloud_broker.serve import Cloud
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import heads
from device_drivers.camera.generated.shelf import as_csv
from firmware_specs.bays import Bays, StaffPass
from firmware_specs.signing import verify
from firmware_specs.wire import decode
from tests.fakes import bays as fake
from tests.fakes.cloud_api import signed_in

AT = "/api/stores/demo/bays"
PLAN = as_csv(fake.plan())


FIRST = fake.plan().products[0].gtin


def form(plan: str | bytes = PLAN, *, first: bytes | None = b"") -> dict[str, Any]:
    """Return an upload; `first` stands for the right picture of the first product, None leaves it out."""
    fronts: dict[str, bytes | None] = dict(fake.fronts())
    if first != b"":
        fronts[FIRST] = first
    pictures = [("pictures", (f"{gtin}.png", data)) for gtin, data in fronts.items() if data is not None]
    return {"files": [("plan", ("plan.csv", plan)), *pictures], "data": {"name_en": "First bay", "name_zh": "第一组"}}


def bays_of(served: Cloud) -> Bays | None:
    """Return the bays that the store's gateway would follow now."""
    with reading(served.context.engine) as connection:
        query = select(heads.c.sha256).where(heads.c.store == "demo", heads.c.matter == "bays")
        sha256 = connection.execute(query).scalar()
        return None if sha256 is None else decode(served.context.publisher.blobs.get(sha256), Bays)


async def test_a_planogram_with_its_pictures_becomes_a_bay_and_travels_to_the_gateway(
    cloud: tuple[Cloud, str],
) -> None:
    served, url = cloud
    async with signed_in(url, "manager") as manager:
        answer = await manager.put(f"{AT}/bay-1", **form())
        assert answer.status_code == 200, answer.text
        assert answer.json()["facings"] == len(fake.plan().facings)
        again = await manager.put(f"{AT}/bay-1", **form())
        assert (again.status_code, len((await manager.get(AT)).json())) == (200, 1)
        held = bays_of(served)
        assert held is not None
        # The same again is no news.
        assert (held.version, held.bays[0].planogram) == (1, fake.plan())
        assert held.bays[0].name == {"en": "First bay", "zh": "第一组"}
        assert served.context.publisher.blobs.get(held.bays[0].fronts[0].sha256) in fake.fronts().values()
        assert (await manager.delete(f"{AT}/bay-1")).status_code == 204
        assert (await manager.delete(f"{AT}/bay-1")).status_code == 404
    left = bays_of(served)
    assert left is not None
    assert left.bays == []


@pytest.mark.parametrize(
    ("upload", "field", "says"),
    [
        (form("shelf,position\n1,1\n"), "plan", "missing: gtin"),
        (form(b"\xff\xfe\x00nonsense"), "plan", "columns"),
        (form(PLAN.replace(FIRST, "04006381333931")), "plan", "not in the store's price book"),
        (form(first=None), "pictures", "no picture of"),
        (form(first=b"\x89PNG\r\n\x1a\nhalf"), "pictures", "cannot be read"),
        (form(first=b"GIF89a" + bytes(20)), "pictures", "PNG, JPEG or WebP"),
    ],
)
async def test_a_bay_that_cannot_be_is_refused_by_name_and_changes_nothing(
    cloud: tuple[Cloud, str], upload: dict[str, Any], field: str, says: str
) -> None:
    served, url = cloud
    async with signed_in(url, "manager") as manager:
        answer = await manager.put(f"{AT}/bay-1", **upload)
        error = answer.json()["error"]
        assert (answer.status_code, error["field"]) == (422, field)
        assert says in error["message"]
        assert (await manager.put(f"{AT}/Bay%201", **form())).status_code == 422
        assert (await manager.get(AT)).json() == []
    assert bays_of(served) is None


async def test_an_associate_sees_tasks_and_gets_a_pass_and_changes_no_planogram(cloud: tuple[Cloud, str]) -> None:
    served, url = cloud
    async with signed_in(url, "associate") as associate:
        assert (await associate.get("/api/stores/demo/tasks")).json() == []
        assert (await associate.get("/api/stores/demo/tasks/done")).json() == []
        assert (await associate.get("/api/stores/demo/snapshot")).status_code == 200
        given = (await associate.post("/api/stores/demo/pass")).json()
        word = verify(base64.b64decode(given["staff_pass"]), StaffPass, served.context.keys.signer.public_key)
        assert (word.store, word.name, word.expires_ms) == ("demo", "associate", given["expires_ms"])

        async def refused(answer: httpx.Response) -> None:
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "role")

        await refused(await associate.put(f"{AT}/bay-1", **form()))
        await refused(await associate.post("/api/stores/demo/tasks/1/drop", json={"reason": "no need"}))
        await refused(await associate.get("/api/tasks/overdue"))
        await refused(await associate.post("/api/stores/demo/prices", json={}))
    async with signed_in(url, "shopper") as shopper:
        await refused(await shopper.get("/api/stores/demo/tasks"))
        await refused(await shopper.post("/api/stores/demo/pass"))
