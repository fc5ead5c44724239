"""Bodies of the requests and answers of `api/tasks.py`."""

from typing import Any

from pydantic import Field

from cloud_broker.api.bodies.common import In, Out


class ProofView(Out):
    """By what a task was closed.

    `kind` is `label` (it proved its price), `photo`, `look`, `dropped` or `gone` (what it was about is no more);
    `note` is the photo's audit, or the reason.
    """

    kind: str
    by: str
    note: str


class TaskView(Out):
    """What somebody must do.

    `kind` is `label`, `stock`, `place` or `date`; `about` is the label's name, or `bay:gtin`; `owner` the role whose it
    is, `escalated_to` whose besides: `manager`, `hq` or empty. `facts` is what pages make a sentence of.
    """

    id: int
    store: str
    kind: str
    about: str
    bay: str
    gtin: str
    cause: str
    detail: str
    facts: dict[str, Any]
    opened_ms: int
    due_ms: int
    owner: str
    escalated_to: str
    taken_by: str
    closed_ms: int | None
    proof: ProofView | None


class TaskTaken(In):
    """Whether one sees to a task, or gives it back."""

    taken: bool = True


class TaskDropped(In):
    """Why a task needs nobody."""

    reason: str = Field(min_length=3, max_length=200)
