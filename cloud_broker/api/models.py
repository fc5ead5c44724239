"""Models that devices look with: headquarters adds them and gives them to stores, devices say whether they use them."""

from typing import Annotated, Any

from fastapi import APIRouter, File, UploadFile
from sqlalchemy import Connection, select

from cloud_broker.accounts import Account
from cloud_broker.api.auth import Hq, need_store
from cloud_broker.api.bodies.models import ModelUse, ModelView
from cloud_broker.api.context import Cloud, Context
from cloud_broker.api.errors import ApiError
from cloud_broker.live import Notice
from cloud_broker.models import library
from cloud_broker.registry.devices import find_store
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import stores
from firmware_specs.models import MOST_BYTES, ModelError

router = APIRouter(tags=["models"])


@router.get("/api/models", response_model=list[ModelView])
def all_models(cloud: Cloud, person: Hq) -> list[dict[str, Any]]:
    """Return the models that were added, the newest first, and how far each has come in the stores that want it."""
    with reading(cloud.engine) as connection:
        return _views(connection, person)


@router.post("/api/models", response_model=ModelView, status_code=201)
def add(
    cloud: Cloud,
    person: Hq,
    manifest: Annotated[UploadFile, File(description="NAME.json, as `edge-agent models list` reads it")],
    weights: Annotated[UploadFile, File(description="NAME.onnx, the very file that the manifest names by its hash")],
) -> dict[str, Any]:
    """Add a model; its hash, its input and its outputs are checked first, and no store uses it yet."""
    data = weights.file.read(MOST_BYTES + 1)
    try:
        found = library.read_model(manifest.file.read(library.MOST_MANIFEST_BYTES + 1), data)
    except ModelError as exc:
        raise ApiError(422, "model", str(exc), "manifest") from exc
    cloud.publisher.blobs.put(data)
    try:
        with cloud.engine.begin() as connection:
            library.add_model(connection, found, person.name)
            views = _views(connection, person)
    except library.ModelInUseError as exc:
        raise ApiError(409, "model", str(exc)) from exc
    return next(one for one in views if (one["name"], one["version"]) == (found.name, found.version))


@router.delete("/api/models/{name}/{version}", status_code=204)
def drop(name: str, version: int, cloud: Cloud, _: Hq) -> None:
    """Take a model away that no store uses."""
    try:
        with cloud.engine.begin() as connection:
            library.drop_model(connection, name, version)
    except library.ModelInUseError as exc:
        raise ApiError(409, "model", str(exc)) from exc


@router.put("/api/stores/{store}/models", response_model=list[ModelView])
def use(store: str, body: ModelUse, cloud: Cloud, person: Hq) -> list[dict[str, Any]]:
    """Have a store's devices look with a model, in place of the one for the same task."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        find_store(connection, store)
        library.use_model(connection, cloud.publisher, store, body.name, body.version, person.name)
        views = _views(connection, person)
    _tell(cloud, store)
    return views


@router.delete("/api/stores/{store}/models/{task}", response_model=list[ModelView])
def stop(store: str, task: str, cloud: Cloud, person: Hq) -> list[dict[str, Any]]:
    """Have a store's devices look with the model for a task that they came with."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        find_store(connection, store)
        library.stop_model(connection, cloud.publisher, store, task)
        views = _views(connection, person)
    _tell(cloud, store)
    return views


def _views(connection: Connection, person: Account) -> list[dict[str, Any]]:
    mine = [store for store in connection.execute(select(stores.c.id)).scalars() if person.may_see(store)]
    return library.views(connection, mine)


def _tell(cloud: Context, store: str) -> None:
    cloud.send()
    cloud.tell(Notice("models", store, {}))
