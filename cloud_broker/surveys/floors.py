"""A store's map as positioning sees it, made of the site and the survey that are in force."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from cloud_broker.blobs.store import BlobStore
from cloud_broker.state import tables
from firmware_specs.desired import Site, SiteSurvey
from firmware_specs.kinds import kinds
from firmware_specs.surveyed import ZonePlan
from firmware_specs.wire import decode
from positioning import Model, build
from positioning.events import Worth, large_enough, worth_of
from positioning.promise import promise_of
from positioning.store import plan_of, survey_of


@dataclass(frozen=True, slots=True)
class Floors:
    """A store's map, and whether its carts have wheels that tell how far they went."""

    model: Model
    has_wheels: bool

    def worth(self, zones: list[ZonePlan], at_least: float) -> list[Worth]:
        """Return what each zone is worth."""
        return worth_of(self.model, zones, at_least, has_wheels=self.has_wheels)

    def larger(self, zone: ZonePlan, at_least: float) -> Worth | None:
        """Return the smallest size of a zone that would do."""
        return large_enough(self.model, zone, at_least, has_wheels=self.has_wheels)

    def zone(self, name: str) -> ZonePlan | None:
        """Return a zone of the store."""
        return next((zone for zone in self.model.site.zones if zone.id == name), None)

    def promise(self) -> dict[str, Any]:
        """Return what the map promises, as `positioning.promise` says it."""
        return _promise(self.model, self.has_wheels)


def floors_of(connection: Connection, blobs: BlobStore, store: str) -> Floors | None:
    """Return a store's map; None before it has one, or where nothing can be located in it."""
    head = tables.heads
    query = select(head.c.matter, head.c.sha256).where(head.c.store == store, head.c.matter.in_(("site", "survey")))
    held = {row.matter: row.sha256 for row in connection.execute(query)}
    if "site" not in held:
        return None
    try:
        model = _model(blobs, held["site"], held.get("survey"))
    except ValueError:
        # A store without beacons or extent was opened all the same; its zones cannot be judged.
        return None
    return Floors(model, _has_wheels(connection, store))


@lru_cache(maxsize=8)
def _model(blobs: BlobStore, site_sha256: str, survey_sha256: str | None) -> Model:
    site = decode(blobs.get(site_sha256), Site, limit=None)
    survey = None if survey_sha256 is None else decode(blobs.get(survey_sha256), SiteSurvey, limit=None)
    return build(plan_of(site), survey_of(site, survey))


@lru_cache(maxsize=8)
def _promise(model: Model, has_wheels: bool) -> dict[str, Any]:
    return promise_of(model, has_wheels=has_wheels)


def _has_wheels(connection: Connection, store: str) -> bool:
    """Return whether every cart in service has wheels that are well; of one that never spoke, its kind says it."""
    table = tables.devices
    query = select(table.c.kind, table.c.health).where(
        table.c.store == store, table.c.in_service, table.c.kind == "cart"
    )
    usual = "wheels" in kinds()["cart"].drivers
    drivers = [(row.health or {}).get("drivers") for row in connection.execute(query)]
    return all(usual if told is None else told.get("wheels") == "ready" for told in drivers) if drivers else usual
