"""How well each beacon is heard: packets received against those it should have sent, its age, its battery.

A beacon's interval is told from the gaps between its packets: losses make whole multiples of it, so the shortest
tenth of the gaps are single ones. Where an Eddystone-TLM counts the packets sent, the count is believed instead.
"""

import statistics
from collections import deque
from dataclasses import dataclass, field

from device_drivers.api import AdvertHeard
from firmware_specs.frames.said import identity_in, label_key, telemetry_in

LEAST_GAP_S = 0.015
"""No beacon advertises more often than every 20 ms (Core 6.0, Vol 6, Part B, 4.4.2.2); less is one packet twice."""
MOST_BEACONS = 2_000
"""So many are followed; a crowd of phones must not fill the memory. Who was heard longest ago goes."""
_GAPS = 64
_LEAST_GAPS = 8


@dataclass(frozen=True, slots=True)
class Reception:
    """One beacon since the last report; `expected` is None before its interval is known.

    `age_s` is how long ago it was last heard, `battery_mv` what it last said of itself, None where it never did.
    """

    key: str
    received: int
    expected: int | None
    rssi_dbm: float | None
    age_s: float
    battery_mv: int | None

    @property
    def rate(self) -> float | None:
        """Received over expected, at most one."""
        return None if not self.expected else min(1.0, self.received / self.expected)


@dataclass(slots=True)
class _Beacon:
    first_s: float
    last_s: float
    gaps_s: deque[float] = field(default_factory=lambda: deque(maxlen=_GAPS))
    received: int = 0
    rssi_dbm: float = 0.0
    battery_mv: int | None = None
    sent: int | None = None
    sent_before: int | None = None

    @property
    def interval_s(self) -> float | None:
        if len(self.gaps_s) < _LEAST_GAPS:
            return None
        ordered = sorted(self.gaps_s)
        shortest_s = ordered[len(ordered) // 10]
        # A random delay of up to 10 ms follows each (advDelay).
        return statistics.fmean(gap_s for gap_s in ordered if gap_s <= 1.5 * shortest_s)


class Receptions:
    """Counts what is heard of each beacon."""

    def __init__(self) -> None:
        self._beacons: dict[str, _Beacon] = {}
        self._keys: dict[str, str] = {}
        self._since_s: float | None = None

    def hear(self, advert: AdvertHeard, *, is_label: bool = False) -> str | None:
        """Count an advertisement; return whose it is, None where it is no beacon's.

        Args:
            advert: what was heard.
            is_label: whether this address is known to be a shelf label's.
        """
        if self._since_s is None:
            self._since_s = advert.heard_s
        said = identity_in(advert.manufacturer, advert.service_data)
        telemetry = telemetry_in(advert.service_data)
        if said is not None:
            key = self._keys[advert.address] = said.key
        elif telemetry is not None:
            key = self._keys.get(advert.address, "")
        else:
            key = label_key(advert.address) if is_label else ""
        if not key:
            return None
        beacon = self._beacons.get(key)
        if beacon is None:
            beacon = self._beacons[key] = _Beacon(advert.heard_s, advert.heard_s)
            self._within_bounds()
        elif advert.heard_s - beacon.last_s >= LEAST_GAP_S:
            beacon.gaps_s.append(advert.heard_s - beacon.last_s)
        elif beacon.received and telemetry is None:
            return key
        beacon.last_s = max(beacon.last_s, advert.heard_s)
        beacon.received += 1
        beacon.rssi_dbm += (advert.rssi_dbm - beacon.rssi_dbm) / beacon.received
        if telemetry is not None:
            beacon.battery_mv = telemetry.battery_mv or None
            beacon.sent = telemetry.adverts
            if beacon.sent_before is None or telemetry.adverts < beacon.sent_before:
                # It was heard for the first time, or began anew.
                beacon.sent_before = telemetry.adverts - beacon.received
        return key

    def report(self, now_s: float) -> list[Reception]:
        """Return all beacons since the last report, by key, and begin anew; a silent one stays, nothing received."""
        found = []
        for key, beacon in sorted(self._beacons.items()):
            since_s = max(self._since_s if self._since_s is not None else now_s, beacon.first_s)
            found.append(
                Reception(
                    key,
                    beacon.received,
                    _expected(beacon, now_s - since_s),
                    round(beacon.rssi_dbm, 1) if beacon.received else None,
                    max(0.0, now_s - beacon.last_s),
                    beacon.battery_mv,
                )
            )
            beacon.received, beacon.rssi_dbm, beacon.sent_before = 0, 0.0, beacon.sent
        self._since_s = now_s
        return found

    def _within_bounds(self) -> None:
        if len(self._beacons) > MOST_BEACONS:
            oldest = min(self._beacons, key=lambda key: self._beacons[key].last_s)
            del self._beacons[oldest]
        if len(self._keys) > 4 * MOST_BEACONS:
            # Addresses rotate: those that still speak are learnt again with their next frame.
            self._keys.clear()


def _expected(beacon: _Beacon, passed_s: float) -> int | None:
    if beacon.sent is not None and beacon.sent_before is not None and beacon.sent > beacon.sent_before:
        return beacon.sent - beacon.sent_before
    interval_s = beacon.interval_s
    return None if interval_s is None else max(beacon.received, round(passed_s / interval_s))
