"""What packets say about where they were heard."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from positioning.belief import Belief, Window
from positioning.floor import Cells
from positioning.loudness import quiet
from positioning.model import LOG_PARTS, MOST_ADDED, Model, Setting
from positioning.readings import is_strength

_WHOLE = 0.97
"""A weight so near to one is one."""


@dataclass(frozen=True, slots=True)
class Packet:
    """A beacon heard: which, how strong in dBm, and when in monotonic seconds."""

    beacon: str
    rssi_dbm: float
    heard_s: float


@dataclass(frozen=True, slots=True)
class Strengths:
    """What one beacon said in a step: its packets in dBm, by how much it is known to be off, and each one's weight."""

    beacon: int
    rssi_dbm: list[float]
    bias_db: float
    weight: float


def usable(order: Mapping[str, int], packets: Iterable[Packet], now_s: float) -> dict[int, list[float]]:
    """Return the strengths of each known beacon; sorted, so that the order in which packets came says nothing."""
    heard: dict[int, list[float]] = {}
    for packet in packets:
        beacon = order.get(packet.beacon)
        if beacon is not None and is_strength(packet.rssi_dbm) and packet.heard_s <= now_s:
            heard.setdefault(beacon, []).append(packet.rssi_dbm)
    return {beacon: sorted(heard[beacon]) for beacon in sorted(heard)}


def likelihoods(
    model: Model, beliefs: Sequence[Belief], heard: Sequence[Strengths], trust: float, passed_s: float
) -> dict[tuple[int, int], tuple[Window, Cells]]:
    """Return the likelihood of all packets for each (level, setting) that is believed in, where it is believed in.

    They are scaled by one number for all, so that the largest is one.
    """
    count = sum(len(said.rssi_dbm) for said in heard)
    logs: dict[tuple[int, int], tuple[Window, Cells]] = {}
    for level, belief in enumerate(beliefs):
        rate_hz = model.rates_hz[level]
        for setting in {guess.setting for guess in belief}:
            window = reduce(Window.joined, (guess.window for guess in belief if guess.setting == setting))
            log = _log_likelihood(model, level, window, model.settings[setting], heard)
            if rate_hz is not None:
                log += quiet(rate_hz[window.cut], count, passed_s, model.tuning)
            logs[level, setting] = window, log
    most = np.float32(max(float(log.max()) for _, log in logs.values()))
    for _, log in logs.values():
        log -= most
        log *= np.float32(trust)
        np.exp(log, out=log)
    return logs


def _log_likelihood(model: Model, level: int, window: Window, setting: Setting, heard: Sequence[Strengths]) -> Cells:
    # Whole rows lie together in memory, which makes adding them several times faster than adding parts of rows.
    low, high = window.low, window.high
    shape = (high - low, model.floors[level].shape[1])
    parts, weighted = np.zeros(shape, dtype=np.int16), None
    everywhere, added = 0.0, 0
    for said in heard:
        shift_db = setting.offset_db + said.bias_db
        is_whole = said.weight >= _WHOLE
        for rssi_dbm in said.rssi_dbm:
            row = model.log_likelihood(said.beacon, level, setting.law, round(rssi_dbm - shift_db))
            if isinstance(row, float):
                everywhere += said.weight * row
            elif is_whole and added < MOST_ADDED:
                np.add(parts, row[low:high], out=parts)
                added += 1
            else:
                part = np.float32(said.weight) * row[low:high]
                weighted = part if weighted is None else np.add(weighted, part, out=weighted)
    across = np.s_[:, window.left : window.right]
    total = parts[across].astype(np.float32) if weighted is None else parts[across] + weighted[across]
    total += np.float32(everywhere)
    total *= np.float32(1 / LOG_PARTS)
    return total
