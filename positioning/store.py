"""A store's own site document as positioning needs it, and its beacons by what they say of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from firmware_specs.desired import Shelf, Site, SiteSurvey
from firmware_specs.frames.said import identity_in, label_key
from firmware_specs.surveyed import BeaconPlace, Coordinates, LevelPlan, SitePlan, Survey, ZonePlan


def plan_of(site: Site) -> SitePlan:
    """Return a store's site; raises ValueError on a floor without extent."""
    if not (site.width_m > 0 and site.height_m > 0):
        raise ValueError(f"site of {site.width_m} x {site.height_m} m has no floor")
    corners: list[Coordinates] = [(0.0, 0.0), (site.width_m, 0.0), (site.width_m, site.height_m), (0.0, site.height_m)]
    walls = [_around(shelf) for shelf in site.shelves if shelf.level == site.level]
    beacons = [
        BeaconPlace(id=one.id, level=one.level, x_m=one.x_m, y_m=one.y_m, z_m=one.z_m, power_1m_dbm=one.power_1m_dbm)
        for one in site.beacons
        if one.level == site.level
    ]
    zones = [
        ZonePlan(id=zone.id, level=zone.level, polygon=[(point.x_m, point.y_m) for point in zone.polygon])
        for zone in site.zones
        if zone.level == site.level and len(zone.polygon) > 2
    ]
    return SitePlan(levels=[LevelPlan(id=site.level, outline=corners, walls=walls)], beacons=beacons, zones=zones)


def survey_of(site: Site, heard: SiteSurvey | None) -> Survey:
    """Return what a survey says of the beacons of a store as it is now."""
    if heard is None:
        return Survey()
    beacons = {one.id for one in site.beacons}
    return Survey(points=[one for one in heard.points if one.level == site.level and one.beacon in beacons])


def _around(shelf: Shelf) -> list[Coordinates]:
    left, low, right, high = shelf.x_m, shelf.y_m, shelf.x_m + shelf.width_m, shelf.y_m + shelf.depth_m
    return [(left, low), (right, low), (right, high), (left, high), (left, low)]


@dataclass(frozen=True, slots=True)
class Adverts:
    """Tells the beacons of a store from all else that is on the air."""

    names: Mapping[str, str]
    """A beacon's id by how it is known on the air."""

    @classmethod
    def of(cls, site: Site) -> "Adverts":
        """Return those of a site; raises ValueError on a beacon that nothing could be known by."""
        return cls({one.key: one.id for one in site.beacons})

    def name(self, address: str, manufacturer: Mapping[int, bytes], service_data: Mapping[int, bytes]) -> str | None:
        """Return whose advertisement this is; None when it is of no beacon of this store."""
        said = identity_in(manufacturer, service_data)
        key = label_key(address) if said is None else said.key
        return self.names.get(key)
