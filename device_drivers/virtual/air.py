"""What a radio hears at a place: one store's air, a pure function of site, seed and packet.

Log-distance path loss; shelves in the way; a shadowing field of each beacon, smooth over metres and
fixed in time; a gain of each receiver; Rician fading and loss of each packet.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from device_drivers.virtual.chance import generator, normals, uniforms
from device_drivers.virtual.floor import XY, Box
from firmware_specs.desired import Beacon, Site

PATH_LOSS_EXPONENT = 2.2
RECEIVER_HEIGHT_M = 1.0
SHELF_HEIGHT_M = 1.8
SHELF_LOSS_DB = 2.0
"""Lost at each shelf that stands in the way, and then again per metre of goods."""
MOST_SHELF_LOSS_DB = 12.0
SHADOW_DB = 3.0
SHADOW_LENGTH_M = 2.5
GAIN_DB = 1.0
FADING_K = 4.0
"""Power of the straight ray over that of all reflected ones (Rice factor)."""
LOST = 0.12
"""Share of packets that collide or fall between scan windows, however strong they are."""
SENSITIVITY_DBM = -95.0
_WAVES = 16


@dataclass(frozen=True)
class Air:
    """The radio of one site under one seed."""

    site: Site
    seed: int

    @cached_property
    def _goods(self) -> tuple[Box, ...]:
        return tuple(Box.of(shelf) for shelf in self.site.shelves)

    @cached_property
    def _waves(self) -> dict[str, tuple[tuple[float, float, float], ...]]:
        # A Gaussian field as a sum of plane waves (random Fourier features), for each beacon its own.
        fields = {}
        for beacon in self.site.beacons:
            draw = generator(self.seed, "shadow", beacon.id)
            fields[beacon.id] = tuple(
                (draw.gauss(0, 1 / SHADOW_LENGTH_M), draw.gauss(0, 1 / SHADOW_LENGTH_M), draw.uniform(0, math.tau))
                for _ in range(_WAVES)
            )
        return fields

    def gain_db(self, receiver: str) -> float:
        """Return what this receiver reports above the truth; fixed for a receiver and a seed."""
        first, second, _, _ = uniforms(self.seed, "gain", receiver)
        return GAIN_DB * normals(first, second)[0]

    def mean_dbm(self, beacon: Beacon, at: XY) -> float:
        """Return the strength of a beacon at a place, fading and receiver left aside."""
        rise_m = beacon.z_m - RECEIVER_HEIGHT_M
        distance_m = max(0.3, math.hypot(at[0] - beacon.x_m, at[1] - beacon.y_m, rise_m))
        loss_db = 10 * PATH_LOSS_EXPONENT * math.log10(distance_m)
        return beacon.power_1m_dbm - loss_db - self._shelf_loss_db(beacon, at) + self._shadow_db(beacon, at)

    def heard_dbm(self, beacon: Beacon, packet: int, receiver: str, at: XY) -> int | None:
        """Return the strength at which a receiver hears a beacon's packet of this number, or None if it is lost."""
        lost, phase, first, second = uniforms(self.seed, "packet", receiver, beacon.id, packet)
        real, imaginary = normals(first, second)
        straight, scattered = math.sqrt(FADING_K / (FADING_K + 1)), math.sqrt(0.5 / (FADING_K + 1))
        amplitude = math.hypot(straight + scattered * real, scattered * imaginary)
        fading_db = 20 * math.log10(max(amplitude, 0.03))
        # The receiver's own noise, half a decibel either way.
        rssi_dbm = self.mean_dbm(beacon, at) + self.gain_db(receiver) + fading_db + phase - 0.5
        too_weak = 1 / (1 + math.exp(min(60.0, rssi_dbm - SENSITIVITY_DBM)))
        if lost < LOST + (1 - LOST) * too_weak:
            return None
        return max(-120, min(-10, round(rssi_dbm)))

    def _shadow_db(self, beacon: Beacon, at: XY) -> float:
        total = sum(math.cos(kx * at[0] + ky * at[1] + phase) for kx, ky, phase in self._waves[beacon.id])
        return SHADOW_DB * math.sqrt(2 / _WAVES) * total

    def _shelf_loss_db(self, beacon: Beacon, at: XY) -> float:
        # The ray climbs to the ceiling; above the shelves nothing stands in its way.
        rise_m = beacon.z_m - RECEIVER_HEIGHT_M
        below = 1.0 if rise_m <= 0 else min(1.0, (SHELF_HEIGHT_M - RECEIVER_HEIGHT_M) / rise_m)
        reach = (at[0] + below * (beacon.x_m - at[0]), at[1] + below * (beacon.y_m - at[1]))
        length_m = math.dist(at, reach)
        loss_db = 0.0
        for box in self._goods:
            inside = box.crossing(at, reach)
            if inside is not None:
                loss_db += SHELF_LOSS_DB * (1 + (inside[1] - inside[0]) * length_m)
        return min(loss_db, MOST_SHELF_LOSS_DB)
