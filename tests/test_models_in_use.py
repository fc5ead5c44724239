"""The models that a store wants are tried before they are believed, and never leave a device blind."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from edge_agent.app import BlobUnavailableError, MatterRefusedError
from edge_agent.roles.models_in_use import ModelsInUse
from firmware_specs.models import ModelManifest, Models, read_manifest
from tests.fakes.surroundings import FakeSurroundings, held
from vision.runtime import SHIPPED, find

_PIXELS = np.full((90, 120, 3), 60, np.uint8)


def newer(task: str, **changed: object) -> ModelManifest:
    """Return the shipped manifest for a task as the next version of it."""
    shipped = read_manifest((SHIPPED / f"{task}.json").read_bytes())
    return replace(shipped, version=shipped.version + 1, **changed)


def weights(task: str) -> bytes:
    return (SHIPPED / f"{task}.onnx").read_bytes()


@pytest.fixture
def surroundings(tmp_path: Path) -> FakeSurroundings:
    made = FakeSurroundings(tmp_path, "gateway", device="gateway-1")
    made.blobs = {newer(task).sha256: weights(task) for task in ("items", "detector")}
    return made


@pytest.fixture
def models(surroundings: FakeSurroundings) -> ModelsInUse:
    return ModelsInUse(surroundings, ["items", "detector"])


def wanted(*manifests: ModelManifest, version: int = 1) -> Models:
    return Models(store="demo", version=version, models=list(manifests))


async def test_what_the_store_wants_is_looked_with_and_the_rest_is_what_came_along(models: ModelsInUse) -> None:
    matter = held("models", wanted(newer("items")))
    await models.prepare(matter)
    models.take(matter)
    mine = await models.model("items")
    assert (mine.manifest.version, mine.manifest) == (2, newer("items"))
    assert await models.model("items") is mine
    assert await models.model("detector") is find("detector")
    assert models.state() == [{"task": "items", "name": "items", "version": 2, "trouble": ""}]
    # What stays the same is not opened again; what the store no longer wants is what came along.
    models.take(held("models", wanted(newer("items"), newer("detector"), version=2)))
    assert await models.model("items") is mine
    models.take(held("models", wanted(version=3)))
    assert await models.model("items") is find("items")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda: [newer("items", gives=newer("items").gives[:1])], "gives"),
        (lambda: [replace(newer("detector"), task="items")], "detector"),
        (lambda: [newer("items", size=newer("items").size - 1)], "bytes"),
        (lambda: [newer("items", temperature=2.0), newer("items")], "several"),
    ],
)
async def test_a_model_that_is_not_what_it_says_is_refused_and_the_one_before_stays(
    models: ModelsInUse, spoil: Callable[[], list[ModelManifest]], told: str
) -> None:
    before = await models.model("items")
    with pytest.raises(MatterRefusedError, match=told):
        await models.prepare(held("models", wanted(*spoil())))
    assert await models.model("items") is before


async def test_weights_that_nobody_has_are_asked_for_again(models: ModelsInUse, surroundings: FakeSurroundings) -> None:
    surroundings.blobs = {}
    with pytest.raises(BlobUnavailableError):
        await models.prepare(held("models", wanted(newer("items"))))


async def test_a_device_that_lost_the_weights_sees_with_what_came_along_and_says_so(
    models: ModelsInUse, surroundings: FakeSurroundings
) -> None:
    surroundings.blobs = {}
    models.take(held("models", wanted(newer("detector"))))
    assert await models.model("detector") is find("detector")
    (told,) = models.state()
    assert (told["version"], "nobody has" in told["trouble"]) == (2, True)


async def test_models_for_what_a_device_does_not_look_for_are_left_alone(surroundings: FakeSurroundings) -> None:
    surroundings.blobs = {}
    speaker = ModelsInUse(surroundings, ["detector"])
    matter = held("models", wanted(newer("items")))
    await speaker.prepare(matter)
    speaker.take(matter)
    assert speaker.state() == []


def test_the_matter_travels_as_bytes() -> None:
    matter = wanted(newer("items"), newer("detector"))
    again = msgspec.json.decode(msgspec.json.encode(matter), type=Models)
    assert again == matter
    assert len(base64.b64encode(msgspec.json.encode(matter))) < 64_000


async def test_a_model_that_is_replaced_while_it_is_brought_in_is_not_kept(
    models: ModelsInUse, surroundings: FakeSurroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.take(held("models", wanted(newer("items"))))
    fetch = surroundings.fetch

    async def meanwhile(sha256: str, size: int, chunks: Sequence[str] = ()) -> bytes:
        models.take(held("models", wanted(version=2)))
        return await fetch(sha256, size, chunks)

    monkeypatch.setattr(surroundings, "fetch", meanwhile)
    assert await models.model("items") is find("items")
    assert await models.model("items") is find("items")
