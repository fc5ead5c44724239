"""What a label's trouble becomes: a state of its own, and a task that its proof closes."""

import pytest
from sqlalchemy import select

from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.engine import reading
from cloud_broker.state.tables import labels
from cloud_broker.tasks.tasks import open_tasks, take_task
from firmware_specs.events import LabelFailed, LabelShown
from tests.fakes.cloud_state import Cloud
from tests.fakes.store import CATALOGUE

GTIN = CATALOGUE[0]["gtin"]


def failed(label: str, cause: str, at_ms: int = 1_000) -> LabelFailed:
    return LabelFailed(at_ms=at_ms, label=label, gtin=GTIN, reason=f"because {cause}", cause=cause)


def shown(label: str, at_ms: int = 2_000) -> LabelShown:
    return LabelShown(at_ms=at_ms, label=label, gtin=GTIN, price_minor=500, book_version=1, image_sha256="ab" * 32)


def state(cloud: Cloud, label: str) -> tuple[str, str]:
    with reading(cloud.engine) as connection:
        row = connection.execute(select(labels.c.state, labels.c.cause).where(labels.c.id == label)).one()
        return row.state, row.cause


def test_a_label_in_trouble_opens_one_task_and_its_proof_closes_it(state_cloud: Cloud) -> None:
    gateway = state_cloud.enrol("gateway")
    state_cloud.say(gateway, failed("label-01", "silent"), failed("label-02", "battery"), failed("label-03", "service"))
    assert [state(state_cloud, f"label-0{number}") for number in (1, 2, 3)] == [
        ("failed", "silent"),
        ("service", "battery"),
        ("service", "service"),
    ]
    # Told again for another reason it is the same task.
    state_cloud.say(gateway, failed("label-01", "differs", 5_000))
    with reading(state_cloud.engine) as connection:
        found = open_tasks(connection, "demo", 10_000)
    assert [(task.about, task.cause) for task in found] == [
        ("label-01", "differs"),
        ("label-02", "battery"),
        ("label-03", "service"),
    ]
    assert (found[0].opened_ms, found[0].due_ms) == (1_000, 1_000 + 4 * 3_600_000)
    state_cloud.say(gateway, shown("label-01"))
    with state_cloud.engine.begin() as connection:
        assert [task.about for task in open_tasks(connection, "demo", 10_000)] == ["label-02", "label-03"]
        assert take_task(connection, "demo", found[1].id, "tech").taken_by == "tech"
        with pytest.raises(UnknownError, match="it may have been seen to already"):
            take_task(connection, "demo", found[0].id, "tech")
    assert state(state_cloud, "label-01") == ("shown", "")
    # What goes wrong once more is a new task.
    state_cloud.say(gateway, failed("label-01", "late", 9_000))
    with reading(state_cloud.engine) as connection:
        again = next(task for task in open_tasks(connection, "demo", 10_000) if task.about == "label-01")
    assert again.id != found[0].id
