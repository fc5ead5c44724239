"""Bodies of the requests and answers of `api/templates.py`."""

from typing import Any

from pydantic import Field

from cloud_broker.api.bodies.common import Gtin, Id, In, Names, Out


class TemplateBody(In):
    """A template of labels, as its JSON Schema (`edge-agent label templates --schema`) describes it."""

    template: dict[str, Any]


class TemplateTry(TemplateBody):
    """A template, tried on one product; without one on the first that hangs on a label."""

    gtin: Gtin | None = None


class TemplateUse(In):
    """Which labels shall use it; null for all that have its panel."""

    labels: list[Id] | None = Field(default=None, max_length=100_000)


class TemplateView(Out):
    """A template of a store, with how many labels use it; `by` is empty for one that comes along."""

    name: str
    title: Names
    panel: str
    by: str
    made_ms: int
    labels: int
    fitting: int
    template: dict[str, Any]


class TemplateTried(Out):
    """What came of trying a template on a product: its picture as a PNG in base64, or the problem."""

    gtin: str
    name: Names
    png: str | None
    problem: str
    took_us: int


class TemplateCheck(Out):
    """A template tried on every product that hangs on a label with its panel."""

    products: int
    problems: list[dict[str, Any]]
    more: int


class TemplateUsed(Out):
    """The labels that are drawn anew."""

    labels: list[str]
