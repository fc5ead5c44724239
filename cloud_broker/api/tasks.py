"""What people must do in a store."""

from typing import Any

from fastapi import APIRouter

from cloud_broker.api.auth import Staff, need_store
from cloud_broker.api.context import Cloud
from cloud_broker.api.models import TaskTaken, TaskView
from cloud_broker.live import Notice
from cloud_broker.registry.devices import find_store
from cloud_broker.state.engine import reading
from cloud_broker.tasks.tasks import open_tasks, take_task, view

router = APIRouter(tags=["tasks"])


@router.get("/api/stores/{store}/tasks", response_model=list[TaskView])
def all_open(store: str, cloud: Cloud, person: Staff) -> list[dict[str, Any]]:
    """Return the open tasks, the most urgent first. They close by the proof that they are done."""
    need_store(person, store)
    with reading(cloud.engine) as connection:
        find_store(connection, store)
        return [view(row) for row in open_tasks(connection, store)]


@router.post("/api/stores/{store}/tasks/{task}/take", response_model=TaskView)
def take(store: str, task: int, body: TaskTaken, cloud: Cloud, person: Staff) -> dict[str, Any]:
    """Say that one sees to a task, or give it back."""
    need_store(person, store)
    with cloud.engine.begin() as connection:
        taken = view(take_task(connection, store, task, person.name if body.taken else ""))
    cloud.tell(Notice("task", store, taken))
    return taken
