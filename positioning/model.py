"""A site as the engine needs it: floors, what beacons sound like, and the memory of what was already worked out."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from firmware_specs.surveyed import SitePlan, Survey
from positioning.checks import check
from positioning.floor import Cells, Floor, cell_size_m, extent_of, floor_of
from positioning.loudness import loudness_of
from positioning.radio_map import Sound, sound_of
from positioning.readings import Readings, readings_of
from positioning.tuning import Tuning
from positioning.zones import zone_shares

LOG_PARTS = 64.0
"""Logarithms are kept as integers, this many to one: adding them is what an update does most."""
LEAST_LOG = -12.0
MOST_ADDED = 40
"""So many rows can be added before sixteen bits run over."""
Logs = NDArray[np.int16]

_MOST_REMEMBERED = 64 * 1024 * 1024
"""Bytes of likelihoods that are kept for the next packet of the same strength."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What may hold of a receiver and the air about it: an offset in dB, and which of the law's exponents.

    `share` is how likely it is beforehand, `beside` are the numbers of those with the next smaller and larger offset.
    """

    offset_db: float
    law: int
    share: float
    beside: tuple[int, ...]


def settings_of(tuning: Tuning, *, by_law: bool) -> tuple[Setting, ...]:
    """Return the lattice; `by_law` where there are beacons that no survey has heard."""
    offsets_db = np.arange(tuning.offset_least_db, tuning.offset_most_db + 0.1, tuning.offset_step_db)
    likely = np.exp(-0.5 * (offsets_db / tuning.offset_spread_db) ** 2)
    laws = range(len(tuning.exponents)) if by_law else range(1)
    shares = likely / likely.sum() / len(laws)
    many = offsets_db.size
    return tuple(
        Setting(
            float(offsets_db[n]), law, float(shares[n]),
            tuple(law * many + beside for beside in (n - 1, n + 1) if 0 <= beside < many),
        )
        for law in laws
        for n in range(many)
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A site, ready for the engine; build it with `build`.

    `priors` are the probabilities of all cells before anything is heard, together one; `settings` is the lattice of
    what may hold of receiver and air; `order` gives a beacon's number by its id, `zones` each zone's level and part of
    each cell. `surveyed` says which beacons a survey has heard, shape (beacons,). `z_m` is the height of the receiver.
    """

    tuning: Tuning
    site: SitePlan
    floors: tuple[Floor, ...]
    priors: tuple[Cells, ...]
    settings: tuple[Setting, ...]
    rates_hz: list[Cells | None]
    order: dict[str, int]
    zones: dict[str, tuple[int, Cells]]
    readings: dict[tuple[str, str], Readings]
    surveyed: NDArray[np.bool_]
    z_m: float
    _sounds: dict[tuple[int, int, int], Sound | None] = field(default_factory=dict)
    _rows: dict[tuple[int, int, int, int], Logs] = field(default_factory=dict)

    @property
    def is_loud(self) -> bool:
        """Whether any level's rate of packets is known, so that silence says something."""
        return any(rate is not None for rate in self.rates_hz)

    def sound(self, beacon: int, floor: int, law: int) -> Sound | None:
        """Return what a beacon sounds like on a floor, worked out when first asked; None where it is not heard.

        `law` says which exponent holds; where a survey has heard the beacon, it does not matter.
        """
        key = (beacon, floor, self._law(beacon, law))
        if key not in self._sounds:
            self._sounds[key] = self._worked_out(*key)
        return self._sounds[key]

    def _law(self, beacon: int, law: int) -> int:
        return 0 if self.surveyed[beacon] else law

    def _worked_out(self, beacon: int, floor: int, law: int) -> Sound | None:
        place = self.site.beacons[beacon]
        found = self.readings.get((self.floors[floor].level, place.id))
        if found is None and self.surveyed[beacon]:
            # A survey heard it, but not here.
            return None
        levels = [other.level for other in self.floors]
        home = levels.index(place.level) if place.level in levels else floor
        apart = abs(floor - home)
        return sound_of(self.floors[floor], place, found, apart, self.tuning.exponents[law], self.z_m, self.tuning)

    def log_likelihood(self, beacon: int, floor: int, law: int, rssi_dbm: int) -> Logs | float:
        """Return log p(strength | cell) of one packet, shape (rows, columns), in parts of `LOG_PARTS` as integers.

        One number where the beacon is not heard on that floor, in the same parts.
        """
        key = (beacon, floor, self._law(beacon, law), rssi_dbm)
        row = self._rows.get(key)
        if row is not None:
            return row
        sound = self.sound(beacon, floor, law)
        if sound is None:
            mean_dbm, sd_db = np.float32(self.tuning.weakest_dbm - 6.0), np.float32(6.0)
            return LOG_PARTS * float(student_t(rssi_dbm, np.array([mean_dbm]), np.array([sd_db]), self.tuning)[0])
        exact = student_t(rssi_dbm, sound.mean_dbm.astype(np.float32), sound.sd_db.astype(np.float32), self.tuning)
        row = (LOG_PARTS * np.maximum(exact, LEAST_LOG)).round().astype(np.int16).reshape(self.floors[floor].shape)
        self._rows[key] = row
        while len(self._rows) * row.nbytes > _MOST_REMEMBERED:
            # The oldest goes; what is asked for again is soon back.
            del self._rows[next(iter(self._rows))]
        return row


def student_t(rssi_dbm: float, mean_dbm: Cells, sd_db: Cells, tuning: Tuning) -> Cells:
    """Return the logarithm of Student's t, up to a constant: outliers of fading count, but not without bound."""
    scaled = (rssi_dbm - mean_dbm) / sd_db
    power = np.float32(-0.5 * (tuning.freedom + 1))
    row = power * np.log1p(scaled * scaled / np.float32(tuning.freedom)) - np.log(sd_db)
    return np.asarray(row, dtype=np.float32)


def build(site: SitePlan, survey: Survey | None = None, tuning: Tuning | None = None) -> Model:
    """Return the model of a site. Raises ValueError that names what is wrong with the site or the survey."""
    tuning = tuning if tuning is not None else Tuning()
    survey = survey if survey is not None else Survey()
    check(site, survey)
    heights = [point.z_m for point in survey.points if point.z_m is not None]
    z_m = float(np.median(heights)) if heights else tuning.receiver_z_m
    readings = readings_of(survey, z_m)
    extents = []
    for plan in site.levels:
        known = [(b.x_m, b.y_m) for b in site.beacons if b.level == plan.id and b.x_m is not None and b.y_m is not None]
        for (level, _), found in readings.items():
            if level == plan.id:
                known += [(float(x_m), float(y_m)) for x_m, y_m in found.places[:, :2]]
        extents.append(extent_of(plan, known, tuning))
    cell_m = cell_size_m(extents, tuning)
    floors, rates_hz = [], []
    for plan, extent in zip(site.levels, extents, strict=True):
        floor = floor_of(plan, extent, cell_m, tuning)
        # Points tell no time, so that a level that has them has no rate of its own.
        has_points = any(point.level == plan.id for point in survey.points)
        loud = None if has_points else loudness_of(floor, survey.walks, tuning)
        if loud is not None:
            walked = tuning.unwalked_share + (1 - tuning.unwalked_share) * loud[1]
            floor = replace(floor, share=floor.share * walked)
        floors.append(floor)
        rates_hz.append(None if loud is None else loud[0])
    area = sum(float(floor.share.sum()) for floor in floors)
    priors = tuple((floor.share / area).astype(np.float32) for floor in floors)
    order = {beacon.id: number for number, beacon in enumerate(site.beacons)}
    zones = zone_shares(site, floors)
    heard = {beacon for _, beacon in readings}
    surveyed = np.array([beacon.id in heard for beacon in site.beacons], dtype=np.bool_)
    by_law = any(beacon.x_m is not None and beacon.id not in heard for beacon in site.beacons)
    settings = settings_of(tuning, by_law=by_law)
    return Model(tuning, site, tuple(floors), priors, settings, rates_hz, order, zones, readings, surveyed, z_m)
