"""A store's own site document as positioning needs it, and its beacons by what they say of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from firmware_specs.desired import Shelf, Site, SiteSurvey
from firmware_specs.frames.ibeacon import COMPANY_ID, IBeacon
from firmware_specs.surveyed import BeaconPlace, Coordinates, LevelPlan, SitePlan, Survey, ZonePlan
from positioning.evidence import Packet

BeaconKey = tuple[UUID, int, int]
"""A beacon's uuid, major and minor; its address rotates and names nothing."""


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

    names: Mapping[BeaconKey, str]

    @classmethod
    def of(cls, site: Site) -> "Adverts":
        """Return those of a site; raises ValueError on a uuid that is none."""
        return cls({(UUID(one.uuid), one.major, one.minor): one.id for one in site.beacons})

    def packet(self, manufacturer: Mapping[int, bytes], rssi_dbm: float, heard_s: float) -> Packet | None:
        """Return the packet in an advertisement's manufacturer data; None when it is no iBeacon of this store."""
        payload = manufacturer.get(COMPANY_ID)
        if payload is None:
            return None
        try:
            frame = IBeacon.from_bytes(payload)
        except ValueError:
            return None
        name = self.names.get((frame.uuid, frame.major, frame.minor))
        return None if name is None else Packet(name, rssi_dbm, heard_s)
