"""Where a device is, from the beacons it hears: frozen states, pure steps, metres.

    model = build(site, survey)
    state = start(model, now_s)
    state = step(model, state, packets, moves, now_s)
    where = estimate(model, state)

`radio_map` turns a site and its survey into what each beacon should sound like in each cell, `engine` keeps the
probability of each cell, `Tracker` feeds it in the order of time. Same packets, same answer; what comes later changes
nothing said before.
"""

from positioning.engine import Move, State, start, step
from positioning.estimate import Estimate, estimate
from positioning.evidence import Packet
from positioning.model import Model, build
from positioning.tracker import Tracker
from positioning.tuning import Tuning

__all__ = [
    "Estimate",
    "Model",
    "Move",
    "Packet",
    "State",
    "Tracker",
    "Tuning",
    "build",
    "estimate",
    "start",
    "step",
]
