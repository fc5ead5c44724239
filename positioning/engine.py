"""A Bayes filter over cells, levels, and what is not known of the receiver.

    state = start(model, now_s)
    state = step(model, state, packets, moves, now_s)

A belief is a set of hypotheses on each level, each an offset of the receiver and of the compass with its own
probability over the level's cells; those that have become unlikely are dropped. Without odometry a walker wanders
or stands; with it the cells are carried along by the told way.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from positioning.belief import Belief, Guess, cropped, whole
from positioning.evidence import Packet, Strengths, likelihoods, usable
from positioning.floor import Cells, Floor
from positioning.health import Health, healthy, watch
from positioning.model import Model
from positioning.motion import carried, strayed, wandered
from positioning.stillness import Stillness, going, listened, unheard
from positioning.tuning import Tuning

_TICK_S = 0.5
"""The time that forgetting is stated for."""


@dataclass(frozen=True, slots=True)
class Move:
    """What odometry told: a distance in metres and a heading in radians, which may be off by a constant."""

    moved_m: float
    heading_rad: float


@dataclass(frozen=True, slots=True)
class State:
    """What is believed at `at_s`; the cells of all hypotheses of all levels sum to one.

    `told_s` is when odometry last spoke, None when it never did. `last_s` is for each beacon when its last packet was
    used.
    """

    at_s: float
    beliefs: tuple[Belief, ...]
    told_s: float | None
    last_s: NDArray[np.float64]
    stillness: Stillness
    health: Health


def start(model: Model, now_s: float) -> State:
    """Return the belief of who has heard nothing yet: anywhere that is free, on any level."""
    beacons = len(model.order)
    return State(now_s, _anywhere(model), None, np.full(beacons, now_s - 10.0), unheard(beacons), healthy(model, now_s))


def step(model: Model, state: State, packets: Iterable[Packet], moves: Sequence[Move], now_s: float) -> State:
    """Return the belief at `now_s` after what was heard and told since the last step, each given once.

    Packets of unknown beacons, without a strength (127, 0, not a number) or from after `now_s` are ignored. Time
    that went back moves nothing.
    """
    now_s = max(now_s, state.at_s)
    passed_s = now_s - state.at_s
    heard = usable(model.order, packets, now_s)
    stillness = listened(state.stillness, heard, passed_s, model.tuning)
    beliefs: Sequence[Belief] = state.beliefs
    if moves and state.told_s is None:
        beliefs = [_with_headings(model, belief) for belief in beliefs]
    is_told = bool(moves) or state.told_s is not None
    if is_told:
        gone_m = sum(move.moved_m for move in moves)
        goes = min(1.0, gone_m / max(model.tuning.going_m_per_s * passed_s, 1e-3))
        beliefs = [_followed(model, f, b, moves, passed_s) for f, b in zip(model.floors, beliefs, strict=True)]
    else:
        goes = going(stillness, model.tuning)
        spread_m = model.tuning.walk_m * math.sqrt(passed_s)
        beliefs = [
            tuple(wandered(floor, guess, spread_m, goes) for guess in belief)
            for floor, belief in zip(model.floors, beliefs, strict=True)
        ]
    drift = min(0.3, model.tuning.offset_drift * passed_s)

    def beside(guess: Guess) -> list[tuple[int, int]]:
        return [(setting, guess.heading) for setting in model.settings[guess.setting].beside]

    beliefs = [_drifted(model.tuning, belief, drift, beside) for belief in beliefs]
    beliefs = _told(model, beliefs, _strengths(model, state, heard, is_told, now_s), is_told, goes, passed_s)
    last_s = state.last_s.copy()
    last_s[list(heard)] = now_s
    told_s = now_s if moves else state.told_s
    health = watch(model, state.health, tuple(beliefs), heard, now_s)
    return State(now_s, tuple(beliefs), told_s, last_s, stillness, health)


def _anywhere(model: Model) -> tuple[Belief, ...]:
    order = sorted(range(len(model.settings)), key=lambda number: -model.settings[number].share)
    # The likeliest comes first: the first hypothesis of a level always keeps all cells.
    return tuple(
        tuple(_guess(number, floor, np.float32(model.settings[number].share) * prior) for number in order)
        for floor, prior in zip(model.floors, model.priors, strict=True)
    )


def _guess(setting: int, floor: Floor, cells: Cells) -> Guess:
    return Guess(setting, 0, whole(floor), cells, float(cells.sum()))


# ---- odometry --------------------------------------------------------------------------------------------------------


def _with_headings(model: Model, belief: Belief) -> Belief:
    """Return a belief once odometry speaks: its compass may be off by any constant, most likely by little."""
    tuning = model.tuning
    angles = 2 * math.pi * np.arange(tuning.headings) / tuning.headings
    near = np.exp(-0.5 * (np.minimum(angles, 2 * math.pi - angles) / tuning.heading_spread) ** 2)
    likely = tuning.heading_share * near / near.sum() + (1 - tuning.heading_share) / tuning.headings
    return tuple(
        replace(guess, heading=heading, cells=np.float32(share) * guess.cells, mass=share * guess.mass)
        for guess in belief
        for heading, share in enumerate(likely.tolist())
    )


def _followed(model: Model, floor: Floor, belief: Belief, moves: Sequence[Move], passed_s: float) -> Belief:
    """Return a belief carried along by odometry, by each hypothesis' own compass."""
    tuning = model.tuning
    right_m = sum(move.moved_m * math.cos(move.heading_rad) for move in moves)
    up_m = sum(move.moved_m * math.sin(move.heading_rad) for move in moves)
    gone_m = sum(move.moved_m for move in moves)
    # Odometry that has fallen silent may stand, or have failed: then the walker may be anywhere near.
    spread_m = tuning.stride_share * gone_m if moves else tuning.idle_m * math.sqrt(passed_s)
    after = []
    for guess in belief:
        turn = -2 * math.pi * guess.heading / tuning.headings
        right, up = math.cos(turn), math.sin(turn)
        by_m = (right_m * right - up_m * up, right_m * up + up_m * right)
        after.append(strayed(floor, carried(floor, guess, by_m) if gone_m > 0 else guess, spread_m))
    headings = tuning.headings

    def beside(guess: Guess) -> list[tuple[int, int]]:
        return [(guess.setting, (guess.heading + turn) % headings) for turn in (-1, 1)]

    return _drifted(tuning, after, min(0.3, tuning.heading_drift * gone_m), beside)


def _drifted(
    tuning: Tuning, belief: Sequence[Guess], drift: float, beside: Callable[[Guess], list[tuple[int, int]]]
) -> Belief:
    """Let a little of each hypothesis go to its neighbours, who may have to be thought of anew."""
    if drift <= 0:
        return tuple(belief)
    most = max(guess.mass for guess in belief)
    after = {(guess.setting, guess.heading): guess for guess in belief}
    gone = dict.fromkeys(after, 0.0)
    for guess in belief:
        for key in beside(guess):
            flow = 0.5 * drift
            if key not in after and flow * guess.mass < 10 * tuning.fewest_share * most:
                continue
            part = np.float32(flow) * guess.cells
            gone[guess.setting, guess.heading] += flow
            other = after.get(key)
            if other is None:
                after[key] = replace(guess, setting=key[0], heading=key[1], cells=part, mass=flow * guess.mass)
                gone[key] = 0.0
            else:
                window = other.window.joined(guess.window)
                cells = np.zeros((window.high - window.low, window.right - window.left), dtype=np.float32)
                cells[other.window.within(window)] = other.cells
                cells[guess.window.within(window)] += part
                after[key] = replace(other, window=window, cells=cells)
    for guess in belief:
        key = (guess.setting, guess.heading)
        now = after[key]
        cells = now.cells.copy() if now.cells is guess.cells else now.cells
        cells[guess.window.within(now.window)] -= np.float32(gone[key]) * guess.cells
        after[key] = replace(now, cells=cells)
    return tuple(after.values())


# ---- evidence --------------------------------------------------------------------------------------------------------


def _strengths(
    model: Model, state: State, heard: dict[int, list[float]], is_told: bool, now_s: float
) -> list[Strengths]:
    """Return what each beacon says with its weight: many packets of one beacon share the weight of a few."""
    tuning = model.tuning
    strengths = []
    for beacon, rssi_dbm in heard.items():
        if not is_told:
            most = tuning.packets_per_s
        elif model.surveyed[beacon]:
            most = tuning.told_packets_per_s
        else:
            most = tuning.guessed_packets_per_s
        share = min(1.0, most * (now_s - state.last_s[beacon]) / len(rssi_dbm))
        weight = state.health.weight(beacon) * share
        strengths.append(Strengths(beacon, rssi_dbm, state.health.bias_db(beacon), weight))
    return strengths


def _told(
    model: Model, beliefs: Sequence[Belief], heard: Sequence[Strengths], is_told: bool, goes: float, passed_s: float
) -> list[Belief]:
    """Return beliefs after the evidence: normal, and without hypotheses that have become unlikely."""
    tuning = model.tuning
    if not heard and not model.is_loud:
        return _normal(model, beliefs)
    # Packets heard while standing at one place err alike, those of new places do not: the less it goes, the less
    # each counts, and the more slowly what was heard is forgotten instead.
    still, most = (tuning.told_still, _trust(tuning, heard, passed_s)) if is_told else (tuning.still, tuning.trust)
    trust = still.trust + (most - still.trust) * goes
    keep = (still.keep + (1 - still.keep) * goes) ** (passed_s / _TICK_S)
    likely = likelihoods(model, beliefs, heard, trust, passed_s)
    told = []
    for number, belief in enumerate(beliefs):
        after = []
        for guess in belief:
            window, likelihood = likely[number, guess.setting]
            cells = guess.cells ** np.float32(keep) if keep < 0.999 else guess.cells
            after.append(guess.filled(guess.window, cells * likelihood[guess.window.within(window)], guess.mass))
        told.append(tuple(after))
    return _normal(model, told)


def _trust(tuning: Tuning, heard: Sequence[Strengths], passed_s: float) -> float:
    """Return the weight of a packet beside odometry: where they are rare, each was heard at a place of its own."""
    packets = sum(len(one.rssi_dbm) for one in heard)
    sparse = max(0.0, 1 - packets / max(tuning.sparse_packets_per_s * passed_s, 1e-6))
    return tuning.trust + (tuning.sparse_trust - tuning.trust) * sparse


def _normal(model: Model, beliefs: Sequence[Belief]) -> list[Belief]:
    """Return beliefs that sum to one, without what is not worth following, each level's likeliest with all cells."""
    tuning = model.tuning
    masses = [[float(guess.cells.sum(dtype=np.float64)) for guess in belief] for belief in beliefs]
    most = max(max(mass) for mass in masses)
    if not (math.isfinite(most) and most > 1e-30):
        return list(_anywhere(model))
    kept = [
        [(mass, guess) for mass, guess in zip(level, belief, strict=True) if mass > tuning.fewest_share * most]
        or [max(zip(level, belief, strict=True), key=lambda pair: pair[0])]
        for level, belief in zip(masses, beliefs, strict=True)
    ]
    kept = _within_budget(kept, tuning)
    total = sum(mass for level in kept for mass, _ in level)
    scale, lost = (1 - tuning.lost_share) / total, tuning.lost_share
    normal = []
    for floor, prior, level in zip(model.floors, model.priors, kept, strict=True):
        level.sort(key=lambda pair: -pair[0])
        scaled = []
        for number, (mass, guess) in enumerate(level):
            cells = np.float32(scale) * guess.cells
            if number == 0:
                restart = np.float32(lost) * prior
                restart[guess.window.cut] += cells
                restart.flags.writeable = False
                scaled.append(guess.filled(whole(floor), restart, scale * mass + lost * float(prior.sum())))
            else:
                cells.flags.writeable = False
                least = tuning.crop_share * scale * mass
                scaled.append(cropped(guess.filled(guess.window, cells, scale * mass), floor, least))
        normal.append(tuple(scaled))
    return normal


def _within_budget(kept: list[list[tuple[float, Guess]]], tuning: Tuning) -> list[list[tuple[float, Guess]]]:
    """Return the likeliest hypotheses of all levels, as many as may be worked on, and each level's own likeliest."""
    work = sum(guess.cells.size for level in kept for _, guess in level)
    if work <= tuning.most_work and sum(map(len, kept)) <= tuning.most_guesses:
        return kept
    ranked = sorted(
        ((mass, number, guess) for number, level in enumerate(kept) for mass, guess in level), key=lambda one: -one[0]
    )
    chosen: list[list[tuple[float, Guess]]] = [[] for _ in kept]
    work = 0
    for rank, (mass, number, guess) in enumerate(ranked):
        fits = rank < tuning.most_guesses and work + guess.cells.size <= tuning.most_work
        if fits or not chosen[number]:
            chosen[number].append((mass, guess))
            work += guess.cells.size
    return chosen
