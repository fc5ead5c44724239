"""The constants of positioning: one set for all sites, told from data in `tests.bench` and never from a site's name."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Still:
    """What standing makes of packets, which err alike at one place: each one's weight, and what each half second keeps
    of the belief."""

    trust: float
    keep: float


@dataclass(frozen=True, slots=True)
class Tuning:
    """Lengths in metres, strengths in dB, times in seconds, angles in radians."""

    # ---- cells
    cell_m: float = 0.5
    most_cells: int = 60_000
    """A site with more than these is cut into larger cells."""
    blocked_share: float = 0.05
    """How likely a cell is that the plan calls blocked, against a free one: plans are never quite right."""
    wall_share: float = 0.4
    outside_share: float = 0.01
    margin_m: float = 1.0
    """How far the cells reach beyond what is known of a level."""

    # ---- radio map
    receiver_z_m: float = 1.0
    power_dbm: float = -59.0
    power_spread_db: float = 5.0
    """Strength at one metre of a beacon that nobody has described, and how far it may be from that."""
    exponent: float = 2.0
    exponent_spread: float = 0.5
    exponents: tuple[float, ...] = (1.4, 2.0, 2.6)
    law_exponent_spread: float = 0.3
    """Where no survey has heard a beacon, which of these holds is learnt while walking."""
    nearest_m: float = 0.7
    """Nearer than this the far-field law says nothing."""
    lane_db: float = 1.5
    lane_m: float = 1.2
    place_db: float = 2.5
    place_m: float = 4.0
    """Two Gaussian processes (Matérn 3/2): what a few steps change, and what a part of the room changes."""
    law_db: float = 4.0
    """What the law is off by on top, where no survey has heard a beacon: shelves, bodies, antennas."""
    unplaced_db: float = 5.0
    unplaced_m: float = 10.0
    """The second of them for a beacon of which nobody knows where it hangs."""
    point_db: float = 3.5
    """What one point of a survey is off by: it stands in one place of a fading pattern."""
    fading_db: float = 4.5
    """Of one packet about the mean of its place, a metre wide."""
    drift_db: float = 2.0
    """How far a beacon may have changed between two campaigns of a survey."""
    weakest_dbm: float = -98.0
    """What the weakest packets have."""

    # ---- evidence
    freedom: float = 4.0
    trust: float = 0.85
    """Weight of a packet: errors that stay with a place are not told anew by each packet."""
    sparse_trust: float = 1.15
    sparse_packets_per_s: float = 20.0
    """The same with odometry where packets are rare, and how many a second, of all beacons, are not rare at all."""
    packets_per_s: float = 2.0
    told_packets_per_s: float = 1.4
    guessed_packets_per_s: float = 0.35
    """More packets of one beacon than this share the weight of this many; with odometry nothing is forgotten by
    spreading, so that what stays with a place would be believed too firmly. What the law of a beacon that nobody
    surveyed is off by stays for metres."""
    still: Still = Still(trust=0.12, keep=0.975)
    told_still: Still = Still(trust=0.02, keep=0.995)
    """Without odometry, and with it: who is told to stand need not forget how it came there."""
    told_doubt: float = 0.3
    """With odometry, so much less sure is an answer's region than the belief it is told from: what errs alike along the
    way has been added up as if it did not. At 0.3 nine of ten 90 % regions cover."""
    lost_share: float = 1e-6
    """Of each step's probability that goes back to everywhere, so that a wrong belief ends; more of it, and a chance
    likeness elsewhere or on another level takes over."""

    loudness_m: float = 3.0
    loudness_shape: float = 0.2
    """How far, and how surely, a cell's rate of packets is known from walks."""
    unwalked_share: float = 0.1
    """How likely a cell is that no walk of a survey came near, on a level with walks."""

    # ---- motion
    walk_m: float = 1.0
    """Spread of a walker after one second, per axis; it grows with the root of time."""
    quick_s: float = 2.0
    slow_s: float = 8.0
    """Two memories of how strong a beacon is; they differ for who goes."""
    going_db: float = 1.3
    """How much they differ by, besides noise."""
    least_share: float = 0.045
    """Of a packet's variance: with less than this between the two memories, they hold the same packets."""
    going_odds: float = 1.0
    """Logarithm of the odds of going before anything is heard."""

    # ---- odometry
    going_m_per_s: float = 0.5
    """Slower than this, the places of packets are less than new."""
    headings: int = 24
    heading_spread: float = math.radians(15)
    heading_share: float = 0.6
    """That a compass agrees with the map within the spread; else it may be off by any constant."""
    heading_drift: float = 0.04
    """Of a hypothesis' probability that goes to its neighbours with each metre."""
    stride_share: float = 0.12
    """What a told distance is off by, per axis, on top of the cells'."""
    idle_m: float = 0.1
    """Spread after one second without a word from odometry, per axis."""

    # ---- health of beacons
    watch_s: float = 1.0
    """How often residuals are looked at."""
    epoch_m: float = 0.5
    """Residuals of one place err alike; only so far away they tell something new."""
    test_m: float = 5.0
    """How far from where the device is believed to be others may say that it is."""
    gain_db: float = 6.0
    """A beacon that is off by so much has changed its gain."""
    law_gain_db: float = 12.0
    """The same where no survey has heard it: what the law does not know must not be blamed on a beacon."""
    guessed_db: float = 3.0
    """How far a beacon may be off that no survey has heard: its power, what stands before it."""
    moved_db: float = 10.0
    """What a beacon that hangs elsewhere is off by, now up, now down."""
    witnesses: float = 16.0
    """So many beacons besides the fewest needed make a test count whole."""
    unhealthy_share: float = 0.1
    """How likely a beacon has changed before anything is heard of it."""
    sure: float = 0.95
    """How probable a change must be to be told."""
    missed_packets: float = 20.0
    missed_s: float = 10.0
    """A beacon that has been silent for longer than that, and for so many packets that it should have sent, is dead."""
    audible_db: float = 12.0
    """Above the weakest packets, where each packet is heard."""

    # ---- receiver
    offset_least_db: float = -15.0
    offset_most_db: float = 12.0
    offset_step_db: float = 3.0
    offset_spread_db: float = 5.0
    offset_drift: float = 0.03
    """Of a hypothesis' probability that goes to its neighbours in a second: a body before the antenna turns, and one
    settled wrongly at the start must not be held."""
    most_work: int = 4_000_000
    """Cells of all hypotheses together; the least likely ones of more are dropped."""
    most_guesses: int = 160
    """Hypotheses of all levels together: a cart that stands learns nothing more, and must not work at it."""
    crop_share: float = 1e-5
    """Of a hypothesis, what may be lost at its edges."""
    fewest_share: float = 3e-4
    """A hypothesis less likely than this, against the likeliest, is given up."""
