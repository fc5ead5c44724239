"""Bodies of the requests and answers of `api/models.py`."""

from typing import Annotated

from pydantic import Field

from cloud_broker.api.bodies.common import Id, In, Out


class ModelUse(In):
    """Which model a store's devices are to look with."""

    name: Id
    version: Annotated[int, Field(ge=1, le=2**31)]


class ModelRefused(Out):
    """A device that does not use what its store wants, and why."""

    device: str
    detail: str


class ModelInStore(Out):
    """A store that wants a model; of `devices` that follow its models, `using` have said that they use them."""

    store: str
    by: str
    since_ms: int
    devices: int
    using: int
    refused: list[ModelRefused]


class ModelFigure(Out):
    """One figure of a model, and on what it was measured."""

    what: str
    value: float
    sample: str


class ModelView(Out):
    """A model that headquarters has added; `size` in bytes."""

    name: str
    version: int
    task: str
    sha256: str
    size: int
    precision: str
    licence: str
    source: str
    data: str
    classes: int
    by: str
    added_ms: int
    measured: list[ModelFigure]
    stores: list[ModelInStore]
