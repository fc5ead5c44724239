"""A store's templates: made, tried, given to labels, and never to the harm of a label that hangs."""

import base64
import io
from typing import Any

import jsonschema
import pytest
from PIL import Image
from sqlalchemy import select

from cloud_broker.labels.templates import usual_template
from cloud_broker.serve import Cloud
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import heads
from firmware_specs.desired import LabelPlan
from firmware_specs.wire import decode
from tests.fakes.cloud_api import GTIN, signed_in
from vision.labels.template import TemplateError, built_in
from vision.panel import Panel

AT = "/api/stores/demo/templates"


def own(**changed: Any) -> dict[str, Any]:
    """Return a template of the store's own, made from one that comes along."""
    body = built_in("offer-bwr").model_dump(mode="json", exclude_none=True)
    return body | {"name": "house", "title": {"zh": "本店", "en": "House"}} | changed


def tall() -> dict[str, Any]:
    """Return a template on which no price fits."""
    body = own()
    for element in body["elements"]:
        if element["kind"] == "price":
            element |= {"min_px": 80, "max_px": 90}
    return body


def plan_of(served: Cloud) -> LabelPlan:
    """Return the plan that the store's gateway would follow now."""
    with reading(served.context.engine) as connection:
        query = select(heads.c.sha256).where(heads.c.store == "demo", heads.c.matter == "labels")
        return decode(served.context.publisher.blobs.get(connection.execute(query).scalar_one()), LabelPlan)


async def test_a_template_is_made_used_by_labels_and_travels_to_the_gateway(cloud: tuple[Cloud, str]) -> None:
    served, url = cloud
    async with signed_in(url, "manager") as manager:
        found = {each["name"]: each for each in (await manager.get(AT)).json()}
        assert list(found) == ["large-bwry", "offer-bwr", "small", "standard"]
        assert sum(each["labels"] for each in found.values()) == 40
        assert {each["panel"] for each in found.values()} == {"296x128 bw", "296x128 bwr", "400x300 bwry", "250x122 bw"}

        made = (await manager.put(f"{AT}/house", json={"template": own()})).json()
        assert (made["by"], made["labels"], made["panel"]) == ("manager", 0, "296x128 bwr")
        assert plan_of(served).templates == []

        used = (await manager.post(f"{AT}/house/use", json={"labels": None})).json()["labels"]
        assert len(used) == made["fitting"] == 24
        plan = plan_of(served)
        assert [each.name for each in plan.templates] == ["house"]
        assert {place.id for place in plan.labels if place.template == "house"} == set(used)
        snapshot = (await manager.get("/api/stores/demo/snapshot")).json()
        assert {each["id"] for each in snapshot["labels"] if each["template"] == "house"} == set(used)

        # Once more changes nothing, and back is back.
        assert (await manager.post(f"{AT}/house/use", json={})).json()["labels"] == []
        again = (await manager.post(f"{AT}/offer-bwr/use", json={"labels": used[:1]})).json()["labels"]
        assert again == used[:1]


async def test_a_template_is_tried_on_a_product_while_it_is_written(cloud: tuple[Cloud, str]) -> None:
    async with signed_in(cloud[1], "manager") as manager:
        tried = (await manager.post(f"{AT}/try", json={"template": own(), "gtin": GTIN})).json()
        assert (tried["gtin"], tried["problem"]) == (GTIN, "")
        assert Image.open(io.BytesIO(base64.b64decode(tried["png"]))).size == (296, 128)
        tried = (await manager.post(f"{AT}/try", json={"template": tall()})).json()
        assert tried["png"] is None
        assert "the price" in tried["problem"]
        checked = (await manager.post(f"{AT}/check", json={"template": tall()})).json()
        assert checked["products"] == len(checked["problems"]) + checked["more"] > 0
        assert (await manager.post(f"{AT}/check", json={"template": own()})).json()["problems"] == []
        schema = (await manager.get("/api/label-template.schema.json")).json()
        jsonschema.validate(own(), schema)


@pytest.mark.parametrize(
    ("deed", "path", "body", "status", "said"),
    [
        ("PUT", "house", {"template": own(palette="bw")}, 422, "elements"),
        ("PUT", "House!", {"template": own()}, 422, "name: "),
        ("PUT", "standard", {"template": own()}, 409, "comes along and stays as it is: choose another name"),
        ("PUT", "used", {"template": own(width_px=400)}, 409, "have other panels than 400x128 bwr"),
        ("PUT", "used", {"template": tall()}, 409, "its label would keep its old price for ever"),
        ("DELETE", "used", None, 409, "use it: give them another template first"),
        ("DELETE", "standard", None, 409, "comes along and cannot be taken away"),
        ("DELETE", "nothing", None, 404, "no template 'nothing'"),
        ("POST", "nothing/use", {}, 404, "no template 'nothing'"),
        ("POST", "used/use", {"labels": ["label-99"]}, 404, "no label 'label-99'"),
        ("POST", "used/use", {"labels": ["label-03"]}, 409, "is for panels of 296x128 bwr: label-03 have others"),
        ("POST", "tall/use", {}, 409, "its label would keep its old price for ever"),
        ("POST", "try", {"template": own(), "gtin": "00000000000017"}, 404, "no product 00000000000017"),
        ("POST", "try", {"template": own(elements=[])}, 422, "elements: "),
    ],
)
async def test_what_would_harm_a_label_is_refused_and_changes_nothing(
    cloud: tuple[Cloud, str], deed: str, path: str, body: dict[str, Any] | None, status: int, said: str
) -> None:
    served, url = cloud
    async with signed_in(url, "manager") as manager:
        for name, template in (("used", own()), ("tall", tall())):
            assert (await manager.put(f"{AT}/{name}", json={"template": template})).status_code == 200
        await manager.post(f"{AT}/used/use", json={"labels": ["label-01", "label-02"]})
        before = plan_of(served)
        answer = await manager.request(deed, f"{AT}/{path}", json=body)
        assert (answer.status_code, said in answer.json()["error"]["message"]) == (status, True), answer.text
        assert plan_of(served) == before


async def test_a_template_that_no_label_uses_is_taken_away(cloud: tuple[Cloud, str]) -> None:
    async with signed_in(cloud[1], "manager") as manager:
        await manager.put(f"{AT}/house", json={"template": own()})
        assert (await manager.delete(f"{AT}/house")).status_code == 204
        assert "house" not in [each["name"] for each in (await manager.get(AT)).json()]


async def test_a_tech_looks_and_changes_nothing(cloud: tuple[Cloud, str]) -> None:
    async with signed_in(cloud[1], "tech") as tech:
        assert (await tech.get(AT)).status_code == 200
        assert (await tech.put(f"{AT}/house", json={"template": own()})).status_code == 403


def test_each_panel_begins_with_a_template_that_comes_along() -> None:
    assert usual_template(Panel()) == "standard"
    assert usual_template(Panel.from_text("296x128 bwr")) == "offer-bwr"
    with pytest.raises(TemplateError, match="no template comes along for a panel of 100x100 bw"):
        usual_template(Panel(100, 100))
    for wrong in ("", "296x128", "296x128 pink", "0x5 bw", "296 x 128 bw"):
        with pytest.raises(ValueError, match="is no panel: write it as '296x128 bwr'"):
            Panel.from_text(wrong)


# ---- labels that come and go


async def test_a_label_is_hung_replaced_and_taken_down(cloud: tuple[Cloud, str]) -> None:
    served, url = cloud
    async with signed_in(url, "tech") as tech:
        body = {"store": "demo", "address": "f0000000002a", "product": GTIN, "panel": "400x300 bwry"}
        hung = (await tech.post("/api/labels", json=body)).json()
        assert (hung["id"], hung["address"], hung["template"], hung["state"]) == (
            "label-41",
            "F0:00:00:00:00:2A",
            "large-bwry",
            "pending",
        )
        beside = next(place for place in plan_of(served).labels if place.gtin == GTIN)
        place = next(place for place in plan_of(served).labels if place.id == "label-41")
        assert (round(place.x_m - beside.x_m, 2), place.y_m) == (0.3, beside.y_m)
        new = {"store": "demo", "address": "F0:00:00:00:00:2B"}
        replaced = (await tech.post("/api/labels/label-41/replace", json=new)).json()
        assert (replaced["address"], replaced["price_minor"]) == ("F0:00:00:00:00:2B", None)
        assert (await tech.delete("/api/labels/label-41", params={"store": "demo"})).status_code == 204
        assert "label-41" not in {place.id for place in plan_of(served).labels}


@pytest.mark.parametrize(
    ("path", "changed", "field", "said"),
    [
        ("", {"address": "E6:5A:01:00:00:01"}, "address", "is label-01 already: no two labels may have one address"),
        ("", {"address": "nonsense"}, "address", "is no label's address, such as F0:00:00:00:00:03"),
        ("", {"product": "123"}, "product", "no product's code"),
        ("", {"panel": "100x100 bw"}, "panel", "no template comes along for a panel of 100x100 bw"),
        ("", {"panel": "big"}, "panel", "is no panel: write it as"),
        ("", {"beside": "label-99"}, "beside", "say beside which label it hangs"),
        ("/label-02/replace", {"address": "E6:5A:01:00:00:01"}, "address", "is label-01 already"),
    ],
)
async def test_a_label_that_cannot_be_hung_is_refused_with_its_field(
    cloud: tuple[Cloud, str], path: str, changed: dict[str, Any], field: str, said: str
) -> None:
    served, url = cloud
    body = {"store": "demo", "address": "F0:00:00:00:00:2A"} | ({} if path else {"product": GTIN})
    before = plan_of(served)
    async with signed_in(url, "tech") as tech:
        answer = await tech.post(f"/api/labels{path}", json=body | changed)
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, field), answer.text
        assert said in answer.json()["error"]["message"]
    assert plan_of(served) == before
