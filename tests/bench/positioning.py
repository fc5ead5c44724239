"""Positioning on the shared walks and floors, beside what others do with the same packets."""

import gc
import io
import json
import random
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge_agent.locate import answered
from firmware_specs.surveyed import BeaconPlace, LevelPlan, SitePlan, Survey
from positioning import Model, Packet, Tuning, build, start, step
from positioning.region import encloses
from tests import convert
from tests.bench import locators
from tests.bench.frame import Goal, MissingPartError, Report, Row, say

NAME = "positioning"
ABOUT = "where a cart is: errors on the shared walks, faults, coverage, offers, the mall, speed and memory"

EvAAL_FLOOR_M = 15.0
"""What a wrong floor adds to an error (EvAAL, IPIN competitions)."""
EVERY_TRACE = 3
"""Of the mall's traces every so many is walked: all of them take five minutes."""
ZONE_RADIUS_M = 1.5
DRAWS = 8
"""How often each fault is drawn for each walk."""

Walks = list[convert.Trace]


@dataclass(frozen=True)
class Answers:
    """All answers on some walks, one array a walk: errors in metres, whether the region covered, its area in m²."""

    errors_m: list[NDArray[np.float64]]
    covered: list[NDArray[np.bool_]]
    area_m2: list[NDArray[np.float64]]
    unhealthy: list[dict[str, str]]
    zones: list[list[dict[str, float]]]

    def pooled(self) -> NDArray[np.float64]:
        """Return all errors."""
        return np.concatenate(self.errors_m)

    def coverage(self) -> float:
        """Return the share of truths within the 90 % region."""
        return float(np.concatenate(self.covered).mean())

    def __add__(self, other: "Answers") -> "Answers":
        return Answers(
            self.errors_m + other.errors_m, self.covered + other.covered, self.area_m2 + other.area_m2,
            self.unhealthy + other.unhealthy, self.zones + other.zones,
        )  # fmt: skip


def answers(model: Model, walks: Iterable[convert.Trace]) -> Answers:
    """Ask our engine through its own door."""
    every = Answers([], [], [], [], [])
    for walk in walks:
        text = io.StringIO("".join(json.dumps(line) + "\n" for line in walk.stream))
        said = list(answered(model, text))
        errors, covered = [], []
        for answer, (_, level, x_m, y_m) in zip(said, walk.truth, strict=True):
            away_m = float(np.hypot(answer["x_m"] - x_m, answer["y_m"] - y_m))
            errors.append(away_m + (0.0 if answer["level"] == level else EvAAL_FLOOR_M))
            covered.append(answer["level"] == level and encloses(answer["r90"], x_m, y_m))
        if said:
            every += Answers(
                [np.array(errors)], [np.array(covered)], [np.array([answer["r90_area_m2"] for answer in said])],
                [said[-1]["unhealthy"]], [[answer["zones"] for answer in said]],
            )  # fmt: skip
    return every


def figures(errors_m: NDArray[np.float64]) -> str:
    """Return mean and quantiles as text."""
    p50, p75, p90 = np.quantile(errors_m, (0.5, 0.75, 0.9))
    return f"mean {errors_m.mean():.2f} p50 {p50:.2f} p75 {p75:.2f} p90 {p90:.2f}"


def interval(by_walk: Sequence[NDArray[np.float64]], of: Callable[[NDArray[np.float64]], float]) -> str:
    """Return a 95 % interval by drawing walks anew (Efron's bootstrap): errors within a walk are not independent."""
    chance = np.random.default_rng(1)
    drawn = [
        of(np.concatenate([by_walk[number] for number in chance.integers(0, len(by_walk), len(by_walk))]))
        for _ in range(400)
    ]
    low, high = np.quantile(drawn, (0.025, 0.975))
    return f"{low:.2f} … {high:.2f}"


# ---- the room --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Room:
    """The shared room: its site, its old survey, its walks."""

    site: dict[str, Any]
    survey: dict[str, Any]
    rows: dict[str, list[dict[str, str]]]

    def plan(self) -> SitePlan:
        """Return its site."""
        return msgspec.convert(self.site, SitePlan)

    def old(self) -> Survey:
        """Return its old point survey."""
        return msgspec.convert(self.survey, Survey)

    def walks(self, wheels: convert.Wheels | None = None) -> Walks:
        """Return its walks."""
        return [convert.danis_trace(name, rows, wheels) for name, rows in self.rows.items()]

    def with_others(self, left_out: str, apart_m: float) -> Survey:
        """Return the survey with all walks but one, and of those only what lies so far from that one."""
        own = np.array([(float(row["true_x_m"]), float(row["true_y_m"])) for row in self.rows[left_out][::10]])
        walks = []
        for name, rows in self.rows.items():
            if name == left_out:
                continue
            walk = convert.danis_walk_as_survey(rows)
            track = np.array([(point["x_m"], point["y_m"]) for point in walk["track"]])
            away_m = np.hypot(track[:, None, 0] - own[None, :, 0], track[:, None, 1] - own[None, :, 1]).min(axis=1)
            walk["packets"] = [p for p, far_m in zip(walk["packets"], away_m.tolist(), strict=True) if far_m >= apart_m]
            walks.append(walk)
        return msgspec.convert({**self.survey, "walks": walks}, Survey)


def _room() -> Room:
    folder = convert.data_folder() / "danis"
    if not folder.is_dir():
        raise MissingPartError(f"the shared walks are not in {folder}; AISLE_DATA names the folder of the shared data")
    return Room(convert.danis_site(folder), convert.danis_survey(folder), convert.danis_walks(folder))


def _left_out(room: Room, apart_m: float, wheels: convert.Wheels | None = None) -> Answers:
    every = Answers([], [], [], [], [])
    for walk in room.walks(wheels):
        every += answers(build(room.plan(), room.with_others(walk.name, apart_m)), [walk])
    return every


Change = Callable[[random.Random, convert.Line], convert.Line | None]


def _changed(walks: Walks, seed: int, prepare: Callable[[random.Random], Change]) -> Walks:
    changed = []
    for walk in walks:
        chance = random.Random(f"{seed} {walk.name}")
        change = prepare(chance)
        lines = [change(chance, line) if "beacon" in line else line for line in walk.stream]
        changed.append(replace(walk, stream=[line for line in lines if line is not None]))
    return changed


def _dead(names: list[str], count: int) -> Callable[[random.Random], Change]:
    def prepare(chance: random.Random) -> Change:
        dead = set(chance.sample(names, count))
        return lambda _, line: None if line["beacon"] in dead else line

    return prepare


def _louder(names: list[str], told: list[set[str]]) -> Callable[[random.Random], Change]:
    def prepare(chance: random.Random) -> Change:
        loud = set(chance.sample(names, 2))
        told.append(loud)
        return lambda _, line: {**line, "rssi_dbm": line["rssi_dbm"] + 12} if line["beacon"] in loud else line

    return prepare


def _off(chance: random.Random) -> Change:
    off_db = round(chance.uniform(-10, 10))
    return lambda _, line: {**line, "rssi_dbm": line["rssi_dbm"] + off_db}


def _lost(share: float) -> Callable[[random.Random], Change]:
    return lambda _: lambda chance, line: None if chance.random() < share else line


def _rows_of_room(room: Room, notes: list[str]) -> list[Row]:
    walks = room.walks()
    model = build(room.plan(), room.old())
    ours = answers(model, walks)
    cells = model.floors[0].middles()
    middle = (10.35, 8.8)
    peers: dict[str, locators.Locator] = {
        "nearest": locators.nearest(room.plan()),
        "weighted centroid": locators.centroid(room.plan()),
        "trilateration": locators.trilateration(room.plan(), room.old(), cells),
        "kNN, heard anchors": locators.neighbours(room.old()),
    }
    pooled = {name: _errors(locate, walks, middle) for name, locate in peers.items()}
    pooled["the room's middle"] = _errors(lambda _: middle, walks, middle)
    plain = Tuning(offset_least_db=0.0, offset_most_db=0.0, unhealthy_share=1e-12)
    pooled["Gaussian-process map and grid filter"] = answers(build(room.plan(), room.old(), plain), walks).pooled()
    notes += [f"old survey, {name}: {figures(errors)}" for name, errors in pooled.items()]
    for walk, errors in zip(walks, ours.errors_m, strict=True):
        notes.append(f"old survey, ours on {walk.name}: {figures(errors)}")
    notes.append(f"old survey, ours: {figures(ours.pooled())}, n {ours.pooled().size}")
    notes.append(f"old survey, ours, 95 % by walks: mean {interval(ours.errors_m, lambda e: float(e.mean()))}")
    knn = pooled["kNN, heard anchors"]
    rows = [
        *_both("room, old survey", ours, "kNN", knn, Goal("ours", 1.25, None, more_is_better=False),
               Goal("ours", 1.60, 1.35, more_is_better=False)),
    ]  # fmt: skip
    for apart_m, what, mean_goal, p75_goal in (
        (0.0, "room, other walks in the survey", Goal("ours", 0.88, None, more_is_better=False),
         Goal("ours", 1.20, 1.00, more_is_better=False)),
        (1.0, "room, other walks, lane left out", Goal("ours", 1.25, None, more_is_better=False),
         Goal("ours", 1.60, 1.40, more_is_better=False)),
    ):  # fmt: skip
        say(what)
        found = _left_out(room, apart_m)
        notes.append(f"{what}: {figures(found.pooled())}, covered {found.coverage():.2f}")
        rows += _both(what, found, "kNN, old survey", knn, mean_goal, p75_goal)
    say("with simulated wheels")
    rolled = _left_out(room, 1.0, convert.Wheels())
    notes.append(f"lane left out, simulated wheels: {figures(rolled.pooled())}, covered {rolled.coverage():.2f}")
    rows += _both("room, lane left out, simulated wheels", rolled, "kNN", knn, None,
                  Goal("ours", 1.00, 0.80, more_is_better=False))  # fmt: skip
    bare = answers(build(room.plan()), walks)
    notes.append(f"no survey: {figures(bare.pooled())}, covered {bare.coverage():.2f}")
    rows.append(Row("room, no survey, p75", "m", float(np.quantile(bare.pooled(), 0.75)), "centroid",
                    float(np.quantile(pooled["weighted centroid"], 0.75))))  # fmt: skip
    rows.append(Row("90 % region covers, old survey", "", ours.coverage(), goal=Goal("ours", 0.87)))
    rows.append(Row("90 % region, median area", "m²", float(np.median(np.concatenate(ours.area_m2)))))
    return rows + _fault_rows(room, model, notes) + _offer_rows(room, notes)


def _errors(locate: locators.Locator, walks: Walks, fallback: tuple[float, float]) -> NDArray[np.float64]:
    return np.concatenate(
        [
            np.hypot(*(locators.followed(locate, walk, fallback) - np.array([place[2:] for place in walk.truth])).T)
            for walk in walks
        ]
    )


def _both(
    what: str, ours: Answers, peer: str, peers: NDArray[np.float64], mean: Goal | None, p75: Goal | None
) -> list[Row]:
    errors = ours.pooled()
    return [
        Row(f"{what}, mean", "m", float(errors.mean()), peer, float(peers.mean()), mean),
        Row(f"{what}, p75", "m", float(np.quantile(errors, 0.75)), peer, float(np.quantile(peers, 0.75)), p75),
    ]


def _fault_rows(room: Room, model: Model, notes: list[str]) -> list[Row]:
    names = [beacon["id"] for beacon in room.site["beacons"]]
    loud: list[set[str]] = []
    knn = locators.neighbours(room.old())
    rows = []
    for what, prepare, bound, moonshot in (
        ("3 of 12 dead", _dead(names, 3), 1.75, 1.60),
        ("6 of 12 dead", _dead(names, 6), 2.0, 1.85),
        ("2 anchors +12 dB", _louder(names, loud), 1.65, 1.55),
        ("receiver −10 … +10 dB", _off, 1.55, None),
        ("60 % of packets lost", _lost(0.6), None, None),
    ):
        say(what)
        every, peers = Answers([], [], [], [], []), []
        for seed in range(1, DRAWS + 1):
            walks = _changed(room.walks(), seed, prepare)
            every += answers(model, walks)
            peers.append(_errors(knn, walks, (10.35, 8.8)))
        goal = None if bound is None else Goal("ours", bound, moonshot, more_is_better=False)
        notes.append(f"{what}: {figures(every.pooled())}, covered {every.coverage():.2f}")
        rows.append(Row(f"room, {what}, mean", "m", float(every.pooled().mean()), "kNN",
                        float(np.concatenate(peers).mean()), goal))  # fmt: skip
        if loud:
            flagged = [{name for name, ill in told.items() if ill != "dead"} for told in every.unhealthy]
            found = sum(len(told & truly) for told, truly in zip(flagged, loud, strict=True))
            rows.append(Row("  of them flagged", "of 1", found / (2 * len(loud)), goal=Goal("ours", 1.0)))
            falsely = sum(len(told - truly) for told, truly in zip(flagged, loud, strict=True))
            rows.append(Row("  flagged falsely", "beacons", falsely, goal=Goal("ours", 0, more_is_better=False)))
            loud.clear()
    return rows


def _offer_rows(room: Room, notes: list[str]) -> list[Row]:
    """Measure events: a zone of 1.5 m is entered when its probability reaches a half, left when below a quarter."""
    say("offers")
    rows = []
    for what, wheels in (("radio only", None), ("simulated wheels", convert.Wheels())):
        visits = hits = fires = right = 0
        delays: list[float] = []
        for walk in room.walks(wheels):
            places = np.array([place[2:] for place in walk.truth])
            gone_m = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(places, axis=0).T))))
            centres = [places[int(np.searchsorted(gone_m, at_m))] for at_m in np.arange(3.0, gone_m[-1] - 1, 3.0)]
            site = {**room.site, "zones": [
                {"id": str(n), "level": "room", "x_m": float(x_m), "y_m": float(y_m), "radius_m": ZONE_RADIUS_M}
                for n, (x_m, y_m) in enumerate(centres)
            ]}  # fmt: skip
            said = answers(build(msgspec.convert(site, SitePlan), room.old()), [walk])
            for number, centre in enumerate(centres):
                likely = np.array([zones[str(number)] for zones in said.zones[0]])
                inside = np.hypot(*(places - centre).T) <= ZONE_RADIUS_M
                fired, is_in = [], False
                for tick, share in enumerate(likely.tolist()):
                    if not is_in and share >= 0.5:
                        fired.append(tick)
                    is_in = share >= (0.25 if is_in else 0.5)
                entries = [tick for tick in range(1, inside.size) if inside[tick] and not inside[tick - 1]]
                for entry in entries:
                    left = next((tick for tick in range(entry, inside.size) if not inside[tick]), inside.size)
                    visits += 1
                    within = [tick for tick in fired if entry - 2 <= tick < left + 2]
                    hits += bool(within)
                    delays += [convert.QUERY_EVERY_S * max(0, within[0] - entry)] if within else []
                fires += len(fired)
                right += sum(bool(inside[max(0, tick - 2) : tick + 3].any()) for tick in fired)
        is_ours = wheels is not None
        rows += [
            Row(f"offers, {what}: recall", "", hits / visits, goal=Goal("ours", 0.90, 0.95) if is_ours else None),
            Row(f"offers, {what}: precision", "", right / max(1, fires),
                goal=Goal("ours", 0.80, 0.90) if is_ours else None),
            Row(f"offers, {what}: median delay", "s", float(np.median(delays)),
                goal=Goal("ours", 2.0, 1.5, more_is_better=False) if is_ours else None),
        ]  # fmt: skip
        notes.append(f"offers, {what}: {visits} visits of zones of {ZONE_RADIUS_M} m, {fires} fired")
    return rows


# ---- the mall, speed, memory -----------------------------------------------------------------------------------------


def _rows_of_mall(notes: list[str]) -> list[Row]:
    folder = convert.data_folder() / "mall/site1"
    if not folder.is_dir():
        raise MissingPartError(f"the shared mall is not in {folder}; AISLE_DATA names the folder of the shared data")
    say("the mall; a minute or two")
    model = build(
        msgspec.convert(convert.mall_site(folder), SitePlan), msgspec.convert(convert.mall_survey(folder), Survey)
    )
    traces = [trace for trace in convert.mall_traces(folder) if trace.truth][::EVERY_TRACE]
    found = answers(model, traces)
    p50, p75, p90 = np.quantile(found.pooled(), (0.5, 0.75, 0.9))
    notes.append(f"mall: {figures(found.pooled())}, {len(traces)} traces, n {found.pooled().size}, 15 m a wrong floor")
    deaf = sum(not any("beacon" in line for line in trace.stream) for trace in traces)
    notes.append(f"mall: {deaf} of {len(traces)} traces hear no beacon at all; they count like the others")
    return [
        Row("mall, five floors, cold start, p50", "m", float(p50), goal=Goal("ours", 4.8, 3.8, more_is_better=False)),
        Row("mall, p75", "m", float(p75), goal=Goal("ours", 9, 6.5, more_is_better=False)),
        Row("mall, p90", "m", float(p90), goal=Goal("ours", 25, 15, more_is_better=False)),
        Row("mall, 90 % region covers", "", found.coverage(), goal=Goal("ours", 0.87)),
    ]


def _hall(beacons: int, width_m: float, depth_m: float) -> SitePlan:
    chance = np.random.default_rng(1)
    places = [
        BeaconPlace(id=f"b{n}", level="hall", x_m=float(x_m), y_m=float(y_m), z_m=3.0, power_1m_dbm=-59)
        for n, (x_m, y_m) in enumerate(chance.uniform((1, 1), (width_m - 1, depth_m - 1), (beacons, 2)))
    ]
    outline = [(0.0, 0.0), (width_m, 0.0), (width_m, depth_m), (0.0, depth_m)]
    return SitePlan(levels=[LevelPlan(id="hall", outline=outline)], beacons=places)


def _rows_of_cost() -> list[Row]:
    say("speed and memory")
    # 58 x 38 m and a metre around them are 120 x 80 cells of half a metre.
    model = build(_hall(20, 58.0, 38.0))
    cells = model.floors[0].share.size
    chance = np.random.default_rng(2)
    state, now_s, times = start(model, 0.0), 0.0, []
    x_m, y_m = 29.0, 19.0
    for tick in range(1500):
        now_s += 0.5
        x_m, y_m = 29 + 15 * np.cos(tick / 60), 19 + 10 * np.sin(tick / 60)
        packets = []
        for place in model.site.beacons:
            away_m = np.hypot(x_m - float(place.x_m or 0), y_m - float(place.y_m or 0)) + 1.0
            packets.append(Packet(place.id, round(-59 - 20 * np.log10(away_m) + 4 * chance.standard_normal()), now_s))
        before_s = time.perf_counter()
        state = step(model, state, packets, (), now_s)
        times.append(time.perf_counter() - before_s)
    steady = np.array(times[500:])
    gc.collect()
    tracemalloc.start()
    large = build(_hall(120, 98.0, 58.0))
    for number in range(120):
        large.sound(number, 0, 0)
    held_mb = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    return [
        Row(f"updates, {cells} cells x 20 packets, one thread", "/s", 1 / float(steady.mean()),
            goal=Goal("ours", 4000, 10_000), limit="a moving cart; the door's JSON and the region are not in it"),
        Row("  p99 of an update", "ms", 1000 * float(np.quantile(steady, 0.99)),
            goal=Goal("ours", 5, 1, more_is_better=False)),
        Row("memory, 120 beacons x 24,000 cells", "MB", held_mb),
    ]  # fmt: skip


async def run() -> Report:
    """Measure."""
    notes: list[str] = ["errors in metres; causal, cold start, two answers a second from three seconds after the start"]
    rows = _rows_of_room(_room(), notes)
    rows += _rows_of_mall(notes)
    rows += _rows_of_cost()
    return Report(tuple(rows), tuple(notes))
