"""The models that headquarters has added, and which of them each store's devices are to look with."""

from collections.abc import Collection
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, insert, select

from cloud_broker.clock import now_ms
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.tables import devices, heads, models, reported, store_models
from firmware_specs.kinds import kinds
from firmware_specs.models import ModelError, ModelManifest, Models, read_manifest
from vision.runtime import open_model

MATTER: Final = "models"
MOST_MANIFEST_BYTES: Final = 4 * 2**20


class ModelInUseError(Exception):
    """A change that would take something from a store, or put one model in place of another; the text says which."""


def read_model(manifest: bytes, weights: bytes) -> ModelManifest:
    """Return the manifest of an uploaded model, once its weights are what it says and can be run. Raises ModelError."""
    if len(manifest) > MOST_MANIFEST_BYTES:
        raise ModelError(f"the manifest is longer than {MOST_MANIFEST_BYTES // 2**20} MiB: give NAME.json, not weights")
    found = read_manifest(manifest)
    open_model(found, weights)
    return found


def add_model(connection: Connection, manifest: ModelManifest, by: str) -> None:
    """Add a model whose weights are kept as a blob. Raises ModelInUseError where another has its name and version."""
    known = _find(connection, manifest.name, manifest.version)
    if known == manifest:
        return
    if known is not None:
        raise ModelInUseError(
            f"{manifest.name} {manifest.version} is another model already: give this one the next version"
        )
    connection.execute(
        insert(models).values(
            name=manifest.name,
            version=manifest.version,
            task=manifest.task,
            sha256=manifest.sha256,
            manifest=msgspec.to_builtins(manifest),
            by=by,
            added_ms=now_ms(),
        )
    )


def drop_model(connection: Connection, name: str, version: int) -> None:
    """Take a model away that no store uses. Raises UnknownError, ModelInUseError."""
    query = select(store_models.c.store).where(store_models.c.name == name, store_models.c.version == version)
    if used := sorted(connection.execute(query).scalars()):
        raise ModelInUseError(f"{name} {version} is in use in {', '.join(used[:5])}: give those another one first")
    gone = connection.execute(delete(models).where(models.c.name == name, models.c.version == version)).rowcount
    if not gone:
        raise UnknownError(f"no model {name!r} {version}")


def use_model(connection: Connection, publisher: Publisher, store: str, name: str, version: int, by: str) -> None:
    """Have a store's devices look with a model, in place of the one for the same task. Raises UnknownError."""
    manifest = _find(connection, name, version)
    if manifest is None:
        raise UnknownError(f"no model {name!r} {version}")
    connection.execute(delete(store_models).where(store_models.c.store == store, store_models.c.task == manifest.task))
    connection.execute(
        insert(store_models).values(
            store=store, task=manifest.task, name=name, version=version, by=by, since_ms=now_ms()
        )
    )
    _publish(connection, publisher, store)


def stop_model(connection: Connection, publisher: Publisher, store: str, task: str) -> None:
    """Have a store's devices look with what they came with. Raises UnknownError."""
    where = (store_models.c.store == store, store_models.c.task == task)
    if not connection.execute(delete(store_models).where(*where)).rowcount:
        raise UnknownError(f"store {store!r} wants no model for {task[:63]!r}: its devices use what they came with")
    _publish(connection, publisher, store)


def views(connection: Connection, stores: Collection[str]) -> list[dict[str, Any]]:
    """Return every model as the API shows it, the newest first, with the stores among `stores` that use it."""
    rows = connection.execute(select(models).order_by(models.c.added_ms.desc(), models.c.name)).all()
    uses = connection.execute(select(store_models).where(store_models.c.store.in_(stores))).all()
    answers = {store: _answers(connection, store) for store in {use.store for use in uses}}
    return [
        {
            "name": row.name,
            "version": row.version,
            "task": row.task,
            "sha256": row.sha256,
            "by": row.by,
            "added_ms": row.added_ms,
            **{key: row.manifest[key] for key in ("size", "precision", "licence", "source", "data")},
            "classes": len(row.manifest["labels"]),
            "measured": row.manifest.get("measured", []),
            "stores": [
                {"store": use.store, "by": use.by, "since_ms": use.since_ms, **answers[use.store]}
                for use in uses
                if (use.name, use.version) == (row.name, row.version)
            ],
        }
        for row in rows
    ]


def _answers(connection: Connection, store: str) -> dict[str, Any]:
    """Return how many devices of a store follow its models, how many use them, and which refuse them, and why."""
    following = [kind.id for kind in kinds().values() if MATTER in kind.follows]
    wanted = select(heads.c.version).where(heads.c.store == store, heads.c.matter == MATTER)
    version = connection.execute(wanted).scalar() or 0
    query = (
        select(devices.c.id, reported.c.version, reported.c.applied, reported.c.detail)
        .outerjoin(reported, (reported.c.device == devices.c.id) & (reported.c.matter == MATTER))
        .where(devices.c.store == store, devices.c.in_service, devices.c.kind.in_(following))
        .order_by(devices.c.id)
    )
    rows = connection.execute(query).all()
    now = [row for row in rows if row.version == version]
    return {
        "devices": len(rows),
        "using": sum(row.applied for row in now),
        "refused": [{"device": row.id, "detail": row.detail} for row in now if not row.applied],
    }


def _publish(connection: Connection, publisher: Publisher, store: str) -> None:
    query = (
        select(models.c.manifest)
        .join(store_models, (store_models.c.name == models.c.name) & (store_models.c.version == models.c.version))
        .where(store_models.c.store == store)
        .order_by(models.c.task)
    )
    manifests = [msgspec.convert(body, ModelManifest) for body in connection.execute(query).scalars()]
    publisher.publish(connection, store, MATTER, lambda version: Models(store=store, version=version, models=manifests))


def _find(connection: Connection, name: str, version: int) -> ModelManifest | None:
    query = select(models.c.manifest).where(models.c.name == name, models.c.version == version)
    body = connection.execute(query).scalar()
    return None if body is None else msgspec.convert(body, ModelManifest)
