"""A technician who walks every aisle of a virtual store before it opens, with a receiver that hears its radio."""

import math
from collections.abc import Iterator

from device_drivers.virtual.air import Air
from device_drivers.virtual.floor import XY, Floor
from device_drivers.virtual.world import Walking
from firmware_specs.desired import Site
from firmware_specs.surveyed import Survey, SurveyWalk, TrackPoint, WalkPacket

LANE_M = 1.4
DETOUR = 4.0
SPEED_MPS = 0.9
PACKETS_HZ = 5.0
RECEIVER = "surveyor"


def surveyed(site: Site, seed: int) -> Survey:
    """Return what is heard on a walk past spots `LANE_M` apart under a seed of the air."""
    air, walking = Air(site, seed), Walking(_way(Floor(site)), SPEED_MPS, 0.0)
    packets = [
        WalkPacket(t=round(at_s, 3), beacon=site.beacons[beacon].id, rssi_dbm=rssi_dbm)
        for at_s, beacon, rssi_dbm in _heard(air, walking)
    ]
    return Survey(walks=[SurveyWalk(level=site.level, track=_track(walking), packets=packets)])


def _way(floor: Floor) -> tuple[XY, ...]:
    """Return the corners of a way past all of the floor: always to the nearest spot not passed yet, aisle by aisle."""
    site = floor.site
    spots = [
        (column * LANE_M, row * LANE_M)
        for column in range(1, int(site.width_m / LANE_M) + 1)
        for row in range(1, int(site.height_m / LANE_M) + 1)
        if floor.is_free(column * LANE_M, row * LANE_M)
    ]
    way = [spots[0] if spots else floor.nearest_free((site.width_m / 2, site.height_m / 2))]
    while spots:
        here = way[-1]
        # What a shelf hides is a detour away.
        spot = min(spots, key=lambda at: math.dist(here, at) * (1 if floor.sees(here, at) else DETOUR))
        way.extend(floor.route(here, spot)[1:])
        spots.remove(spot)
    # A body hides what is behind it: back the same way, and each place is heard from both sides.
    return (*way, *way[-2::-1])


def _track(walking: Walking) -> list[TrackPoint]:
    gone_m, track = 0.0, [TrackPoint(t=0.0, x_m=walking.path[0][0], y_m=walking.path[0][1])]
    for before, after in zip(walking.path, walking.path[1:], strict=False):
        gone_m += math.dist(before, after)
        track.append(TrackPoint(t=gone_m / walking.speed_mps, x_m=after[0], y_m=after[1]))
    return track


def _heard(air: Air, walking: Walking) -> Iterator[tuple[float, int, int]]:
    for number in range(int(walking.end_s * PACKETS_HZ)):
        for beacon, sender in enumerate(air.site.beacons):
            at_s = (number + beacon / len(air.site.beacons)) / PACKETS_HZ
            here = walking.pose(at_s)
            rssi_dbm = air.heard_dbm(sender, number, RECEIVER, (here.x_m, here.y_m), here.heading_rad)
            if rssi_dbm is not None:
                yield at_s, beacon, rssi_dbm
