"""`python -m tests.convert danis|mall --out FOLDER`: shared positioning data as the files that `locate` reads.

Writes `site.json`, `survey.json`, and for each walk `NAME.stream.jsonl`, what is heard and asked, and
`NAME.truth.jsonl`, where it really was at each query. Truth never enters a stream, but for the wheels of
`--odometry`, which no shared walk of the room has recorded: they are simulated, and said to be.
"""

import argparse
import csv
import gzip
import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST_QUERY_S = 3.0
QUERY_EVERY_S = 0.5
FLOORS = ("B1", "F1", "F2", "F3", "F4")
Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """A walk: its lines in the order of time, and at each query (t, level, x_m, y_m)."""

    name: str
    stream: list[Line]
    truth: list[tuple[float, str, float, float]]


@dataclass(frozen=True, slots=True)
class Wheels:
    """Simulated wheels: a scale that is off, a heading that is off by a constant, noise on both."""

    seed: int = 1
    scale_share: float = 0.03
    heading_rad: float = 0.7
    noise_share: float = 0.05
    heading_noise_rad: float = 0.03
    every_s: float = 0.2


def data_folder() -> Path:
    """Return the folder of the shared positioning data."""
    root = Path(__file__).parents[1]
    return Path(os.environ.get("AISLE_DATA", root / "../shared/data")) / "positioning"


# ---- the room --------------------------------------------------------------------------------------------------------


def danis_site(folder: Path) -> Line:
    """Return SITE of the room."""
    beacons = [
        {"id": row["anchor"], "level": "room", **{axis: float(row[axis]) for axis in ("x_m", "y_m", "z_m")}}
        for row in _rows(folder / "anchors.csv")
    ]
    blocked = [
        [float(row["x_m"]), float(row["y_m"])]
        for row in _rows(folder / "blocked_cells_0.2m.csv.gz")
        if row["blocked"] == "1"
    ]
    level = {
        "id": "room",
        "outline": [[0, 0], [20.7, 0], [20.7, 17.6], [0, 17.6]],
        "blocked_cells": {"size_m": 0.2, "cells": blocked},
    }
    return {"levels": [level], "beacons": beacons, "zones": []}


def danis_survey(folder: Path, campaigns: str = "1") -> Line:
    """Return SURVEY of the room: the points of these campaigns."""
    points = [
        {
            "level": "room", "x_m": float(row["x_m"]), "y_m": float(row["y_m"]), "z_m": float(row["z_m"]),
            "beacon": row["anchor"], "rssi_dbm": float(row["rssi_dbm"]), "count": int(row["packets"]),
        }
        for row in _rows(folder / "survey.csv.gz")
        if row["survey"] in campaigns
    ]  # fmt: skip
    return {"points": points, "walks": []}


def danis_walks(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Return the room's walks by name, a packet a row."""
    return {
        path.name.removesuffix(".csv.gz"): list(_rows(path)) for path in sorted((folder / "walks").glob("*.csv.gz"))
    }


def danis_walk_as_survey(rows: Sequence[dict[str, str]]) -> Line:
    """Return one walk of SURVEY."""
    return {
        "level": "room",
        "track": [{"t": float(r["t_s"]), "x_m": float(r["true_x_m"]), "y_m": float(r["true_y_m"])} for r in rows],
        "packets": [{"t": float(r["t_s"]), "beacon": r["anchor"], "rssi_dbm": float(r["rssi_dbm"])} for r in rows],
    }


def danis_trace(name: str, rows: Sequence[dict[str, str]], wheels: Wheels | None = None) -> Trace:
    """Return a walk's stream with a query twice a second, and the truth."""
    times = np.array([float(row["t_s"]) for row in rows])
    x_m = np.array([float(row["true_x_m"]) for row in rows])
    y_m = np.array([float(row["true_y_m"]) for row in rows])
    lines: list[Line] = [{"t": float(r["t_s"]), "beacon": r["anchor"], "rssi_dbm": float(r["rssi_dbm"])} for r in rows]
    if wheels is not None:
        lines += _rolled(times, x_m, y_m, wheels)
    asked = np.arange(FIRST_QUERY_S, times[-1] + 1e-9, QUERY_EVERY_S)
    lines += [{"t": float(t), "query": True} for t in asked]
    truth = [(float(t), "room", float(np.interp(t, times, x_m)), float(np.interp(t, times, y_m))) for t in asked]
    return Trace(name, _in_time(lines), truth)


def _rolled(times: NDArray[Any], x_m: NDArray[Any], y_m: NDArray[Any], wheels: Wheels) -> Iterator[Line]:
    chance = np.random.default_rng(wheels.seed)
    at = np.arange(0.0, times[-1], wheels.every_s)
    # Truth is recorded with each packet, and jitters: a wheel does not.
    smooth = np.ones(3) / 3
    x, y = (np.convolve(np.pad(np.interp(at, times, axis), 1, "edge"), smooth, "valid") for axis in (x_m, y_m))
    heading = wheels.heading_rad
    for t, right_m, up_m in zip(at[1:], np.diff(x), np.diff(y), strict=True):
        moved_m = math.hypot(right_m, up_m)
        told_m = moved_m * (1 + wheels.scale_share) * (1 + wheels.noise_share * chance.standard_normal())
        if moved_m > 0.01:
            heading = math.atan2(up_m, right_m) + wheels.heading_rad
        told_rad = heading + wheels.heading_noise_rad * chance.standard_normal()
        yield {"t": float(t), "moved_m": max(0.0, told_m), "heading_rad": math.remainder(told_rad, math.tau)}


# ---- the mall --------------------------------------------------------------------------------------------------------


def mall_site(folder: Path) -> Line:
    """Return SITE of the mall: outlines and shops; nobody knows where its beacons hang."""
    levels, beacons = [], set()
    for floor in FLOORS:
        outline, shops = _mall_plan(folder / "maps" / floor)
        levels.append({"id": floor, "outline": outline, "walls": shops})
        beacons |= {str(name) for name in np.load(folder / f"{floor}_train.npz")["beacon_id"]}
    return {"levels": levels, "beacons": [{"id": name} for name in sorted(beacons)], "zones": []}


def mall_survey(folder: Path) -> Line:
    """Return SURVEY of the mall: its training traces as walks, straight from waypoint to waypoint."""
    walks = []
    for floor in FLOORS:
        data = np.load(folder / f"{floor}_train.npz")
        names = [str(name) for name in data["beacon_id"]]
        for trace in range(len(data["trace_id"])):
            heard, way = _of(data["beacon"], trace), _of(data["wp"], trace)
            if len(way) < 2:
                continue
            walks.append(
                {
                    "level": floor,
                    "track": [{"t": t / 1000, "x_m": x, "y_m": y} for _, t, x, y in way.tolist()],
                    "packets": [
                        {"t": t / 1000, "beacon": names[int(beacon)], "rssi_dbm": rssi}
                        for _, t, beacon, _, rssi in heard.tolist()
                        if way[0, 1] <= t <= way[-1, 1]
                    ],
                }
            )
    return {"points": [], "walks": walks}


def mall_traces(folder: Path, part: str = "dev", *, with_steps: bool = True) -> Iterator[Trace]:
    """Yield the traces: what a phone hears, its steps with the heading of its rotation vector, and the truth."""
    for floor in FLOORS:
        data = np.load(folder / f"{floor}_{part}.npz")
        names = [str(name) for name in data["beacon_id"]]
        for trace in range(len(data["trace_id"])):
            way = _of(data["wp"], trace)
            if len(way) < 2:
                continue
            began_ms, ended_ms = way[0, 1], way[-1, 1]
            lines: list[Line] = [
                {"t": (t - began_ms) / 1000, "beacon": names[int(beacon)], "rssi_dbm": rssi}
                for _, t, beacon, _, rssi in _of(data["beacon"], trace).tolist()
                if began_ms <= t <= ended_ms
            ]
            if with_steps:
                which_acc, which_rot = data["acc_pt"][:, 0] == trace, data["rot_pt"][:, 0] == trace
                lines += _steps(
                    (data["acc_pt"][which_acc, 1] - began_ms) / 1000, data["acc"][which_acc],
                    (data["rot_pt"][which_rot, 1] - began_ms) / 1000, data["rot"][which_rot],
                )  # fmt: skip
            times = (way[:, 1] - began_ms) / 1000
            lines = [line for line in lines if 0 <= line["t"] <= times[-1]]
            asked = np.arange(FIRST_QUERY_S, times[-1] + 1e-9, QUERY_EVERY_S)
            lines += [{"t": float(t), "query": True} for t in asked]
            truth = [
                (float(t), floor, float(np.interp(t, times, way[:, 2])), float(np.interp(t, times, way[:, 3])))
                for t in asked
            ]
            yield Trace(f"{floor}-{trace:03d}", _in_time(lines), truth)


STEP_M = 0.65
"""How long a step is taken to be; walkers differ by a tenth or two."""


def _steps(acc_t: NDArray[Any], acc: NDArray[Any], rot_t: NDArray[Any], rot: NDArray[Any]) -> Iterator[Line]:
    """Yield the steps of a walker with a phone before him: peaks of the acceleration, headings of its upper edge."""
    if len(acc_t) < 50 or not len(rot_t):
        return
    order = np.argsort(acc_t, kind="stable")
    acc_t, size = acc_t[order], np.linalg.norm(acc[order], axis=1)
    grid = np.arange(acc_t[0], acc_t[-1], 0.02)
    even = np.interp(grid, acc_t, size)
    window = np.hanning(17)
    smooth = np.convolve(even - even.mean(), window / window.sum(), mode="same")
    last_s = -1.0
    for k in range(1, len(grid) - 1):
        is_peak = smooth[k - 1] < smooth[k] >= smooth[k + 1]
        if is_peak and smooth[k] > 0.45 and grid[k] - last_s > 0.35:
            last_s = float(grid[k])
            at = min(int(np.searchsorted(rot_t, last_s, side="right")), len(rot_t)) - 1
            yield {"t": last_s, "step_m": STEP_M, "heading_rad": _heading(rot[max(0, at)])}


def _heading(vector: NDArray[Any]) -> float:
    # The phone's y axis in the world's frame (x east, y north), from the vector part of a unit quaternion.
    x, y, z = (float(part) for part in vector)
    w = math.sqrt(max(0.0, 1 - x * x - y * y - z * z))
    return math.atan2(1 - 2 * (x * x + z * z), 2 * (x * y - w * z))


def _mall_plan(folder: Path) -> tuple[list[list[float]], list[list[list[float]]]]:
    size = json.loads((folder / "floor_info.json").read_text("utf-8"))["map_info"]
    features = json.loads((folder / "geojson_map.json").read_text("utf-8"))["features"]
    shapes = [_outer_rings(feature["geometry"]) for feature in features]
    every = np.concatenate(shapes[0])
    low, high = every.min(axis=0), every.max(axis=0)
    scale = np.array([size["width"], size["height"]]) / (high - low)
    shops = [((ring - low) * scale).round(3).tolist() for rings in shapes[1:] for ring in rings]
    # A floor of several parts is one ring with bridges of no width from its first part to each other.
    first = shapes[0][0]
    bridged = np.concatenate([first, *(part for ring in shapes[0][1:] for part in (ring, first[:1]))])
    return ((bridged - low) * scale).round(3).tolist(), shops


def _outer_rings(geometry: Line) -> list[NDArray[Any]]:
    match geometry["type"]:
        case "Polygon":
            return [np.array(geometry["coordinates"][0], float)[:, :2]]
        case "MultiPolygon":
            return [np.array(part[0], float)[:, :2] for part in geometry["coordinates"]]
        case _:
            return []


# ---- both ------------------------------------------------------------------------------------------------------------


def _of(rows: NDArray[Any], trace: int) -> NDArray[Any]:
    chosen: NDArray[Any] = rows[rows[:, 0] == trace]
    return chosen


def _in_time(lines: Iterable[Line]) -> list[Line]:
    # A query comes after all that was heard until its moment.
    return sorted(lines, key=lambda line: (line["t"], "query" in line))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as file:
        yield from csv.DictReader(file)


def write(folder: Path, site: Line, survey: Line, traces: Iterable[Trace]) -> int:
    """Write the files; return how many walks there were."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.json").write_text(json.dumps(site), "utf-8")
    (folder / "survey.json").write_text(json.dumps(survey), "utf-8")
    count = 0
    for trace in traces:
        with (folder / f"{trace.name}.stream.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in trace.stream)
        with (folder / f"{trace.name}.truth.jsonl").open("w", encoding="utf-8") as file:
            for t, level, x_m, y_m in trace.truth:
                file.write(json.dumps({"t": t, "level": level, "x_m": x_m, "y_m": y_m}) + "\n")
        count += 1
    return count


def main() -> int:
    """Convert; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.convert", description=__doc__)
    parser.add_argument("data", choices=("danis", "mall"))
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--odometry", action="store_true", help="danis: simulate wheels from the truth")
    parser.add_argument("--lanes", action="store_true", help="danis: the walks stand in the survey as well")
    options = parser.parse_args()
    folder = data_folder() / ("danis" if options.data == "danis" else "mall/site1")
    if not folder.is_dir():
        print(f"no data in {folder}; AISLE_DATA names the folder of the shared data")
        return 2
    if options.data == "danis":
        walks = danis_walks(folder)
        survey = danis_survey(folder)
        if options.lanes:
            survey["walks"] = [danis_walk_as_survey(rows) for rows in walks.values()]
        wheels = Wheels() if options.odometry else None
        traces: Iterable[Trace] = [danis_trace(name, rows, wheels) for name, rows in walks.items()]
        count = write(options.out, danis_site(folder), survey, traces)
    else:
        count = write(options.out, mall_site(folder), mall_survey(folder), mall_traces(folder))
    print(f"{options.out}: a site, a survey and {count} walks")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
