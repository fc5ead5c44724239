"""A survey becomes the store's: few points, pushed to whoever locates itself by them."""

import msgspec
from sqlalchemy import Connection

from cloud_broker.registry.desired import Publisher
from firmware_specs.desired import Manifest, Site, SiteSurvey
from firmware_specs.surveyed import Survey
from positioning.readings import points_of

CARRIED_M = 1.0
"""The height at which a cart's or a technician's receiver hears, where a survey does not say."""


def check_survey(site: Site, survey: Survey) -> list[str]:
    """Return a line for each thing in a survey that is not of this store, or not of use."""
    wrong = []
    levels = {point.level for point in survey.points} | {walk.level for walk in survey.walks}
    if not levels:
        wrong.append("no points and no walks; leave the survey out, or walk one")
    wrong += [f"level: {name!r}, but the store's is {site.level!r}" for name in sorted(levels - {site.level})]
    heard = {point.beacon for point in survey.points} | {one.beacon for walk in survey.walks for one in walk.packets}
    if levels and not heard & {beacon.id for beacon in site.beacons}:
        wrong.append("beacon: none of those heard is in the site; use the ids of its beacons")
    return wrong


def publish_survey(connection: Connection, publisher: Publisher, store: str, survey: Survey) -> Manifest:
    """Make a survey what the store's devices go by."""
    points = points_of(survey, CARRIED_M)
    return publisher.publish(
        connection, store, "survey", lambda version: SiteSurvey(store=store, version=version, points=points)
    )


def read_survey(raw: object) -> Survey:
    """Return the survey in plain JSON values. Raises msgspec.ValidationError."""
    return msgspec.convert(raw, Survey, strict=True)
