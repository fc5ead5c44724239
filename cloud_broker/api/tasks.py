"""What people must do in a store."""

from typing import Any

from fastapi import APIRouter, Query
from sqlalchemy import Row

from cloud_broker.api.auth import Floor, Hq, Manager, need_store
from cloud_broker.api.bodies.tasks import TaskDropped, TaskTaken, TaskView
from cloud_broker.api.context import Cloud, Context
from cloud_broker.clock import now_ms
from cloud_broker.live import Notice
from cloud_broker.registry.devices import find_store
from cloud_broker.state.engine import reading
from cloud_broker.tasks.tasks import done_tasks, drop_task, open_tasks, overdue_tasks, take_task, view

router = APIRouter(tags=["tasks"])


@router.get("/api/stores/{store}/tasks", response_model=list[TaskView])
def all_open(store: str, cloud: Cloud, person: Floor) -> list[dict[str, Any]]:
    """Return the open tasks, the most urgent first. They close by the proof that they are done."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        find_store(connection, store)
        return [view(row, now_ms()) for row in open_tasks(connection, store, now_ms())]


@router.get("/api/stores/{store}/tasks/done", response_model=list[TaskView])
def done(store: str, cloud: Cloud, person: Floor, limit: int = Query(default=50, ge=1, le=500)) -> list[dict[str, Any]]:
    """Return the tasks that were closed, the latest first, each with its proof."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        find_store(connection, store)
        return [view(row, now_ms()) for row in done_tasks(connection, store, limit)]


@router.get("/api/tasks/overdue", response_model=list[TaskView])
def overdue(cloud: Cloud, person: Hq) -> list[dict[str, Any]]:
    """Return the overdue tasks of all stores, the longest first."""
    with reading(cloud.engine) as connection:
        return [view(row, now_ms()) for row in overdue_tasks(connection, now_ms()) if person.may_see(row.store)]


@router.post("/api/stores/{store}/tasks/{task}/take", response_model=TaskView)
def take(store: str, task: int, body: TaskTaken, cloud: Cloud, person: Floor) -> dict[str, Any]:
    """Say that one sees to a task, or give it back."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        taken = take_task(connection, store, task, person.name if body.taken else "")
    return _told(cloud, taken)


@router.post("/api/stores/{store}/tasks/{task}/drop", response_model=TaskView)
def drop(store: str, task: int, body: TaskDropped, cloud: Cloud, person: Manager) -> dict[str, Any]:
    """Close a task that needs nobody; a photo that shows the same again opens another."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        dropped = drop_task(connection, store, task, now_ms(), person.name, body.reason)
    return _told(cloud, dropped)


def _told(cloud: Context, row: Row[Any]) -> dict[str, Any]:
    told = view(row, now_ms())
    cloud.tell(Notice("task", row.store, told))
    return told
