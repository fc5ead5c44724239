"""What a radio hears at a place: one store's air, a pure function of site, seed and packet.

Log-distance path loss; shelves in the way, and the body of who pushes; a shadowing field of each beacon,
smooth over metres and fixed in time; a fading field of each of its three advertising channels, as fine as
waves interfere; a gain of each receiver; Rician fading and loss of each packet.
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
BODY_LOSS_DB = 7.0
"""A person in the way takes 5 to 10 dB at 2.4 GHz; here the one behind the handle, fully straight behind."""
CHANNELS = 3
CHANNEL_DB = 2.5
CHANNEL_LENGTH_M = 0.2
"""What a channel fades by, and how far one must go until it fades otherwise: about a wavelength and a half."""
LOST = 0.20
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

    @cached_property
    def _ripples(self) -> dict[tuple[str, int], tuple[tuple[float, float, float], ...]]:
        fields = {}
        for beacon in self.site.beacons:
            for channel in range(CHANNELS):
                draw = generator(self.seed, "ripples", beacon.id, channel)
                length_m = CHANNEL_LENGTH_M
                fields[beacon.id, channel] = tuple(
                    (draw.gauss(0, 1 / length_m), draw.gauss(0, 1 / length_m), draw.uniform(0, math.tau))
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

    def heard_dbm(self, beacon: Beacon, packet: int, receiver: str, at: XY, heading_rad: float) -> int | None:
        """Return the strength at which a receiver hears a beacon's packet of this number, or None if it is lost.

        `heading_rad` is where the receiver points, away from the person who pushes it.
        """
        lost, phase, first, second = uniforms(self.seed, "packet", receiver, beacon.id, packet)
        real, imaginary = normals(first, second)
        straight, scattered = math.sqrt(FADING_K / (FADING_K + 1)), math.sqrt(0.5 / (FADING_K + 1))
        amplitude = math.hypot(straight + scattered * real, scattered * imaginary)
        fading_db = 20 * math.log10(max(amplitude, 0.03))
        # The receiver's own noise, half a decibel either way.
        # A scanner is on one of the channels when a packet goes out on all three.
        waves = self._ripples[beacon.id, int(3 * CHANNELS * lost) % CHANNELS]
        fading_db += CHANNEL_DB * _field(waves, at) - body_loss_db(beacon, at, heading_rad)
        rssi_dbm = self.mean_dbm(beacon, at) + self.gain_db(receiver) + fading_db + phase - 0.5
        too_weak = 1 / (1 + math.exp(min(60.0, rssi_dbm - SENSITIVITY_DBM)))
        if lost < LOST + (1 - LOST) * too_weak:
            return None
        return max(-120, min(-10, round(rssi_dbm)))

    def _shadow_db(self, beacon: Beacon, at: XY) -> float:
        return SHADOW_DB * _field(self._waves[beacon.id], at)

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


def body_loss_db(beacon: Beacon, at: XY, heading_rad: float) -> float:
    """Return what the person behind a receiver takes of a beacon: nothing ahead and aside, most straight behind."""
    behind = math.atan2(beacon.y_m - at[1], beacon.x_m - at[0]) - heading_rad
    return BODY_LOSS_DB * max(0.0, -math.cos(behind)) ** 2


def _field(waves: tuple[tuple[float, float, float], ...], at: XY) -> float:
    total = sum(math.cos(kx * at[0] + ky * at[1] + phase) for kx, ky, phase in waves)
    return math.sqrt(2 / _WAVES) * total
