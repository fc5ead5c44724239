"""The files that positioning starts from: a site's geometry, and what was measured there.

Metres in the site's frame, x right and y up; times in seconds on any clock that does not go back.
"""

from typing import Annotated

from msgspec import Meta, Struct

Metres = Annotated[float, Meta(ge=-1e6, le=1e6)]
Coordinates = tuple[Metres, Metres]
Dbm = Annotated[float, Meta(ge=-150, le=150)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class BlockedCells(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An occupancy grid: the middles of squares of `size_m` where nobody can stand."""

    size_m: Annotated[float, Meta(gt=0, le=100)]
    cells: list[Coordinates]


class LevelPlan(Struct, frozen=True, kw_only=True):
    """A floor. A wall whose last point is its first encloses something that people walk around."""

    id: Name
    outline: list[Coordinates] | None = None
    walls: list[list[Coordinates]] = []
    blocked_cells: BlockedCells | None = None


class BeaconPlace(Struct, frozen=True, kw_only=True):
    """A beacon; its place and `power_1m_dbm`, its strength at one metre, may be unknown."""

    id: Name
    level: Name | None = None
    x_m: Metres | None = None
    y_m: Metres | None = None
    z_m: Metres | None = None
    power_1m_dbm: Dbm | None = None


class ZonePlan(Struct, frozen=True, kw_only=True):
    """A zone: a polygon, or a circle of `radius_m` around a point."""

    id: Name
    level: Name
    polygon: list[Coordinates] | None = None
    x_m: Metres | None = None
    y_m: Metres | None = None
    radius_m: Annotated[float, Meta(gt=0, le=1e4)] | None = None


class Georeference(Struct, frozen=True, kw_only=True):
    """Where a site's frame lies on the earth (WGS 84): its origin, and its y axis' bearing from north."""

    longitude_deg: Annotated[float, Meta(ge=-180, le=180)]
    latitude_deg: Annotated[float, Meta(ge=-89, le=89)]
    bearing_deg: Annotated[float, Meta(ge=-360, le=360)] = 0.0


class SitePlan(Struct, frozen=True, kw_only=True):
    """SITE.json: what is known of a site before anything is measured there."""

    levels: Annotated[list[LevelPlan], Meta(min_length=1)]
    beacons: list[BeaconPlace] = []
    zones: list[ZonePlan] = []
    georeference: Georeference | None = None


class SurveyPoint(Struct, frozen=True, kw_only=True):
    """`count` packets of one strength heard while standing at a point; a point has one line for each strength."""

    level: Name
    x_m: Metres
    y_m: Metres
    beacon: Name
    rssi_dbm: Dbm
    z_m: Metres | None = None
    count: Annotated[int, Meta(ge=1)] = 1


class TrackPoint(Struct, frozen=True, kw_only=True):
    """Where the surveyor was at a moment; between two, straight on."""

    t: float
    x_m: Metres
    y_m: Metres


class WalkPacket(Struct, frozen=True, kw_only=True):
    """A packet heard on a walk."""

    t: float
    beacon: Name
    rssi_dbm: Dbm


class SurveyWalk(Struct, frozen=True, kw_only=True):
    """One walk on one floor."""

    level: Name
    track: list[TrackPoint]
    packets: list[WalkPacket]


class Survey(Struct, frozen=True, kw_only=True):
    """SURVEY.json: what was heard where."""

    points: list[SurveyPoint] = []
    walks: list[SurveyWalk] = []
