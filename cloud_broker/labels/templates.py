"""The templates that a store's labels are drawn by: those that come along, and its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select, update

from cloud_broker.clock import now_ms
from cloud_broker.labels.plan import publish_plan
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.tables import label_templates, labels
from vision.labels.template import Template, TemplateError, built_in, built_in_names, parse_template
from vision.panel import Panel

NAMED: Final = 20
"""So many labels or products are named in a refusal."""


class TemplateInUseError(ValueError):
    """A template that cannot be taken away, or used, as things stand; the text says why and what would help."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A template of a store; `by` is empty for one that comes along."""

    template: Template
    by: str = ""
    made_ms: int = 0


def usual_template(panel: Panel) -> str:
    """Return the template that labels with this panel begin with. Raises TemplateError when none comes along."""
    for name in sorted(built_in_names(), key=lambda name: name != "standard"):
        if built_in(name).panel == panel:
            return name
    known = ", ".join(sorted({str(built_in(name).panel) for name in built_in_names()}))
    raise TemplateError(f"no template comes along for a panel of {panel}: there are some for {known}")


def templates_of(connection: Connection, store: str) -> dict[str, Kept]:
    """Return every template that the store's labels may use, by name."""
    found = {name: Kept(built_in(name)) for name in built_in_names()}
    own = connection.execute(select(label_templates).where(label_templates.c.store == store))
    return found | {row.name: Kept(parse_template(row.body), row.by, row.made_ms) for row in own}


def find_template(connection: Connection, store: str, name: str) -> Kept:
    """Return one template. Raises UnknownError."""
    found = templates_of(connection, store).get(name)
    if found is None:
        raise UnknownError(f"no template {name!r} in store {store!r}")
    return found


def counts(connection: Connection, store: str) -> dict[str, int]:
    """Return how many labels use each template."""
    query = select(labels.c.template, func.count()).where(labels.c.store == store).group_by(labels.c.template)
    return {name: count for name, count in connection.execute(query)}


def put_template(connection: Connection, publisher: Publisher, store: str, template: Template, by: str) -> None:
    """Make or change a store's own template; labels that use it are drawn anew.

    Raises TemplateInUseError for the name of one that comes along, and for another panel than its labels have.
    """
    if template.name in built_in_names():
        raise TemplateInUseError(f"the template {template.name!r} comes along and stays as it is: choose another name")
    using = _using(connection, store, template.name)
    wrong = [row.id for row in using if row.panel != str(template.panel)]
    if wrong:
        raise TemplateInUseError(
            f"{_named(wrong)} use it and have other panels than {template.panel}: give them another template first"
        )
    where = (label_templates.c.store == store, label_templates.c.name == template.name)
    before = connection.execute(select(label_templates.c.body).where(*where)).scalar()
    connection.execute(delete(label_templates).where(*where))
    body = template.model_dump(mode="json", exclude_none=True)
    values = {"store": store, "name": template.name, "body": body, "by": by, "made_ms": now_ms()}
    connection.execute(insert(label_templates).values(**values))
    if using and before != body:
        _draw_anew(connection, store, (row.id for row in using))
        publish_plan(connection, publisher, store)


def drop_template(connection: Connection, store: str, name: str) -> None:
    """Take a store's own template away. Raises TemplateInUseError while labels use it, UnknownError."""
    if find_template(connection, store, name).by == "":
        raise TemplateInUseError(f"the template {name!r} comes along and cannot be taken away")
    using = [row.id for row in _using(connection, store, name)]
    if using:
        raise TemplateInUseError(f"{_named(using)} use it: give them another template first")
    connection.execute(delete(label_templates).where(label_templates.c.store == store, label_templates.c.name == name))


def use_template(
    connection: Connection, publisher: Publisher, store: str, name: str, wanted: list[str] | None
) -> list[str]:
    """Draw labels by a template from now on, all with its panel when `wanted` is None; return those that change.

    Raises TemplateInUseError for a label with another panel, UnknownError for one that does not hang here.
    """
    panel = str(find_template(connection, store, name).template.panel)
    hanging = {row.id: row for row in connection.execute(select(labels).where(labels.c.store == store))}
    unknown = [label for label in wanted or () if label not in hanging]
    if unknown:
        raise UnknownError(f"no label {unknown[0]!r} in store {store!r}")
    chosen = [row for row in hanging.values() if (row.panel == panel if wanted is None else row.id in wanted)]
    wrong = [row.id for row in chosen if row.panel != panel]
    if wrong:
        raise TemplateInUseError(f"the template {name!r} is for panels of {panel}: {_named(wrong)} have others")
    changed = [row.id for row in chosen if row.template != name]
    if changed:
        where = (labels.c.store == store, labels.c.id.in_(changed))
        connection.execute(update(labels).where(*where).values(template=name))
        _draw_anew(connection, store, changed)
        publish_plan(connection, publisher, store)
    return sorted(changed)


def _using(connection: Connection, store: str, name: str) -> list[Any]:
    return list(connection.execute(select(labels).where(labels.c.store == store, labels.c.template == name)))


def _draw_anew(connection: Connection, store: str, changed: Iterable[str]) -> None:
    # What they show stays true until they have proved another picture.
    where = (labels.c.store == store, labels.c.id.in_(list(changed)))
    connection.execute(update(labels).where(*where).values(state="pending", reason="", since_ms=now_ms()))


def _named(found: list[str]) -> str:
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return ", ".join(found[:NAMED]) + more
