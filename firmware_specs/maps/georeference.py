"""Metres of a site's frame to degrees on the ellipsoid and back, on a plane that touches it at the site's origin.

Radii of curvature of WGS 84 (NIMA TR8350.2, chapter 3). Within a kilometre of the origin the plane is off by less than
a centimetre, less than anybody measures a shop by.
"""

import math
from collections.abc import Iterable

from firmware_specs.surveyed import Coordinates, Georeference

_SEMI_MAJOR_M = 6_378_137.0
_ECCENTRICITY2 = 6.694_379_990_14e-3


def to_degrees(frame: Georeference, at: Coordinates) -> tuple[float, float]:
    """Return longitude and latitude of a place, degrees."""
    x_m, y_m = at
    turn = math.radians(frame.bearing_deg)
    east_m = x_m * math.cos(turn) + y_m * math.sin(turn)
    north_m = y_m * math.cos(turn) - x_m * math.sin(turn)
    across_m, along_m = _metres_in_a_degree(frame.latitude_deg)
    return frame.longitude_deg + east_m / across_m, frame.latitude_deg + north_m / along_m


def to_metres(frame: Georeference, longitude_deg: float, latitude_deg: float) -> Coordinates:
    """Return the place in the site's frame, metres."""
    across_m, along_m = _metres_in_a_degree(frame.latitude_deg)
    east_m = (longitude_deg - frame.longitude_deg) * across_m
    north_m = (latitude_deg - frame.latitude_deg) * along_m
    turn = math.radians(frame.bearing_deg)
    return east_m * math.cos(turn) - north_m * math.sin(turn), east_m * math.sin(turn) + north_m * math.cos(turn)


def corner_of(places: Iterable[tuple[float, float]]) -> Georeference:
    """Return the frame whose origin is the south-western corner of places in degrees; its y axis points north."""
    all_places = list(places)
    if not all_places:
        raise ValueError("nothing in this map has a place: no origin can be told")
    return Georeference(
        longitude_deg=min(longitude for longitude, _ in all_places),
        latitude_deg=min(latitude for _, latitude in all_places),
    )


def _metres_in_a_degree(latitude_deg: float) -> tuple[float, float]:
    """Return metres in a degree of longitude and of latitude there."""
    sine2 = math.sin(math.radians(latitude_deg)) ** 2
    root = math.sqrt(1 - _ECCENTRICITY2 * sine2)
    prime_m, meridian_m = _SEMI_MAJOR_M / root, _SEMI_MAJOR_M * (1 - _ECCENTRICITY2) / root**3
    return math.radians(prime_m * math.cos(math.radians(latitude_deg))), math.radians(meridian_m)
