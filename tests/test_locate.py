"""The door `edge-agent locate`: JSON lines in, answers out, on made-up sites and on the shared walks."""

import io
import json
import math
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge_agent.locate import LocateError, answered, model_of, tuning_of
from firmware_specs.surveyed import SitePlan, Survey
from positioning import Model, build
from tests import convert

SITE: dict[str, Any] = {
    "levels": [{"id": "F1", "outline": [[0, 0], [12, 0], [12, 10], [0, 10]]}],
    "beacons": [
        {"id": f"b{n}", "level": "F1", "x_m": x_m, "y_m": y_m, "z_m": 2.5, "power_1m_dbm": -59}
        for n, (x_m, y_m) in enumerate([(1, 1), (11, 1), (1, 9), (11, 9)])
    ],
    "zones": [{"id": "till", "level": "F1", "x_m": 3, "y_m": 7, "radius_m": 2}],
}
LINES: list[dict[str, Any]] = [
    {"t": 12.31, "beacon": "b2", "rssi_dbm": -64, "channel": 37},
    {"t": 12.4, "step_m": 0.62, "heading_rad": 1.2},
    {"t": 12.5, "query": True},
    {"t": 12.6, "moved_m": 0.21, "heading_rad": 1.2},
    {"t": 12.7, "beacon": "b0", "rssi_dbm": -72},
    {"t": 13.0, "query": True},
]


def door(tmp_path: Path, lines: str, *more: str, site: Any = SITE) -> subprocess.CompletedProcess[str]:
    """Run the command on a site."""
    (tmp_path / "site.json").write_text(json.dumps(site), "utf-8")
    command = [sys.executable, "-m", "edge_agent.cli", "locate", "--site", str(tmp_path / "site.json"), *more]
    return subprocess.run(command, input=lines, capture_output=True, text=True, check=False, timeout=60)


def text_of(lines: list[dict[str, Any]]) -> str:
    """Return lines as they are fed."""
    return "".join(json.dumps(line) + "\n" for line in lines)


def test_each_question_has_one_answer_in_the_agreed_form(tmp_path: Path) -> None:
    ran = door(tmp_path, text_of(LINES))
    assert ran.returncode == 0, ran.stderr
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [answer["t"] for answer in answers] == [12.5, 13.0]
    for answer in answers:
        assert set(answer) == {"t", "x_m", "y_m", "level", "cov", "r90", "r90_area_m2", "zones", "unhealthy"}
        assert 0 <= answer["zones"]["till"] <= 1
        assert answer["level"] == "F1"
        assert answer["cov"][0][1] == answer["cov"][1][0]
        assert all(len(ring) >= 4 for ring in answer["r90"])


def test_an_answer_comes_before_the_next_line_is_read(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text(json.dumps(SITE), "utf-8")
    command = [sys.executable, "-m", "edge_agent.cli", "locate", "--site", str(tmp_path / "site.json")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in LINES[:3]:
            process.stdin.write(json.dumps(line) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["t"] == 12.5
        process.stdin.close()


@pytest.mark.parametrize(
    "bad",
    [
        "not json",
        "[]",
        '{"t": NaN, "query": true}',
        '{"t": "now", "query": true}',
        '{"t": 12.6}',
        '{"t": 12.6, "step_m": 1}',
        '{"t": 12.6, "step_m": -5, "heading_rad": 0}',
        '{"t": 12.6, "beacon": "nobody", "rssi_dbm": -60}',
        '{"t": 12.6, "beacon": "b0", "rssi_dbm": 127}',
        '{"t": 12.6, "beacon": "b0", "rssi_dbm": 0}',
        '{"t": -1e300, "beacon": "b0", "rssi_dbm": -60}',
        "\x00\xff",
    ],
)
def test_a_bad_line_is_left_out_and_the_rest_is_answered(bad: str) -> None:
    model = build(msgspec.convert(SITE, SitePlan))
    good = [json.dumps(line) for line in LINES]
    answers = list(answered(model, [*good[:2], bad, *good[2:]]))
    assert [answer["t"] for answer in answers] == [12.5, 13.0]
    for answer in answers:
        assert all(math.isfinite(answer[axis]) for axis in ("x_m", "y_m"))


def test_bad_lines_are_named_on_standard_error(tmp_path: Path) -> None:
    ran = door(tmp_path, 'not json\n{"t": 1, "beacon": "x", "rssi_dbm": -60}\n' + text_of(LINES))
    assert "line 1 is left out" in ran.stderr
    assert "beacon x is not of this site" in ran.stderr
    assert len(ran.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("site", "named"),
    [
        ({"levels": []}, "levels"),
        ({"levels": [{"id": "F1"}]}, "give an outline"),
        ({"levels": [{"id": "F1", "outline": [[0, 0], [1, "x"]]}]}, "levels"),
        ({"levels": [{"id": "F1", "outline": [[0, 0], [1e9, 0]]}]}, "levels"),
        ({**SITE, "zones": [{"id": "z", "level": "F9", "x_m": 1, "y_m": 1, "radius_m": 1}]}, "no level F9"),
    ],
)
def test_a_site_that_cannot_be_is_refused_with_the_reason(tmp_path: Path, site: Any, named: str) -> None:
    ran = door(tmp_path, text_of(LINES), site=site)
    assert ran.returncode == 2
    assert named in ran.stderr
    assert "Traceback" not in ran.stderr


def test_constants_come_from_a_file_and_unknown_ones_are_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("cell_m = 1\nheadings = 12\n", "utf-8")
    assert (tuning_of(config).cell_m, tuning_of(config).headings) == (1.0, 12)
    for wrong in ("cel_m = 1\n", 'cell_m = "x"\n', "cell_m = \n", "cell_m = 0\n", "trust = nan\n", "exponents = 2\n"):
        config.write_text(wrong, "utf-8")
        with pytest.raises(LocateError, match=r"config\.toml"):
            tuning_of(config)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LocateError, match="nowhere"):
        model_of(tmp_path / "nowhere.json", None, None)


# ---- the shared walks ------------------------------------------------------------------------------------------------

ROOM = convert.data_folder() / "danis"
needs_room = pytest.mark.skipif(not ROOM.is_dir(), reason=f"the shared walks are not in {ROOM}")


def errors_m(model: Model, trace: convert.Trace) -> list[float]:
    """Return the error of each answer on a walk."""
    answers = answered(model, io.StringIO(text_of(trace.stream)))
    return [
        math.hypot(answer["x_m"] - x_m, answer["y_m"] - y_m)
        for answer, (_, _, x_m, y_m) in zip(answers, trace.truth, strict=True)
    ]


def gate(model: Model, wheels: convert.Wheels | None = None) -> tuple[float, float]:
    """Return mean and third quartile over all shared walks."""
    pooled = [
        error
        for name, rows in convert.danis_walks(ROOM).items()
        for error in errors_m(model, convert.danis_trace(name, rows, wheels))
    ]
    return statistics.fmean(pooled), statistics.quantiles(pooled, n=4)[2]


@needs_room
def test_the_shared_walks_over_an_old_survey() -> None:
    site = msgspec.convert(convert.danis_site(ROOM), SitePlan)
    model = build(site, msgspec.convert(convert.danis_survey(ROOM), Survey))
    mean_m, p75_m = gate(model)
    assert (mean_m < 1.35, p75_m < 1.75) == (True, True), (mean_m, p75_m)
    mean_m, p75_m = gate(model, convert.Wheels())
    assert (mean_m < 0.95, p75_m < 1.2) == (True, True), (mean_m, p75_m)


@needs_room
def test_shuffled_beacons_are_no_better_than_the_middle_of_the_room() -> None:
    told = convert.danis_site(ROOM)
    names = [beacon["id"] for beacon in told["beacons"]]
    moved = dict(zip(names, names[5:] + names[:5], strict=True))
    survey = convert.danis_survey(ROOM)
    for point in survey["points"]:
        point["beacon"] = moved[point["beacon"]]
    for beacon in told["beacons"]:
        beacon["id"] = moved[beacon["id"]]
    mean_m, _ = gate(build(msgspec.convert(told, SitePlan), msgspec.convert(survey, Survey)))
    assert mean_m > 3.5
