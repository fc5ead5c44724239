"""Where a device is, from the beacons it hears: frozen states, pure steps, metres.

    model = build(site)
    state = start(model, now_s)
    state = step(model, state, packets, now_s)
    where = estimate(model, state)

`radio_map` turns a site into what each beacon should sound like in each cell, `filter` keeps the
probability of each cell. Same packets, same answer; what comes later changes nothing said before.
"""

from positioning.filter import (
    Estimate,
    Packet,
    State,
    estimate,
    packet_from_advert,
    start,
    step,
    zone_probability,
)
from positioning.radio_map import BeaconKey, RadioMap, Tuning, build

__all__ = [
    "BeaconKey",
    "Estimate",
    "Packet",
    "RadioMap",
    "State",
    "Tuning",
    "build",
    "estimate",
    "packet_from_advert",
    "start",
    "step",
    "zone_probability",
]
