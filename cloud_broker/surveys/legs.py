"""What technicians walked: legs as devices said them, and a survey made of those that count."""

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from cloud_broker.clock import now_ms
from cloud_broker.registry.desired import Publisher
from cloud_broker.registry.devices import UnknownError
from cloud_broker.state.tables import devices, survey_legs, surveys_used
from cloud_broker.surveys.publish import publish_survey
from firmware_specs.events import SurveyLegWalked
from firmware_specs.surveyed import Survey


def keep_leg(connection: Connection, store: str, device: str, leg: SurveyLegWalked) -> None:
    """Keep a leg; one that is said again takes its own place."""
    drop_leg(connection, store, leg.survey, leg.leg)
    connection.execute(
        insert(survey_legs).values(
            store=store, survey=leg.survey, leg=leg.leg, device=device, at_ms=leg.at_ms, body=msgspec.to_builtins(leg)
        )
    )


def drop_leg(connection: Connection, store: str, survey: str, leg: int) -> None:
    """Forget a leg that was taken back."""
    table = survey_legs
    connection.execute(delete(table).where(table.c.store == store, table.c.survey == survey, table.c.leg == leg))


def forget(connection: Connection, store: str, survey: str) -> None:
    """Forget a survey; what devices go by stays as it is. Raises UnknownError."""
    table = survey_legs
    gone = connection.execute(delete(table).where(table.c.store == store, table.c.survey == survey))
    if gone.rowcount == 0:
        raise UnknownError(f"no survey {survey!r} in store {store!r}")


def survey_of(connection: Connection, store: str, survey: str) -> Survey:
    """Return all that was heard on a survey's legs. Raises UnknownError."""
    table = survey_legs
    query = select(table.c.body).where(table.c.store == store, table.c.survey == survey).order_by(table.c.leg)
    legs = [msgspec.convert(body, SurveyLegWalked) for body in connection.execute(query).scalars()]
    if not legs:
        raise UnknownError(f"no survey {survey!r} in store {store!r}")
    return Survey(points=[point for leg in legs for point in leg.points])


def use(connection: Connection, publisher: Publisher, store: str, survey: str, by: str) -> None:
    """Make a survey what the store's devices go by. Raises UnknownError."""
    publish_survey(connection, publisher, store, survey_of(connection, store, survey))
    connection.execute(delete(surveys_used).where(surveys_used.c.store == store))
    connection.execute(insert(surveys_used).values(store=store, survey=survey, by=by, at_ms=now_ms()))


def views(connection: Connection, store: str) -> list[dict[str, Any]]:
    """Return the surveys walked in a store, newest first."""
    table = survey_legs
    query = (
        select(
            table.c.survey,
            func.count().label("legs"),
            func.min(table.c.at_ms).label("since_ms"),
            func.max(table.c.at_ms).label("until_ms"),
            func.max(table.c.device).label("device"),
        )
        .where(table.c.store == store)
        .group_by(table.c.survey)
        .order_by(func.max(table.c.at_ms).desc())
    )
    used = connection.execute(select(surveys_used).where(surveys_used.c.store == store)).first()
    names = {row.id: row.name for row in connection.execute(select(devices.c.id, devices.c.name))}
    return [
        {
            "id": row.survey,
            "device": row.device,
            "device_name": names.get(row.device, row.device),
            "legs": row.legs,
            "since_ms": row.since_ms,
            "until_ms": row.until_ms,
            "is_used": used is not None and used.survey == row.survey,
        }
        for row in connection.execute(query)
    ]
