"""`edge-agent locate`: packets, odometry and questions as JSON lines in, an answer for each question out."""

import json
import math
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, TextIO, TypeVar

import msgspec

from firmware_specs.surveyed import SitePlan, Survey
from positioning import Estimate, Model, Move, Packet, Tracker, Tuning, build


class LocateError(Exception):
    """A file that cannot be used; the message names it and what would do."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the input: a packet, a step, a wheel's way, or a question."""

    t: float
    beacon: str | None = None
    rssi_dbm: float | None = None
    channel: int | None = None
    step_m: float | None = None
    moved_m: float | None = None
    heading_rad: float | None = None
    query: bool = False


def run(site: Path, survey: Path | None, config: Path | None, lines: TextIO, answers: TextIO) -> int:
    """Answer each question at once; return the exit status. Lines that say nothing are named on standard error."""
    try:
        model = model_of(site, survey, config)
    except LocateError as exc:
        print(f"edge-agent: {exc}", file=sys.stderr)
        return 2
    for answer in answered(model, lines):
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    return 0


def model_of(site: Path, survey: Path | None, config: Path | None) -> Model:
    """Return the model of these files. Raises LocateError."""
    plan = read(site, SitePlan)
    heard = read(survey, Survey) if survey is not None else Survey()
    try:
        return build(plan, heard, tuning_of(config))
    except ValueError as exc:
        raise LocateError(f"{site}: {exc}") from exc


def tuning_of(config: Path | None) -> Tuning:
    """Return the constants with what a TOML file says otherwise. Raises LocateError."""
    if config is None:
        return Tuning()
    usual = {field.name: getattr(Tuning(), field.name) for field in fields(Tuning)}
    known = {name: value for name, value in usual.items() if isinstance(value, int | float)}
    try:
        told = tomllib.loads(config.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        raise LocateError(f"{config}: {exc}") from exc
    for name, value in told.items():
        if name not in known:
            raise LocateError(f"{config}: there is no constant {name}; there are {', '.join(known)}")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise LocateError(f"{config}: {name} is {value!r}; give a number")
        if not math.isfinite(value) or (known[name] > 0) > (value > 0):
            raise LocateError(f"{config}: {name} is {value!r}; give a number above zero, as {known[name]!r}")
    chosen: dict[str, Any] = {name: type(known[name])(value) for name, value in told.items()}
    return Tuning(**chosen)


def answered(model: Model, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the answer to each question among the lines; nothing after a question changes its answer."""
    tracker, strange = Tracker(model), set[str]()
    decoder = msgspec.json.Decoder(Line)
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            line = decoder.decode(text)
        except (msgspec.DecodeError, UnicodeError) as exc:
            print(f"edge-agent: line {number} is left out: {exc}", file=sys.stderr)
            continue
        if line.query:
            yield as_json(line.t, tracker.estimate(line.t))
        elif line.beacon is not None and line.rssi_dbm is not None:
            if line.beacon not in model.order and line.beacon not in strange:
                strange.add(line.beacon)
                print(f"edge-agent: beacon {line.beacon} is not of this site and is left out", file=sys.stderr)
            tracker.hear(Packet(line.beacon, line.rssi_dbm, line.t))
        else:
            moved_m = line.step_m if line.step_m is not None else line.moved_m
            if moved_m is None or line.heading_rad is None:
                wanted = "beacon and rssi_dbm, step_m or moved_m with heading_rad, or query"
                print(f"edge-agent: line {number} is left out: give {wanted}", file=sys.stderr)
                continue
            tracker.move(Move(moved_m, line.heading_rad), line.t)


def as_json(at_s: float, where: Estimate) -> dict[str, Any]:
    """Return an answer as it is printed."""
    return {
        "t": at_s,
        "x_m": round(where.x_m, 3),
        "y_m": round(where.y_m, 3),
        "level": where.level,
        "cov": [[round(value, 4) for value in row] for row in where.cov],
        "r90": [[[round(x_m, 3), round(y_m, 3)] for x_m, y_m in ring] for ring in where.r90],
        "r90_area_m2": round(where.r90_area_m2, 3),
        "zones": {zone: round(probability, 4) for zone, probability in where.zones.items()},
        "unhealthy": dict(where.unhealthy),
    }


_Read = TypeVar("_Read")


def read(path: Path, kind: type[_Read]) -> _Read:
    """Return what a JSON file holds. Raises LocateError, which names the file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as exc:
        raise LocateError(f"{path}: {exc}") from exc
